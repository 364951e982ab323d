"""Background entries of webhooks."""

from zhiyue.core.jobs.registry import daily, every, job
from zhiyue.core.jobs.services import enqueue
from zhiyue.facilities.webhooks import delivery


@job(name="webhooks.deliver", attempts=5, lease_seconds=60)
def deliver(*, endpoint_id: int) -> None:
    """Send what is due to one endpoint, and come again for the rest."""
    again = delivery.deliver_due(endpoint_id=endpoint_id)
    if again is not None:
        deliver_soon(endpoint_id, delay_seconds=again)


@job(name="webhooks.look_after", attempts=3, lease_seconds=60)
def look_after() -> None:
    """Deliver also where a job was discarded or given up."""
    for endpoint_id in delivery.waiting_endpoints():
        deliver_soon(endpoint_id)


@job(name="webhooks.forget", attempts=3, lease_seconds=60)
def forget() -> None:
    """Remove old messages."""
    delivery.forget_old()


def deliver_soon(endpoint_id: int, *, delay_seconds: float = 0) -> None:
    """One job of an endpoint waits at a time, for the earliest moment that was asked for."""
    enqueue(deliver, delay_seconds=delay_seconds, key=str(endpoint_id), endpoint_id=endpoint_id)


every(minutes=10, job=look_after)
daily(at="04:50", job=forget)
