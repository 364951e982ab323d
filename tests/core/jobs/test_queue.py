"""Enqueueing, leases, failures, dead letters, progress and clean-up."""

import random
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from tests.core.accounts.test_staff import as_viewer
from tests.core.jobs import acts
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs import leases, selectors, services, tasks
from zhiyue.core.jobs.errors import JobNotFound, JobNotInState
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def make_due(job: Job) -> None:
    """As if its time had come, or its lease run out."""
    Job.objects.filter(pk=job.pk).update(claimable_at=clock.now() - timedelta(seconds=1))


def again(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_job_runs_once_and_is_done(journal):
    job = services.enqueue(acts.note, journal=journal.path)
    assert run_due() == 1
    assert run_due() == 0
    job = again(job)
    assert (job.state, job.attempts, job.claimable_at, job.error) == (Job.State.DONE, 1, None, "")
    assert job.enqueued_at <= job.started_at <= job.finished_at
    assert journal.lines == ["noted"]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_no_job(journal):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.enqueue(acts.note, journal=journal.path)
        services.enqueue(acts.note, key="k", journal=journal.path)
        raise ZeroDivisionError
    assert Job.objects.count() == 0


@pytest.mark.parametrize("value", [object(), {1: "a"}, (1, 2), float("nan"), b"raw"])
def test_what_json_cannot_hold_is_refused_when_enqueued(journal, value):
    with pytest.raises(TypeError, match="is not plain JSON"):
        services.enqueue(acts.note, journal=journal.path, text=value)
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    ("kwargs", "reason"), [({}, "missing a required argument: 'journal'"), ({"journal": "", "x": 1}, "'x'")]
)
def test_what_the_job_cannot_take_is_refused_when_enqueued(kwargs, reason):
    with pytest.raises(TypeError, match=reason):
        services.enqueue(acts.note, **kwargs)
    assert Job.objects.count() == 0


def test_a_delayed_job_waits_for_its_time(journal):
    job = services.enqueue(acts.note, delay_seconds=60, journal=journal.path)
    assert run_due() == 0
    make_due(job)
    assert run_due() == 1


def test_a_delay_cannot_be_negative(journal):
    with pytest.raises(ValueError, match="delay_seconds is -1"):
        services.enqueue(acts.note, delay_seconds=-1, journal=journal.path)
    assert Job.objects.count() == 0


def test_the_longest_due_job_comes_first(journal):
    first, second = (services.enqueue(acts.note, journal=journal.path, text=text) for text in "ab")
    make_due(second)
    run_due()
    assert journal.lines == ["b", "a"]
    assert first.pk < second.pk


def test_jobs_of_one_key_are_one_job_while_it_waits(journal):
    first = services.enqueue(acts.note, key="course:5", delay_seconds=60, journal=journal.path, text="old")
    second = services.enqueue(acts.note, key="course:5", journal=journal.path, text="new")
    services.enqueue(acts.note, key="course:5", delay_seconds=60, journal=journal.path, text="newest")
    other = services.enqueue(acts.note, key="course:6", journal=journal.path, text="other")
    assert first.pk == second.pk != other.pk
    assert run_due() == 2
    assert sorted(journal.lines) == ["newest", "other"]


def test_a_key_is_free_again_once_its_job_was_claimed(journal):
    first = services.enqueue(acts.note, key="k", journal=journal.path)
    leases.claim(worker="w")
    assert services.enqueue(acts.note, key="k", journal=journal.path).pk != first.pk


def test_a_job_may_enqueue_the_next(journal):
    services.enqueue(acts.pass_on, journal=journal.path, times=2)
    assert run_due() == 3
    assert journal.lines == ["left 2", "left 1", "left 0"]


def test_a_limit_stops_a_job_that_never_ends(journal):
    services.enqueue(acts.pass_on, journal=journal.path, times=50)
    assert run_due(limit=4) == 4
    assert journal.lines == ["left 50", "left 49", "left 48", "left 47"]


def test_a_failing_job_comes_back_after_growing_pauses_and_is_given_up(journal):
    job = services.enqueue(acts.fail, journal=journal.path)
    for attempt, longest in ((1, 10), (2, 20)):
        before = clock.now()
        random.seed(attempt)
        assert run_due() == 1
        random.seed(attempt)
        pause = timedelta(seconds=random.uniform(longest / 2, longest))
        job = again(job)
        assert (job.state, job.attempts) == (Job.State.WAITING, attempt)
        assert before + pause <= job.claimable_at <= clock.now() + pause
        assert run_due() == 0
        make_due(job)
    assert run_due() == 1
    job = again(job)
    assert (job.state, job.attempts, job.claimable_at) == (Job.State.DEAD, 3, None)
    assert job.error.endswith("ValueError: the disk of the moon is full\n")
    assert "Traceback" in job.error
    assert journal.lines == ["failed"] * 3
    assert selectors.dead_letters() == [job]


