"""Background entries of notices."""

from zhiyue.core.jobs.registry import daily, job
from zhiyue.facilities.notices import delivery


@job(name="notices.deliver", attempts=delivery.TRIES, lease_seconds=60, backoff_seconds=5)
def deliver_message(*, message_id: int) -> None:
    """Hand one message to its provider."""
    delivery.deliver(message_id=message_id)


@job(name="notices.forget", attempts=3, lease_seconds=60)
def forget_messages() -> None:
    """Remove old messages."""
    delivery.forget_old_messages()


daily(at="04:40", job=forget_messages)
