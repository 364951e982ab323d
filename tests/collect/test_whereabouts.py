"""Where one event lies, under which key, and until when."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from tests.factories import make_visitor
from zhiyue.collect import lake, retention
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, HistoryImport, SealedDay, Subject
from zhiyue.collect.services import join_visitor, record
from zhiyue.collect.vocabulary import KINDS
from zhiyue.collect.whereabouts import whereabouts
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    moment = clock.day_start(clock.business_day()) + timedelta(hours=12)
    monkeypatch.setattr(clock, "now", lambda: moment)


def act(actor, days_ago):
    moment = clock.day_start(clock.business_day()) - timedelta(days=days_ago) + timedelta(hours=1)
    return record("course.viewed", actor=actor, course_id=1, occurred_at=moment)


def test_what_was_done_today_lies_in_the_log(learner):
    found = whereabouts(act(Actor(member_id=learner.pk), 0))
    assert (found.day, found.is_over) == (clock.business_day(), False)
    assert (found.file, found.sealed_at, found.key, found.source) == ("", None, None, None)


def test_a_day_that_is_over_lies_in_the_log_until_it_is_sealed_and_again_once_it_is_reopened(learner):
    event = act(Actor(member_id=learner.pk), 1)
    assert (whereabouts(event).is_over, whereabouts(event).file) == (True, "")
    assert lake.seal(day=event.day)
    sealed = SealedDay.objects.get(day=event.day)
    assert (whereabouts(event).file, whereabouts(event).sealed_at) == (sealed.file, sealed.sealed_at)
    act(Actor(member_id=learner.pk), 1)
    assert (whereabouts(event).file, whereabouts(event).key) == ("", None)


def test_the_key_is_the_one_in_the_file_also_where_the_person_has_another_now(learner):
    visitor = make_visitor()
    as_member, as_visitor = act(Actor(member_id=learner.pk), 2), act(Actor(visitor=visitor), 2)
    assert lake.seal(day=as_member.day)
    of_visitor, of_member = Subject.objects.get(visitor=visitor).key, Subject.objects.get(member=learner).key
    join_visitor(visitor=visitor, member_id=learner.pk)
    as_visitor = Event.objects.get(pk=as_visitor.pk)
    assert as_visitor.member_id == learner.pk
    assert (whereabouts(as_member).key, whereabouts(as_visitor).key) == (of_member, of_visitor)


@pytest.fixture
def sealed(learner):
    event = act(Actor(member_id=learner.pk), 1)
    assert lake.seal(day=event.day)
    return event, Path(settings.ZHIYUE_DATA_DIR) / "lake" / whereabouts(event).file


def test_of_a_file_that_is_not_there_no_key_is_told(sealed):
    event, file = sealed
    file.unlink()
    assert (whereabouts(event).file, whereabouts(event).key) == (file.name, None)


def test_a_file_that_is_no_table_is_found_out(sealed):
    event, file = sealed
    file.write_bytes(b"no table")
    assert whereabouts(event).key is None
    assert whereabouts(event).file == ""


def test_wherever_a_byte_is_wrong_the_key_is_told_or_the_day_reopened(sealed):
    event, file = sealed
    content = file.read_bytes()
    key = whereabouts(event).key
    for place in range(0, len(content), 97):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        found = whereabouts(event)
        assert found.key in (key, None)
        if found.key is None:
            assert SealedDay.objects.get(day=event.day).file == ""
            SealedDay.objects.filter(day=event.day).update(file=file.name)


def test_the_day_told_is_the_one_on_which_the_event_is_deleted(learner, monkeypatch):
    event = act(Actor(member_id=learner.pk), 0)
    found = whereabouts(event)
    assert found.days_kept == KINDS["course.viewed"].days_kept == 180
    assert found.goes_on == event.day + timedelta(days=180)
    for days, gone in ((179, 0), (180, 1)):
        later = clock.day_start(event.day + timedelta(days=days)) + timedelta(hours=3)
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        assert retention.forget_old() == gone


def test_an_operator_who_keeps_less_is_told_the_earlier_day(learner, settings):
    settings.ZHIYUE_EVENTS_KEEP_DAYS = 30
    event = act(Actor(member_id=learner.pk), 0)
    assert whereabouts(event).goes_on == event.day + timedelta(days=30)


def test_the_import_that_brought_it_is_told(learner):
    brought = HistoryImport.objects.create(file_name="old.csv", form="csv", started_at=clock.now())
    event = act(Actor(member_id=learner.pk), 3)
    Event.objects.filter(pk=event.pk).update(source=brought)
    assert whereabouts(Event.objects.get(pk=event.pk)).source == brought
