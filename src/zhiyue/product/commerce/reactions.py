"""What follows from facts about orders."""

from zhiyue.core.jobs.facts import reaction
from zhiyue.core.jobs.services import enqueue
from zhiyue.product.commerce.facts import OrderEnded, OrderPaid
from zhiyue.product.commerce.models import Payment
from zhiyue.product.commerce.payments import fulfil
from zhiyue.product.commerce.tasks import close_payments


@reaction(OrderPaid, name="commerce.fulfil")
def fulfil_order(fact: OrderPaid) -> None:
    fulfil(fact.order_id)
    _end_payments(fact.order_id)


@reaction(OrderEnded, name="commerce.end_payments")
def end_payments(fact: OrderEnded) -> None:
    _end_payments(fact.order_id)


def _end_payments(order_id: int) -> None:
    """Who began to pay it by another way, or in another tab, shall not pay any more."""
    if Payment.objects.filter(order_id=order_id, status=Payment.Status.BEGUN).exists():
        enqueue(close_payments, order_id=order_id)
