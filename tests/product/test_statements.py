"""The event log goes out as statements, and comes into another academy as it was."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_course, make_member, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.services import record
from zhiyue.core.consent.purposes import Purpose

pytestmark = pytest.mark.django_db

BASE = "https://academy.example"


def export(path, *words):
    out = StringIO()
    call_command("export", "events", str(path), "--base", BASE, *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_may_be_analysed_goes_out_under_pseudonyms(tmp_path, learner, visitor):
    course = make_course("intuition")
    only_personal = make_member("p@test.example", granted=Purpose.PERSONALISATION)
    for actor in (Actor(member_id=learner.pk), Actor(visitor=visitor), Actor(member_id=only_personal.pk)):
        record("course.viewed", actor=actor, course_id=course.pk)
    file = tmp_path / "out.jsonl"
    assert export(file) == f"{file}: 2 statements.\n"
    names = [one["actor"]["account"]["name"] for one in read(file)]
    assert len(set(names)) == 2
    assert not any(str(visitor) in line or learner.email in line for line in file.read_text().splitlines())
    export(file)
    assert [one["actor"]["account"]["name"] for one in read(file)] == names


def test_an_academy_reads_what_another_wrote(tmp_path, learner):
    course = make_course("intuition")
    lesson = course.lessons.get(slug="one")
    actor = Actor(member_id=learner.pk)
    record("course.viewed", actor=actor, course_id=course.pk)
    record("lesson.finished", actor=actor, course_id=course.pk, lesson_id=lesson.pk)
    columns = ("event_id", "name", "member_id", "course_id", "lesson_id", "properties", "occurred_at", "day")
    before = list(Event.objects.order_by("name").values_list(*columns))
    file = tmp_path / "out.jsonl"
    export(file, "--named")
    Event.objects.all().delete()
    call_command("import", "events", str(file), stdout=StringIO(), stderr=StringIO())
    assert list(Event.objects.order_by("name").values_list(*columns)) == before


def test_only_the_days_asked_for_go_out(tmp_path):
    record("course.viewed", actor=Actor(visitor=make_visitor()), course_id=7)
    file = tmp_path / "out.jsonl"
    assert export(file, "--until", "2020-01-01") == f"{file}: 0 statements.\n"
    assert export(file, "--since", "2020-01-01") == f"{file}: 1 statements.\n"


def test_bad_words_are_refused(tmp_path):
    with pytest.raises(CommandError, match="can't be written"):
        export(tmp_path / "none" / "out.jsonl")
    with pytest.raises(CommandError, match="is an address"):
        call_command("export", "events", str(tmp_path / "x"), "--base", "academy", stderr=StringIO())