def test_pauses_stop_growing_at_an_hour():
    job = Job(name="test.fail", attempts=40)
    assert 1_800 <= leases.backoff_seconds(job) <= 3_600


def test_an_endless_traceback_is_cut(journal):
    job = services.enqueue(acts.note, journal=journal.path)
    leases.fail(leases.claim(worker="w"), "x" * 50_000 + "the end")
    assert again(job).error == "x" * 7_993 + "the end"


def test_a_job_nobody_knows_fails_with_a_reason():
    job = Job.objects.create(name="test.forgotten", enqueued_at=clock.now(), claimable_at=clock.now())
    assert run_due() == 1
    job = again(job)
    assert job.state == Job.State.WAITING
    assert "No job is called “test.forgotten” here" in job.error


def test_a_living_lease_keeps_other_workers_off(journal):
    services.enqueue(acts.note, journal=journal.path)
    assert leases.claim(worker="first") is not None
    assert leases.claim(worker="second") is None
    assert run_due() == 0


def test_a_job_whose_lease_ran_out_is_claimed_again_and_the_attempt_counted(journal):
    services.enqueue(acts.note, journal=journal.path)
    first = leases.claim(worker="first")
    make_due(first)
    second = leases.claim(worker="second")
    assert (second.pk, second.worker, second.attempts) == (first.pk, "second", 2)


def test_a_late_worker_cannot_speak_for_a_job_it_lost(journal):
    services.enqueue(acts.note, journal=journal.path)
    first = leases.claim(worker="first")
    make_due(first)
    second = leases.claim(worker="second")
    assert not leases.extend(first)
    assert not leases.succeed(first)
    assert not leases.fail(first, "too late")
    assert not leases.release(first, delay_seconds=0)
    job = again(first)
    assert (job.state, job.worker, job.attempts, job.error) == (Job.State.RUNNING, "second", 2, "")
    assert leases.succeed(second)


def test_extending_pushes_the_lease_forward(journal):
    services.enqueue(acts.hold, journal=journal.path, seconds=0)
    job = leases.claim(worker="w")
    make_due(job)
    before = clock.now()
    assert leases.extend(job)
    assert before + timedelta(seconds=2) <= again(job).claimable_at <= clock.now() + timedelta(seconds=2)


def test_a_job_that_kills_every_worker_is_given_up(journal):
    job = services.enqueue(acts.vanish, journal=journal.path)
    for attempt in (1, 2):
        assert leases.claim(worker="w:7").attempts == attempt
        make_due(job)
    assert leases.claim(worker="w:8") is None
    job = again(job)
    assert (job.state, job.attempts, job.claimable_at) == (Job.State.DEAD, 2, None)
    assert job.error.startswith("Worker w:7 vanished in attempt 2.")


def test_a_released_attempt_is_not_counted(journal):
    services.enqueue(acts.note, journal=journal.path)
    assert leases.release(leases.claim(worker="w"), delay_seconds=0)
    assert leases.claim(worker="w").attempts == 1


def test_a_dead_letter_can_be_run_again_with_all_its_attempts(operator, journal):
    job = dead_letter(journal)
    services.retry(viewer=as_viewer(operator), job_id=job.pk)
    job = again(job)
    assert (job.state, job.attempts, job.finished_at) == (Job.State.WAITING, 0, None)
    assert run_due() == 1


def test_only_a_dead_letter_can_be_run_again(operator, journal):
    job = services.enqueue(acts.note, journal=journal.path)
    run_due()
    with pytest.raises(JobNotInState):
        services.retry(viewer=as_viewer(operator), job_id=job.pk)
    assert again(job).state == Job.State.DONE


def test_waiting_jobs_and_dead_letters_can_be_discarded(operator, journal):
    waiting = services.enqueue(acts.note, key="k", delay_seconds=60, journal=journal.path)
    for job in (dead_letter(journal), waiting):
        services.discard(viewer=as_viewer(operator), job_id=job.pk)
        assert (again(job).state, again(job).key, again(job).claimable_at) == (
            Job.State.DISCARDED,
            None,
            None,
        )
    assert selectors.dead_letters() == []


def test_a_running_job_cannot_be_discarded(operator, journal):
    services.enqueue(acts.note, journal=journal.path)
    job = leases.claim(worker="w")
    with pytest.raises(JobNotInState):
        services.discard(viewer=as_viewer(operator), job_id=job.pk)
    assert again(job).state == Job.State.RUNNING
    assert not AuditEntry.objects.exists()


