"""The jobs page: what it shows, and what retry and discard do."""

from datetime import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from zhiyue.core.jobs.models import Job, Schedule
from zhiyue.core.jobs.registry import Daily, Every
from zhiyue.core.kit import clock
from zhiyue.experience.desk import words

pytestmark = pytest.mark.django_db


def job(state=Job.State.DEAD, **fields):
    now = clock.now()
    ended = state not in (Job.State.WAITING, Job.State.RUNNING)
    times = {"claimable_at": None if ended else now, "finished_at": now if ended else None}
    return Job.objects.create(name="collect.seal", state=state, enqueued_at=now, **(times | fields))


def test_an_idle_queue_says_that_nothing_was_given_up(desk):
    page = desk.get("/desk/jobs/").content.decode()
    assert "Nothing was given up." in page
    assert "No scheduler has run yet." in page


def test_a_dead_letter_shows_its_error_and_two_ways_on(desk):
    dead = job(error="Traceback\nOSError: <the disk is full>", attempts=3, kwargs={"day": "2026-03-01"})
    page = desk.get("/desk/jobs/").content.decode()
    assert "Seal ended days into the lake" in page
    assert "OSError: &lt;the disk is full&gt;" in page
    assert "3 attempts" in page
    assert "2026-03-01" in page
    assert f'action="/desk/jobs/{dead.pk}/retry/"' in page
    assert f'action="/desk/jobs/{dead.pk}/discard/"' in page


def test_counts_lag_progress_and_schedules_are_shown(desk):
    running = job(
        Job.State.RUNNING, started_at=clock.now(), progress_done=30, progress_total=120, progress_note="March"
    )
    job(Job.State.WAITING)
    done = job(Job.State.DONE)
    Schedule.objects.create(
        name="collect.seal",
        timing="every 10 min",
        next_at=clock.now(),
        enqueued_at=clock.now(),
        last_job=done,
    )
    page = desk.get("/desk/jobs/").content.decode()
    for label in ("Waiting", "Running", "Done"):
        assert f'<dt class="measure-label">{label}</dt><dd class="measure-value">1</dd>' in page
    assert '<dt class="measure-label">Given up</dt><dd class="measure-value">0</dd>' in page
    assert '<progress class="progress" value="25" max="100"' in page
    assert "30 / 120" in page
    assert "March" in page
    assert "every 10 minutes" in page
    assert '<span class="badge badge-good">Done</span>' in page
    assert running.pk


@pytest.mark.parametrize(
    ("timing", "said"),
    [
        (str(Every(60)), "every minute"),
        (str(Every(600)), "every 10 minutes"),
        (str(Every(45)), "every 45 seconds"),
        (str(Daily(time(3, 30))), "daily at 03:30"),
    ],
)
def test_every_timing_of_a_schedule_has_words(timing, said):
    with translation.override("en"):
        assert words.timing(timing) == said


def test_retry_puts_the_job_back_into_the_queue(desk):
    dead = job(attempts=3)
    answer = desk.post(f"/desk/jobs/{dead.pk}/retry/")
    assert (answer.status_code, answer["Location"]) == (302, "/desk/jobs/")
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (Job.State.WAITING, 0)
    assert (
        "“Seal ended days into the lake” is in the queue again." in desk.get("/desk/jobs/").content.decode()
    )


def test_discard_takes_the_job_out_for_good(desk):
    dead = job()
    desk.post(f"/desk/jobs/{dead.pk}/discard/")
    dead.refresh_from_db()
    assert dead.state == Job.State.DISCARDED
    assert "was discarded." in desk.get("/desk/jobs/").content.decode()
    log = desk.get("/desk/audit/").content.decode()
    assert "discarded the job" in log and "Seal ended days into the lake" in log
    assert "Given up</del>" in log and "Discarded</ins>" in log


def test_a_job_that_is_done_is_not_run_again(desk):
    done = job(Job.State.DONE)
    answer = desk.post(f"/desk/jobs/{done.pk}/retry/")
    assert answer.status_code == 409
    assert "Only a job that was given up can be run again." in answer.content.decode()
    done.refresh_from_db()
    assert done.state == Job.State.DONE


def test_a_job_that_is_gone_is_not_found(desk):
    assert desk.post("/desk/jobs/12345/discard/").status_code == 404


def test_only_a_form_of_ours_may_change_a_job(operator):
    dead = job()
    client = Client(enforce_csrf_checks=True, headers={"user-agent": "Mozilla/5.0"})
    client.force_login(operator)
    assert client.post(f"/desk/jobs/{dead.pk}/retry/").status_code == 403
    assert client.get(f"/desk/jobs/{dead.pk}/retry/").status_code == 405
    dead.refresh_from_db()
    assert dead.state == Job.State.DEAD


def test_more_jobs_do_not_mean_more_queries(desk):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            desk.get("/desk/jobs/")
        return len(asked)

    few = queries()
    for _ in range(10):
        job()
        job(Job.State.DONE)
    assert queries() == few <= 9
