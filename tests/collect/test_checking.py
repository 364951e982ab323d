"""`zhiyue lake verify` finds each way in which the lake can differ from the log."""

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.lake.checking import faults_of
from zhiyue.collect.models import Event, LakeCheck, SealedDay, Subject
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.monitor.examination import examine

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def sealed(learner):
    """A day with two events, sealed."""
    moment = clock.day_start(clock.business_day()) - timedelta(hours=14)
    for course_id in (1, 2):
        record("course.viewed", actor=Actor(member_id=learner.pk), course_id=course_id, occurred_at=moment)
    lake.seal(day=clock.business_day(moment))
    return SealedDay.objects.get()


def folder():
    return Path(settings.ZHIYUE_DATA_DIR) / "lake"


def rewrite(row, change):
    """Another file under the old name, with a ledger that agrees about size and checksum."""
    path = folder() / row.file
    pq.write_table(change(pq.read_table(path)), path)
    content = path.read_bytes()
    SealedDay.objects.filter(pk=row.pk).update(
        size=len(content), checksum=hashlib.sha256(content).hexdigest()
    )


def codes():
    return [fault.code for fault in faults_of(lake.verify())]


def test_what_was_sealed_verifies(sealed):
    check = lake.verify()
    assert (check.fault_count, check.days, check.rows, check.size) == (0, 1, 2, sealed.size)
    assert lake.report().last_check == check


def test_a_missing_file_is_told(sealed):
    (folder() / sealed.file).unlink()
    assert codes() == ["missing"]


def test_a_changed_byte_is_told(sealed):
    content = bytearray((folder() / sealed.file).read_bytes())
    content[40] ^= 1
    (folder() / sealed.file).write_bytes(content)
    assert codes()[0] == "checksum"


def test_a_cut_file_is_told(sealed):
    content = (folder() / sealed.file).read_bytes()
    (folder() / sealed.file).write_bytes(content[:-10])
    assert codes() == ["size", "checksum", "unreadable"]


def test_a_row_too_few_is_told(sealed):
    rewrite(sealed, lambda table: table.slice(1))
    assert codes() == ["rows", "log"]


def test_another_event_in_the_place_of_one_is_told(sealed):
    def change(table):
        ids = pa.array([table["id"][0].as_py(), 10**9], pa.int64())
        return table.set_column(0, "id", ids)

    rewrite(sealed, change)
    assert codes() == ["log"]


def test_events_of_another_day_are_told(sealed):
    rewrite(
        sealed,
        lambda table: table.set_column(
            table.schema.get_field_index("day"), "day", pa.array([sealed.day - timedelta(days=1)] * 2)
        ),
    )
    assert codes() == ["other_day"]


def test_an_event_that_only_the_log_holds_is_told(sealed):
    Event.objects.filter(course_id=2).delete()
    assert codes() == ["log"]


def test_a_lost_key_is_told_where_the_log_still_knows_the_person(sealed):
    Subject.objects.all().delete()
    assert codes() == ["log"]


def test_a_file_that_was_left_behind_is_told(sealed):
    stray = folder() / "2020-01-01-0000cafe.parquet"
    stray.write_bytes(b"x")
    assert codes() == []
    old = (clock.now() - timedelta(hours=3)).timestamp()
    os.utime(stray, (old, old))
    assert [(fault.code, fault.detail) for fault in faults_of(lake.verify())] == [("orphan", stray.name)]


def test_open_days_are_listed_with_the_reason(sealed, learner):
    actor = Actor(member_id=learner.pk)
    midnight = clock.day_start(clock.business_day())
    record("course.viewed", actor=actor, course_id=1, occurred_at=midnight)
    record("course.viewed", actor=actor, course_id=1, occurred_at=midnight - timedelta(days=3))
    assert [(one.day, one.why) for one in lake.report().open_days] == [
        (clock.business_day() - timedelta(days=3), "waiting"),
        (clock.business_day(), "today"),
    ]
    record("course.viewed", actor=actor, course_id=1, occurred_at=midnight - timedelta(hours=14))
    assert [one.why for one in lake.report().open_days] == ["waiting", "changed", "today"]


def test_only_the_newest_checks_are_kept():
    for _ in range(32):
        lake.verify()
    assert LakeCheck.objects.count() == 30


def test_the_command_ends_with_one_where_something_is_wrong(sealed, capsys):
    call_command("lake", "verify")
    assert "nothing wrong" in capsys.readouterr().out
    (folder() / sealed.file).unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("lake", "verify", "--json")
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["fault_count"], told["faults"]) == (1, [[sealed.day.isoformat(), "missing", sealed.file]])


def test_the_command_seals_and_tells(learner, capsys):
    record(
        "course.viewed",
        actor=Actor(member_id=learner.pk),
        course_id=1,
        occurred_at=clock.day_start(clock.business_day()) - timedelta(days=2),
    )
    call_command("lake", "seal")
    assert capsys.readouterr().out == "Days sealed: 1. Files removed: 0.\n"
    call_command("lake", "status", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["days_sealed"], told["rows"], told["open_days"], told["last_check"]) == (1, 1, [], None)
    call_command("lake", "status")
    assert "1 days sealed, 1 events" in capsys.readouterr().out


def test_a_place_that_cannot_be_used_is_told_by_command_and_doctor(sealed):
    folder().rename(folder().with_name("elsewhere"))
    folder().write_text("a file where the folder should be")
    with pytest.raises(CommandError, match="can't be used"):
        call_command("lake", "seal")
    [found] = [one for one in examine(thorough=False) if one.key == "lake"]
    assert found.state == "bad"


def test_the_doctor_tells_the_last_verification(sealed):
    def told():
        return next(one for one in examine(thorough=False) if one.key == "lake")

    assert told().state == "good"
    (folder() / sealed.file).write_bytes(b"cut")
    assert told().state == "warn"
    lake.verify()
    lake.seal(day=sealed.day)
    assert told().state == "bad"
    lake.verify()
    assert told().state == "good"
