"""An upgrade that is given back: what its days cost, what the membership before has again, and whose shares those are."""

from datetime import datetime, timedelta

import pytest

from tests.factories import lesson_of, make_plan
from tests.product.commerce.test_standing import buy, give_back
from tests.product.commerce.trying import books
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(monkeypatch, settings):
    """Sets the clock, which goes on by itself."""
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 700
    now = [datetime(2026, 11, 1, tzinfo=clock.business_zone())]

    def tick():
        now[0] += timedelta(milliseconds=3)
        return now[0]

    def go(month, day, hour=10):
        now[0] = datetime(2026, month, day, hour, tzinfo=clock.business_zone())

    monkeypatch.setattr(clock, "now", tick)
    return go


def read(user, course, *slugs):
    for slug in slugs:
        open_lesson(user=user, actor=Actor(member_id=user.pk), lesson=lesson_of(course, slug))


def lines(user, order):
    [one] = refund_of(user, order.number).parts
    return [(line.kind, line.amount_fen, line.count) for line in one.reckoning.lines]


def owed():
    return -sum(fen for account, fen in books().items() if account.startswith("teacher:"))


def test_days_of_an_upgrade_cost_what_they_cost_more(learner, at):
    at(11, 26, 9)
    month = buy(learner, f"plan:{make_plan('月', price_fen=3_000).pk}")
    at(11, 26, 10)
    year = buy(learner, f"plan:{make_plan('年', months=12, price_fen=365_000).pk}")
    # A day of the month was used up: 29 days of 1 yuan came off.
    assert year.total_fen == 365_000 - 2_900
    at(12, 3, 9)

    # Eight days of 10 yuan, less 1 yuan each.
    assert lines(learner, year) == [("paid", 362_100, 0), ("covered", -7_200, 8)]
    assert give_back(learner, year).amount_fen == 354_900
    assert lines(learner, month)[1:] == [("days", -800, 8)]


def test_days_after_the_membership_before_cost_the_whole_price(learner, at):
    at(11, 1)
    buy(learner, f"plan:{make_plan('月', price_fen=3_000).pk}")
    at(11, 29)
    year = buy(learner, f"plan:{make_plan('年', months=12, price_fen=365_000).pk}")
    at(12, 3)

    # The month was until the 1st: two of five days were its own.
    assert lines(learner, year)[1:] == [("days", -3_000, 3), ("covered", -1_800, 2)]


def test_a_day_that_costs_less_than_the_one_before_costs_nothing_more(learner, at):
    at(11, 1)
    buy(learner, f"plan:{make_plan('月', price_fen=3_000).pk}")
    year = buy(learner, f"plan:{make_plan('年', months=12, price_fen=7_300).pk}")
    at(11, 4)

    assert lines(learner, year) == [("paid", year.total_fen, 0)]


def test_of_two_memberships_before_each_covers_its_days(learner, at):
    at(11, 1)
    plan = make_plan("月", price_fen=3_000)
    buy(learner, f"plan:{plan.pk}")
    buy(learner, f"plan:{plan.pk}")
    at(11, 29)
    year = buy(learner, f"plan:{make_plan('年', months=12, price_fen=365_000).pk}")
    at(12, 3)

    # Two days of 1 yuan, and three of 30 yuan in 31 days.
    more = 2 * 900 + 3 * 1_000 - 9_000 // 31
    assert lines(learner, year)[1:] == [("covered", -more, 5)]
