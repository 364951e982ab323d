"""What the receipt of a paid order says. How it looks is the pages' business."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.product.commerce.errors import NoReceipt
from zhiyue.product.commerce.models import Order, Payment, Refund
from zhiyue.product.commerce.order_book import order_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """An order whose money came, and what of it went back since, the earliest first. `via` names the provider through
    whom it was paid, "" where it cost nothing; `payment` is None where it wasn't paid here."""

    order: Order
    buyer: str
    via: str
    payment: Payment | None
    refunds: Sequence[Refund]


def receipt_of(user: User, number: str) -> Receipt:
    """The receipt of a member's order. Raises NoSuchOrder, also where it is somebody else's, and NoReceipt where it
    wasn't paid."""
    order = order_of(user, number)
    if order.paid_at is None:
        raise NoReceipt(pgettext_lazy("receipt", "This order wasn't paid: there is a receipt once it is."))
    payments = [one for one in order.payments.all() if one.status == Payment.Status.PAID]
    back = [one for one in order.refunds.all() if one.status == Refund.Status.DONE and one.amount_fen]
    # Money that came on top of an order's own, and went back whole, was never the order's.
    on_top = {one.payment_id for one in order.refunds.all() if one.cause == Refund.Cause.OWED}
    payment = next((one for one in payments if one.pk not in on_top), None)
    return Receipt(
        order=order,
        buyer=user.display_name,
        via=payment.provider if payment else _elsewhere(order),
        payment=payment,
        refunds=[one for one in reversed(back) if one.cause != Refund.Cause.OWED],
    )


def _elsewhere(order: Order) -> str:
    """Through whom a past order was paid, as the journal keeps it; "" of one that cost nothing."""
    told = order.steps.filter(why="imported").values_list("told", flat=True).first() or {}
    return str(told.get("provider", ""))
