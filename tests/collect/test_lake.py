"""The lake holds what the log holds, sealed or not, and never half."""

from datetime import UTC, datetime, timedelta

import pytest

from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, SealedDay
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at(monkeypatch):
    """It is noon; `at(minutes)` moves the clock to that many minutes after today's midnight."""
    midnight = clock.day_start(clock.business_day())

    def move(minutes):
        monkeypatch.setattr(clock, "now", lambda: midnight + timedelta(minutes=minutes))

    move(12 * 60)
    return move


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


def test_a_day_is_sealed_ten_minutes_after_it_ended_and_read_from_the_log_until_then(learner, at):
    act(Actor(member_id=learner.pk), 1)
    at(9.9)
    assert lake.seal_past_days() == 0
    assert (SealedDay.objects.exclude(file="").count(), len(in_lake())) == (0, 1)
    at(10)
    assert lake.seal_past_days() == 1
    assert len(in_lake()) == 1


def commit_too_late(learner, days_ago):
    """As a transaction leaves the log that recorded before midnight and was committed after its day was sealed."""
    act(Actor(member_id=learner.pk), 0, course_id=9)
    day = clock.business_day() - timedelta(days=days_ago)
    Event.objects.filter(course_id=9).update(day=day)


@pytest.mark.parametrize(("days_ago", "sealed_again"), [(1, 1), (3, 1), (4, 0)])
def test_an_event_that_missed_the_sealing_of_a_recent_day_is_found_by_count(learner, days_ago, sealed_again):
    act(Actor(member_id=learner.pk), days_ago)
    lake.seal_past_days()
    commit_too_late(learner, days_ago)
    assert [row["course_id"] for row in in_lake()] == [1]
    assert lake.seal_past_days() == sealed_again
    assert [row["course_id"] for row in in_lake()] == [1, 9][: 1 + sealed_again]
    assert lake.seal_past_days() == 0


def test_events_that_went_with_their_member_leave_the_lake_too(learner):
    act(Actor(member_id=learner.pk), 1)
    lake.seal_past_days()
    learner.delete()
    assert lake.seal_past_days() == 1
    assert (in_lake(), SealedDay.objects.get().rows) == ([], 0)
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
    now = datetime.now(UTC)  # files carry the machine's time
    monkeypatch.setattr(clock, "now", lambda: now)
    lake.seal(day=Event.objects.get().day)
    lake.seal(day=Event.objects.get().day)
    assert len(list(lake._folder().glob("*.parquet"))) == 2
    assert lake.sweep() == 0
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=2))
    assert lake.sweep() == 1
    assert [file.name for file in lake._folder().glob("*.parquet")] == [SealedDay.objects.get().file]
