"""Whether an invoice of an order can be had now, and in which words it can't."""

from collections.abc import Mapping
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.product.commerce.errors import NoInvoice
from zhiyue.product.commerce.invoices.register import issues_invoices
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.refunds.reckoning import under_way

WhyNot = Literal["", "off", "not_paid", "elsewhere", "costs_nothing", "returned", "returning"]
WORDS: Mapping[str, str | Promise] = {
    "off": pgettext_lazy("why no invoice", "Invoices aren't issued here. Ask the academy for one."),
    "not_paid": pgettext_lazy("why no invoice", "This order wasn't paid, so there is no invoice of it."),
    "elsewhere": pgettext_lazy(
        "why no invoice", "This order was paid elsewhere, before it came here: its invoice is issued there."
    ),
    "costs_nothing": pgettext_lazy(
        "why no invoice", "This order cost nothing, so there is no invoice of it."
    ),
    "returned": pgettext_lazy(
        "why no invoice", "All the money of this order went back: nothing is left to invoice."
    ),
    "returning": pgettext_lazy(
        "why no invoice",
        "Money of this order is on its way back. Ask for the invoice once it has gone back.",
    ),
}


def why_not(order: Order) -> WhyNot:
    """Why no invoice of an order can be asked for; "" where it can. Reads its refunds, which may be prefetched."""
    return "" if issues_invoices() and not why_none(order) else why_none(order) or "off"


def why_none(order: Order) -> WhyNot:
    """The same, whether or not the academy issues invoices now."""
    if order.outside_number:
        return "elsewhere"
    if order.paid_at is None:
        return "not_paid"
    if not order.total_fen:
        return "costs_nothing"
    if not order.kept_fen:
        return "returned"
    return "returning" if is_returning(order) else ""


def is_returning(order: Order) -> bool:
    """May money of it still go back by a refund that was asked for?"""
    return under_way(order) is not None


def require_possible(order: Order) -> None:
    """Raises NoInvoice."""
    if why := why_not(order):
        raise NoInvoice(why, WORDS[why])
