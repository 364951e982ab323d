"""Background entries of the event log."""

from zhiyue.collect import lake, quarantine
from zhiyue.core.jobs.registry import every, job


@job(name="collect.seal", attempts=3, lease_seconds=60)
def seal() -> None:
    """Seal ended days into the lake, and forget what nobody needs."""
    lake.seal_past_days()
    lake.sweep()
    quarantine.expire()


every(minutes=10, job=seal)
