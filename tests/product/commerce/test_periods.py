"""The time that memberships run: numbers worked by hand, and what holds whatever was bought when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.product.commerce.periods import Bought, Period, left_fen, months_later, periods

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(month, day, hour=10, year=2026):
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def bought(order_id, paid_at, months=1, grace_days=3, credited_at=None):
    return Bought(order_id, paid_at, months, grace_days, credited_at)


def laid(*orders):
    return [(one.order.order_id, one.opens_from, one.opens_until) for one in periods(orders, SHANGHAI)]


def test_a_month_runs_to_the_same_day_and_hour_of_the_next():
    [one] = periods([bought(1, at(3, 10))], SHANGHAI)

    assert (one.opens_from, one.opens_until, one.grace_until) == (at(3, 10), at(4, 10), at(4, 13))


def test_buying_again_goes_on_from_the_end():
    assert laid(bought(1, at(3, 10)), bought(2, at(3, 20))) == [
        (1, at(3, 10), at(4, 10)),
        (2, at(4, 10), at(5, 10)),
    ]


def test_in_the_days_of_grace_as_well_and_later_from_the_payment():
    assert laid(bought(1, at(3, 10)), bought(2, at(4, 12))) == [
        (1, at(3, 10), at(4, 10)),
        (2, at(4, 10), at(5, 10)),
    ]
    assert laid(bought(1, at(3, 10)), bought(2, at(4, 13))) == [
        (1, at(3, 10), at(4, 10)),
        (2, at(4, 13), at(5, 13)),
    ]


def test_only_the_last_one_has_grace():
    first, second = periods([bought(1, at(3, 10)), bought(2, at(3, 20))], SHANGHAI)

    assert first.grace_until == first.opens_until
    assert second.grace_until == at(5, 13)


def test_a_short_month_doesnt_cost_days_of_the_ones_after_it():
    ends = [end for _, _, end in laid(*[bought(n, at(1, 31, 10 + n)) for n in range(4)])]

    assert ends == [at(2, 28), at(3, 31), at(4, 30), at(5, 31)]
    assert months_later(at(2, 29, year=2024), 12, SHANGHAI) == at(2, 28, year=2025)
    assert months_later(at(11, 30), 3, SHANGHAI) == at(2, 28, year=2027)


def test_months_are_those_of_the_academys_calendar():
    # 31 January there is still the 30th in UTC.
    moment = datetime(2026, 1, 30, 17, tzinfo=UTC)

    found = months_later(moment, 1, SHANGHAI)

    assert found == at(2, 28, 1)
    assert found.tzinfo == UTC


def test_a_credited_order_begins_at_once_and_ends_what_it_takes_the_place_of():
    orders = [bought(1, at(3, 10)), bought(2, at(3, 11)), bought(3, at(3, 20), 12, credited_at=at(3, 20, 9))]

    assert laid(*orders) == [(1, at(3, 10), at(3, 20)), (3, at(3, 20), at(3, 20, year=2027))]


def test_what_was_bought_between_the_credit_and_its_payment_isnt_lost():
    orders = [bought(1, at(3, 10)), bought(2, at(3, 19)), bought(3, at(3, 20), 12, credited_at=at(3, 18))]

    assert laid(*orders) == [
        (1, at(3, 10), at(3, 20)),
        (2, at(3, 20), at(4, 20)),
        (3, at(4, 20), at(4, 20, year=2027)),
    ]


def test_without_the_credited_order_all_is_as_it_was():
    orders = [bought(1, at(3, 10)), bought(3, at(3, 20), 12, credited_at=at(3, 20))]

    assert laid(orders[0]) == [(1, at(3, 10), at(4, 10))]


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        # 31 days of 100 yuan: on the first one, 30 are left.
        (at(3, 10), 9_677),
        (at(3, 10, 23), 9_677),
        (at(3, 11, 0), 9_354),
        (at(4, 8), 322),
        (at(4, 9), 0),
        (at(4, 10, 9), 0),
        (at(5, 1), 0),
        (at(3, 9), 10_000),
    ],
)
def test_what_is_left_is_reckoned_to_the_day(moment, left):
    [one] = periods([bought(1, at(3, 10))], SHANGHAI)

    assert left_fen(10_000, one, moment, SHANGHAI) == left


def test_nothing_is_left_of_a_period_of_no_days():
    [one] = periods([bought(1, at(3, 10))], SHANGHAI)
    cut = replace(one, opens_until=one.opens_from + timedelta(hours=1))

    assert left_fen(10_000, cut, at(3, 10), SHANGHAI) == 0


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))
ORDERS = st.lists(
    st.builds(
        lambda paid, months, grace, before: (paid, months, grace, before),
        MOMENTS, st.sampled_from([1, 3, 12]), st.integers(0, 30), st.none() | st.integers(0, 90),
    ),
    max_size=8,
).map(
    lambda rows: [
        Bought(n, paid, months, grace, None if before is None else paid - timedelta(days=before))
        for n, (paid, months, grace, before) in enumerate(rows)
    ]
)  # fmt: skip


@given(ORDERS)
def test_periods_follow_each_other_and_none_begins_before_its_payment_but_by_grace(orders):
    found = periods(orders, SHANGHAI)

    for one in found:
        assert one.opens_from < one.opens_until <= one.grace_until
    for earlier, later in pairwise(found):
        assert earlier.grace_until <= later.opens_from
    for one in found:
        late = one.order.paid_at - one.opens_from
        assert late <= timedelta(days=30)
    assert len({one.order.order_id for one in found}) == len(found)


@given(ORDERS)
def test_who_was_never_credited_gets_every_month_they_paid_for(orders):
    plain = [replace(one, credited_at=None) for one in orders]

    found = periods(plain, SHANGHAI)

    assert len(found) == len(plain)
    assert all(isinstance(one, Period) for one in found)
    for one in found:
        days = (one.opens_until - one.opens_from) / timedelta(days=1)
        assert 28 * one.order.months - 3 <= days <= 31 * one.order.months + 3


@given(ORDERS, st.integers(0, 500_000), MOMENTS)
def test_what_is_left_never_exceeds_what_was_paid_and_never_grows(orders, paid_fen, moment):
    for one in periods(orders, SHANGHAI):
        now = left_fen(paid_fen, one, moment, SHANGHAI)
        later = left_fen(paid_fen, one, moment + timedelta(days=1), SHANGHAI)
        assert 0 <= later <= now <= paid_fen
