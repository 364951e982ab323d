"""Writes of the queue for everybody: enqueue, progress, retry, discard. What a worker does is in `leases`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.errors import JobNotFound, JobNotInState
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.registry import JobKind
from zhiyue.core.kit import clock

PROGRESS_INTERVAL_SECONDS = 0.5
DELETE_BATCH = 1_000

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
def discard(*, viewer: Viewer, job_id: int) -> Job:
    """Takes a waiting job or a dead letter out of the queue for good. Raises as `retry` does."""
    by = require(viewer, Permission.RUN_JOBS)
    job = _locked(job_id)
    if job.state not in (Job.State.DEAD, Job.State.WAITING):
        raise JobNotInState(pgettext("job", "Only a job that waits or was given up can be discarded."))
    before = _noted(job)
    job.state, job.key, job.claimable_at, job.finished_at = Job.State.DISCARDED, None, None, clock.now()
    job.save(update_fields=["state", "key", "claimable_at", "finished_at"])
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
    """Deletes jobs done or discarded earlier than `before`; dead letters stay until somebody decides."""
    finished = Job.objects.filter(state__in=[Job.State.DONE, Job.State.DISCARDED], finished_at__lt=before)
    forgotten = 0
    # In batches, so that the write lock of SQLite is free in between.
    while batch := list(finished.values_list("pk", flat=True)[:DELETE_BATCH]):
        forgotten += Job.objects.filter(pk__in=batch).delete()[1].get("zhiyue_jobs.Job", 0)
    return forgotten


def _locked(job_id: int) -> Job:
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise JobNotFound(pgettext("job", "There is no such job; perhaps it was cleaned up."))
    return job


def _noted(job: Job) -> dict[str, object]:
    return {"state": job.state, "attempts": job.attempts}
