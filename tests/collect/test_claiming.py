"""A place of the lake is one academy's, and what others put there is never touched."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from tests.services import s3_server
from zhiyue.collect import lake
from zhiyue.collect.errors import LakeNotOurs
from zhiyue.collect.kinds import Actor
from zhiyue.collect.lake.claiming import MARK
from zhiyue.collect.lake.places import place
from zhiyue.collect.models import Logbook, SealedDay
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.monitor.examination import examine

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def acted(learner):
    moment = clock.day_start(clock.business_day()) - timedelta(hours=14)
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=1, occurred_at=moment)


@pytest.fixture
def folder():
    found = Path(settings.ZHIYUE_DATA_DIR) / "lake"
    found.mkdir(parents=True)
    return found


def old(path, content=b"mine"):
    path.write_bytes(content)
    long_ago = (clock.now() - timedelta(days=9)).timestamp()
    os.utime(path, (long_ago, long_ago))
    return path


def another_academy():
    Logbook.objects.all().delete()
    SealedDay.objects.all().delete()


def doctor():
    [found] = [one for one in examine(thorough=False) if one.key == "lake"]
    return found


def test_a_place_gets_its_mark_at_first_use_and_keeps_it(acted, folder):
    assert lake.seal_past_days() == 1
    mark = (folder / MARK).read_text()
    assert mark == f"{Logbook.objects.get().mark}\n"
    lake.sweep()
    lake.verify()
    assert (folder / MARK).read_text() == mark
    assert sorted(path.name for path in folder.iterdir()) == sorted([MARK, SealedDay.objects.get().file])


def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(acted, folder):
    thesis = old(folder / "thesis.odt")
    for act in (lake.seal_past_days, lake.compact, lake.sweep, lake.verify):
        with pytest.raises(LakeNotOurs, match=r"thesis\.odt"):
            act()
    with pytest.raises(CommandError, match="empty place"):
        call_command("lake", "seal")
    assert ([path.name for path in folder.iterdir()], thesis.read_bytes()) == (["thesis.odt"], b"mine")
    assert (doctor().state, "thesis.odt" in doctor().said) == ("bad", True)
    assert not SealedDay.objects.exclude(file="").exists()


def test_what_is_put_beside_the_lake_later_stays(acted, folder):
    lake.seal_past_days()
    names = (
        "notes.txt",
        "2026-01-01.parquet",
        "2026-01-01-0000cafe.parquet.bak",
        "x-2026-01-01-0000cafe.parquet",
    )
    for name in names:
        old(folder / name)
    ours = [old(folder / "2020-01-01-0000cafe.parquet"), old(folder / ".2020-01-02-0000beef.parquet")]
    assert doctor().state == "good"
    assert [fault[1:] for fault in lake.verify().faults] == [
        ["orphan", ".2020-01-02-0000beef.parquet"],
        ["orphan", "2020-01-01-0000cafe.parquet"],
    ]
    assert lake.sweep() == 2
    assert not any(path.exists() for path in ours)
    assert all((folder / name).read_bytes() == b"mine" for name in names)
    assert (lake.verify().fault_count, lake.seal_past_days()) == (0, 0)


def test_two_academies_cannot_share_a_place(acted, folder):
    lake.seal_past_days()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    another_academy()
    for act in (lake.seal_past_days, lake.compact, lake.sweep, lake.verify):
        with pytest.raises(LakeNotOurs, match="another academy"):
            act()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert (doctor().state, MARK in doctor().said) == ("bad", True)
    # What the words say helps.
    (folder / MARK).unlink()
    assert lake.seal_past_days() == 1
    assert doctor().state == "good"


def test_a_lake_that_is_older_than_marks_is_taken_as_it_is(acted, folder):
    lake.seal_past_days()
    (folder / MARK).unlink()
    Logbook.objects.all().delete()
    old(folder / "notes.txt")
    assert doctor().state == "good"
    assert (lake.seal_past_days(), lake.sweep(), lake.verify().fault_count) == (0, 0, 0)
    assert ((folder / MARK).exists(), (folder / "notes.txt").exists()) == (True, True)


def test_the_doctor_marks_nothing(acted, folder):
    examine(thorough=False)
    assert (list(folder.iterdir()), Logbook.objects.count()) == ([], 0)


def test_a_bucket_is_one_academys_too(acted, settings):
    with s3_server() as server:
        settings.ZHIYUE_S3_ENDPOINT = server.endpoint
        settings.ZHIYUE_S3_REGION = "us-east-1"
        settings.ZHIYUE_S3_KEY_ID, settings.ZHIYUE_S3_SECRET = server.key_id, server.secret
        settings.ZHIYUE_LAKE_URL = f"s3://{server.name}/lake"
        assert lake.seal_past_days() == 1
        mine = place().read(MARK).to_pybytes()
        Logbook.objects.update(mark=uuid4())
        with pytest.raises(LakeNotOurs, match="another academy"):
            lake.sweep()
        assert place().read(MARK).to_pybytes() == mine
        settings.ZHIYUE_LAKE_URL = f"s3://{server.name}"
        (server.folder / "holiday.jpg").write_bytes(b"sea")
        with pytest.raises(LakeNotOurs, match=r"holiday\.jpg"):
            lake.seal_past_days()
        assert (server.folder / "holiday.jpg").read_bytes() == b"sea"
