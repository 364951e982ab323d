"""Background entries of the monitor."""

from zhiyue.core.jobs.registry import every, job
from zhiyue.monitor import services


@job(name="monitor.measure", attempts=3, lease_seconds=60)
def measure() -> None:
    """Measure ended days that changed."""
    services.measure_past_days()


every(minutes=10, job=measure)
