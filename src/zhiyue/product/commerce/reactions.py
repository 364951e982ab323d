"""What follows from facts about orders and rights."""

from zhiyue.core.jobs.facts import fact_id, reaction
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit.facts import Fact
from zhiyue.facilities.webhooks.selectors import anybody_listens
from zhiyue.product.commerce.facts import AboutOrder, OrderCancelled, OrderExpired, OrderPaid, OrderRefunded
from zhiyue.product.commerce.invoices.following import follow_refund
from zhiyue.product.commerce.models import Payment
from zhiyue.product.commerce.outside import TOLD, tell_outside
from zhiyue.product.commerce.payments import fulfil
from zhiyue.product.commerce.tasks import close_payments
from zhiyue.product.commerce.teaching_shares.entering import settle


@reaction(OrderPaid, name="commerce.fulfil")
def fulfil_order(fact: OrderPaid) -> None:
    fulfil(fact.order_id)
    _end_payments(fact.order_id)


@reaction(OrderExpired, OrderCancelled, name="commerce.end_payments")
def end_payments(fact: AboutOrder) -> None:
    _end_payments(fact.order_id)


@reaction(OrderRefunded, name="commerce.follow_with_invoice")
def follow_with_invoice(fact: OrderRefunded) -> None:
    follow_refund(fact.order_id)


def _end_payments(order_id: int) -> None:
    """Who began to pay it by another way, or in another tab, shall not pay any more."""
    if Payment.objects.filter(order_id=order_id, status=Payment.Status.BEGUN).exists():
        enqueue(close_payments, order_id=order_id)


@reaction(OrderPaid, OrderRefunded, name="commerce.enter_shares")
def enter_shares(fact: AboutOrder) -> None:
    settle(fact.order_id)


@reaction(*TOLD, name="commerce.tell_outside", is_wanted=anybody_listens)
def tell_other_systems(fact: Fact) -> None:
    tell_outside(fact, once=str(fact_id()))
