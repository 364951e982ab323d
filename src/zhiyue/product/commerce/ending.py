"""What ends an order before it is paid."""

from zhiyue.core.jobs.facts import announce
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.facts import OrderCancelled, OrderExpired
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.selectors import enrolled_course_ids


def end(order: Order, to: str, *, why: str) -> None:
    journal.move(order, to, why=why)
    announce(OrderCancelled(order.pk) if to == Order.Status.CLOSED else OrderExpired(order.pk))


def new_and_theirs(order: Order) -> tuple[set[int], set[int]]:
    """Of the courses that an order which isn't paid would open, those that aren't its member's yet, and those that
    became theirs since it was placed."""
    courses = set(order.courses.values_list("course_id", flat=True))
    owned = enrolled_course_ids(order.user_id) if courses and order.user_id is not None else set()
    return courses - owned, courses & owned