def test_what_staff_did_to_a_job_is_noted(operator, journal):
    job = dead_letter(journal)
    services.retry(viewer=as_viewer(operator), job_id=job.pk)
    services.discard(viewer=as_viewer(operator), job_id=job.pk)
    noted = AuditEntry.objects.order_by("pk")
    assert [(one.act, one.by_id, one.subject_id, one.subject_name) for one in noted] == [
        ("job.retried", operator.pk, str(job.pk), "test.fail"),
        ("job.discarded", operator.pk, str(job.pk), "test.fail"),
    ]
    assert [(one.before["state"], one.after["state"]) for one in noted] == [
        ("dead", "waiting"),
        ("waiting", "discarded"),
    ]


@pytest.mark.parametrize("role", ["stranger", "creator", "agent"])
@pytest.mark.parametrize("act", [services.retry, services.discard])
def test_others_neither_run_again_nor_discard(request, journal, role, act):
    job = dead_letter(journal)
    with pytest.raises(NotAllowed):
        act(viewer=as_viewer(request.getfixturevalue(role)), job_id=job.pk)
    assert again(job).state == Job.State.DEAD
    assert not AuditEntry.objects.exists()


def test_a_missing_job_is_said_to_be_missing(operator):
    with pytest.raises(JobNotFound):
        services.discard(viewer=as_viewer(operator), job_id=404)


def dead_letter(journal) -> Job:
    job = services.enqueue(acts.fail, journal=journal.path)
    for _ in range(3):
        make_due(job)
        run_due()
    assert again(job).state == Job.State.DEAD
    return again(job)


def test_a_job_tells_how_far_it_is():
    assert selectors.progress("test.count") is None
    job = services.enqueue(acts.count, total=3)
    assert selectors.progress("test.count") == selectors.Progress(job.pk, Job.State.WAITING, None, None, "")
    run_due()
    assert selectors.progress("test.count") == selectors.Progress(job.pk, Job.State.DONE, 3, 3, "page 3")


def test_progress_outside_a_job_goes_nowhere():
    services.progress(done=1, total=2)
    assert Job.objects.count() == 0


def test_counts_and_recent_jobs(journal):
    assert selectors.counts() == selectors.Counts(waiting=0, running=0, done=0, dead=0)
    dead = dead_letter(journal)
    done = services.enqueue(acts.note, journal=journal.path)
    run_due()
    running = services.enqueue(acts.note, journal=journal.path)
    leases.claim(worker="w")
    waiting = services.enqueue(acts.note, journal=journal.path)
    assert selectors.counts() == selectors.Counts(waiting=1, running=1, done=1, dead=1)
    assert selectors.recent(limit=3) == [waiting, running, done]
    assert dead not in selectors.recent(limit=3)


def test_the_lag_is_that_of_the_most_overdue_job(journal):
    assert selectors.queue_lag_seconds() == 0.0
    services.enqueue(acts.note, delay_seconds=60, journal=journal.path)
    assert selectors.queue_lag_seconds() == 0.0
    late = services.enqueue(acts.note, journal=journal.path)
    Job.objects.filter(pk=late.pk).update(claimable_at=clock.now() - timedelta(seconds=90))
    assert 90 <= selectors.queue_lag_seconds() < 91


def test_finished_jobs_are_forgotten_and_dead_letters_kept(journal, settings):
    settings.ZHIYUE_JOBS_KEEP_DAYS = 7
    old, young = (services.enqueue(acts.note, journal=journal.path) for _ in range(2))
    run_due()
    dead = dead_letter(journal)
    Job.objects.exclude(pk=young.pk).update(finished_at=clock.now() - timedelta(days=7, seconds=1))
    tasks.forget_finished()
    assert set(Job.objects.values_list("pk", flat=True)) == {young.pk, dead.pk}
    assert not Job.objects.filter(pk=old.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_many_workers_run_each_job_once(journal):
    for number in range(40):
        services.enqueue(acts.note, journal=journal.path, text=str(number))

    def work() -> None:
        run_due()
        connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(journal.lines, key=int) == [str(number) for number in range(40)]
    assert Job.objects.filter(state=Job.State.DONE, attempts=1).count() == 40


@pytest.mark.django_db(transaction=True)
def test_two_enqueues_of_one_key_at_once_make_one_job(journal):
    barrier = Barrier(4)

    def put() -> None:
        barrier.wait()
        services.enqueue(acts.note, key="k", journal=journal.path)
        connection.close()

    threads = [Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Job.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_merged_job_is_not_run_before_its_second_caller_has_committed(journal):
    services.enqueue(acts.note, key="k", journal=journal.path, text="first")
    claimed: list[Job | None] = []

    def claim() -> None:
        claimed.append(leases.claim(worker="w"))
        connection.close()

    with transaction.atomic():
        services.enqueue(acts.note, key="k", journal=journal.path, text="second")
        thread = Thread(target=claim)
        thread.start()
        thread.join(timeout=0.5)
        assert claimed in ([], [None])  # SQLite makes the worker wait, PostgreSQL lets it look elsewhere
    thread.join()
    assert (claimed[0] or leases.claim(worker="w")).kwargs["text"] == "second"
