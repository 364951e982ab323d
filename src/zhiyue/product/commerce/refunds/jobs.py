"""The background entry of one refund; that of all stands in `commerce.tasks`."""

from zhiyue.core.jobs.registry import job
from zhiyue.product.commerce.refunds import sending


@job(name="commerce.send_refund", attempts=5, lease_seconds=120)
def send_refund(*, refund_id: int) -> None:
    """Ask the provider for a refund as soon as it is approved."""
    sending.send(refund_id)
