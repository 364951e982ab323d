"""What the clock enqueues."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from zhiyue.core.jobs import scheduler, selectors
from zhiyue.core.jobs.models import Job, Schedule
from zhiyue.core.jobs.worker import run_due

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def ticks() -> int:
    return Job.objects.filter(name="test.tick").count()


@pytest.fixture
def begun():
    """Both test schedules at 08:00 UTC (16:00 in the business zone), and nothing else that might be due."""
    scheduler.synchronise(now=MORNING)
    Schedule.objects.exclude(name__startswith="test.").delete()


def test_a_period_is_due_at_once_and_then_in_steps(begun):
    assert [scheduler.tick(now=MORNING + minutes * MINUTE) for minutes in (0, 9)] == [1, 0]
    run_due()
    assert scheduler.tick(now=MORNING + 10 * MINUTE) == 1
    assert ticks() == 2


def test_missed_periods_run_once(begun):
    assert scheduler.tick(now=MORNING + 47 * MINUTE) == 1
    run_due()
    assert scheduler.tick(now=MORNING + 47 * MINUTE) == 0
    assert Schedule.objects.get(name="test.tick").next_at == MORNING + 50 * MINUTE


def test_a_period_is_left_out_while_the_former_job_is_unfinished(begun):
    scheduler.tick(now=MORNING)
    assert scheduler.tick(now=MORNING + 10 * MINUTE) == 0
    assert Schedule.objects.get(name="test.tick").next_at == MORNING + 20 * MINUTE
    run_due()
    assert scheduler.tick(now=MORNING + 20 * MINUTE) == 1


def test_a_daily_schedule_waits_for_its_time(begun, settings):
    assert Schedule.objects.get(name="test.nightly").next_at == datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
    Schedule.objects.filter(name="test.tick").delete()
    assert scheduler.tick(now=datetime(2026, 3, 10, 19, 29, tzinfo=UTC)) == 0
    assert scheduler.tick(now=datetime(2026, 3, 10, 19, 30, tzinfo=UTC)) == 1
    assert Schedule.objects.get(name="test.nightly").next_at == datetime(2026, 3, 11, 19, 30, tzinfo=UTC)


def test_synchronising_again_changes_nothing(begun):
    scheduler.tick(now=MORNING)
    before = list(Schedule.objects.filter(name__startswith="test.").order_by("name").values())
    scheduler.synchronise(now=MORNING + 5 * MINUTE)
    assert list(Schedule.objects.filter(name__startswith="test.").order_by("name").values()) == before


def test_a_timing_changed_in_the_code_takes_effect(begun):
    far = MORNING + timedelta(days=30)
    Schedule.objects.filter(name="test.tick").update(timing="every 43200 min", next_at=far)
    scheduler.synchronise(now=MORNING)
    assert Schedule.objects.get(name="test.tick").next_at == MORNING


def test_a_schedule_gone_from_the_code_is_left_alone(begun):
    Schedule.objects.create(name="test.gone", timing="every 1 min", next_at=MORNING)
    Schedule.objects.exclude(name="test.gone").delete()
    assert scheduler.tick(now=MORNING) == 0
    assert selectors.last_runs() == []


def test_last_runs_show_each_schedule_and_its_job(begun):
    scheduler.tick(now=MORNING)
    run_due()
    nightly, ten_minutes = selectors.last_runs()
    assert (nightly.name, nightly.timing, nightly.enqueued_at, nightly.job) == (
        "test.nightly", "daily 03:30", None, None,
    )  # fmt: skip
    assert (ten_minutes.name, ten_minutes.timing, ten_minutes.enqueued_at, ten_minutes.job.state) == (
        "test.tick", "every 10 min", MORNING, Job.State.DONE,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_schedulers_at_once_enqueue_once():
    barrier, fired = Barrier(4), []

    def run() -> None:
        scheduler.synchronise(now=MORNING)
        barrier.wait()
        fired.append(scheduler.tick(now=MORNING))
        connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fired) == 4
    assert ticks() == 1
