"""The background entry of one invoice; that of all stands in `commerce.tasks`."""

from zhiyue.core.jobs.registry import job
from zhiyue.product.commerce.invoices import sending


@job(name="commerce.issue_invoice", attempts=5, lease_seconds=120)
def issue_invoice(*, invoice_id: int) -> None:
    """Have an invoice issued or reversed as soon as it is asked for."""
    sending.send(invoice_id)
