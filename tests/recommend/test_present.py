"""Where it is turned on, what a person did before their taste turned weighs less in their slate."""

from datetime import timedelta

import numpy as np
import pytest

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.engine.kinds import Acts
from zhiyue.engine.matrix import profiles
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.folding import present
from zhiyue.recommend.policies import PROFILE, TURNS
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train_all

# Two courses of each of three topics, and one without.
GROUPS = np.array([0, 0, 1, 1, 2, 2, -1])


def acts(items, days, weights=None):
    days = np.asarray(days, dtype=np.float64)
    weights = np.ones(len(items)) if weights is None else np.asarray(weights)
    item, user = np.asarray(items), np.zeros(len(items), dtype=np.int64)
    return Acts(user, item, weights, 1, len(GROUPS), (days * 1000).astype(np.int64), days)


def test_before_a_turn_next_to_nothing_is_left_and_after_it_everything():
    turned = acts([n % 2 for n in range(15)] + [2 + n % 2 for n in range(15)], range(30))
    weight = present(turned, GROUPS, 0.1).weight
    assert weight[:13].max() < 0.01
    assert weight[17:].min() > 0.99
    assert (np.diff(weight) >= 0).all()
    # In which order acts come doesn't matter.
    backward = acts(turned.item[::-1], turned.days[::-1])
    assert present(backward, GROUPS, 0.1).weight[::-1] == pytest.approx(weight)


def test_a_steady_person_keeps_what_they_did():
    steady = acts([n % 4 for n in range(30)], range(30))
    assert present(steady, GROUPS, 0.1).weight.min() > 0.9


def test_ten_acts_of_a_day_on_a_topic_are_one_choice():
    once = acts([0] * 6 + [2] * 5, range(11))
    often = acts([0] * 60 + [2] * 50, np.repeat(np.arange(11), 10))
    # Eleven choices say nothing, however many acts they are made of.
    assert present(once, GROUPS, 0.1).weight.tolist() == [1.0] * 11
    assert present(often, GROUPS, 0.1).weight.tolist() == [1.0] * 110


def test_what_was_taken_back_stays_taken_back():
    turned = [n % 2 for n in range(15)] + [2] * 15
    saved = acts([1, *turned, 1], [0.5, *range(30), 29.5], [3.0, *[1.0] * 30, -3.0])
    shaped = profiles(present(saved, GROUPS, 0.1), PROFILE).weights
    without = profiles(present(acts(turned, range(30)), GROUPS, 0.1), PROFILE).weights
    assert shaped.toarray() == pytest.approx(without.toarray())


def test_without_topics_or_times_everything_weighs_as_it_did():
    turned = acts([0] * 15 + [2] * 15, range(30))
    assert present(turned, None, 0.1) is turned
    timeless = Acts(turned.user, turned.item, turned.weight, 1, len(GROUPS), turned.order)
    assert present(timeless, GROUPS, 0.1) is timeless
    nothing = acts([], [])
    assert present(nothing, GROUPS, 0.1) is nothing
    nowhere = acts([6] * 20, range(20))
    assert present(nowhere, GROUPS, 0.1) is nowhere


def test_many_people_fade_each_by_their_own_turn_or_not_at_all():
    turned, steady = acts([0] * 15 + [2] * 15, range(30)), acts([n % 4 for n in range(30)], range(30))
    mixed = np.argsort(np.tile(np.arange(30), 2), kind="stable")
    both = Acts(
        *(np.concatenate(pair)[mixed] for pair in (
            (turned.user, steady.user + 2), (turned.item, steady.item), (turned.weight, steady.weight)
        )), 3, len(GROUPS),
        *(np.concatenate(pair)[mixed] for pair in ((turned.order, steady.order), (turned.days, steady.days))),
    )  # fmt: skip
    found = present(both, GROUPS, 0.1)
    assert found.weight[both.user == 0].tolist() == present(turned, GROUPS, 0.1).weight.tolist()
    assert found.weight[both.user == 2].tolist() == present(steady, GROUPS, 0.1).weight.tolist()
    some = present(both, GROUPS, 0.1, np.array([2, 1]))
    assert some.weight[both.user == 0].tolist() == turned.weight.tolist()
    assert some.weight[both.user == 2].tolist() == present(steady, GROUPS, 0.1).weight.tolist()


def test_an_analyst_may_turn_it_off():
    turned = acts([0] * 15 + [2] * 15, range(30))
    assert present(turned, GROUPS, 0.0) is turned
    assert present(turned, GROUPS, TURNS) is not turned


@pytest.mark.django_db
def test_no_evidence_is_of_what_was_before_a_turn(town: list[Course], learner):
    train_all()
    actor = Actor(member_id=learner.pk)
    begin = clock.now() - timedelta(days=29)

    def act(course, day, name):
        record(name, actor=actor, course_id=course.pk, occurred_at=begin + timedelta(days=day))

    # Far heavier acts on data for two weeks, then lighter ones on coffee.
    for day in range(14):
        act(town[day % 2], day, "course.saved")
    for day in range(14, 29):
        act(town[8 + day % 2], day, "course.viewed")
    shown = slate(actor, k=4, policy="item-neighbours")
    told = explain(actor, policy="item-neighbours", k=4)
    assert [item.course_id for item in shown.items] == [one.shown.course_id for one in told.courses]
    first = told.courses[0]
    assert first.evidence[0].course_id in {town[8].pk, town[9].pk}
    assert sum(e.share for e in first.evidence if e.course_id in {town[0].pk, town[1].pk}) < 0.05 * sum(
        e.share for e in first.evidence
    )
