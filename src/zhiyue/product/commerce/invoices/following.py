"""What becomes of an invoice when money of its order goes back."""

from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.commerce.invoices.jobs import issue_invoice
from zhiyue.product.commerce.invoices.sending import locked
from zhiyue.product.commerce.models import Invoice


def follow_refund(order_id: int) -> None:
    """What was issued is due to be reversed, and what wasn't yet is issued of what is left. Done again it changes
    nothing. Inside a transaction."""
    live = Invoice.objects.filter(order_id=order_id, status__in=Invoice.LIVE).values_list("pk", flat=True)
    for pk in list(live):
        _, invoice = locked(pk)
        # What is being issued or reversed is looked at once that is through.
        if invoice.status in (Invoice.Status.ASKED, Invoice.Status.ISSUED):
            invoice.due_at = clock.now()
            invoice.save(update_fields=["due_at"])
            enqueue(issue_invoice, invoice_id=pk)
