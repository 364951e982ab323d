"""How an invoice ends: issued, failed, reversed, or not needed any more. The caller holds the order's row."""

from datetime import datetime

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.invoices.beginning import begin, told_of
from zhiyue.product.commerce.invoices.telling import tell
from zhiyue.product.commerce.invoices.titles import Title
from zhiyue.product.commerce.models import Invoice, Order

_S = Invoice.Status
LONGEST_FAULT = 300


def issued(
    order: Order,
    invoice: Invoice,
    *,
    number: str,
    code: str = "",
    at: datetime | None = None,
    file: str = "",
    by: User | None = None,
) -> None:
    """It has its number. Where money went back meanwhile it is due to be reversed at once."""
    invoice.status, invoice.fault, invoice.tries = _S.ISSUED, "", 0
    invoice.invoice_number, invoice.invoice_code = number, code
    invoice.issued_at, invoice.file = at or clock.now(), file or invoice.file
    invoice.due_at = clock.now() if invoice.must_be_reversed else None
    invoice.save()
    told = {**told_of(invoice), "invoice_number": number}
    journal.note(order, why="invoice_issued", told=told, by=by)
    tell(order, invoice)


def failed(order: Order, invoice: Invoice, fault: str, *, by: User | None = None) -> None:
    """Nothing was issued, and why: the member may put it right and ask anew."""
    invoice.status, invoice.fault, invoice.due_at = _S.FAILED, fault[:LONGEST_FAULT], None
    invoice.save()
    journal.note(order, why="invoice_failed", told=told_of(invoice), by=by)
    tell(order, invoice)


def reversed_(
    order: Order, invoice: Invoice, *, number: str, at: datetime | None = None, by: User | None = None
) -> None:
    """It holds no more. Of what the order keeps, where that is another amount, a new one is issued by itself."""
    is_for_less = invoice.amount_fen != order.kept_fen
    invoice.status, invoice.fault, invoice.due_at = _S.REVERSED, "", None
    invoice.reversal_number, invoice.reversed_at = number, at or clock.now()
    invoice.save()
    told = {**told_of(invoice), "invoice_number": number}
    journal.note(order, why="invoice_reversed", told=told, by=by)
    if is_for_less and order.kept_fen:
        title = Title(invoice.kind, invoice.title, invoice.tax_number, invoice.email)
        begin(order, title, again_of=invoice)
    tell(order, invoice)


def not_needed(order: Order, invoice: Invoice) -> None:
    """All of the order's money went back before anything was issued."""
    invoice.status, invoice.due_at = _S.WITHDRAWN, None
    invoice.save()
    journal.note(order, why="invoice_not_needed", told=told_of(invoice))
