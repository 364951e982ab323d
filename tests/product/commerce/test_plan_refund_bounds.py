"""How far a membership goes back by rule: while little was opened by it, and once in a year."""

from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_course, make_plan
from tests.product.commerce.coupon_makers import staff
from tests.product.commerce.test_standing import books_are_whole, buy, give_back
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.experience.shell.refunding import plan_terms_words, why_not_of
from zhiyue.product.commerce.models import OrderPlan, Refund
from zhiyue.product.commerce.refunds.deciding import approve
from zhiyue.product.commerce.refunds.reckoning import PLAN_ONCE_IN, refund_of
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.refunds.terms import plan_terms
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def year(db):
    return make_plan("年", months=12, price_fen=36_500)


def read(user, course, *slugs):
    for slug in slugs:
        open_lesson(user=user, actor=Actor(member_id=user.pk), lesson=lesson_of(course, slug))


def part_of(user, order, **when):
    [part] = refund_of(user, order.number, **when).parts
    return part


def test_who_read_much_by_a_membership_asks_staff(learner, operator, year, settings):
    settings.ZHIYUE_MEMBERSHIP_REFUND_LESSONS = 2
    course, other = make_course("a", price_fen=9_900), make_course("b", price_fen=9_900)
    order = buy(learner, f"plan:{year.pk}")
    # One lesson is free; the same one twice is one.
    read(learner, course, "one", "two", "two", "three")
    assert (part_of(learner, order).why_not, part_of(learner, order).opened) == ("", 2)

    read(learner, other, "two")
    part = part_of(learner, order)
    assert (part.why_not, part.by_rule_fen, part.left_fen) == ("much_read", 0, 36_500)
    assert str(why_not_of(part)) == "已通过会员打开 3 讲，超过 2 讲，需由工作人员处理。"
    refund = give_back(learner, order)
    assert (refund.status, refund.is_by_rule, refund.amount_fen) == ("asked", False, 0)
    approve(viewer=staff(operator), number=refund.number, amounts={part.part.pk: 36_400}, why="x")
    pursue()
    books_are_whole(order)


def test_the_number_is_that_of_the_day_of_the_order_and_may_be_none(learner, year, settings):
    settings.ZHIYUE_MEMBERSHIP_REFUND_LESSONS = 1
    course = make_course("a", price_fen=9_900)
    order = buy(learner, f"plan:{year.pk}")
    read(learner, course, "two", "three")
    settings.ZHIYUE_MEMBERSHIP_REFUND_LESSONS = 0
    assert part_of(learner, order).why_not == "much_read"

    OrderPlan.objects.update(refund_terms={})
    assert part_of(learner, order).why_not == ""
    assert "most_lessons" not in plan_terms().to_json()


def test_one_membership_goes_back_by_rule_in_a_year(learner, stranger, operator, year):
    assert give_back(learner, buy(learner, f"plan:{year.pk}")).is_by_rule
    again = buy(learner, f"plan:{year.pk}")

    assert part_of(learner, again).why_not == "this_year"
    assert "365" in str(why_not_of(part_of(learner, again)))
    refund = give_back(learner, again)
    assert (refund.status, refund.amount_fen) == ("asked", 0)
    approve(
        viewer=staff(operator), number=refund.number, amounts={part_of(learner, again).part.pk: 1}, why="x"
    )
    pursue()
    # What staff gave back by their own will counts for nothing, nor does what others gave back.
    Refund.objects.filter(is_by_rule=True).update(decided_at=clock.now() - PLAN_ONCE_IN - timedelta(hours=1))
    third = buy(learner, f"plan:{year.pk}")
    assert part_of(learner, third).why_not == ""
    assert part_of(stranger, buy(stranger, f"plan:{year.pk}")).why_not == ""
    assert give_back(learner, third).is_by_rule
    books_are_whole(again, third)


def test_it_is_said_before_anything_is_paid(settings):
    settings.ZHIYUE_MEMBERSHIP_REFUND_LESSONS = 12
    assert "不超过 12 讲" in plan_terms_words(plan_terms(), 0)
    settings.ZHIYUE_MEMBERSHIP_REFUND_LESSONS = 0
    assert "365 天内限一次" in plan_terms_words(plan_terms(), 20)
    settings.ZHIYUE_REFUND_DAYS = 0
    assert "365" not in plan_terms_words(plan_terms(), 20)
