"""Lanes: the deliveries of one reaction about one subject, each claimed when all before it have ended.

A row is in its lane (`Job.lane`) until it is done or discarded; a dead letter stays in it. The lowest row of a lane is
never held, so a lane always goes on: whoever ends a row frees the next.
"""

from django.db import connection

from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock

_KEY = "hashtextextended(%s, 0)"


def may_enter(lane: str) -> bool:
    """Takes the lane until the transaction ends, if nobody has it. A worker that has locked a row must not wait here:
    who has the lane may be waiting for that row."""
    if connection.vendor != "postgresql":
        # SQLite has one write lock, and whoever claims has it.
        return True
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({_KEY})", [lane])
        return bool(cursor.fetchone()[0])


def enter(lane: str) -> None:
    """Takes the lane until the transaction ends. Before any row of the lane is locked, and one lane a transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock({_KEY})", [lane])


def is_first(job: Job) -> bool:
    """Has everything announced before it ended? Inside the lane."""
    return not Job.objects.filter(lane=job.lane, pk__lt=job.pk).exists()


def hold(job: Job) -> None:
    """Out of the workers' sight until its turn. Inside the lane."""
    job.state, job.claimable_at = Job.State.HELD, None
    job.save(update_fields=["state", "claimable_at"])


def advance(lane: str) -> None:
    """Lets the next of those held be claimed. Inside the lane, by whoever ended one."""
    held = Job.objects.filter(lane=lane, state=Job.State.HELD).order_by("pk").values("pk")[:1]
    Job.objects.filter(pk__in=held).update(state=Job.State.WAITING, claimable_at=clock.now())
