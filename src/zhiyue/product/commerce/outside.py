"""What other systems are told of orders and rights, by webhooks: one line a topic. docs/webhooks.md has an example of
each, which a test compares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.core.kit.facts import Fact
from zhiyue.facilities.webhooks.services import tell
from zhiyue.facilities.webhooks.topics import topic
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.facts import (
    AboutOrder,
    CourseOpened,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
)
from zhiyue.product.commerce.models import Order

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`at`: when it happened; `data` as it is told. Of members their number alone: who they are isn't sent around."""

    data: Data
    at: datetime


def tell_outside(fact: Fact, *, once: str) -> None:
    """Tell of a fact whoever asked for it; `once` names the fact. What is gone meanwhile isn't told of."""
    name, message_of = TOLD[type(fact)]
    message = message_of(fact)
    if message is not None:
        tell(name, message.data, at=message.at, once=once)


def _of_order(fact: AboutOrder) -> Message | None:
    """An order as it is when it is told of, which may be further than the fact."""
    order = Order.objects.filter(pk=fact.order_id).first()
    if order is None:
        return None
    parts = order.courses.select_related("course").order_by("pk")
    data = {
        "order": order.number,
        "status": order.status,
        "member": order.user_id,
        "offer": order.offer,
        "title": order.title,
        "total_fen": order.total_fen,
        "refunded_fen": order.refunded_fen,
        "currency": "CNY",
        "placed_at": _written(order.created_at),
        "paid_at": _written(order.paid_at),
        "courses": [{**_course(part.course), "total_fen": part.total_fen} for part in parts],
    }
    return Message(data, _when(order, fact))


def _when(order: Order, fact: AboutOrder) -> datetime:
    """When the order came to be what the fact says, as its journal has it; it was paid when it says so itself."""
    if isinstance(fact, OrderPaid) and order.paid_at:
        return order.paid_at
    afters = _AFTER.get(type(fact), ())
    step = order.steps.filter(after__in=afters).order_by("-pk").first()
    return step.at if step else order.created_at


_AFTER: Mapping[type[Fact], tuple[str, ...]] = {
    OrderExpired: (Order.Status.EXPIRED,),
    OrderCancelled: (Order.Status.CLOSED,),
    OrderRefunded: (Order.Status.PARTLY_REFUNDED, Order.Status.REFUNDED),
}


def _of_refund(fact: OrderRefunded) -> Message | None:
    message = _of_order(fact)
    return message and Message({**message.data, "amount_fen": fact.amount_fen}, message.at)


def _of_opening(fact: CourseOpened) -> Message | None:
    course = Course.objects.filter(pk=fact.course_id).first()
    if course is None:
        return None
    order = Order.objects.filter(pk=fact.order_id).first() if fact.order_id else None
    data = {
        "member": fact.member_id,
        "how": fact.how,
        "order": order.number if order else None,
        "course": _course(course),
    }
    return Message(data, (order and order.paid_at) or clock.now())


def _course(course: Course) -> Data:
    return {"id": course.pk, "slug": course.slug, "title": course.title}


def _written(moment: datetime | None) -> str | None:
    return (
        moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
    )


TOLD: Mapping[type[Fact], tuple[str, Callable[[Any], Message | None]]] = {
    OrderPlaced: (topic("order.placed", pgettext_lazy("webhook topic", "An order was placed")), _of_order),
    OrderPaid: (topic("order.paid", pgettext_lazy("webhook topic", "An order was paid")), _of_order),
    OrderExpired: (topic("order.expired", pgettext_lazy("webhook topic", "An order wasn't paid in time")), _of_order),
    OrderCancelled: (topic("order.cancelled", pgettext_lazy("webhook topic", "An order was cancelled")), _of_order),
    OrderRefunded: (topic("order.refunded", pgettext_lazy("webhook topic", "Money of an order went back")), _of_refund),
    CourseOpened: (topic("course.opened", pgettext_lazy("webhook topic", "A course became somebody's")), _of_opening),
}  # fmt: skip
