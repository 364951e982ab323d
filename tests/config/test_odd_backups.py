"""Backups that somebody made odd: each is refused with what is wrong, and nothing is touched."""

import io
import json
import shutil
import tarfile

import pytest
from django.db import connection

from tests.config.test_backup import rewritten
from zhiyue.config import archive, backup
from zhiyue.config.archive import BackupFailed


def of_this_manifest(text):
    return lambda name, content: (name, text(content) if name == "manifest.json" else content)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (lambda _: b"[]", "holds no names"),
        (lambda _: b'"x"', "holds no names"),
        (lambda _: b"null", "no manifest"),
        (lambda _: b"5", "holds no names"),
        (lambda _: b"{}", "missing"),
        (lambda _: b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
        (lambda _: b"\xff", "damaged"),
        *[
            (lambda content, changed=changed: json.dumps(json.loads(content) | changed).encode(), told)
            for changed, told in (
                ({"files": None}, "files isn't"),
                ({"files": {"media/a.png": 1}}, "files isn't"),
                ({"migrations": 5}, "migrations isn't"),
                ({"migrations": [["a"]]}, "migrations isn't"),
                ({"migrations": [[1, 2]]}, "migrations isn't"),
                ({"rows": {"a": "many"}}, "rows isn't"),
                ({"rows": []}, "rows isn't"),
                ({"columns": {"a": None}}, "columns isn't"),
                ({"columns": {"a": []}, "rows": {}}, "no number of rows"),
                ({"columns": {"a": []}, "rows": {"a": 0}}, "holds no database/a.copy"),
                ({"vendor": None}, "vendor isn't"),
                ({"version": [1]}, "version isn't"),
                ({"format": [[]]}, "format"),
                ({"more": 1}, "unexpected keyword"),
            )
        ],
    ],
)
def test_a_manifest_that_is_no_manifest_is_refused_and_nothing_is_touched(
    text, told, academy, tmp_path, settings
):
    good = backup.make(to=tmp_path / "good.tar.gz")
    bad = tmp_path / "bad.tar.gz"
    rewritten(good, bad, of_this_manifest(text))
    settings.ZHIYUE_DATA_DIR = tmp_path / "elsewhere"
    with pytest.raises(BackupFailed, match=told):
        backup.restore(file=bad, replace=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert connection.introspection.table_names()


def test_what_unpacks_to_more_than_the_disk_holds_is_refused_before_it_is_written(
    academy, tmp_path, settings, monkeypatch
):
    bomb = tmp_path / "bomb.tar.gz"
    with tarfile.open(bomb, "w:gz", compresslevel=9) as tar:
        for number in range(3):
            entry = tarfile.TarInfo(f"media/{number}.png")
            entry.size = 20_000_000
            tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    assert bomb.stat().st_size < 100_000
    settings.ZHIYUE_DATA_DIR = tmp_path / "elsewhere"
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(archive, "SPARED_BYTES", free - 50_000_000)
    with pytest.raises(BackupFailed, match="more than the disk"):
        backup.restore(file=bomb, replace=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
