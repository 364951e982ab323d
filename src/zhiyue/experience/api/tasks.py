"""Background entries of the API."""

from zhiyue.core.jobs.registry import daily, job
from zhiyue.experience.api import repeating


@job(name="api.forget_answers", attempts=3, lease_seconds=60)
def forget_answers() -> None:
    """Forget answers kept for idempotency keys, once a day is over."""
    repeating.forget_answers()


daily(at="04:20", job=forget_answers)
