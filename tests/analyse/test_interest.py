"""Acts weighed by the table, of one person and of everybody."""

from datetime import timedelta

import pytest

from zhiyue.analyse.selectors import interactions, recent_acts
from zhiyue.analyse.weights import ACTIVITY_POINTS, ACTIVITY_POINTS_PER_MINUTE, INTEREST
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def test_the_newest_weighted_acts_come_first_and_sign_ins_say_nothing(learner):
    actor = Actor(member_id=learner.pk)
    first = record("course.viewed", actor=actor, course_id=1)
    record("member.signed_in", actor=actor)
    second = record("course.saved", actor=actor, course_id=2)
    assert [(a.event, a.course_id, a.weight) for a in recent_acts(actor)] == [
        ("course.saved", 2, 3.0),
        ("course.viewed", 1, 1.0),
    ]
    assert [a.event_pk for a in recent_acts(actor, until_pk=first.pk)] == [first.pk]
    assert second.pk not in [a.event_pk for a in recent_acts(actor, until_pk=second.pk - 1)]


def test_a_visitors_acts_are_their_own_until_they_join(learner, visitor):
    record("course.viewed", actor=Actor(visitor=visitor), course_id=1)
    record("course.viewed", actor=Actor(member_id=learner.pk, visitor=visitor), course_id=2)
    assert [a.course_id for a in recent_acts(Actor(visitor=visitor))] == [1]
    assert [a.course_id for a in recent_acts(Actor(member_id=learner.pk, visitor=visitor))] == [2]
    assert recent_acts(Actor()) == []


def test_everybodys_acts_are_read_sealed_or_not_oldest_first(learner, visitor):
    yesterday = clock.day_start(clock.business_day()) - timedelta(hours=3)
    record("course.saved", actor=Actor(visitor=visitor), course_id=2)
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=1, occurred_at=yesterday)
    lake.seal_past_days()
    acts = interactions()
    assert acts.actor_key.tolist() == [f"m{learner.pk}", f"v{visitor}"]
    assert acts.course_id.tolist() == [1, 2]
    assert acts.weight.tolist() == [1.0, 3.0]
    assert interactions(until=yesterday).course_id.tolist() == [1]


def test_every_weight_is_of_an_event_in_the_vocabulary():
    assert {*INTEREST, *ACTIVITY_POINTS, *ACTIVITY_POINTS_PER_MINUTE} <= KINDS.keys()
    assert all(KINDS[name].about != "nothing" for name in INTEREST)
