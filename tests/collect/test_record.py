"""What servers record: the right events, whole or not at all."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from tests.factories import make_visitor
from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def test_an_act_is_recorded_with_its_business_day(learner):
    late_evening = datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=7, occurred_at=late_evening)
    event = Event.objects.get()
    assert (event.name, event.member_id, event.course_id, event.origin) == (
        "course.viewed",
        learner.pk,
        7,
        "server",
    )
    assert str(event.day) == "2026-03-01"


def test_nobody_leaves_no_trace():
    assert record("course.viewed", actor=Actor(), course_id=7) is None
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "about", "reason"),
    [
        ("course.destroyed", {}, "unknown_event"),
        ("page.viewed", {"path": "/"}, "wrong_origin"),
        ("course.viewed", {}, "missing_id"),
        ("course.viewed", {"course_id": -1}, "missing_id"),
        ("course.viewed", {"course_id": True}, "missing_id"),
        ("course.viewed", {"course_id": 1, "lesson_id": 2}, "unknown_property"),
        ("course.viewed", {"course_id": 1, "colour": "red"}, "unknown_property"),
        ("lesson.finished", {"course_id": 1}, "missing_id"),
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused(visitor, name, about, reason):
    with pytest.raises(NotInVocabulary) as refusal:
        record(name, actor=Actor(visitor=visitor), **about)
    assert refusal.value.reason == reason
    assert Event.objects.count() == 0


def test_an_act_goes_with_the_transaction_it_was_recorded_in(visitor):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
        1 / 0  # noqa: B018
    assert Event.objects.count() == 0


def test_a_visitors_history_joins_the_member_once(learner, visitor):
    other = Actor(visitor=make_visitor())
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    record("course.viewed", actor=other, course_id=8)
    assert join_visitor(visitor=visitor, member_id=learner.pk) == 1
    assert join_visitor(visitor=visitor, member_id=learner.pk) == 0
    assert list(Event.objects.filter(member_id=learner.pk).values_list("course_id", flat=True)) == [7]
    assert Event.objects.get(course_id=8).member_id is None


def test_a_past_act_keeps_its_moment(learner):
    moment = clock.now() - timedelta(days=40)
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=7, occurred_at=moment)
    assert Event.objects.get().occurred_at == moment
