"""The background entry of a provider's bills; it stands alone, so that what staff ask for can enqueue it."""

from zhiyue.core.jobs.registry import job
from zhiyue.product.commerce.reconciling.fetching import reconcile


@job(name="commerce.reconcile_provider", attempts=3, lease_seconds=300)
def reconcile_provider(*, provider: str) -> None:
    reconcile(provider)
