"""The lake holds what the log holds, sealed or not, and never half."""

from datetime import timedelta

import pytest

from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, SealedDay
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def act(actor, days_ago, course_id=1):
    moment = clock.day_start(clock.business_day()) - timedelta(days=days_ago) + timedelta(hours=1)
    record("course.viewed", actor=actor, course_id=course_id, occurred_at=moment)


def in_lake(**scope):
    with lake.events(**scope) as events:
        return sorted(
            events.select("id", "course_id", "member_id", "hour").to_pyarrow().to_pylist(),
            key=lambda r: r["id"],
        )


def test_sealing_changes_nothing_of_what_is_read(learner):
    for days_ago in (0, 1, 2):
        act(Actor(member_id=learner.pk), days_ago)
    before = in_lake()
    assert len(before) == 3
    assert [row["hour"] for row in before] == [1, 1, 1]
    assert lake.seal_past_days() == 2
    assert in_lake() == before
    assert len(in_lake(since=clock.business_day() - timedelta(days=1))) == 2
    assert lake.seal_past_days() == 0


def test_a_late_event_reopens_its_day_at_once(learner):
    act(Actor(member_id=learner.pk), 2)
    lake.seal_past_days()
    act(Actor(member_id=learner.pk), 2, course_id=9)
    assert [row["course_id"] for row in in_lake()] == [1, 9]
    assert lake.seal_past_days() == 1
    assert [row["course_id"] for row in in_lake()] == [1, 9]


def test_a_joined_history_is_the_members_in_the_lake_too(learner, visitor):
    act(Actor(visitor=visitor), 3)
    lake.seal_past_days()
    join_visitor(visitor=visitor, member_id=learner.pk)
    assert [row["member_id"] for row in in_lake()] == [learner.pk]


def test_a_lost_file_is_read_from_the_log(learner):
    act(Actor(member_id=learner.pk), 2)
    lake.seal_past_days()
    for file in lake._folder().glob("*.parquet"):
        file.unlink()
    assert len(in_lake()) == 1
    assert lake.seal_past_days() == 1
    assert len(in_lake()) == 1


def test_old_files_are_swept_once_nobody_points_to_them(learner, monkeypatch):
    act(Actor(member_id=learner.pk), 2)
    lake.seal(day=Event.objects.get().day)
    lake.seal(day=Event.objects.get().day)
    assert len(list(lake._folder().glob("*.parquet"))) == 2
    assert lake.sweep() == 0
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert lake.sweep() == 1
    assert [file.name for file in lake._folder().glob("*.parquet")] == [SealedDay.objects.get().file]
