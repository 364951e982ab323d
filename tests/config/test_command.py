"""The console command: what it says is English, whatever the academy speaks."""

import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import BaseCommand
from django.utils import translation

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.services import record
from zhiyue.config import command
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def run(monkeypatch, *words):
    out, err = StringIO(), StringIO()
    with monkeypatch.context() as patched, translation.override("zh-hans"):
        patched.setattr(sys, "argv", ["zhiyue", *words])
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        try:
            command.main()
        except SystemExit:
            return err.getvalue()
    return out.getvalue()


def test_open_days_of_the_lake_are_told_in_english(monkeypatch, visitor):
    yesterday = clock.now() - timedelta(days=1)
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7, occurred_at=yesterday)
    day = Event.objects.get().day
    said = run(monkeypatch, "lake", "status")
    assert f"{day}  " in said
    assert said.isascii() or not any("\u4e00" <= letter <= "\u9fff" for letter in said)


def test_what_is_refused_is_told_in_english(monkeypatch):
    assert run(monkeypatch, "import", "undo", "99") == "CommandError: There is no such import.\n"


@pytest.mark.parametrize(
    ("name", "language"), [("lake", "en"), ("worker", "zh-hans"), ("migrate", "zh-hans")]
)
def test_only_commands_that_work_for_nobody_else_speak_english(name, language):
    with translation.override("zh-hans"):
        found = command._Commands(["zhiyue", name]).fetch_command(name)
        assert isinstance(found, BaseCommand)
        assert translation.get_language() == language
