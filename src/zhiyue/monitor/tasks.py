"""Background entries of the monitor."""

from zhiyue.core.jobs.registry import every, job
from zhiyue.monitor import services


@job(name="monitor.measure", attempts=3, lease_seconds=60)
def measure() -> None:
    """Measure ended days that changed."""
    services.measure_past_days()


every(minutes=10, job=measure)


@job(name="monitor.taste", attempts=3, lease_seconds=600)
def find_taste() -> None:
    """Look for changes of what learners choose, once for each ended day."""
    services.find_taste()


every(minutes=60, job=find_taste)
