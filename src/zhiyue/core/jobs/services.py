"""Writes of the queue for everybody: enqueue, deliver, progress, retry, discard. What a worker does is in `leases`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note, note_each
from zhiyue.core.jobs import lanes
from zhiyue.core.jobs.errors import JobNotFound, JobNotInState
from zhiyue.core.jobs.models import Job, Reacted
from zhiyue.core.jobs.registry import JobKind
from zhiyue.core.kit import clock

PROGRESS_INTERVAL_SECONDS = 0.5
DELETE_BATCH = UPDATE_BATCH = 1_000

_current: ContextVar["_Current | None"] = ContextVar("current_job", default=None)


class _Current:
    """The job this thread runs, and when it last wrote its progress."""

    def __init__(self, job_id: int, attempt: int) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.reported_at = float("-inf")


def enqueue(job: JobKind[Any], *, delay_seconds: float = 0, key: str | None = None, **kwargs: object) -> Job:
    """Adds one job row in the caller's transaction: it exists if, and only if, the caller's work does.

    While a job of the same `key` waits for its first attempt a second one is not added: the waiting one
    takes over the newer `kwargs` and the earlier of the two times. Raises `TypeError` for `kwargs` that
    the job can't take or JSON can't hold.
    """
    job.check(kwargs)
    if delay_seconds < 0:
        raise ValueError(f"Job “{job.name}”: delay_seconds is {delay_seconds}, but must be 0 or more.")
    now = clock.now()
    due = now + timedelta(seconds=delay_seconds)
    row = Job(name=job.name, kwargs=kwargs, key=key, enqueued_at=now, claimable_at=due)
    if key is None:
        row.save(force_insert=True)
        return row
    return _merge(row, due)


@transaction.atomic
def _merge(row: Job, due: datetime) -> Job:
    while True:
        Job.objects.bulk_create([row], ignore_conflicts=True)
        # The lock keeps workers off the waiting twin until the caller commits; otherwise it might run
        # before the caller's rows can be seen, and their work would never be done.
        twin = Job.objects.select_for_update().filter(name=row.name, key=row.key).first()
        if twin is None:
            continue
        twin.kwargs, twin.claimable_at = row.kwargs, min(due, twin.claimable_at or due)
        twin.save(update_fields=["kwargs", "claimable_at"])
        return twin


def deliver(
    reaction: JobKind[Any],
    *,
    fact_id: UUID,
    subject: str,
    fact_name: str,
    fact: dict[str, Any],
    is_new: bool = False,
) -> Job:
    """One fact for one reaction, at the end of the lane of its subject, in the caller's transaction; one that is there
    already is left as it is, and isn't looked for where the fact `is_new`. For `facts.announce`."""
    now = clock.now()
    kwargs = {"fact_id": str(fact_id), "fact_name": fact_name, "fact": fact}
    reaction.check(kwargs)
    columns = {
        "kwargs": kwargs,
        "subject": subject,
        "lane": f"{reaction.name} {subject}",
        "enqueued_at": now,
        "claimable_at": now,
    }
    if is_new:
        return Job.objects.create(name=reaction.name, fact_id=fact_id, **columns)
    return Job.objects.get_or_create(name=reaction.name, fact_id=fact_id, defaults=columns)[0]


@transaction.atomic
def retry(*, viewer: Viewer, job_id: int) -> Job:
    """Puts a dead letter back into the queue with all its attempts. Raises NotAllowed, JobNotFound, JobNotInState."""
    by = require(viewer, Permission.RUN_JOBS)
    job = _locked(job_id)
    if job.state != Job.State.DEAD:
        raise JobNotInState(pgettext("job", "Only a job that was given up can be run again."))
    before = _noted(job)
    job.state, job.attempts, job.claimable_at, job.finished_at = Job.State.WAITING, 0, clock.now(), None
    job.save(update_fields=["state", "attempts", "claimable_at", "finished_at"])
    note(by=by, act="job.retried", subject=("job", job.pk, job.name), before=before, after=_noted(job))
    return job


