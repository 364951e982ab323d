"""What only a worker does to a job: claim it for a while, hold it, and say how it ended."""

import random
from datetime import timedelta

from django.db import transaction

from zhiyue.core.jobs import lanes
from zhiyue.core.jobs.models import Job, JobQuerySet
from zhiyue.core.jobs.registry import find
from zhiyue.core.kit import clock

LONGEST_BACKOFF_SECONDS = 3_600.0
# Somebody is in the lane at this very moment: how soon to look again.
LANE_PAUSE_SECONDS = 0.02
ERROR_CHARACTERS = 8_000
# For a job whose kind this code doesn't know (renamed, or written by a newer version).
UNKNOWN_ATTEMPTS, UNKNOWN_LEASE_SECONDS, UNKNOWN_BACKOFF_SECONDS = 5, 60.0, 60.0


def claim(*, worker: str) -> Job | None:
    """Takes the job that is due longest, counts the attempt, starts its lease; `None` when nothing is due."""
    while _is_any_due():
        with transaction.atomic():
            due = Job.objects.claimable(clock.now()).order_by("claimable_at", "id")
            job = due.select_for_update(skip_locked=True).first()
            if job is None:
                return None
            if job.state == Job.State.RUNNING and job.attempts >= attempts_allowed(job):
                _bury(job, f"Worker {job.worker} vanished in attempt {job.attempts}.\n{job.error}")
                continue
            if job.lane is None or _has_its_turn(job, job.lane):
                return _start(job, worker)
    return None


def _is_any_due() -> bool:
    """A reader's look: an idle worker never asks for SQLite's one write lock."""
    # In order, so that the index answers: else PostgreSQL reads past all that ended before, as nearly all are due.
    return Job.objects.claimable(clock.now()).order_by("claimable_at").values("pk").first() is not None


def extend(job: Job) -> bool:
    """Pushes the lease forward; `False` when it was lost to another worker."""
    until = clock.now() + timedelta(seconds=lease_seconds(job))
    return bool(_held(job).update(claimable_at=until))


@transaction.atomic
def succeed(job: Job) -> bool:
    if job.lane is not None:
        lanes.enter(job.lane)
    kept = _held(job).update(
        state=Job.State.DONE, claimable_at=None, lane=None, finished_at=clock.now(), error=""
    )
    if kept and job.lane is not None:
        lanes.advance(job.lane)
    return bool(kept)


def fail(job: Job, error: str) -> bool:
    """Back into the queue after a growing pause, or among the dead letters after the last attempt."""
    now, last_words = clock.now(), error[-ERROR_CHARACTERS:]
    if job.attempts >= attempts_allowed(job):
        return bool(
            _held(job).update(state=Job.State.DEAD, claimable_at=None, finished_at=now, error=last_words)
        )
    due = now + timedelta(seconds=backoff_seconds(job))
    return bool(_held(job).update(state=Job.State.WAITING, claimable_at=due, error=last_words))


def release(job: Job, *, delay_seconds: float) -> bool:
    """Gives a job back because its worker has to go; the attempt isn't held against it."""
    due = clock.now() + timedelta(seconds=delay_seconds)
    return bool(_held(job).update(state=Job.State.WAITING, claimable_at=due, attempts=job.attempts - 1))


def attempts_allowed(job: Job) -> int:
    kind = find(job.name)
    return kind.attempts if kind else UNKNOWN_ATTEMPTS


def lease_seconds(job: Job) -> float:
    kind = find(job.name)
    return kind.lease_seconds if kind else UNKNOWN_LEASE_SECONDS


def backoff_seconds(job: Job) -> float:
    """The pause after the job's current attempt: doubling, and shortened at random by up to a half, so that
    jobs that failed together don't come back together."""
    kind = find(job.name)
    base = kind.backoff_seconds if kind else UNKNOWN_BACKOFF_SECONDS
    longest = min(LONGEST_BACKOFF_SECONDS, base * 2.0 ** min(job.attempts - 1, 30))
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing


def _has_its_turn(job: Job, lane: str) -> bool:
    if not lanes.may_enter(lane):
        job.claimable_at = clock.now() + timedelta(seconds=LANE_PAUSE_SECONDS)
        job.save(update_fields=["claimable_at"])
        return False
    if lanes.is_first(job):
        return True
    lanes.hold(job)
    return False


def _start(job: Job, worker: str) -> Job:
    now = clock.now()
    job.state, job.worker, job.started_at = Job.State.RUNNING, worker, now
    job.attempts += 1
    # From here on the same key may be enqueued again: what is written now, this attempt may no longer see.
    job.key = None
    job.claimable_at = now + timedelta(seconds=lease_seconds(job))
    job.progress_done, job.progress_total, job.progress_note = None, None, ""
    job.save()
    return job


def _bury(job: Job, error: str) -> None:
    job.state, job.claimable_at, job.finished_at = Job.State.DEAD, None, clock.now()
    job.error = error[-ERROR_CHARACTERS:]
    job.save(update_fields=["state", "claimable_at", "finished_at", "error"])


def _held(job: Job) -> JobQuerySet:
    # Attempt and worker are the token of the lease: whoever claims the job next changes them.
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts, worker=job.worker)
