"""Where policies and new courses are tried by lot a visitor counts from the second day on which they come."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.conftest import BROWSER
from tests.factories import make_course, make_visitor
from tests.recommend.contested import choose, show, slate_of, take_up
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import join_visitor, judge, keep
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.editions import families
from zhiyue.recommend.showings import days_of_people, drawn_courses

pytestmark = pytest.mark.django_db
CONTEST = 7
SWARM = 30


def hour(hours, *, days_ago=1):
    return clock.day_start(clock.business_day() - timedelta(days=days_ago)) + timedelta(hours=hours)


def days():
    today = clock.business_day()
    found = days_of_people(CONTEST, since=today - timedelta(days=4), until=today)
    return [(one.day, one.policy, one.is_taken) for one in found]


def day(days_ago):
    return clock.business_day() - timedelta(days=days_ago)


def a_visit(actor, days_ago, policy="walks", **more):
    """Shown something, chosen and taken up, by somebody of whom nothing was heard before."""
    made = slate_of(policy, contest=CONTEST)
    show(actor, hour(9, days_ago=days_ago), made, fresh=True)
    choose(actor, hour(9.1, days_ago=days_ago), made, 2, fresh=True)
    take_up(actor, hour(9.2, days_ago=days_ago), 2)


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_swarm_of_fresh_visitors_decides_nothing_and_who_comes_again_counts(learner, is_sealed):
    people = [Actor(visitor=make_visitor()) for _ in range(SWARM)]
    for actor in people:
        a_visit(actor, 2)
    for actor in people[:2]:
        a_visit(actor, 1, "hybrid")
    a_visit(Actor(member_id=learner.pk), 1, "hybrid")
    if is_sealed:
        lake.seal_past_days()
    assert days() == [(day(1), "hybrid", True)] * 3


def test_what_a_browser_says_of_the_days_before_makes_nobody_known(visitor):
    actor, before = Actor(visitor=visitor), hour(9, days_ago=4)
    seen = {"course_id": 1, "properties": {"price_fen": 1}}
    entry = {"id": str(uuid4()), "name": "offer.seen", "at": before.isoformat(), **seen}
    assert (
        keep(judge([entry], actor=actor, user_agent=BROWSER, received_at=hour(8, days_ago=2))).accepted == 1
    )
    a_visit(actor, 2)
    assert days() == []
    a_visit(actor, 1)
    assert days() == [(day(1), "walks", True)]


def test_who_signs_in_on_their_first_day_counts_as_the_member_they_are(learner, visitor):
    a_visit(Actor(visitor=visitor), 1)
    assert days() == []
    join_visitor(visitor=visitor, member_id=learner.pk)
    assert days() == [(day(1), "walks", True)]


def test_a_swarm_makes_no_new_course_pull_either(db):
    mine = make_course("mine", days_ago=2).pk
    for n in range(SWARM):
        actor, chances = Actor(visitor=make_visitor()), {mine: 0.4}
        made = slate_of(drawn=chances)
        is_fresh = n < SWARM - 1
        show(actor, hour(9), made, courses=(mine,), drawn=chances, fresh=is_fresh)
        choose(actor, hour(9.1), made, mine, propensity=0.4, fresh=is_fresh)
    today = clock.business_day()
    drawn = drawn_courses(families(), since=today - timedelta(days=3), until=today)
    assert [(one.course_id, one.is_chosen) for one in drawn] == [(mine, True)]
