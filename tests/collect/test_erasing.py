"""Who is forgotten is gone from the log and the lake at once, and from every file soon after."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from tests.factories import make_visitor, receive
from zhiyue.collect import lake
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined, SealedDay, Subject
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    moment = clock.day_start(clock.business_day()) + timedelta(hours=12)
    monkeypatch.setattr(clock, "now", lambda: moment)


def act(actor, *days_ago):
    for days in days_ago:
        moment = clock.day_start(clock.business_day()) - timedelta(days=days) + timedelta(hours=1)
        record("course.viewed", actor=actor, course_id=1, occurred_at=moment)


def people_in_lake():
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        rows = events.select("member_id", "visitor").to_pyarrow().to_pylist()
    return sorted(str(row["member_id"] or row["visitor"]) for row in rows)


def keys_in_files():
    pointed = SealedDay.objects.exclude(file="").values_list("file", flat=True)
    tables = [pq.read_table(Path(settings.ZHIYUE_DATA_DIR) / "lake" / file) for file in pointed]
    return {key for table in tables for key in table["subject"].to_pylist()}


def test_a_forgotten_person_is_nobody_at_once_and_in_no_file_after_compaction(learner, stranger):
    former = make_visitor()
    act(Actor(visitor=former), 4)
    act(Actor(member_id=learner.pk), 0, 1, 3)
    act(Actor(member_id=stranger.pk), 1, 4)
    receive([{"rubbish": True}], actor=Actor(member_id=learner.pk), user_agent="Mozilla/5.0")
    lake.seal_past_days()
    join_visitor(visitor=former, member_id=learner.pk)
    theirs = set(Subject.objects.filter(member=learner).values_list("key", flat=True))
    assert len(theirs) == 2

    assert forget_person(member_id=learner.pk, visitor=None) == 4
    assert people_in_lake() == [str(stranger.pk)] * 2
    assert not Event.objects.filter(member=learner).exists()
    assert not Quarantined.objects.exists()
    assert not Subject.objects.filter(member=learner).exists()
    # Still in the files, where nobody can tell whose they were.
    assert theirs <= keys_in_files()
    assert Job.objects.get(name="collect.compact").key == "forgotten"

    assert lake.verify().fault_count == 0
    assert lake.compact() == 3
    assert keys_in_files() == set(Subject.objects.values_list("key", flat=True))
    assert theirs.isdisjoint(keys_in_files())
    assert people_in_lake() == [str(stranger.pk)] * 2
    assert (lake.compact(), lake.verify().fault_count) == (0, 0)


def test_a_visitor_is_forgotten_without_what_members_own(learner, visitor):
    act(Actor(visitor=visitor), 0, 1)
    act(Actor(member_id=learner.pk, visitor=visitor), 0, 1)
    lake.seal_past_days()
    assert forget_person(member_id=None, visitor=visitor) == 2
    assert people_in_lake() == [str(learner.pk)] * 2
    assert forget_person(member_id=None, visitor=visitor) == 0


def test_nobody_is_nobody_to_forget(learner):
    act(Actor(member_id=learner.pk), 0)
    assert forget_person(member_id=None, visitor=None) == 0
    assert Event.objects.count() == 1


def test_a_deleted_member_is_found_by_the_daily_compaction(learner, stranger):
    act(Actor(member_id=learner.pk), 6, 9)
    act(Actor(member_id=stranger.pk), 6)
    lake.seal_past_days()
    learner.delete()
    assert people_in_lake() == [str(stranger.pk)]
    assert lake.verify().fault_count == 0
    assert lake.compact() == 2
    assert keys_in_files() == set(Subject.objects.values_list("key", flat=True))
    # Of one of the days nothing is left.
    assert SealedDay.objects.exclude(file="").count() == 1


def test_who_comes_again_gets_another_key(learner):
    act(Actor(member_id=learner.pk), 2)
    lake.seal_past_days()
    before = Subject.objects.get().key
    forget_person(member_id=learner.pk, visitor=None)
    act(Actor(member_id=learner.pk), 2)
    assert people_in_lake() == [str(learner.pk)]
    lake.seal_past_days()
    assert people_in_lake() == [str(learner.pk)]
    assert Subject.objects.get().key != before
    assert keys_in_files() == {Subject.objects.get().key}
