"""What learners care about: found once a day, of those who let us count, with exact counts."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_member, make_visitor
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.monitor import selectors, tasks
from zhiyue.monitor.models import TasteMeasure
from zhiyue.monitor.services import find_taste

pytestmark = pytest.mark.django_db


@pytest.fixture
def courses():
    return [make_course(f"{topic}-{n}", topic=topic) for topic in ("data", "poems") for n in range(2)]


def act(actor, course, days_ago, name="course.viewed"):
    moment = clock.day_start(clock.business_day()) - timedelta(days=days_ago, hours=-9)
    record(name, actor=actor, course_id=course.pk, occurred_at=moment)


def test_before_the_first_time_there_is_nothing_and_then_nobody(courses):
    assert selectors.taste_found() is None
    assert find_taste()
    found = selectors.taste_found()
    assert (found.people, found.changes, found.why_not, found.half_life_days) == (0, (), "few-days", None)
    assert len(found.weeks) == 26
    assert {counts for _, counts in found.weeks} == {(0, 0)}


def test_choices_are_counted_by_week_topic_and_person_a_day(courses):
    member, visitor = Actor(member_id=make_member("a@test.example").pk), Actor(visitor=make_visitor())
    yesterday = clock.business_day() - timedelta(days=1)
    act(member, courses[0], 1)
    act(member, courses[1], 1, "course.saved")
    act(member, courses[2], 1)
    act(member, courses[0], 2)
    act(visitor, courses[3], 9)
    # Neither what speaks against a course, nor today, nor whoever doesn't let us count.
    act(visitor, courses[0], 9, "course.unsaved")
    act(member, courses[0], 0)
    silent = make_member("b@test.example", granted=Purpose.PERSONALISATION)
    act(Actor(member_id=silent.pk), courses[0], 1)
    lake.seal_past_days()
    assert find_taste()
    found = selectors.taste_found()
    assert (found.day, found.people, found.topics) == (yesterday, 2, ("data", "poems"))
    assert found.weeks[-1] == (yesterday - timedelta(days=6), (2, 1))
    assert found.weeks[-2] == (yesterday - timedelta(days=13), (0, 1))
    assert found.why_not == "few-days"
    assert found.half_life_days == pytest.approx(30, rel=0.2)


def test_it_is_looked_for_once_a_day_and_the_newest_is_kept(courses):
    old = clock.business_day() - timedelta(days=3)
    TasteMeasure.objects.create(day=old, first_day=old, people=1, computed_at=clock.now())
    tasks.find_taste()
    assert not find_taste()
    assert [row.day for row in TasteMeasure.objects.all()] == [clock.business_day() - timedelta(days=1)]


def test_a_change_of_everybody_is_found_with_its_day(courses):
    for person in range(60):
        actor = Actor(member_id=make_member(f"p{person}@test.example").pk)
        for days_ago in range(40 - person % 5, 0, -5):
            act(actor, courses[person % 2 if days_ago > 20 else 2 + person % 2], days_ago)
    lake.seal_past_days()
    find_taste()
    found = selectors.taste_found()
    [change] = found.changes
    assert (found.people, found.why_not) == (60, "")
    assert change.day == change.earliest == change.latest == clock.business_day() - timedelta(days=20)
    assert (change.variation, change.divergence, change.chance) == ((1, 1, 1), (1, 1, 1), 1 / 500)
    assert [(moved.topic, moved.before, moved.after, moved.change) for moved in change.topics] == [
        ("poems", 0, 1, 1),
        ("data", 1, 0, -1),
    ]
    assert all(moved.is_sure for moved in change.topics)
