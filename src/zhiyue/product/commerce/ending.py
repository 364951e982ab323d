"""What ends an order before it is paid."""

from zhiyue.core.jobs.facts import announce
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.facts import OrderCancelled, OrderExpired
from zhiyue.product.commerce.models import Order


def end(order: Order, to: str, *, why: str) -> None:
    journal.move(order, to, why=why)
    announce(OrderCancelled(order.pk) if to == Order.Status.CLOSED else OrderExpired(order.pk))
