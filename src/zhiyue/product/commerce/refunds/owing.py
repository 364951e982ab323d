"""Money that came for an order that could not take it goes back by itself, all of it: nobody has to ask."""

from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Order, Payment, Refund
from zhiyue.product.commerce.numbers import number
from zhiyue.product.commerce.refunds.jobs import send_refund
from zhiyue.product.commerce.refunds.telling import tell


def give_back_owed(order: Order, payment: Payment) -> Refund:
    """Begin to give a whole payment back, once. The caller holds the order's row and has entered what is owed."""
    now = clock.now()
    refund = Refund.objects.create(
        number=number("R", now),
        order=order,
        payment=payment,
        cause=Refund.Cause.OWED,
        status=Refund.Status.APPROVED,
        amount_fen=payment.amount_fen,
        is_by_rule=True,
        asked_at=now,
        decided_at=now,
        due_at=now,
    )
    tell(order, refund)
    enqueue(send_refund, refund_id=refund.pk)
    return refund
