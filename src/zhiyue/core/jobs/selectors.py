"""Reads of the queue: how far behind it is, what was given up, what the schedules last did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from zhiyue.core.jobs import registry
from zhiyue.core.jobs.models import Job, Schedule
from zhiyue.core.kit import clock


@dataclass(frozen=True)
class Counts:
    waiting: int
    running: int
    done: int
    dead: int


@dataclass(frozen=True)
class Progress:
    """How far the newest job of a name is. `done` and `total` are `None` until the job has said so."""

    job_id: int
    state: Job.State
    done: int | None
    total: int | None
    note: str


@dataclass(frozen=True)
class LastRun:
    """A schedule, and the job it enqueued last (`None` before the first, or once cleaned up)."""

    name: str
    timing: str
    next_at: datetime
    enqueued_at: datetime | None
    job: Job | None


def queue_lag_seconds() -> float:
    """For how long the most overdue job could have been running; 0 when nothing is due."""
    now = clock.now()
    oldest = Job.objects.claimable(now).aggregate(oldest=Min("claimable_at"))["oldest"]
    return (now - oldest).total_seconds() if oldest else 0.0


def counts() -> Counts:
    found = dict(Job.objects.values_list("state").annotate(n=Count("id")).order_by())
    waiting = found.get(Job.State.WAITING, 0) + found.get(Job.State.HELD, 0)
    states = (Job.State.RUNNING, Job.State.DONE, Job.State.DEAD)
    return Counts(waiting, *(found.get(state, 0) for state in states))


def dead_letters(limit: int = 100) -> list[Job]:
    """Jobs that were given up, newest first, each with its last error."""
    return list(Job.objects.filter(state=Job.State.DEAD).order_by("-finished_at", "-id")[:limit])


def dead_by_name() -> dict[str, int]:
    """How many jobs of each name were given up."""
    found = Job.objects.filter(state=Job.State.DEAD).values_list("name").annotate(n=Count("id")).order_by()
    return dict(found)


def behind(jobs: Iterable[Job]) -> dict[int, int]:
    """How many facts wait behind each of these deliveries, by number; those behind which nothing waits are left out."""
    heads = {job.lane: job for job in jobs if job.lane is not None}
    if not heads:
        return {}
    rows = Job.objects.filter(lane__in=heads).values_list("lane").annotate(n=Count("id")).order_by()
    return {heads[lane].pk: n - 1 for lane, n in rows if n > 1}


def recent(limit: int = 50) -> list[Job]:
    """The jobs enqueued last, newest first."""
    return list(Job.objects.order_by("-id")[:limit])


def progress(name: str) -> Progress | None:
    """How far the newest job called `name` is; `None` if there never was one."""
    job = Job.objects.filter(name=name).order_by("-id").first()
    if job is None:
        return None
    return Progress(job.pk, Job.State(job.state), job.progress_done, job.progress_total, job.progress_note)


def last_runs() -> list[LastRun]:
    """Each schedule this code knows and a scheduler has met, in order of name."""
    rows = Schedule.objects.filter(name__in=registry.schedules()).select_related("last_job").order_by("name")
    return [LastRun(row.name, row.timing, row.next_at, row.enqueued_at, row.last_job) for row in rows]
