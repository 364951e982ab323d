"""Money that came for an order that could not take it goes back by itself, all of it: nobody has to ask."""

from datetime import datetime

from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.models import Order, Payment, Refund
from zhiyue.product.commerce.numbers import number
from zhiyue.product.commerce.refunds.jobs import send_refund
from zhiyue.product.commerce.refunds.telling import tell


def owe_back(order: Order, payment: Payment, *, at: datetime | None) -> Refund:
    """Enter that a whole payment is owed back, and begin to give it back, once. The caller holds the order's row, and
    the payment's amount is what came."""
    ledger.post(
        f"paid:{payment.number}",
        kind="overpaid",
        order=order,
        at=at,
        postings={
            ledger.receivable(payment.provider): payment.amount_fen,
            ledger.owed(order): -payment.amount_fen,
        },
    )
    journal.note(order, why="paid_too_much", told={"payment": payment.number, "fen": payment.amount_fen})
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
