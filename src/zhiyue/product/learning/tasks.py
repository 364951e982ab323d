"""Background entries of learning."""

from zhiyue.core.jobs.registry import every, job
from zhiyue.product.learning import search


@job(name="learning.refresh_boosts", attempts=3, lease_seconds=60)
def refresh_boosts() -> None:
    search.refresh_boosts()


every(minutes=30, job=refresh_boosts)
