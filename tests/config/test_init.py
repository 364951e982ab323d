"""`zhiyue init` makes a real academy once, and changes nothing where there is one."""

import gzip
import json
import os
import sqlite3
from contextlib import closing

import pytest

from tests.config.test_backup import run
from zhiyue.config.environment import read_env_file

WORDS = ["--noinput", "--name", "青禾学院", "--owner-email", "Zhou@Academy.example", "--accent", "indigo"]


def init(folder, *words, **variables):
    return run(folder, "-m", "zhiyue", "init", *words, **variables)


def rows(folder, query):
    with closing(sqlite3.connect(folder / "zhiyue.sqlite3")) as reader:
        return reader.execute(query).fetchall()


def test_init_makes_an_academy_and_a_second_run_changes_nothing(tmp_path):
    folder, env = tmp_path / "var", tmp_path / "zhiyue.env"
    made = init(folder, *WORDS)
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.strip().splitlines()) == 5
    assert env.stat().st_mode & 0o777 == 0o600
    settings = dict(line.split("=", 1) for line in env.read_text().splitlines() if not line.startswith("#"))
    assert len(settings["ZHIYUE_SECRET_KEY"]) >= 50
    assert settings["ZHIYUE_TIME_ZONE"] == "Asia/Shanghai"
    [(name, accent, set_up_at)] = rows(folder, "SELECT name, accent, set_up_at FROM academy_academy")
    assert (name, accent, set_up_at is not None) == ("青禾学院", "indigo", True)
    assert rows(folder, "SELECT email FROM accounts_user") == [("zhou@academy.example",)]
    assert rows(folder, "SELECT role FROM accounts_rolegrant") == [("owner",)]
    assert rows(
        folder, "SELECT by_name, subject_name FROM audit_auditentry WHERE act = 'member.role_granted'"
    ) == [("console", "Zhou")]
    assert rows(folder, "SELECT kind FROM academy_agreement ORDER BY kind") == [
        ("creator",),
        ("privacy",),
        ("refund",),
        ("terms",),
    ]
    bodies = rows(folder, "SELECT body FROM academy_agreement")
    assert all("这是一份模板" in body for (body,) in bodies)

    before = env.read_bytes(), rows(folder, "SELECT * FROM accounts_user")
    again = init(folder, *WORDS)
    assert again.returncode == 1
    assert again.stderr.strip() == (
        "CommandError: An academy is set up here already. Nothing was changed. Go on with: zhiyue serve"
    )
    assert (env.read_bytes(), rows(folder, "SELECT * FROM accounts_user")) == before

    told = run(folder, "-m", "zhiyue", "doctor", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    states = {one["key"]: one["state"] for one in json.loads(told.stdout)}
    assert states["database"] == states["migrations"] == states["integrity"] == "good"
    assert states["backup"] == "warn"


def test_init_that_was_broken_off_can_be_run_again(tmp_path):
    folder = tmp_path / "var"
    (tmp_path / "logo.png").write_bytes(b"no picture")
    broken = init(folder, *WORDS, "--logo", str(tmp_path / "logo.png"))
    assert broken.returncode == 1
    assert "isn't a picture" in broken.stderr or "图片" in broken.stderr
    env = (tmp_path / "zhiyue.env").read_bytes()
    assert rows(folder, "SELECT * FROM accounts_user") == []
    assert init(folder, *WORDS).returncode == 0
    assert (tmp_path / "zhiyue.env").read_bytes() == env
    assert len(rows(folder, "SELECT * FROM accounts_user")) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--noinput"], "Name of the academy is missing"),
        ([*WORDS[:2], "青" * 41, *WORDS[3:]], "Name of the academy is too long: one line, 40 characters"),
        ([*WORDS, "--owner-name", "周" * 41], "Name of the owner is too long: one line, 40 characters"),
        ([*WORDS, "--owner-email", f"{'z' * 250}@a.cn"], "E-mail address of the owner is too long"),
        ([*WORDS, "--zone", "Mars"], "not “Mars”"),
        ([*WORDS, "--domain", "https://x"], "not “https://x”"),
        ([*WORDS, "--domain", "evil.com;rm"], "not “evil.com;rm”"),
        ([*WORDS, "--domain", "*.com"], "not “*.com”"),
        ([*WORDS, "--domain", ".com"], "not “.com”"),
        ([*WORDS, "--domain", "a..com"], "not “a..com”"),
        ([*WORDS, "--domain=-a.com"], "not “-a.com”"),
        ([*WORDS, "--domain", "10.0.0.1"], "not “10.0.0.1”"),
        ([*WORDS, "--domain", "a.com\nZHIYUE_DEBUG=true"], "not “a.com"),
        ([*WORDS, "--name", "青禾\rZHIYUE_DEBUG=true"], "can't be shown"),
        ([*WORDS, "--name", "青禾\u2028ZHIYUE_DEBUG=true"], "can't be shown"),
        ([*WORDS, "--owner-name", "周\x1b[31m全"], "can't be shown"),
        ([*WORDS, "--logo", "/nowhere.png"], "can't be read"),
        ([*WORDS[:4], "nonsense"], ""),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_before_anything_is_written(words, told, tmp_path):
    answer = init(tmp_path / "var", *words)
    assert answer.returncode == 1
    assert told in answer.stderr
    assert not (tmp_path / "zhiyue.env").exists()
    assert not (tmp_path / "var" / "zhiyue.sqlite3").exists()


def test_the_demos_database_is_refused(tmp_path):
    folder = tmp_path / "var"
    assert run(folder, "-m", "zhiyue", "migrate", "-v0").returncode == 0
    script = "import django; django.setup(); from tests.factories import make_member as make; make('{}')"
    assert run(folder, "-c", script.format("operator@example.com")).returncode == 0
    answer = init(folder, *WORDS)
    assert answer.returncode == 1
    assert "The database here is the demo's" in answer.stderr
    assert not (tmp_path / "zhiyue.env").exists()
    assert rows(folder, "SELECT * FROM academy_academy") == []


def test_a_public_academy_is_production_behind_https(tmp_path):
    made = init(tmp_path / "var", *WORDS, "--domain", "academy.example")
    assert made.returncode == 0, made.stderr
    env = (tmp_path / "zhiyue.env").read_text()
    for line in (
        "ZHIYUE_ENVIRONMENT=production",
        "ZHIYUE_ALLOWED_HOSTS=academy.example,127.0.0.1",
        "ZHIYUE_TRUSTED_ORIGINS=https://academy.example",
    ):
        assert line in env.splitlines()
    assert (tmp_path / "var" / "static" / "built" / "manifest.json").exists()
    sprite = tmp_path / "var" / "static" / "shell" / "icons.svg"
    assert gzip.decompress(sprite.with_suffix(".svg.gz").read_bytes()) == sprite.read_bytes()
    assert sprite.with_suffix(".svg.br").exists()


def test_the_settings_file_is_read_and_the_real_environment_wins(tmp_path):
    (tmp_path / "zhiyue.env").write_text("# mine\n\nZHIYUE_SITE_NAME='青禾'\nZHIYUE_TIME_ZONE=Mars\n")
    show = "from django.conf import settings as s; print(s.ZHIYUE_SITE_NAME, s.ZHIYUE_TIME_ZONE)"
    answer = run(tmp_path / "var", "-c", show, cwd=tmp_path, ZHIYUE_TIME_ZONE="Asia/Tokyo")
    assert answer.stdout.strip() == "青禾 Asia/Tokyo", answer.stderr


@pytest.mark.parametrize("sign", ["\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"])
def test_only_a_line_break_ends_a_line_of_the_settings_file(sign, tmp_path, monkeypatch):
    file = tmp_path / "zhiyue.env"
    file.write_text(
        f"ZHIYUE_SITE_NAME=青禾{sign}ZHIYUE_PLANTED=yes\r\nZHIYUE_MAIL_FROM=a@b.example\n", newline=""
    )
    monkeypatch.setenv("ZHIYUE_ENV_FILE", str(file))
    for name in ("ZHIYUE_SITE_NAME", "ZHIYUE_MAIL_FROM", "ZHIYUE_PLANTED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    read_env_file()
    assert os.environ["ZHIYUE_SITE_NAME"] == f"青禾{sign}ZHIYUE_PLANTED=yes"
    assert os.environ["ZHIYUE_MAIL_FROM"] == "a@b.example"
    assert "ZHIYUE_PLANTED" not in os.environ


def test_a_line_of_the_settings_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "mine.env").write_text("ZHIYUE_SITE_NAME=青禾\nwhat is this\n")
    answer = run(
        tmp_path / "var", "-m", "zhiyue", "check", cwd=tmp_path, ZHIYUE_ENV_FILE=str(tmp_path / "mine.env")
    )
    assert answer.returncode == 1
    assert answer.stderr.strip() == f"zhiyue: {tmp_path / 'mine.env'}, line 2, must be NAME=value."
