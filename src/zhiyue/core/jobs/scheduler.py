"""Enqueues what the clock asks for. Any number may run: a schedule's row is claimed under a lock."""

import logging
from datetime import datetime

from django.db import Error, close_old_connections, transaction

from zhiyue.core.jobs import registry, services
from zhiyue.core.jobs.lifetime import Lifetime
from zhiyue.core.jobs.models import OPEN_STATES, Schedule
from zhiyue.core.kit import clock

log = logging.getLogger("zhiyue.jobs")

POLL_SECONDS = 1.0


def run(*, lifetime: Lifetime) -> None:
    """Ticks until called to end."""
    synchronised = False
    while not lifetime.ending:
        try:
            if not synchronised:
                synchronise(now=clock.now())
                synchronised = True
            tick(now=clock.now())
        except Error as problem:
            log.warning("The schedules can't be read, next try in a second: %s", problem)
            close_old_connections()
        lifetime.sleep(POLL_SECONDS)


@transaction.atomic
def synchronise(*, now: datetime) -> None:
    """Gives each registered schedule its row, and a new due time where the code changed its timing."""
    kinds = registry.schedules()
    rows = [
        Schedule(name=name, timing=str(kind.timing), next_at=kind.timing.first(now))
        for name, kind in kinds.items()
    ]
    Schedule.objects.bulk_create(rows, ignore_conflicts=True)
    for row in Schedule.objects.select_for_update().filter(name__in=kinds).order_by("id"):
        timing = kinds[row.name].timing
        if row.timing != str(timing):
            row.timing, row.next_at = str(timing), timing.first(now)
            row.save(update_fields=["timing", "next_at"])


def tick(*, now: datetime) -> int:
    """Enqueues what is due, each once however many periods were missed; returns how many."""
    due = Schedule.objects.filter(name__in=registry.schedules(), next_at__lte=now)
    if not due.exists():
        return 0
    with transaction.atomic():
        return sum(_fire(row, now) for row in due.select_for_update(skip_locked=True).order_by("id"))


def _fire(row: Schedule, now: datetime) -> bool:
    kind = registry.schedules()[row.name]
    row.next_at = kind.timing.following(row.next_at, now)
    unfinished = row.last_job is not None and row.last_job.state in OPEN_STATES
    if not unfinished:
        row.last_job, row.enqueued_at = services.enqueue(kind.job, **kind.kwargs), now
    row.save(update_fields=["next_at", "last_job", "enqueued_at"])
    return not unfinished
