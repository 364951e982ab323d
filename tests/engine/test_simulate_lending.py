"""Simulated people try, join, renew and take bundles; and what is lent is never read when it is over."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.test_simulate_day import DAY, LIVELY, academy, crowd, live
from zhiyue.engine.simulate import choice
from zhiyue.engine.simulate.giving import Gift, with_gifts
from zhiyue.engine.simulate.kinds import DAY_SECONDS, NONE, Bundle, Kind, Plan, catalogue
from zhiyue.engine.simulate.parameters import ACADEMY

EVERYTHING = frozenset(range(1, 13))
MONTH = Plan(7, 3_000, 1, EVERYTHING, grace_days=3)
AI = Plan(8, 2_000, 3, frozenset({2, 5, 8, 11}))
PAIR = Bundle(5, frozenset({2, 3}))
YEAR = Plan(9, 30_000, 12, EVERYTHING, trial_days=7)


def shop(*, plans=(MONTH, AI, YEAR), bundles=(PAIR,), days=3):
    courses = academy(12).courses
    return catalogue(
        [replace(one, trial_days=days if one.id % 2 and one.price_fen else 0) for one in courses],
        plans,
        bundles,
    )


def lived(shown, *, days=20, people=1_200, parameters=LIVELY):
    here = crowd(people, [DAY - 30 + n % 45 for n in range(people)], shown)
    return here, live(here, shown, days, parameters)


def of(acts, *kinds):
    return np.flatnonzero(np.isin(acts.kind, kinds))


def test_bands_beside_a_chance_by_hand():
    """Of a chance of 0.2, after 2.5 times it and a width of 0.5: draws from 0.5 up to 0.6."""
    drawn = np.array([0.1, 0.4999, 0.5, 0.5999, 0.6001])
    found = choice.in_band(np.full(5, 0.2), drawn, after=2.5, width=0.5)
    assert found.tolist() == [False, False, True, True, False]


def test_people_try_join_and_take_bundles_and_each_trial_is_the_first_of_its_kind():
    _, days = lived(shop())
    tried, joined, bundled = [], 0, 0
    for day in days:
        rows = of(day, Kind.TRY)
        tried += zip(
            day.person[rows].tolist(), day.course[rows].tolist(), day.plan[rows].tolist(), strict=True
        )
        joined += len(of(day, Kind.PAY)) - int((day.course[of(day, Kind.PAY)] != NONE).sum())
        bundled += int((day.bundle[of(day, Kind.PAY)] != NONE).sum())
    assert len(tried) == len(set(tried)) > 50
    assert all((course == NONE) ^ (plan == NONE) for _, course, plan in tried)
    assert {plan for _, _, plan in tried} == {NONE, 2}
    assert joined > bundled > 0
    people_of_plans = [who for who, _, plan in tried if plan != NONE]
    assert len(people_of_plans) == len(set(people_of_plans))


def test_nothing_closed_is_read_but_while_something_opens_it():
    shown = shop(plans=(replace(MONTH, grace_days=0), YEAR))
    people = 1_200
    here = crowd(people, [DAY - 30 + n % 45 for n in range(people)], shown)
    owned, lent = set(), {}
    for day_number, day in enumerate(live(here, shown, 40)):
        for n in range(len(day)):
            who, course, kind = int(day.person[n]), int(day.course[n]), day.kind[n]
            now = DAY + day_number + day.at[n] / DAY_SECONDS
            if kind == Kind.ENROL:
                owned.add((who, course))
            elif kind == Kind.TRY and course != NONE:
                lent[who, course] = now + 3
            elif kind == Kind.TRY:
                lent[who, "plan"] = now + 7
            elif kind == Kind.PAY and day.plan[n] != NONE:
                months = shown.plans[day.plan[n]].months
                lent[who, "plan"] = max(lent.get((who, "plan"), 0), now) + 30 * months + 1e-6
            elif kind in (Kind.OPEN, Kind.READ, Kind.FINISH) and not shown.lesson_is_free[day.lesson[n]]:
                until = max(lent.get((who, course), 0), lent.get((who, "plan"), 0))
                assert (who, course) in owned or now < until


def test_members_renew_around_the_end_and_never_before():
    shown = shop(plans=(MONTH,), days=0)
    here, days = lived(shown, days=70, people=900)
    paid = {}
    for n, day in enumerate(days):
        for row in of(day, Kind.PAY).tolist():
            if day.plan[row] != NONE:
                paid.setdefault(int(day.person[row]), []).append(n + day.at[row] / DAY_SECONDS)
    again = [later - first for first, later, *_ in (ats for ats in paid.values() if len(ats) > 1)]
    assert len(again) > 10
    assert min(again) >= 30 - ACADEMY.lending.renewal_days
    assert (here.open_until[here.plan != NONE] >= here.paid_until[here.plan != NONE]).all()


def test_only_a_dearer_plan_takes_the_place_of_one_that_runs():
    _, days = lived(shop(), days=25)
    held = {}
    upgraded = 0
    for n, day in enumerate(days):
        for row in of(day, Kind.PAY).tolist():
            who, plan, now = int(day.person[row]), int(day.plan[row]), n + day.at[row] / DAY_SECONDS
            if plan == NONE:
                continue
            price = (MONTH, AI, YEAR)[plan].price_fen
            if who in held and held[who][1] > now:
                assert price > held[who][0] or plan == held[who][2]
                upgraded += plan != held[who][2]
            held[who] = (price, now + 30, plan)
    assert upgraded > 0


def test_some_who_would_renew_take_the_dearer_plan_while_something_is_left():
    shown = shop(plans=(MONTH, replace(YEAR, trial_days=0)), days=0)
    eager = replace(LIVELY, lending=replace(LIVELY.lending, upgrading=1.0, renewal=1.0))
    _, days = lived(shown, days=34, people=900, parameters=eager)
    first, dearer = {}, []
    for n, day in enumerate(days):
        for row in of(day, Kind.PAY).tolist():
            who, plan, now = int(day.person[row]), int(day.plan[row]), n + day.at[row] / DAY_SECONDS
            if plan == 0:
                first.setdefault(who, now)
            elif plan == 1 and who in first:
                dearer.append(now - first[who])
    assert len(dearer) > 5
    assert all(30 - ACADEMY.lending.renewal_days <= gap < 28 for gap in dearer)


def test_a_plan_that_is_sold_no_longer_is_bought_by_nobody():
    _, days = lived(shop(plans=(replace(MONTH, is_offered=False),), days=0))
    assert not any((day.plan[of(day, Kind.PAY)] != NONE).any() for day in days)


def test_of_a_bundle_all_courses_become_ones_own_and_none_was_before():
    here, days = lived(shop())
    bundled = np.flatnonzero(shop().bundled[0])
    for day in days:
        for row in of(day, Kind.PAY).tolist():
            if day.bundle[row] == NONE:
                continue
            same = (day.person == day.person[row]) & (day.kind == Kind.ENROL) & (day.at == day.at[row])
            assert set(day.course[same].tolist()) == set(bundled.tolist())
            assert here.enrolled[day.person[row], bundled].all()


def test_without_plans_trials_and_bundles_nobody_does_any_of_it():
    _, days = lived(academy(12), days=4)
    for day in days:
        assert not len(of(day, Kind.TRY)) and (day.plan == NONE).all() and (day.bundle == NONE).all()


@pytest.fixture
def given():
    """A day with gifts told, and the same without."""
    shown = shop()
    people = 1_200
    joined = [DAY - 30 if n % 3 else DAY + 0.3 + n / 4_000 for n in range(people)]
    here = crowd(people, joined, shown)
    parameters = replace(LIVELY, lending=replace(LIVELY.lending, giving=0.3, invited=0.9))
    live(here, shown, 1, parameters)
    [before] = live(here, shown, 1, parameters)
    standing = [Gift(1, 4, int(shown.lessons[4, 1]), DAY - 1.0, DAY + 6.0, 2)]
    here.enrolled[1, 4] = True
    everything = np.ones(len(shown), dtype=np.bool_)
    acts, gifts = with_gifts(
        parameters, shown, here, before, DAY, standing=standing, giveable=everything, friends=3, lasts_days=7
    )
    return shown, here, before, acts, gifts


def test_gifts_are_told_over_a_day_and_change_nothing_else_of_it(given):
    shown, here, before, acts, gifts = given
    told = acts.gift != NONE
    assert 0 < told.sum() < len(acts)
    for name in ("person", "kind", "at", "course", "lesson", "slate"):
        assert (getattr(acts, name)[~told] == getattr(before, name)).all()
    assert (np.diff(acts.at) >= 0).all()
    made = of(acts, Kind.GIVE)
    assert len(made) == len(gifts) - 1 > 0
    assert len(set(acts.person[made].tolist())) == len(made)
    for row in made.tolist():
        assert here.enrolled[acts.person[row], acts.course[row]] or here.plan[acts.person[row]] != NONE
        assert not shown.lesson_is_free[acts.lesson[row]]


def test_friends_open_gifts_that_stand_before_they_look_round_and_no_more_than_it_is_for(given):
    _, here, before, acts, gifts = given
    opened = of(acts, Kind.RECEIVE)
    assert len(opened) > 0
    counts = np.bincount(acts.gift[opened], minlength=len(gifts))
    assert (counts <= [gift.left for gift in gifts]).all() and counts[0] == 2
    for row in opened.tolist():
        gift = gifts[acts.gift[row]]
        assert gift.made < DAY + acts.at[row] / DAY_SECONDS < gift.ends
        mine = (before.person == acts.person[row]) & before.as_visitor
        assert acts.as_visitor[row] and acts.at[row] < before.at[mine].min()
        read = (acts.person == acts.person[row]) & (acts.gift != NONE) & (acts.kind == Kind.READ)
        assert here.percent[acts.person[row], gift.lesson] >= acts.percent[read].max() > 0
