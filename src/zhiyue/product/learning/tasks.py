"""Background entries of learning."""

from zhiyue.core.jobs.registry import every, job
from zhiyue.product.learning import rejudging, search


@job(name="learning.refresh_boosts", attempts=3, lease_seconds=60)
def refresh_boosts() -> None:
    search.refresh_boosts()


@job(name="learning.replay_quarantine", attempts=3, lease_seconds=60)
def replay_quarantine(*, entry_ids: list[int]) -> None:
    rejudging.rejudge(entry_ids)


every(minutes=30, job=refresh_boosts)
