"""An upgrade that is given back: what its days cost, what the membership before has again, whose shares those are."""

from datetime import datetime, timedelta

import pytest

from tests.factories import lesson_of, make_course, make_plan
from tests.product.commerce.coupon_makers import staff
from tests.product.commerce.test_standing import buy, give_back
from tests.product.commerce.trying import books
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.models import Entry, LessonOpening, Posting, TeacherShare
from zhiyue.product.commerce.refunds.deciding import give_back as staff_give_back
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue
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
    LessonOpening.objects.filter(lesson__course=course).update(at=clock.now())


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


def test_over_a_months_end_the_membership_before_keeps_what_its_days_are_worth(learner, at):
    course = make_course("a", price_fen=99_900)
    at(11, 26, 9)
    month = buy(learner, f"plan:{make_plan('月', price_fen=3_000).pk}")
    at(11, 26, 10)
    year = buy(learner, f"plan:{make_plan('年', months=12, price_fen=365_000).pk}")
    read(learner, course, "two", "three")
    at(12, 1, 1)
    earn()
    assert owed() == 5_000 * 700 // 1_000
    at(12, 3, 9)
    give_back(learner, year)

    # Seven days of the month are over, and 23 are left.
    stands = books()
    assert stands[ledger.deferred(month)] == -2_300
    assert stands[ledger.deferred(year)] == 0 and not stands.get(ledger.REFUNDS)
    # In the house are 30 yuan of the month, and 72 of the year: no teacher is owed of more.
    assert stands["receivable:sandbox"] == 3_000 + 7_200
    assert -stands[ledger.REVENUE] == 10_200 - 2_300
    assert owed() <= (10_200 - 2_300) * 700 // 1_000

    # A day more is used up for who gives it back than is earned.
    part = refund_of(learner, month.number).parts[0]
    assert part.reckoning.amount_fen == 2_200
    at(12, 31, 23)
    earn()
    assert books()[ledger.deferred(month)] == 0
    assert -books()[ledger.REVENUE] == 10_200


def test_what_an_upgrade_earned_too_much_is_earned_no_more_and_its_shares_go_back(learner, operator, at):
    """Where a day of the one before costs next to nothing, and staff give back what the rule doesn't."""
    course = make_course("a", price_fen=99_900)
    at(11, 1)
    year = buy(learner, f"plan:{make_plan('年', months=12, price_fen=36_500).pk}")
    month = buy(learner, f"plan:{make_plan('月', price_fen=37_500).pk}")
    assert month.total_fen == 37_500 - 36_400
    read(learner, course, "two")
    at(12, 1, 1)
    earn()
    earned = 37_600 * 29 // 30
    assert owed() == earned * 700 // 1_000
    part = refund_of(learner, month.number).parts[0]
    assert part.by_rule_fen == 0
    staff_give_back(viewer=staff(operator), order_number=month.number, amounts={part.part.pk: 1_100}, why="x")
    pursue()

    stands = books()
    assert stands["receivable:sandbox"] == 36_500 and stands[ledger.REFUNDS] == 1_100
    left = -stands[ledger.deferred(year)]
    assert left == 36_500 - 36_500 * 30 // 365
    missing = left - (37_600 - earned)
    entry = Entry.objects.get(kind="unearned")
    assert Posting.objects.get(entry=entry, account=ledger.REVENUE).amount_fen == missing
    # The academy bears what staff gave back beyond the rule.
    back = TeacherShare.objects.get(sold_fen__lt=0)
    assert (back.sold_fen, back.course, back.teacher) == (-missing, course, course.teacher)
    assert owed() == (earned - missing) * 700 // 1_000
    at(12, 1, 2)
    pursue()
    earn()
    assert TeacherShare.objects.count() == 2 and sum(books().values()) == 0
