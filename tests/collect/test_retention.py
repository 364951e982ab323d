"""Events are kept as long as their kind is, and no longer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import make_visitor
from zhiyue.collect import lake, retention
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import ConsentCount, Event, Forgotten, SealedDay, Subject
from zhiyue.collect.services import record
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

VIEWED = "course.viewed"
KEPT = KINDS[VIEWED].days_kept


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    moment = clock.day_start(clock.business_day()) + timedelta(hours=12)
    monkeypatch.setattr(clock, "now", lambda: moment)


def happened(name, days_ago, actor):
    """As of an event that was recorded long ago."""
    event = record(name, actor=actor, **({"course_id": 1} if KINDS[name].about == "course" else {}))
    Event.objects.filter(pk=event.pk).update(day=clock.business_day() - timedelta(days=days_ago))
    return event


def in_lake():
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        return sorted(events.select("id").to_pyarrow()["id"].to_pylist())


def test_a_day_goes_when_it_was_kept_long_enough(learner):
    actor = Actor(member_id=learner.pk)
    old = happened(VIEWED, KEPT, actor)
    older = happened(VIEWED, KEPT + 3, actor)
    kept = happened(VIEWED, KEPT - 1, actor)
    lake.seal_past_days()
    assert in_lake() == [old.pk, older.pk, kept.pk]
    assert retention.forget_old() == 2
    assert in_lake() == [kept.pk]
    assert list(Event.objects.values_list("pk", flat=True)) == [kept.pk]
    row = Forgotten.objects.get()
    today = clock.business_day()
    assert (row.day, row.name, row.n, row.before) == (today, VIEWED, 2, today - timedelta(days=KEPT - 1))
    lake.seal_past_days()
    assert lake.verify().fault_count == 0
    assert retention.forget_old() == 0


def test_kinds_of_one_day_go_each_at_its_time(learner, monkeypatch):
    actor = Actor(member_id=learner.pk)
    monkeypatch.setitem(KINDS, "course.saved", replace(KINDS["course.saved"], days_kept=7))
    happened("course.saved", 7, actor)
    stays = happened(VIEWED, 7, actor)
    lake.seal_past_days()
    assert retention.forget_old() == 1
    assert in_lake() == [stays.pk]
    assert lake.seal_past_days() == 1
    assert in_lake() == [stays.pk]
    assert lake.verify().fault_count == 0


def test_what_left_the_vocabulary_is_kept_for_a_while(learner):
    past = happened(VIEWED, retention.UNKNOWN_KEPT_DAYS, Actor(member_id=learner.pk))
    newer = happened(VIEWED, retention.UNKNOWN_KEPT_DAYS - 1, Actor(member_id=learner.pk))
    Event.objects.filter(pk__in=[past.pk, newer.pk]).update(name="left.the_table")
    assert retention.forget_old() == 1
    assert Event.objects.get().pk == newer.pk


def test_a_setting_keeps_everything_shorter(learner, settings):
    happened(VIEWED, 30, Actor(member_id=learner.pk))
    happened(VIEWED, 29, Actor(member_id=learner.pk))
    settings.ZHIYUE_EVENTS_KEEP_DAYS = 30
    assert retention.days_kept(VIEWED) == 30
    assert retention.forget_old() == 1
    settings.ZHIYUE_EVENTS_KEEP_DAYS = 100_000
    assert retention.days_kept(VIEWED) == KEPT


def test_many_events_of_a_day_go_in_batches(learner, monkeypatch):
    monkeypatch.setattr(retention, "EVENTS_AT_ONCE", 3)
    for _ in range(7):
        happened(VIEWED, KEPT, Actor(member_id=learner.pk))
    assert retention.forget_old() == 7
    assert Forgotten.objects.get().n == 7


def test_the_key_goes_with_the_last_event(learner):
    gone, stays = make_visitor(), make_visitor()
    for actor in (Actor(visitor=gone), Actor(visitor=stays)):
        happened(VIEWED, KEPT, actor)
    happened(VIEWED, 2, Actor(visitor=stays))
    happened(VIEWED, 2, Actor(member_id=learner.pk))
    lake.seal_past_days()
    assert Subject.objects.count() == 3
    retention.forget_old()
    assert set(Subject.objects.values_list("visitor", "member")) == {(stays, None), (None, learner.pk)}


def test_the_overview_tells_what_is_kept_and_what_went(learner):
    today = clock.business_day()
    happened(VIEWED, KEPT, Actor(member_id=learner.pk))
    happened(VIEWED, 5, Actor(member_id=learner.pk))
    Forgotten.objects.create(day=today - timedelta(days=3), name=VIEWED, before=today, n=4)
    Forgotten.objects.create(day=today - timedelta(days=40), name=VIEWED, before=today, n=90)
    retention.forget_old()
    found = {one.name: one for one in retention.overview()}
    assert found.keys() == KINDS.keys()
    assert found[VIEWED] == retention.Keeping(
        VIEWED, KEPT, oldest=today - timedelta(days=5), last_run=today, gone_last=1, gone_month=5
    )
    assert (found["page.viewed"].oldest, found["page.viewed"].last_run) == (None, None)


def test_counts_have_their_bound_too():
    today = clock.business_day()
    for days in (399, 401):
        ConsentCount.objects.create(day=today - timedelta(days=days), name=VIEWED, n=1)
        Forgotten.objects.create(day=today - timedelta(days=days), name=VIEWED, before=today, n=1)
    retention.forget_old()
    assert ConsentCount.objects.get().day == Forgotten.objects.get().day == today - timedelta(days=399)
    assert not SealedDay.objects.exclude(file="").exists()
