"""Asking for the invoice of an order. The amount is what was paid less what went back, and never what a form says."""

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.core.jobs.services import enqueue
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.errors import InvoiceDecided, NoSuchInvoice, NoSuchOrder
from zhiyue.product.commerce.invoices.beginning import begin, told_of
from zhiyue.product.commerce.invoices.jobs import issue_invoice
from zhiyue.product.commerce.invoices.possible import require_possible
from zhiyue.product.commerce.invoices.titles import Title, remember
from zhiyue.product.commerce.models import Invoice, Order


@transaction.atomic
def ask_invoice(*, user: User, order_number: str, title: Title) -> Invoice:
    """Ask for the invoice of an order of one's own. The one that is live already is the answer to a second tap, tab or
    device. Raises NoSuchOrder, NoInvoice."""
    order = _own(user, order_number)
    live = order.invoices.filter(status__in=Invoice.LIVE).first()
    if live is not None:
        return live
    require_possible(order)
    remember(user, title)
    invoice = begin(order, title)
    enqueue(issue_invoice, invoice_id=invoice.pk)
    return invoice


@transaction.atomic
def withdraw_invoice(*, user: User, order_number: str) -> Invoice:
    """Take back what nobody has begun to issue, to have it made out anew. Withdrawn already, it stays so. Raises
    NoSuchOrder, NoSuchInvoice, InvoiceDecided."""
    order = _own(user, order_number)
    invoice = order.invoices.order_by("-pk").first()
    if invoice is None:
        raise NoSuchInvoice(pgettext_lazy("invoice", "No invoice of this order was asked for."))
    if invoice.status == Invoice.Status.WITHDRAWN:
        return invoice
    if invoice.status != Invoice.Status.ASKED:
        raise InvoiceDecided(
            pgettext_lazy("invoice", "It is being issued, or was already: ask the academy to change it.")
        )
    invoice.status, invoice.due_at = Invoice.Status.WITHDRAWN, None
    invoice.save(update_fields=["status", "due_at"])
    journal.note(order, why="invoice_withdrawn", told=told_of(invoice))
    return invoice


def _own(user: User, order_number: str) -> Order:
    order = Order.objects.select_for_update().filter(user=user, number=order_number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    return order
