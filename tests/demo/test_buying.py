"""Simulated members buy as people do: the way to an order is whole, and what they paid is in the books."""

from datetime import timedelta

import pytest

from zhiyue.collect.models import Event
from zhiyue.demo import services
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import (
    GiftOpening,
    Order,
    OrderPlan,
    Payment,
    SandboxTrade,
    TeacherShare,
    TrialPass,
)
from zhiyue.product.commerce.selectors import owned_pairs
from zhiyue.product.learning.models import LessonProgress

pytestmark = pytest.mark.django_db


def test_simulated_members_buy_as_people_do(settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 333
    # So many that whoever is drawn on whichever day, every step of the way is there.
    services.seed(members=400, history_days=21)
    who_takes_a_course_with_a_price_has_paid_for_it_at_the_pretended_till()
    each_teacher_has_a_share_of_what_was_paid()
    the_way_to_an_order_is_whole_and_openings_leave_no_progress()


def who_takes_a_course_with_a_price_has_paid_for_it_at_the_pretended_till():
    paid = Order.objects.filter(status="fulfilled", user__is_simulated=True)
    over = Order.objects.filter(status="expired", user__is_simulated=True)
    assert paid.count() > 10 and over.exists()
    assert paid.count() + over.count() == Order.objects.filter(user__is_simulated=True).count()
    prices = dict(Course.objects.values_list("pk", "price_fen"))
    for order in Order.objects.filter(offer__startswith="course:").prefetch_related("courses"):
        (part,) = order.courses.all()
        assert order.price_fen == prices[part.course_id] >= order.total_fen > 0
        assert sum(line["amount_fen"] for line in order.lines) == order.total_fen == part.total_fen
    enrolled = set(Event.objects.filter(name="course.enrolled").values_list("member_id", "course_id"))
    bought = paid.filter(offer__startswith="course:").values_list(
        "user_id", "courses__course_id", "paid_at", "created_at", "total_fen"
    )
    for who, course, at, placed_at, total in bought:
        assert (who, course) in enrolled and placed_at <= at
        steps = Event.objects.filter(member_id=who, course_id=course, occurred_at__lte=at)
        named = dict(steps.order_by("occurred_at").values_list("name", "properties"))
        assert named["order.paid"]["provider"] == "sandbox" and named["order.paid"]["amount_fen"] == total
        assert steps.get(name="order.paid").occurred_at == at
        assert placed_at in steps.filter(name="order.placed").values_list("occurred_at", flat=True)
    # What the pretended provider remembers is what the books say it owes.
    trades = SandboxTrade.objects.filter(state="paid", number__in=Payment.objects.values("number"))
    books = {one.account: one.amount_fen for one in ledger.balances()}
    unearned = sum(amount for account, amount in books.items() if account.startswith("deferred:"))
    taken = sum(trades.values_list("amount_fen", flat=True))
    assert books["receivable:sandbox"] == taken == -books["revenue"] - unearned
    assert ledger.unbalanced() == []
    for who, course, placed_at, ended_at in over.values_list(
        "user_id", "courses__course_id", "created_at", "expires_at"
    ):
        assert ended_at - placed_at == timedelta(minutes=30)
        told = Event.objects.filter(member_id=who, course_id=course)
        assert told.filter(name="order.placed", occurred_at=placed_at).exists()
        assert told.filter(name="order.expired", occurred_at=ended_at).exists()


def each_teacher_has_a_share_of_what_was_paid():
    paid = Order.objects.filter(status="fulfilled", user__is_simulated=True)
    parts = paid.filter(courses__isnull=False).values_list(
        "courses", "courses__course__teacher", "courses__total_fen", "paid_at"
    )
    shares = TeacherShare.objects.values_list("part", "teacher", "sold_fen", "at")
    assert set(shares) == set(parts) and TeacherShare.objects.count() == parts.count()
    assert all(one.amount_fen == one.sold_fen * 333 // 1_000 for one in TeacherShare.objects.all())


def the_way_to_an_order_is_whole_and_openings_leave_no_progress():
    names = set(Event.objects.filter(origin="import").values_list("name", flat=True))
    assert names >= {
        "page.viewed", "course.viewed", "preview.started", "preview.progressed", "preview.ended", "offer.seen",
        "member.signed_up", "checkout.opened", "order.placed", "order.paid", "order.expired", "course.enrolled",
        "lesson.opened",
    }  # fmt: skip
    started = Event.objects.filter(name="preview.started")
    assert not Lesson.objects.filter(pk__in=started.values("lesson_id"), is_free=True).exists()
    assert started.filter(member=None).exists() and started.exclude(member=None).exists()
    owned = owned_pairs()
    rows = (TrialPass.objects.values_list("user_id"), OrderPlan.objects.values_list("order__user_id"))
    lent = {who for found in (*rows, GiftOpening.objects.values_list("user_id")) for (who,) in found}
    for who, lesson, course in started.exclude(member=None).values_list(
        "member_id", "lesson_id", "course_id"
    ):
        if (who, course) not in owned and who not in lent:
            assert not LessonProgress.objects.filter(user_id=who, lesson_id=lesson).exists()
    assert (
        Event.objects.filter(name="checkout.opened").count()
        > Event.objects.filter(name="order.placed").count()
    )
