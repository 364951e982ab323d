"""Runs jobs: `Worker` in a process of its own, `run_due` right here (for tests and commands)."""

import logging
import os
import socket
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from time import monotonic

from django.db import Error, close_old_connections, connection, transaction

from zhiyue.core.jobs import leases, services
from zhiyue.core.jobs.lifetime import Lifetime
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.registry import find

log = logging.getLogger("zhiyue.jobs")

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.5
DATABASE_PAUSE_SECONDS = 1.0
# A released job may be claimed a moment after its former worker has certainly gone.
RELEASE_DELAY_SECONDS = 1.0


class UnknownJobError(Exception):
    """The code that runs here has no job of that name."""


def run_due(*, limit: int = 1_000) -> int:
    """Runs what is due now, and what that makes due, in this thread; returns how many attempts were made."""
    for made in range(limit):
        job = leases.claim(worker=f"here:{os.getpid()}")
        if job is None:
            return made
        perform(job)
    return limit


def perform(job: Job) -> None:
    """Runs one claimed job and records how it ended."""
    # Only a test is in a transaction here: a failing job must not spoil it, nor its connection be closed.
    in_test = connection.in_atomic_block
    try:
        kind = find(job.name)
        if kind is None:
            raise UnknownJobError(f"No job is called “{job.name}” here: renamed, or newer than this worker?")
        with services.inside(job), transaction.atomic() if in_test else nullcontext():
            kind.function(**job.kwargs)
    except (Exception, SystemExit):
        log.exception("Job %s failed in attempt %s of %s.", job, job.attempts, leases.attempts_allowed(job))
        if not in_test:
            close_old_connections()
        kept = leases.fail(job, traceback.format_exc())
    else:
        kept = leases.succeed(job)
    if not kept:
        log.warning("Job %s was claimed by another worker before this one had finished.", job)


class Worker:
    """One job at a time, in a thread of its own, so that this one can renew the lease and hear signals."""

    def __init__(self, *, lifetime: Lifetime, name: str = "", once: bool = False) -> None:
        self.name = f"{name or socket.gethostname()}:{os.getpid()}"[:80]
        self._lifetime = lifetime
        self._once = once
        self._pause_seconds = SHORTEST_PAUSE_SECONDS

    def run(self) -> None:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="job") as thread:
            while not self._lifetime.ending:
                job = self._claim()
                if job is not None:
                    self._carry(job, thread.submit(perform, job))
                    self._pause_seconds = SHORTEST_PAUSE_SECONDS
                elif self._once:
                    return
                else:
                    self._lifetime.sleep(self._pause_seconds)
                    self._pause_seconds = min(LONGEST_PAUSE_SECONDS, self._pause_seconds * 1.5)

    def _claim(self) -> Job | None:
        try:
            return leases.claim(worker=self.name)
        except Error as problem:
            if self._once:
                raise
            log.warning("The queue can't be read, next try in a second: %s", problem)
            close_old_connections()
            self._pause_seconds = DATABASE_PAUSE_SECONDS
            return None

    def _carry(self, job: Job, running: "Future[None]") -> None:
        beat_seconds = leases.lease_seconds(job) / 3
        next_beat = monotonic() + beat_seconds
        while not wait([running], timeout=min(LONGEST_PAUSE_SECONDS, beat_seconds)).done:
            if self._lifetime.grace_is_over:
                self._abandon(job)
                return
            if monotonic() >= next_beat:
                self._beat(job)
                next_beat = monotonic() + beat_seconds
        if problem := running.exception():
            # The end could not be recorded; the lease runs out and the job is delivered again.
            log.error("Job %s ended, but that could not be recorded.", job, exc_info=problem)

    def _beat(self, job: Job) -> None:
        try:
            if not leases.extend(job):
                log.warning("Job %s lost its lease while running here.", job)
        except Error as problem:
            log.warning("The lease of job %s could not be renewed: %s", job, problem)
            close_old_connections()

    def _abandon(self, job: Job) -> None:
        log.warning("Job %s did not finish in time and is given back.", job)
        try:
            leases.release(job, delay_seconds=RELEASE_DELAY_SECONDS)
        finally:
            logging.shutdown()
            # The job's thread can't be stopped otherwise; its open transaction is rolled back.
            os._exit(0)
