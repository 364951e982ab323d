"""Follow one click tells whether the person's taste turned."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import latest_events
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.experience.desk.follow import journey

pytestmark = pytest.mark.django_db


@pytest.fixture
def topics():
    return [make_course(topic, topic=topic) for topic in ("data", "money", "poems")]


def test_follow_tells_of_one_persons_turn(topics, learner, in_english):
    actor = Actor(member_id=learner.pk)
    record("course.viewed", actor=actor, course_id=topics[0].pk)
    event = latest_events(limit=1)[0]
    assert journey(event).weighing.taste == ("Too few choices (1) to say whether this person's taste turned")
    begin = clock.day_start(clock.business_day()) - timedelta(days=31, hours=-9)
    for day in range(30):
        course = topics[0 if day < 16 else 2]
        record("course.viewed", actor=actor, course_id=course.pk, occurred_at=begin + timedelta(days=day))
    record("course.viewed", actor=actor, course_id=topics[2].pk)
    told = journey(latest_events(limit=1)[0]).weighing.taste
    assert told.startswith("This person's taste turned on ")
    assert told.endswith("from Topic data to Topic poems")


def test_follow_tells_of_a_steady_taste(topics, learner, in_english):
    actor = Actor(member_id=learner.pk)
    begin = clock.day_start(clock.business_day()) - timedelta(days=31, hours=-9)
    for day in range(30):
        record(
            "course.viewed",
            actor=actor,
            course_id=topics[day % 2].pk,
            occurred_at=begin + timedelta(days=day),
        )
    assert journey(latest_events(limit=1)[0]).weighing.taste == "This person's taste is steady"
