"""The jobs page: what it shows, and what retry and discard do."""

from datetime import time
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from zhiyue.core.jobs import registry
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


def test_every_job_and_schedule_there_is_has_words():
    # What the tests of the queue register themselves isn't ours.
    names = {name for name in registry.jobs() if not name.startswith("test.")}
    assert {"collect.seal", "notices.deliver", "recommend.follow_catalogue"} < names
    assert {name for name in names if words.job(name) == name} == set()
    scheduled = {kind.name for kind in registry.schedules().values() if not kind.name.startswith("test.")}
    assert {name for name in scheduled if words.job(name) == name} == set()


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
    assert queries() == few <= 10


def delivery(subject, state=Job.State.DEAD, **fields):
    """A fact about `subject` for the recommenders."""
    named = {
        "name": "recommend.follow_catalogue",
        "fact_id": uuid4(),
        "subject": subject,
        "lane": None
        if state in (Job.State.DONE, Job.State.DISCARDED)
        else f"recommend.follow_catalogue {subject}",
        "kwargs": {"fact_name": "CoursePublished", "fact": {"course_id": 7}},
    }
    made = job(state=Job.State.DONE)
    ended = state not in (Job.State.WAITING, Job.State.RUNNING)
    times = {"claimable_at": None} if ended else {"claimable_at": clock.now()}
    Job.objects.filter(pk=made.pk).update(state=state, **named | times | fields)
    return Job.objects.get(pk=made.pk)


def test_a_fact_that_was_given_up_is_told_in_words_with_what_waits_behind_it(desk, course):
    subject = f"course:{course.pk}"
    # What was announced when the course was made.
    Job.objects.all().delete()
    delivery(subject, error="OSError: the disk is full", attempts=8)
    delivery(subject, Job.State.HELD)
    delivery(subject, Job.State.HELD)
    page = desk.get("/desk/jobs/").content.decode()
    assert "Keep the recommenders up with the catalogue" in page
    assert f"A course came out: “{course.title}”" in page
    assert "8 attempts" in page and "announced " in page
    assert "OSError: the disk is full" in page
    assert "2 facts wait behind it" in page
    assert "What waits behind it goes on." in page


def test_a_fact_about_something_gone_or_without_words_keeps_its_codes(desk):
    delivery("course:404")
    delivery("order:5", kwargs={"fact_name": "OrderPaid", "fact": {}})
    delivery("teapot:5", kwargs={"fact_name": "TeapotBoiled", "fact": {}})
    page = desk.get("/desk/jobs/").content.decode()
    assert "A course came out: course:404" in page
    assert "An order was paid: order:5" in page
    assert "TeapotBoiled: teapot:5" in page
    assert "wait behind it" not in page and "waits behind it" not in page


def test_all_that_one_reaction_gave_up_is_run_again_by_one_button(desk):
    letters = [delivery(f"course:{number}") for number in (1, 2)]
    other = job()
    page = desk.get("/desk/jobs/").content.decode()
    assert "given up 2 times" in page and "Run all 2 again" in page
    answer = desk.post("/desk/jobs/retry-all/", {"name": "recommend.follow_catalogue"})
    assert (answer.status_code, answer["Location"]) == (302, "/desk/jobs/")
    states = dict(Job.objects.values_list("pk", "state"))
    assert [states[one.pk] for one in [*letters, other]] == ["waiting", "waiting", "dead"]
    assert "2 jobs “Keep the recommenders up with the catalogue” are in the queue again." in (
        desk.get("/desk/jobs/").content.decode()
    )
    assert "put back into the queue the job" in desk.get("/desk/audit/").content.decode()


def test_only_a_form_of_ours_runs_all_again(operator):
    dead = delivery("course:1")
    client = Client(enforce_csrf_checks=True, headers={"user-agent": "Mozilla/5.0"})
    client.force_login(operator)
    assert client.post("/desk/jobs/retry-all/", {"name": dead.name}).status_code == 403
    assert client.get("/desk/jobs/retry-all/").status_code == 405
    dead.refresh_from_db()
    assert dead.state == Job.State.DEAD


def test_more_facts_do_not_mean_more_queries(desk, course):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            desk.get("/desk/jobs/")
        return len(asked)

    delivery(f"course:{course.pk}")
    few = queries()
    for number in range(10):
        delivery(f"course:{number}")
        delivery(f"course:{number}", Job.State.HELD)
    assert queries() == few <= 12
