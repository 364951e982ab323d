"""A backup is restored into an empty place and everything is there again; a bad one is refused."""

import gzip
import hashlib
import io
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.services import postgresql
from zhiyue.config import archive, backup
from zhiyue.config.archive import BackupFailed
from zhiyue.core.academy.models import Proof

ROOT = Path(__file__).resolve().parents[2]
SEED = """
import django; django.setup()
from pathlib import Path
from django.conf import settings
from tests.factories import make_course, make_member
from zhiyue.core.accounts.services import grant
grant(user=make_member("owner@test.example", "周全\\n\\t\\\\"), role="owner")
course = make_course("intuition", price_fen=9900)
from datetime import timedelta
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
someone = Actor(member_id=User.objects.earliest("pk").pk)
record("course.viewed", actor=someone, course_id=course.pk, occurred_at=clock.now() - timedelta(days=2))
lake.seal_past_days()
for name in ("media/academy/logo-1.png", "lake/2026-01-01-a.parquet", "artefacts/x.npz"):
    path = Path(settings.ZHIYUE_DATA_DIR) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode() * 100)
"""


def run(folder, *words, database="", cwd=None, **variables):
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("ZHIYUE_", "DJANGO_", "PORT"))
    }
    clean |= {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "ZHIYUE_DATA_DIR": str(folder)}
    clean |= {"ZHIYUE_DATABASE_URL": database} if database else {}
    return subprocess.run(
        [sys.executable, *words],
        env=clean | {"DJANGO_SETTINGS_MODULE": "zhiyue.config.settings"} | variables,
        cwd=cwd or folder.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contents(folder, database=""):
    """Every table's rows as one checksum, and every file's."""
    if database:
        with psycopg.connect(database) as reader:
            names = [
                n for (n,) in reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            rows = {name: reader.execute(f'SELECT t::text FROM "{name}" t').fetchall() for name in names}
    else:
        with closing(sqlite3.connect(folder / "zhiyue.sqlite3")) as reader:
            names = [n for (n,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: reader.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    # The record of a backup is written after it.
    rows.pop("academy_proof"), rows.pop("sqlite_sequence", None)
    tables = {
        name: (len(found), hashlib.sha256(repr(sorted(map(repr, found))).encode()).hexdigest())
        for name, found in rows.items()
    }
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for name in backup.FOLDERS
        for path in (folder / name).rglob("*")
        if path.is_file()
    }
    return tables, files


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request):
    """Addresses of a full database and an empty one; both empty texts for SQLite, which lies in its folder."""
    if request.param == "sqlite":
        yield "", ""
        return
    with postgresql() as server:
        names = ["zhiyue_full", "zhiyue_empty"]
        with psycopg.connect(server, autocommit=True) as admin:
            for name in names:
                admin.execute(f"DROP DATABASE IF EXISTS {name}")
                admin.execute(f"CREATE DATABASE {name}")
        head, _, tail = server.partition("/postgres?")
        yield (
            tuple(f"{head}/{name}?{tail}" for name in names)
            if tail
            else tuple(server.rsplit("/", 1)[0] + f"/{name}" for name in names)
        )


def test_a_backup_restored_into_an_empty_place_is_the_academy_again(places, tmp_path):
    full, empty = places
    old, new, file = tmp_path / "old", tmp_path / "new", tmp_path / "safe" / "one.tar.gz"
    old.mkdir()
    assert run(old, "-m", "zhiyue", "migrate", "-v0", database=full).returncode == 0
    seeded = run(old, "-c", SEED, database=full)
    assert seeded.returncode == 0, seeded.stderr
    before = contents(old, full)
    made = run(old, "-m", "zhiyue", "backup", "--to", str(file), database=full)
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["one.tar.gz"]

    where = {"database": empty} if empty else {}
    restored = run(new, "-m", "zhiyue", "restore", str(file), **where)
    assert restored.returncode == 0, restored.stderr
    after = contents(new, empty)
    assert after == before
    assert before[0]["accounts_user"][0] == 1
    # Three of them, a sealed day, and the mark of the lake.
    assert len(before[1]) == 5
    # Numbers go on after those that were restored, and what is refused stays refused.
    again = run(
        new,
        "-c",
        SEED.replace("owner@", "other@").replace('make_course("intuition"', 'make_course("second"'),
        **where,
    )
    assert again.returncode == 0, again.stderr

    twice = run(new, "-m", "zhiyue", "restore", str(file), **where)
    assert twice.returncode == 1
    assert "isn't empty" in twice.stderr
    replaced = run(new, "-m", "zhiyue", "restore", str(file), "--replace", **where)
    assert replaced.returncode == 0, replaced.stderr
    assert contents(new, empty) == before
    checked = run(new, "-m", "zhiyue", "lake", "verify", **where)
    assert (checked.returncode, "1 days sealed, 1 events" in checked.stdout) == (0, True), checked.stderr


def rewritten(source, target, change):
    """The same archive with one file changed."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for entry in old:
            name, content = change(entry.name, old.extractfile(entry).read())
            if name:
                entry.name, entry.size = name, len(content)
                new.addfile(entry, io.BytesIO(content))


def of_another_format(name, content):
    return name, json.dumps(
        json.loads(content) | {"format": 9}
    ).encode() if name == "manifest.json" else content


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda n, c: (n, c + b"x" if n == "media/a.png" else c), "media/a.png"),
        (lambda n, c: ("" if n == "media/a.png" else n, c), "media/a.png"),
        (lambda n, c: ("" if n == "manifest.json" else n, c), "no manifest"),
        (lambda n, c: ("../../outside" if n == "media/a.png" else n, c), "doesn't belong"),
        (of_another_format, "format 9"),
    ],
    ids=["changed", "missing", "without manifest", "reaching out", "another format"],
)
def test_a_damaged_backup_is_refused_and_nothing_is_touched(change, told, academy, tmp_path, settings):
    good = backup.make(to=tmp_path / "good.tar.gz")
    bad = tmp_path / "bad.tar.gz"
    rewritten(good, bad, change)
    settings.ZHIYUE_DATA_DIR = tmp_path / "elsewhere"
    with pytest.raises(BackupFailed, match=told):
        backup.restore(file=bad, replace=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path / "outside").exists()
    assert connection.introspection.table_names()


@pytest.mark.parametrize("places", ["postgresql"], indirect=True)
def test_a_backup_whose_rows_cannot_be_put_back_leaves_all_that_was_there(places, tmp_path):
    """Its checksums are right, so that only PostgreSQL finds out: a row that is none, one that is missing, and one that
    points at nothing."""
    full, _ = places
    folder, good, bad = tmp_path / "old", tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz"
    folder.mkdir()
    assert run(folder, "-m", "zhiyue", "migrate", "-v0", database=full).returncode == 0
    assert run(folder, "-c", SEED, database=full).returncode == 0
    assert run(folder, "-m", "zhiyue", "backup", "--to", str(good), database=full).returncode == 0
    later = SEED.replace("owner@", "other@").replace('make_course("intuition"', 'make_course("second"')
    assert run(folder, "-c", later, database=full).returncode == 0
    before = contents(folder, full)
    assert before[0]["accounts_user"][0] == 2
    for table, spoil, told in (
        ("catalogue_lesson", lambda rows: rows + b"nonsense\n", "nonsense"),
        ("catalogue_lesson", lambda rows: rows[rows.index(b"\n") + 1 :], "the rows it should"),
        ("catalogue_topic", lambda rows: re.sub(rb"^\d+", b"4711", rows), "foreign key"),
    ):
        rewritten(good, bad, with_rows(good, f"database/{table}.copy", spoil))
        answer = run(folder, "-m", "zhiyue", "restore", str(bad), "--replace", database=full)
        assert answer.returncode == 1 and told in answer.stderr, answer.stderr
        assert contents(folder, full) == before
        bad.unlink()
    assert run(folder, "-m", "zhiyue", "restore", str(good), "--replace", database=full).returncode == 0
    assert contents(folder, full)[0]["accounts_user"][0] == 1


def with_rows(source, name, spoil):
    """A change for `rewritten` that spoils a table and tells the manifest so."""
    with tarfile.open(source) as archived:
        spoilt = spoil(archived.extractfile(name).read())

    def change(entry, content):
        if entry == name:
            return entry, spoilt
        if entry == "manifest.json":
            told = json.loads(content)
            told["files"][name] = hashlib.sha256(spoilt).hexdigest()
            return entry, json.dumps(told).encode()
        return entry, content

    return change


@pytest.mark.parametrize("bytes_left", [0, 1, 0.5])
def test_a_backup_that_was_cut_off_is_refused(bytes_left, academy, tmp_path):
    good = backup.make(to=tmp_path / "good.tar.gz")
    whole = good.read_bytes()
    short = tmp_path / "short.tar.gz"
    short.write_bytes(whole[: int(len(whole) * bytes_left)] if bytes_left < 1 else b"no archive")
    with pytest.raises(BackupFailed):
        archive.verify(short)


def test_a_bit_that_flipped_is_found(academy, tmp_path):
    good = backup.make(to=tmp_path / "good.tar.gz")
    content = bytearray(gzip.decompress(good.read_bytes()))
    content[content.index(b"picturepicture")] ^= 1
    (tmp_path / "bad.tar.gz").write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(BackupFailed, match="damaged"):
        archive.verify(tmp_path / "bad.tar.gz")


def test_a_full_disk_leaves_nothing_behind(academy, tmp_path):
    folder = tmp_path / "small"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(BackupFailed, match="couldn't be written"):
            backup.make(to=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []


def test_a_backup_is_recorded(academy, tmp_path):
    made = backup.make(to=tmp_path)
    proof = Proof.objects.get()
    assert (proof.kind, proof.worked, proof.detail) == ("backup", True, made.name)


@pytest.mark.parametrize("is_made", [False, True], ids=["no file", "no tables"])
def test_where_there_is_no_academy_backup_and_doctor_say_so_and_write_nothing(is_made, tmp_path):
    folder = tmp_path / "var"
    folder.mkdir()
    if is_made:
        sqlite3.connect(folder / "zhiyue.sqlite3").close()
    before = sorted(folder.iterdir())
    for words in (["backup", "--to", str(tmp_path / "safe")], ["doctor"], ["doctor", "--json"]):
        answer = run(folder, "-m", "zhiyue", *words)
        assert answer.returncode == 1
        assert "There is no academy here" in answer.stdout + answer.stderr
        assert "zhiyue init" in answer.stdout + answer.stderr
        assert "Traceback" not in answer.stderr
    assert (sorted(folder.iterdir()), (tmp_path / "safe").exists()) == (before, False)


def test_the_doctor_leaves_out_what_needs_tables_that_are_missing(tmp_path):
    folder = tmp_path / "var"
    assert run(folder, "-m", "zhiyue", "migrate", "academy", "-v0").returncode == 0
    told = run(folder, "-m", "zhiyue", "doctor", "--json")
    assert (told.returncode, "Traceback" in told.stderr) == (1, False)
    states = {one["key"]: one["state"] for one in json.loads(told.stdout)}
    assert (states["database"], states["migrations"], states["integrity"]) == ("good", "bad", "good")
    assert "queue" not in states


def test_a_name_that_is_taken_is_refused(academy, tmp_path):
    made = backup.make(to=tmp_path / "one.tar.gz")
    before = made.read_bytes()
    with pytest.raises(BackupFailed, match="already there"):
        backup.make(to=made)
    assert made.read_bytes() == before


def test_the_settings_go_along_without_what_opens_something(academy, tmp_path, monkeypatch):
    env = tmp_path / "zhiyue.env"
    env.write_text(
        "# mine\nZHIYUE_SECRET_KEY=hidden-1\nZHIYUE_DATABASE_URL=postgresql://z:hidden-2@db/z\nZHIYUE_TIME_ZONE=Asia/Shanghai\n"
    )
    monkeypatch.setenv("ZHIYUE_ENV_FILE", str(env))
    for with_secrets in (False, True):
        made = backup.make(to=tmp_path / f"{with_secrets}.tar.gz", with_secrets=with_secrets)
        with tarfile.open(made) as tar:
            text = tar.extractfile("zhiyue.env").read().decode()
        assert ("hidden" in text) is with_secrets
        assert "ZHIYUE_TIME_ZONE=Asia/Shanghai" in text


def test_only_our_oldest_backups_are_thinned_out(tmp_path):
    for name in (
        "zhiyue-20260101-032000.tar.gz",
        "zhiyue-20260102-032000.tar.gz",
        "zhiyue-20260103-032000.tar.gz",
        "holiday.tar.gz",
    ):
        (tmp_path / name).touch()
    assert [path.name for path in backup.thin_out(folder=tmp_path, keep=2)] == [
        "zhiyue-20260101-032000.tar.gz"
    ]
    assert sorted(path.name for path in tmp_path.iterdir())[0] == "holiday.tar.gz"
    assert backup.thin_out(folder=tmp_path, keep=0) == []


def test_a_backup_of_another_database_or_a_newer_version_is_refused(academy, tmp_path):
    good = backup.make(to=tmp_path / "good.tar.gz")
    for key, value, told in (
        ("vendor", "postgresql", "postgresql"),
        ("migrations", [["catalogue", "9999_later"]], "9999_later"),
    ):
        bad = tmp_path / f"{key}.tar.gz"

        def other(name, content, key=key, value=value):
            return name, json.dumps(
                json.loads(content) | {key: value}
            ).encode() if name == "manifest.json" else content

        rewritten(good, bad, other)
        with pytest.raises(BackupFailed, match=told):
            backup.restore(file=bad, replace=True)
    assert connection.introspection.table_names()
