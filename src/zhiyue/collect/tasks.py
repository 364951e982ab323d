"""Background entries of the event log."""

from zhiyue.collect import lake, retention
from zhiyue.core.jobs.registry import daily, every, job


@job(name="collect.seal", attempts=3, lease_seconds=60)
def seal() -> None:
    """Seal ended days into the lake, and remove files that nobody reads any more."""
    lake.seal_past_days()
    lake.sweep()


@job(name="collect.compact", attempts=5, lease_seconds=60, backoff_seconds=60)
def compact() -> None:
    """Write sealed days again that still hold what was forgotten."""
    lake.compact()


@job(name="collect.forget_old", attempts=3, lease_seconds=120, backoff_seconds=60)
def forget_old() -> None:
    """Delete what was kept long enough, and seal its days anew."""
    retention.forget_old()
    lake.seal_past_days()


@job(name="collect.verify", attempts=2, lease_seconds=120, backoff_seconds=60)
def verify() -> None:
    """Hold the lake against the log. What is wrong is kept with the check, and told by doctor and desk."""
    lake.verify()


every(minutes=10, job=seal)
daily(at="03:40", job=forget_old)
daily(at="04:10", job=compact)
daily(at="04:40", job=verify)
