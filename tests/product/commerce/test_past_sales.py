"""Bundles, plans and what lowered a price come in as past orders; what was lent comes in too."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.factories import make_course, make_plan
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.imports.past_lending import (
    PastGift,
    PastTrial,
    gift_ids,
    import_gifts,
    import_openings,
    import_trials,
    opened_gifts,
)
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.imports.past_sales import Sold
from zhiyue.product.commerce.membership.deferring import earn, left_of
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import (
    Coupon,
    CouponUse,
    FlashHold,
    FlashSale,
    GiftOpening,
    LessonGift,
    Order,
    OrderPlan,
    TrialPass,
)
from zhiyue.product.commerce.pricing import Line
from zhiyue.product.commerce.rights import right_to_course, right_to_lesson
from zhiyue.product.commerce.selectors import owned_pairs

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def past(user, number, sold, at, **more):
    course = sold.parts[0][0] if sold.parts else None
    return PastOrder(number, user.pk, course, sold.total_fen, at, at, via="sandbox", sold=sold, **more)


def of_plan(plan, credit_fen=0, at=None):
    lines = (Line("price", plan.price_fen), *((Line("credit", -credit_fen),) if credit_fen else ()))
    return Sold(f"plan:{plan.pk}", plan.name, lines, plan_id=plan.pk, credited_at=at if credit_fen else None)


def test_a_past_bundle_makes_its_courses_ones_own_each_with_its_part(learner):
    one, two = make_course("one", price_fen=6_000), make_course("two", price_fen=4_000)
    sold = Sold("bundle:5", "两门", (Line("price", 8_000),), ((one.pk, 4_800), (two.pk, 3_200)))
    at = clock.now() - 9 * DAY
    import_orders(rows=[past(learner, "B-1", sold, at)])
    order = Order.objects.get()
    assert (order.offer, order.title, order.price_fen, order.total_fen) == ("bundle:5", "两门", 8_000, 8_000)
    assert set(order.courses.values_list("course_id", "total_fen")) == {(one.pk, 4_800), (two.pk, 3_200)}
    assert owned_pairs([learner.pk]) == {(learner.pk, one.pk), (learner.pk, two.pk)}
    enrolled = Event.objects.filter(name="course.enrolled", member=learner)
    assert set(enrolled.values_list("course_id", "occurred_at")) == {(one.pk, at), (two.pk, at)}
    # Told again it is known.
    assert import_orders(rows=[past(learner, "B-1", sold, at)]).orders == ()


def test_a_past_membership_runs_from_then_and_is_earned_month_by_month(learner, course):
    plan = make_plan(price_fen=3_000)
    at = clock.now() - 10 * DAY
    import_orders(rows=[past(learner, "P-1", of_plan(plan), at)])
    order = Order.objects.get()
    assert order.courses.count() == 0 and left_of(order) == 3_000
    assert right_to_course(learner.pk, course, now=at + DAY).why == "membership"
    assert right_to_course(learner.pk, course, now=at - DAY) is None
    assert owned_pairs([learner.pk]) == set()
    assert not OrderPlan.objects.get().wants_reminder
    paid = Event.objects.get(name="order.paid")
    assert (paid.course_id, paid.occurred_at, paid.properties["amount_fen"]) == (None, at, 3_000)
    assert not Event.objects.filter(name="course.enrolled").exists()
    later = at + 60 * DAY
    earn(now=later)
    assert left_of(order) == 0 and ledger.unbalanced() == []
    assert {one.account: one.amount_fen for one in ledger.balances()} == {
        "receivable:sandbox": 3_000, "revenue": -3_000, f"deferred:{order.number}": 0,
    }  # fmt: skip


def test_a_past_upgrade_takes_over_what_was_left_at_its_own_time(learner):
    month, year = make_plan(price_fen=3_000), make_plan("年", months=12, price_fen=30_000)
    first, then = clock.now() - 20 * DAY, clock.now() - 15 * DAY
    rows = [
        past(learner, "P-1", of_plan(month), first),
        past(learner, "P-2", of_plan(year, 2_000, then), then),
    ]
    import_orders(rows=rows)
    old, new = Order.objects.order_by("created_at")
    assert (new.price_fen, new.total_fen) == (30_000, 28_000)
    assert membership_of(learner).running.plan == year
    assert left_of(old) == 0 and 29_000 < left_of(new) <= 31_000
    assert new.entries.get(kind="credited").at == then
    assert ledger.unbalanced() == []


def test_what_lowered_a_past_price_is_held_while_it_counts(learner, stranger, course):
    coupon = Coupon.objects.create(
        mark="AB", title="见面礼", off_fen=1_000, audience="newcomers", begins_at=clock.now() - 30 * DAY
    )
    sale = FlashSale.objects.create(
        offer=f"course:{course.pk}", price_fen=8_000, stock=5, begins_at=clock.now() - 5 * DAY,
        ends_at=clock.now() + DAY,
    )  # fmt: skip
    lines = (Line("price", 9_900), Line("flash", -1_900), Line("coupon", -1_000, "AB"))
    sold = Sold(
        f"course:{course.pk}", course.title, lines, ((course.pk, 7_000),), coupons=((coupon.pk, 1_000),),
        flash_id=sale.pk,
    )  # fmt: skip
    at = clock.now() - 2 * DAY
    unpaid = PastOrder("C-2", stranger.pk, course.pk, 7_000, at, ended_at=at + DAY / 48, sold=sold)
    import_orders(rows=[past(learner, "C-1", sold, at), unpaid])
    paid, ended = Order.objects.get(user=learner), Order.objects.get(user=stranger)
    assert paid.lines[-1] == {"kind": "coupon", "amount_fen": -1_000, "code": "AB", "title": "见面礼"}
    for rows in (CouponUse.objects, FlashHold.objects):
        assert rows.get(order=paid).returned_at is None and rows.get(order=ended).returned_at is not None
    used = Event.objects.get(name="coupon.used")
    assert (used.member_id, used.properties["amount_fen"]) == (learner.pk, 1_000)


def test_a_past_order_of_something_else_must_add_up(learner, course):
    sold = Sold("bundle:1", "两门", (Line("price", 500),))
    at = clock.now()
    with pytest.raises(ValueError, match="sum to the total"):
        PastOrder("X", learner.pk, None, 400, at, at, sold=sold)
    with pytest.raises(ValueError, match="says what was sold"):
        PastOrder("X", learner.pk, None, 400, at, at)


def test_past_trials_and_gifts_open_what_they_opened_then_and_come_in_once(learner, stranger, course):
    plan = make_plan()
    at = clock.now() - 5 * DAY
    rows = [
        PastTrial(learner.pk, at, 3, course_id=course.pk),
        PastTrial(stranger.pk, at, 9, plan_id=plan.pk),
    ]
    for _ in range(2):
        import_trials(rows)
    assert TrialPass.objects.count() == 2
    assert right_to_course(learner.pk, course, now=at + DAY).why == "trial"
    assert right_to_course(learner.pk, course) is None
    assert right_to_course(stranger.pk, course).why == "trial"
    lesson, visitor = course.lessons.order_by("pk")[1], uuid4()
    for _ in range(2):
        import_gifts([PastGift("abc", stranger.pk, lesson.pk, at)])
        ids = gift_ids(["abc", "none"])
        import_openings({(ids["abc"], visitor): at + DAY})
    assert LessonGift.objects.count() == GiftOpening.objects.count() == 1
    assert opened_gifts({visitor, uuid4()}) == {(visitor, lesson.pk)}
    # Who tries the course may not show it.
    assert right_to_lesson(None, visitor, lesson, now=at + 2 * DAY) is None
    import_orders(rows=[past(stranger, "P-1", of_plan(plan), at)])
    assert right_to_lesson(None, visitor, lesson, now=at + 2 * DAY).why == "gift"
