"""A reader's place moves once for each report, and by no more than time goes by, whatever the reader consents to."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from django.db import connection

from tests.conftest import BROWSER
from tests.factories import lesson_of, make_course, make_member, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.learning.models import LessonProgress
from zhiyue.product.learning.places import spent_until
from zhiyue.product.learning.privacy import choose_consent, delete_history, delete_visitors_history
from zhiyue.product.learning.receiving import receive_from_browser
from zhiyue.product.learning.services import open_lesson, sign_up

pytestmark = pytest.mark.django_db

NOON = clock.day_start(clock.business_day()) + timedelta(hours=12)


@pytest.fixture
def lesson(course):
    """Free, and reckoned at five minutes: a second of reading is believed to be a tenth of it."""
    return lesson_of(course, "one")


@pytest.fixture
def long_lesson(lesson):
    """A minute of reading is believed to be a tenth of it."""
    Lesson.objects.filter(pk=lesson.pk).update(minutes=300)
    return lesson


@pytest.fixture
def at(monkeypatch):
    """`at(seconds)` moves the clock to so long after noon."""
    return lambda seconds: monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=seconds))


def read(lesson, *, at, seconds, event_id=None):
    """`at` in seconds after noon."""
    return {
        "id": str(event_id or uuid4()),
        "name": "lesson.progressed",
        "at": (NOON + timedelta(seconds=at)).isoformat(),
        "course_id": lesson.course_id,
        "lesson_id": lesson.pk,
        "properties": {"percent": 100, "seconds": seconds},
    }


def send(whose, *entries):
    user = None if isinstance(whose, UUID) else whose
    actor = Actor(visitor=whose) if user is None else Actor(member_id=user.pk)
    return receive_from_browser(batch=list(entries), user=user, actor=actor, user_agent=BROWSER)


def opened(whose, *lessons):
    """Their places begin with opening the lessons."""
    user = None if isinstance(whose, UUID) else whose
    actor = Actor(visitor=whose) if user is None else Actor(member_id=user.pk)
    for one in lessons:
        open_lesson(user=user, actor=actor, lesson=one)
    return actor


def place_of(whose):
    mine = {"visitor": whose} if isinstance(whose, UUID) else {"user": whose}
    return LessonProgress.objects.get(**mine).percent


def test_a_report_sent_again_moves_the_place_no_further(lesson, learner, at):
    at(60)
    one = read(lesson, at=0, seconds=3)
    receipts = [send(learner, one) for _ in range(6)]
    assert [(told.accepted, told.duplicates) for told in receipts] == [(1, 0)] + [(0, 1)] * 5
    assert (place_of(learner), Event.objects.count()) == (30, 1)
    assert send(learner, one, one, read(lesson, at=30, seconds=3)).duplicates == 2
    assert place_of(learner) == 60


def test_a_report_that_somebody_else_brought_before_moves_nothing(lesson, learner, stranger, visitor, at):
    at(60)
    one = read(lesson, at=0, seconds=3)
    send(learner, one)
    opened(visitor, lesson)
    send(stranger, one)
    send(visitor, one)
    assert (place_of(learner), place_of(visitor)) == (30, 0)
    assert not LessonProgress.objects.filter(user=stranger).exists()


def test_what_was_stored_before_consent_was_taken_back_moves_nothing_again(lesson, learner, at):
    at(60)
    one = read(lesson, at=0, seconds=3)
    send(learner, one)
    choose_consent(actor=Actor(member_id=learner.pk), granted=NOTHING, way=Choice.Way.SETTINGS)
    assert send(learner, one).unconsented == 1
    assert place_of(learner) == 30


@pytest.mark.django_db(transaction=True)
def test_of_two_who_bring_one_report_at_once_the_place_of_one_moves(lesson, learner, stranger):
    barrier = Barrier(2)
    batches = [
        read(lesson, at=0, seconds=3) | {"at": (clock.now() - timedelta(hours=n + 1)).isoformat()}
        for n in range(5)
    ]

    def tell(who):
        barrier.wait(timeout=20)
        for one in batches:
            send(who, one)
        connection.close()

    threads = [Thread(target=tell, args=(who,)) for who in (learner, stranger)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    stored = {who.pk: Event.objects.filter(member=who).count() for who in (learner, stranger)}
    places = dict(LessonProgress.objects.values_list("user_id", "percent"))
    assert sum(stored.values()) == 5
    assert {pk: min(100, 30 * n) for pk, n in stored.items() if n} == places


def refusing_member():
    return make_member("no@test.example", granted=NOTHING)


def refusing_visitor():
    return make_visitor(NOTHING)


@pytest.fixture(params=[refusing_member, refusing_visitor])
def refusing(request, db):
    return request.param()


def test_who_consents_to_nothing_reads_no_faster_than_time_goes_by(long_lesson, refusing, at):
    at(60)
    actor = opened(refusing, long_lesson)
    for n in range(5):
        send(refusing, read(long_lesson, at=n / 5, seconds=60))
    # The first minute, and nothing but the slack for all the others.
    assert place_of(refusing) == 10
    assert spent_until(actor) <= NOON + timedelta(seconds=0.8 + 2)
    send(refusing, read(long_lesson, at=60, seconds=60))
    assert place_of(refusing) == 20
    assert not Event.objects.filter(name="lesson.progressed").exists()


def test_one_batch_is_held_against_the_same_clock(long_lesson, refusing, at):
    at(300)
    opened(refusing, long_lesson)
    send(refusing, *[read(long_lesson, at=100 + n / 5, seconds=60) for n in range(5)])
    send(refusing, read(long_lesson, at=160, seconds=60), read(long_lesson, at=220, seconds=60))
    assert place_of(refusing) == 30


def test_their_lessons_share_one_time(long_lesson, refusing, at):
    other = lesson_of(make_course("other"), "one")
    Lesson.objects.filter(pk=other.pk).update(minutes=300)
    at(60)
    opened(refusing, long_lesson, other)
    send(refusing, read(long_lesson, at=0, seconds=60))
    send(refusing, read(other, at=0, seconds=60))
    assert sorted(LessonProgress.objects.values_list("percent", flat=True)) == [0, 10]


def test_the_same_report_unstored_moves_the_place_once(lesson, refusing, at):
    at(60)
    opened(refusing, lesson)
    one = read(lesson, at=0, seconds=3)
    send(refusing, one)
    before = place_of(refusing)
    send(refusing, read(lesson, at=30, seconds=3))
    for _ in range(5):
        send(refusing, one)
    assert (before, place_of(refusing)) == (30, 60)


def test_taking_consent_back_and_giving_it_again_earns_no_time_twice(long_lesson, learner, at):
    at(-3600)
    actor = opened(learner, long_lesson)
    at(60)
    send(learner, read(long_lesson, at=0, seconds=60))
    choose_consent(actor=actor, granted=NOTHING, way=Choice.Way.SETTINGS)
    send(learner, read(long_lesson, at=0, seconds=60))
    assert place_of(learner) == 10
    send(learner, read(long_lesson, at=60, seconds=60))
    assert place_of(learner) == 20


@pytest.mark.parametrize("forget", ["member", "visitor"])
def test_deleting_the_history_gives_no_time_back(long_lesson, learner, visitor, forget, at):
    whose = learner if forget == "member" else visitor
    at(60)
    actor = opened(whose, long_lesson)
    for _ in range(3):
        send(whose, read(long_lesson, at=30, seconds=60))
        if forget == "member":
            delete_history(user=learner)
        else:
            delete_visitors_history(actor=actor)
    assert place_of(whose) == 10


def test_who_signs_up_brings_the_time_that_is_spent(long_lesson, at):
    at(60)
    key = refusing_visitor()
    opened(key, long_lesson)
    send(key, read(long_lesson, at=30, seconds=60))
    member = sign_up(
        email="new@test.example", password="correct horse battery", display_name="新人", visitor=key
    )
    send(member, read(long_lesson, at=30, seconds=60))
    assert place_of(member) == 10
