"""What simulated people do in front of a price: openings read, checkouts opened, orders paid or not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.test_simulate_day import BEFORE_A_PRICE, DAY, LIVELY, academy, copy, crowd, live
from zhiyue.engine.simulate import choice
from zhiyue.engine.simulate.kinds import NONE, Kind
from zhiyue.engine.simulate.parameters import ACADEMY


def lived(parameters=LIVELY, days=3, people=1500):
    shown = academy(12)
    here = crowd(people, [DAY - 30 + n % 33 for n in range(people)], shown)
    return shown, here, live(here, shown, days, parameters)


def rows(acts, *kinds):
    """Person, course and moment of each act of these kinds."""
    of = np.isin(acts.kind, kinds)
    return list(zip(acts.person[of].tolist(), acts.course[of].tolist(), acts.at[of].tolist(), strict=True))


def test_who_hesitates_is_drawn_by_the_same_number_as_who_buys():
    """By hand: of a chance of 0.2 and a hesitation of 1.5, draws from 0.2 up to 0.5 hesitate."""
    parameters = replace(ACADEMY, choice=replace(ACADEMY.choice, hesitation=1.5))
    drawn = np.array([0.0, 0.1999, 0.2, 0.35, 0.4999, 0.5, 0.9])
    found = choice.hesitates(parameters, likely=np.full(7, 0.2), drawn=drawn)
    assert found.tolist() == [False, False, True, True, True, False, False]
    never = replace(ACADEMY, choice=replace(ACADEMY.choice, hesitation=0.0))
    assert not choice.hesitates(never, likely=np.full(7, 0.2), drawn=drawn).any()


def test_nothing_else_that_anybody_does_hangs_on_who_reads_openings_and_hesitates():
    """All that happened without them happens still, at the same moment; but a course that is paid for is one's own a
    few seconds later."""
    quiet = {"opening_base": 0.0, "opening_liking": 0.0, "hesitation": 0.0, "unpaid": 0.0}
    parameters = replace(LIVELY, choice=replace(LIVELY.choice, **quiet))
    _, first, without = lived(parameters)
    _, second, with_all = lived()
    others = [kind for kind in Kind if kind not in BEFORE_A_PRICE]
    assert [rows(day, *others) for day in without] == [rows(day, *others) for day in with_all]
    assert [rows(day, Kind.PAY) for day in without] == [rows(day, Kind.PAY) for day in with_all]
    assert (first.percent == second.percent).all() and (first.enrolled == second.enrolled).all()
    assert not any(rows(day, Kind.PEEK, Kind.LAPSE) for day in without)
    assert sum(len(rows(day, Kind.PEEK, Kind.LAPSE)) for day in with_all) > 100


def test_of_those_at_the_checkout_so_many_buy_order_and_leave():
    _, _, days = lived(days=6)
    count = {kind: sum(len(rows(day, kind)) for day in days) for kind in BEFORE_A_PRICE}
    assert count[Kind.PAY] > 150
    hesitated = count[Kind.CHECKOUT] - count[Kind.PAY]
    assert hesitated / count[Kind.PAY] == pytest.approx(ACADEMY.choice.hesitation, rel=0.15)
    assert count[Kind.LAPSE] / hesitated == pytest.approx(ACADEMY.choice.unpaid, rel=0.25)
    assert count[Kind.PEEK] == count[Kind.SKIM] == count[Kind.LEAVE] > count[Kind.PRICE] > 0


def test_a_purchase_is_paid_before_its_first_lesson_and_after_its_checkout():
    _, _, days = lived()
    for day in days:
        enrolled = {(who, course): at for who, course, at in rows(day, Kind.ENROL)}
        for who, course, at in rows(day, Kind.PAY):
            assert enrolled[who, course] == at
            begun = [moment for *key, moment in rows(day, Kind.CHECKOUT) if key == [who, course]]
            assert min(begun) <= at


def test_orders_that_are_not_paid_end_after_their_time_on_the_same_day():
    _, _, days = lived(days=6)
    for day in days:
        ended = day.kind == Kind.LAPSE
        assert (day.seconds[ended] == 60 * ACADEMY.choice.order_minutes).all()
        assert ((day.at[ended] - day.seconds[ended] >= 0) & (day.at[ended] < 86_400)).all()


def test_whoever_read_an_opening_to_its_end_saw_the_price():
    _, _, days = lived()
    for day in days:
        left = day.kind == Kind.LEAVE
        whole = left & (day.percent == 100)
        seen = {(who, course) for who, course, _ in rows(day, Kind.PRICE)}
        assert seen == set(zip(day.person[whole].tolist(), day.course[whole].tolist(), strict=True))
        skimmed = day.kind == Kind.SKIM
        assert ((day.seconds[skimmed] >= 1) & (day.seconds[skimmed] <= 60)).all()


def test_nothing_is_paid_for_and_no_opening_read_where_all_is_free():
    shown = academy(12)
    free = replace(shown, price_fen=np.zeros_like(shown.price_fen))
    here = crowd(300, [DAY - 30] * 300, free)
    [day] = live(copy(here), free, 1)
    assert not np.isin(day.kind, BEFORE_A_PRICE).any() and (day.kind == Kind.ENROL).any()
    assert (day.lesson[day.kind == Kind.OPEN] != NONE).all()
