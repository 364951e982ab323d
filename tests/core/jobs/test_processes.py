"""Real workers and schedulers as processes: killed, ended politely, orphaned."""

import os
import signal
from pathlib import Path
from time import monotonic

import pytest

from tests.core.jobs import acts
from tests.core.jobs.conftest import until
from zhiyue.core.jobs import services
from zhiyue.core.jobs.models import Job, Schedule
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db(transaction=True)


def again(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_job_whose_worker_is_killed_is_done_by_the_next(journal, spawn):
    job = services.enqueue(acts.hold, journal=journal.path, seconds=3)
    first = spawn("worker", "--name", "first")
    second = spawn("worker", "--name", "second")
    victim_pid = int(journal.wait_for(1)[0].removeprefix("start "))
    victim, survivor = (first, second) if first.pid == victim_pid else (second, first)
    victim.send_signal(signal.SIGKILL)
    killed_at = monotonic()
    lines = journal.wait_for(2)
    # The lease of 2 s ran out first, then the survivor looked within half a second; the rest is a busy machine.
    assert monotonic() - killed_at < 8
    assert lines == [f"start {victim_pid}", f"start {survivor.pid}"]
    until(lambda: again(job).state == Job.State.DONE)
    # It took 3 s under a lease of 2 s: the heartbeat kept it, and nobody began a third time.
    assert journal.lines == [*lines, f"end {survivor.pid}"]
    assert again(job).attempts == 2


def test_a_worker_asked_to_end_finishes_a_short_job(journal, spawn):
    job = services.enqueue(acts.hold, journal=journal.path, seconds=1)
    worker = spawn("worker")
    journal.wait_for(1)
    worker.terminate()
    assert worker.wait(timeout=10) == 0
    assert (again(job).state, again(job).attempts) == (Job.State.DONE, 1)


def test_a_worker_asked_to_end_gives_a_long_job_back(journal, spawn):
    job = services.enqueue(acts.hold, journal=journal.path, seconds=60)
    worker = spawn("worker")
    journal.wait_for(1)
    worker.terminate()
    assert worker.wait(timeout=10) == 0
    job = again(job)
    assert (job.state, job.attempts) == (Job.State.WAITING, 0)
    assert (job.claimable_at - clock.now()).total_seconds() <= 1


def test_a_job_that_kills_its_workers_becomes_a_dead_letter(journal, spawn):
    job = services.enqueue(acts.vanish, journal=journal.path)
    for _ in range(2):
        assert spawn("worker").wait(timeout=20) == -signal.SIGKILL
    worker = spawn("worker")
    until(lambda: again(job).state == Job.State.DEAD)
    assert journal.lines == ["gone", "gone"]
    assert "vanished in attempt 2" in again(job).error
    worker.terminate()
    assert worker.wait(timeout=10) == 0


def test_once_runs_what_is_due_and_ends(journal, spawn):
    services.enqueue(acts.pass_on, journal=journal.path, times=1)
    assert spawn("worker", "--once").wait(timeout=20) == 0
    assert journal.lines == ["left 1", "left 0"]


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_a_process_ends_when_its_supervisor_was_killed(journal, spawn, tmp_path, command):
    services.enqueue(acts.note, journal=journal.path)
    pid_file = tmp_path / "pid"
    supervisor = spawn(str(pid_file), command, through="run_supervised.py")
    if command == "worker":
        journal.wait_for(1)
    else:
        until(Schedule.objects.exists)
    supervisor.kill()
    supervisor.wait()
    until(lambda: has_gone(int(pid_file.read_text())), seconds=5)


def has_gone(pid: int) -> bool:
    """Also when nobody has buried it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")


def test_a_scheduler_enqueues_and_ends_when_asked(spawn):
    scheduler = spawn("scheduler")
    until(Job.objects.filter(name="test.tick").exists)
    scheduler.terminate()
    assert scheduler.wait(timeout=10) == 0
    assert Job.objects.filter(name="test.tick").count() == 1
