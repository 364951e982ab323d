"""A new invoice of an order, and what its journal keeps of one."""

from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.invoices.titles import Title
from zhiyue.product.commerce.models import Invoice, Order
from zhiyue.product.commerce.numbers import number


def begin(order: Order, title: Title, *, again_of: Invoice | None = None) -> Invoice:
    """A new invoice of what the order keeps, due to be issued. The caller holds the order's row."""
    now = clock.now()
    invoice = Invoice.objects.create(
        number=number("F", now),
        order=order,
        kind=title.kind,
        title=title.title,
        tax_number=title.tax_number,
        email=title.email,
        amount_fen=order.kept_fen,
        asked_at=now,
        due_at=now,
        again_of=again_of,
    )
    journal.note(order, why="invoice_asked", told=told_of(invoice))
    return invoice


def told_of(invoice: Invoice) -> dict[str, object]:
    """What the journal keeps of it: no title, which names somebody."""
    return {"invoice": invoice.number, "fen": invoice.amount_fen}
