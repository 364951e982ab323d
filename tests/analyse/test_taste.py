"""Whether and when one person's taste turned."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from zhiyue.analyse.kinds import Act
from zhiyue.analyse.taste import shift_in, taste_shift
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.services import choose
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def courses():
    return [
        make_course(f"{topic}-{n}", topic=topic) for topic in ("data", "poems", "money") for n in range(2)
    ]


def act(actor, course, days_ago, name="course.viewed"):
    moment = clock.day_start(clock.business_day()) - timedelta(days=days_ago, hours=-9)
    record(name, actor=actor, course_id=course.pk, occurred_at=moment)


def test_a_turn_is_dated_and_told_with_what_was_before_and_after(courses, learner):
    actor = Actor(member_id=learner.pk)
    for days_ago in range(30, 15, -1):
        act(actor, courses[days_ago % 2], days_ago)
    for days_ago in range(15, 0, -1):
        act(actor, courses[2 + days_ago % 2], days_ago)
        # Once more the same day and topic: no choice of its own; and what speaks against a course is none at all.
        act(actor, courses[2], days_ago)
        act(actor, courses[4], days_ago, "course.unsaved")
    found = taste_shift(actor)
    assert (found.choices, found.too_few) == (30, False)
    today = clock.business_day()
    assert found.shift.day == today - timedelta(days=15)
    assert found.shift.earliest == today - timedelta(days=16)
    assert found.shift.latest == today - timedelta(days=14)
    assert found.shift.before == (("data", pytest.approx((15 + 2 / 3) / 17)),)
    assert found.shift.after == (("poems", pytest.approx((15 + 2 / 3) / 17)),)
    assert found.shift.odds > 1000
    # The old choices mislead: the half-life is shorter than the usual 30 days.
    assert found.half_life_days < 20


def test_a_steady_person_has_none_and_few_choices_say_nothing(courses, learner, visitor):
    actor = Actor(member_id=learner.pk)
    for days_ago in range(30, 0, -1):
        act(actor, courses[2 * (days_ago % 2)], days_ago)
    found = taste_shift(actor)
    assert (found.shift, found.too_few, found.choices) == (None, False, 30)
    assert found.half_life_days > 30
    newcomer = Actor(visitor=visitor)
    act(newcomer, courses[0], 2)
    assert taste_shift(newcomer).too_few
    assert taste_shift(newcomer).choices == 1
    nobody = taste_shift(Actor())
    assert (nobody.shift, nobody.too_few, nobody.choices) == (None, True, 0)
    assert nobody.half_life_days == pytest.approx(30)


def test_of_who_does_not_consent_nothing_is_read(courses, learner):
    actor = Actor(member_id=learner.pk)
    for days_ago in range(30, 0, -1):
        act(actor, courses[0 if days_ago > 15 else 2], days_ago)
    assert taste_shift(actor).shift is not None
    choose(member_id=learner.pk, visitor=None, granted=Purpose.ANALYTICS, way=Choice.Way.SETTINGS)
    assert taste_shift(actor).choices == 0


def test_in_an_academy_without_topics_nobody_has_a_taste(learner):
    found = taste_shift(Actor(member_id=learner.pk))
    assert (found.shift, found.too_few, found.choices, found.half_life_days) == (None, True, 0, 30)
    acts = [Act(1, "course.viewed", 1, 1.0, clock.now())]
    assert shift_in(acts, {1: "data"}, []) == found
