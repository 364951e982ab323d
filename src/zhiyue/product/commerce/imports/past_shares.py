"""Shares of past orders in bulk, for the demo: its members' lives are past orders, and its teachers live on them. Past
orders that an academy brings in earn nothing here."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef

from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.imports.past_orders import AT_ONCE, PastOrder
from zhiyue.product.commerce.models import Entry, OrderCourse, TeacherShare
from zhiyue.product.commerce.teaching_shares.entering import Earning, earning
from zhiyue.product.commerce.teaching_shares.terms import SharesByTime


@transaction.atomic
def enter_past(orders: Iterable[PastOrder]) -> int:
    """Enter the shares of past orders that were just brought in; how many were new. Told again it changes nothing."""
    numbers = [one.outside_number for one in orders if one.paid_at and one.total_fen]
    return sum(_enter(numbers[start : start + AT_ONCE]) for start in range(0, len(numbers), AT_ONCE))


def _enter(numbers: list[str]) -> int:
    there = TeacherShare.objects.filter(part=OuterRef("pk"))
    parts = list(
        OrderCourse.objects.filter(~Exists(there), order__outside_number__in=numbers, total_fen__gt=0)
        .exclude(order__paid_at=None)
        .select_related("order", "course")
        .order_by("order__paid_at", "pk")
    )
    terms = SharesByTime(part.course_id for part in parts)
    told = [(part, earning(part, part.order.paid_at, terms)) for part in parts if part.order.paid_at]
    TeacherShare.objects.bulk_create([one.row(part.order_id) for part, one in told], batch_size=AT_ONCE)
    ledger.post_all([(_entry(part, one), one.postings()) for part, one in told if one.amount_fen])
    return len(told)


def _entry(part: OrderCourse, one: Earning) -> Entry:
    return Entry(key=one.key, kind=one.kind, order=part.order, at=one.at)
