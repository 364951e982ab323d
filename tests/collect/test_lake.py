"""The lake holds what the log holds, sealed or not, and never half."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import IntegrityError

from tests.factories import make_member, make_visitor
from zhiyue.collect import lake
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.kinds import Actor
from zhiyue.collect.lake import sealing
from zhiyue.collect.lake.places import place
from zhiyue.collect.models import Event, SealedDay, Subject
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

SETTLING = sealing.SETTLING  # other tests don't wait for it


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


def in_lake(*columns, purpose=Purpose.ANALYTICS, **scope):
    wanted = columns or ("id", "course_id", "member_id", "hour")
    with lake.events(purpose=purpose, **scope) as events:
        rows = events.select("id", *(set(wanted) - {"id"})).to_pyarrow().to_pylist()
    return [{name: row[name] for name in wanted} for row in sorted(rows, key=lambda row: row["id"])]


def files():
    return sorted((Path(settings.ZHIYUE_DATA_DIR) / "lake").glob("*.parquet"))


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


def test_a_day_is_sealed_ten_minutes_after_it_ended_and_read_from_the_log_until_then(
    learner, at, monkeypatch
):
    monkeypatch.setattr(sealing, "SETTLING", SETTLING)
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
    assert in_lake() == []
    assert lake.seal_past_days() == 1
    assert in_lake() == []
    # Nothing is left of the day, so there is no file of it.
    ledger = SealedDay.objects.get()
    assert (ledger.rows, ledger.file, ledger.checksum) == (0, "", "")
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
    assert in_lake("member_id", "visitor") == [{"member_id": None, "visitor": str(visitor)}]
    [file] = files()
    join_visitor(visitor=visitor, member_id=learner.pk)
    assert in_lake("member_id", "visitor") == [{"member_id": learner.pk, "visitor": None}]
    # The file knew a key only, and the key is the member's now.
    assert (files(), SealedDay.objects.get().file) == ([file], file.name)


def test_several_histories_are_the_members_beside_their_own(learner):
    visitors = [make_visitor() for _ in range(3)]
    for actor in [*(Actor(visitor=one) for one in visitors), Actor(member_id=learner.pk)]:
        act(actor, 3)
    act(Actor(visitor=visitors[0]), 0, course_id=9)
    lake.seal_past_days()
    for one in visitors:
        join_visitor(visitor=one, member_id=learner.pk)
    assert [row["member_id"] for row in in_lake()] == [learner.pk] * 5
    keys = Subject.objects.filter(member=learner)
    assert (keys.count(), keys.filter(is_current=True).count()) == (4, 1)
    # Whoever uses that browser next is somebody else.
    act(Actor(visitor=visitors[0]), 3, course_id=7)
    lake.seal_past_days()
    assert [row["member_id"] for row in in_lake()] == [learner.pk] * 5 + [None]


def test_a_sealed_file_names_nobody(learner, visitor):
    act(Actor(member_id=learner.pk, visitor=visitor), 1)
    act(Actor(visitor=visitor), 1)
    lake.seal_past_days()
    [file] = files()
    assert pq.read_schema(file).names == lake.SEALED_SCHEMA.names
    keys = pq.read_table(file)["subject"].to_pylist()
    assert sorted(keys) == sorted(Subject.objects.values_list("key", flat=True))
    content = file.read_bytes()
    assert str(visitor).encode() not in content and visitor.hex.encode() not in content
    ledger = SealedDay.objects.get()
    assert (ledger.size, ledger.checksum) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_reader_gets_what_may_be_used_for_its_purpose():
    purposes = (Purpose.ANALYTICS, Purpose.PERSONALISATION, Purpose.ANALYTICS | Purpose.PERSONALISATION)
    for course_id, granted in enumerate(purposes, 1):
        for days_ago in (0, 1):
            act(Actor(visitor=make_visitor(granted)), days_ago, course_id=course_id)
    nothing = make_member("no@test.example", granted=NOTHING)
    record("course.enrolled", actor=Actor(member_id=nothing.pk), course_id=8)
    for _ in range(2):
        assert [row["course_id"] for row in in_lake()] == [1, 1, 3, 3]
        assert [row["course_id"] for row in in_lake(purpose=Purpose.PERSONALISATION)] == [2, 2, 3, 3]
        assert in_lake(purpose=Purpose.EXPERIMENTS) == []
        lake.seal_past_days()


def test_every_column_is_the_same_sealed_or_open(learner, visitor):
    moment = clock.day_start(clock.business_day()) - timedelta(hours=3, milliseconds=250)
    actor = Actor(member_id=learner.pk)
    act(Actor(visitor=visitor), 1)
    event = Event.objects.create(
        event_id=uuid4(),
        name="lesson.progressed",
        member=learner,
        visitor=visitor,
        course_id=3,
        lesson_id=4,
        properties={"seconds": 12, "percent": 40},
        origin="browser",
        occurred_at=moment,
        recorded_at=moment,
        day=clock.business_day(moment),
        purposes=3,
    )
    record("search.made", actor=actor, occurred_at=moment, words="“数据” 直觉", found=2)
    before = in_lake(*lake.SCHEMA.names)
    read = next(row for row in before if row["id"] == event.pk)
    assert read | {"properties": json.loads(read["properties"])} == {
        "id": event.pk,
        "name": "lesson.progressed",
        "member_id": learner.pk,
        "visitor": None,
        "course_id": 3,
        "lesson_id": 4,
        "seconds": 12,
        "percent": 40,
        "properties": {"seconds": 12, "percent": 40},
        "origin": "browser",
        "purposes": 3,
        "occurred_at": moment,
        "recorded_at": moment,
        "day": event.day,
        "hour": 20,
    }
    lake.seal_past_days()
    assert in_lake(*lake.SCHEMA.names) == before


@pytest.mark.parametrize("change", ["late", "joined", "forgotten", "sealed"])
def test_a_day_that_changes_while_it_is_sealed_is_sealed_as_it_then_is(learner, visitor, change):
    act(Actor(visitor=visitor), 2)
    day = clock.business_day() - timedelta(days=2)
    draft = sealing._draft(day, place())
    if change == "late":
        act(Actor(member_id=learner.pk), 2, course_id=9)
    elif change == "joined":
        join_visitor(visitor=visitor, member_id=learner.pk)
    elif change == "forgotten":
        forget_person(member_id=None, visitor=visitor)
    else:
        lake.seal(day=day)
    sealed = SealedDay.objects.get().file
    assert sealing._show(day, draft) is False
    assert (SealedDay.objects.get().file, bool(sealed)) == (sealed, change == "sealed")
    expected = {
        "late": [(None, str(visitor)), (learner.pk, None)],
        "joined": [(learner.pk, None)],
        "forgotten": [],
        "sealed": [(None, str(visitor))],
    }[change]
    lake.seal_past_days()
    assert [tuple(row.values()) for row in in_lake("member_id", "visitor")] == expected


def test_two_days_that_give_somebody_their_first_key_at_once_agree_on_one(learner):
    first, second = (clock.business_day() - timedelta(days=n) for n in (2, 1))
    act(Actor(member_id=learner.pk), 2)
    act(Actor(member_id=learner.pk), 1)
    draft = sealing._draft(first, place())
    assert lake.seal(day=second)
    with pytest.raises(IntegrityError):
        sealing._show(first, draft)
    assert lake.seal(day=first)
    assert Subject.objects.count() == 1
    assert [row["member_id"] for row in in_lake()] == [learner.pk] * 2


def test_a_lost_file_is_read_from_the_log(learner):
    act(Actor(member_id=learner.pk), 2)
    lake.seal_past_days()
    for file in files():
        file.unlink()
    assert len(in_lake()) == 1
    assert lake.seal_past_days() == 1
    assert len(in_lake()) == 1


def test_old_files_are_swept_once_nobody_points_to_them(learner, monkeypatch):
    now = datetime.now(UTC)  # files carry the machine's time
    monkeypatch.setattr(clock, "now", lambda: now)
    act(Actor(member_id=learner.pk), 2)
    lake.seal(day=Event.objects.get().day)
    lake.seal(day=Event.objects.get().day)
    assert len(files()) == 2
    assert lake.sweep() == 0
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=2))
    assert lake.sweep() == 1
    assert [file.name for file in files()] == [SealedDay.objects.get().file]


@pytest.mark.parametrize("change", ["sealed again", "reopened"])
def test_a_file_that_was_replaced_a_moment_ago_stays_for_its_readers(learner, monkeypatch, change):
    now = datetime.now(UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    act(Actor(member_id=learner.pk), 2)
    lake.seal_past_days()
    [old] = files()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=5))
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        if change == "reopened":
            act(Actor(member_id=learner.pk), 2)
        lake.seal(day=Event.objects.first().day)
        assert (lake.sweep(), old in files(), lake.verify().fault_count) == (0, True, 0)
        assert events.count().to_pyarrow().as_py() == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=6, minutes=1))
    assert (lake.sweep(), old in files()) == (1, False)
