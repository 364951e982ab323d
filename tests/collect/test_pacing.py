"""Nobody reads for longer than time goes by, on however many devices."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import BROWSER
from tests.factories import receive
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.pacing import SLACK_SECONDS, fitting
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

NOON = clock.day_start(clock.business_day()) + timedelta(hours=12)


@pytest.fixture(autouse=True)
def at_one(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1))


@pytest.fixture
def actor(visitor):
    return Actor(visitor=visitor)


def read(at, seconds, *, lesson=1, event_id=None):
    """`at` in seconds after noon."""
    return {
        "id": str(event_id or uuid4()),
        "name": "lesson.progressed",
        "at": (NOON + timedelta(seconds=at)).isoformat(),
        "course_id": 1,
        "lesson_id": lesson,
        "properties": {"percent": 10, "seconds": seconds},
    }


def send(actor, *entries):
    return receive(list(entries), actor=actor, user_agent=BROWSER)


def kept():
    rows = Event.objects.order_by("occurred_at", "pk")
    return [(row.properties["seconds"], row.corrections) for row in rows]


WHOLE: list[str] = []
BOUNDED = ["seconds_bounded"]


def test_seconds_that_went_by_are_believed(actor):
    send(actor, read(10, 10), read(20, 10), read(30, 10))
    send(actor, read(90, 60))
    assert kept() == [(10, WHOLE), (10, WHOLE), (10, WHOLE), (60, WHOLE)]


def test_more_than_went_by_since_the_last_report_is_taken_off_and_noted(actor):
    send(actor, read(100, 60))
    send(actor, read(110, 60))
    assert kept() == [(60, WHOLE), (10 + SLACK_SECONDS, BOUNDED)]


def test_within_one_batch_too_in_the_order_of_time(actor):
    send(actor, read(105, 60), read(100, 60), read(101, 60))
    assert kept() == [(60, WHOLE), (1 + SLACK_SECONDS, BOUNDED), (4, BOUNDED)]


def test_two_lessons_and_two_devices_share_one_time(learner):
    send(Actor(member_id=learner.pk, visitor=uuid4()), read(100, 60, lesson=1))
    send(Actor(member_id=learner.pk, visitor=uuid4()), read(100, 60, lesson=2))
    assert sorted(kept()) == [(0, BOUNDED), (60, WHOLE)]


def test_another_persons_time_is_their_own(actor, learner):
    send(actor, read(100, 60))
    send(Actor(member_id=learner.pk), read(100, 60))
    assert kept() == [(60, WHOLE), (60, WHOLE)]


def test_a_report_that_comes_late_fits_in_the_time_left_free(actor):
    send(actor, read(200, 10))
    send(actor, read(190, 10))
    send(actor, read(195, 10))
    assert kept() == [(10, WHOLE), (0, BOUNDED), (10, WHOLE)]


def test_the_same_report_again_is_a_duplicate_and_takes_no_time(actor):
    one = read(100, 60)
    assert send(actor, one).accepted == 1
    again = send(actor, one, read(160, 60))
    assert (again.accepted, again.duplicates) == (1, 1)
    assert kept() == [(60, WHOLE), (60, WHOLE)]


def test_many_reports_of_one_moment_earn_it_once(actor):
    for _ in range(3):
        send(actor, *[read(100, 60) for _ in range(100)])
    assert sum(seconds for seconds, _ in kept()) == 60
    assert Event.objects.count() == 300


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=40))
def test_in_no_order_more_fits_than_time_goes_by(reports):
    claims: list[tuple[float, int]] = []
    for moment, seconds in reports:
        fits = fitting(sorted(claims), float(moment), seconds)
        assert 0 <= fits <= seconds
        if fits:
            claims.append((float(moment), fits))
    if claims:
        span = max(at for at, _ in claims) - min(at - seconds for at, seconds in claims)
        assert sum(seconds for _, seconds in claims) <= span + SLACK_SECONDS


@pytest.mark.django_db(transaction=True)
def test_two_devices_at_once_earn_the_time_once(actor):
    barrier = Barrier(2)

    def tell() -> None:
        barrier.wait(timeout=20)
        for turn in range(5):
            send(actor, read(100 + 60 * turn, 60))
        connection.close()

    threads = [Thread(target=tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Event.objects.count() == 10
    assert sum(seconds for seconds, _ in kept()) <= 300 + SLACK_SECONDS