@transaction.atomic
def retry_all(*, viewer: Viewer, name: str) -> int:
    """Puts every dead letter of one name back into the queue, as `retry` does; how many. Raises NotAllowed."""
    by = require(viewer, Permission.RUN_JOBS)
    dead = Job.objects.filter(name=name, state=Job.State.DEAD)
    letters = list(dead.select_for_update().order_by("pk").values_list("pk", flat=True))
    put_back = {"state": Job.State.WAITING, "attempts": 0, "claimable_at": clock.now(), "finished_at": None}
    for begin in range(0, len(letters), UPDATE_BATCH):
        Job.objects.filter(pk__in=letters[begin : begin + UPDATE_BATCH]).update(**put_back)
    note_each(
        by=by,
        act="job.retried",
        subjects=(("job", pk, name) for pk in letters),
        before={"state": Job.State.DEAD},
        after={"state": Job.State.WAITING},
    )
    return len(letters)


@transaction.atomic
def discard(*, viewer: Viewer, job_id: int) -> Job:
    """Takes a waiting job or a dead letter out of the queue for good; what waited behind it goes on. Raises as `retry`
    does."""
    by = require(viewer, Permission.RUN_JOBS)
    lane = Job.objects.filter(pk=job_id).values_list("lane", flat=True).first()
    if lane is not None:
        lanes.enter(lane)
    job = _locked(job_id)
    if job.state not in (Job.State.DEAD, Job.State.WAITING, Job.State.HELD):
        raise JobNotInState(pgettext("job", "Only a job that waits or was given up can be discarded."))
    before = _noted(job)
    job.state, job.key, job.claimable_at, job.finished_at = Job.State.DISCARDED, None, None, clock.now()
    job.lane = None
    job.save(update_fields=["state", "key", "lane", "claimable_at", "finished_at"])
    if lane is not None:
        lanes.advance(lane)
    note(by=by, act="job.discarded", subject=("job", job.pk, job.name), before=before, after=_noted(job))
    return job


def progress(*, done: int, total: int, note: str = "") -> None:
    """Says how far the job running here is; pages show it. Does nothing outside a job.

    Call it between transactions: inside one nobody would see it before the end.
    """
    current = _current.get()
    if current is None or (done < total and monotonic() - current.reported_at < PROGRESS_INTERVAL_SECONDS):
        return
    current.reported_at = monotonic()
    Job.objects.filter(pk=current.job_id, state=Job.State.RUNNING, attempts=current.attempt).update(
        progress_done=done, progress_total=total, progress_note=note[:200]
    )


@contextmanager
def inside(job: Job) -> Iterator[None]:
    """Makes `progress` report for `job`."""
    token = _current.set(_Current(job.pk, job.attempts))
    try:
        yield
    finally:
        _current.reset(token)


def forget_finished(*, before: datetime) -> int:
    """Deletes jobs done or discarded earlier than `before`, and with deliveries their lines of the ledger; dead letters
    stay until somebody decides."""
    finished = Job.objects.filter(state__in=[Job.State.DONE, Job.State.DISCARDED], finished_at__lt=before)
    forgotten = 0
    # In batches, so that the write lock of SQLite is free in between.
    while batch := list(finished.values_list("pk", "fact_id")[:DELETE_BATCH]):
        forgotten += _forget(
            [pk for pk, _ in batch], [fact_id for _, fact_id in batch if fact_id is not None]
        )
    return forgotten


@transaction.atomic
def _forget(jobs: list[int], facts: list[UUID]) -> int:
    forgotten: int = Job.objects.filter(pk__in=jobs).delete()[1].get("zhiyue_jobs.Job", 0)
    # Of one fact another reaction may still be a dead letter, and its line must stand when it is run again.
    kept = Job.objects.filter(fact_id=OuterRef("fact_id"), name=OuterRef("reaction"))
    Reacted.objects.filter(~Exists(kept), fact_id__in=facts).delete()
    return forgotten


def _locked(job_id: int) -> Job:
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise JobNotFound(pgettext("job", "There is no such job; perhaps it was cleaned up."))
    return job


def _noted(job: Job) -> dict[str, object]:
    return {"state": job.state, "attempts": job.attempts}
