"""The audit log as staff read it."""

import ast
import csv
import io
import re
from dataclasses import fields
from html import unescape
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

import zhiyue
from tests.factories import make_member
from zhiyue.core.academy.services import Looks
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.experience.desk.audit_values import Names, value_words
from zhiyue.experience.desk.audit_words import field_words
from zhiyue.experience.desk.entries import act_words, changes
from zhiyue.product.catalogue.services import CourseFacts, LessonFacts
from zhiyue.product.catalogue.services.shelving import TeacherFacts, TopicFacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(operator, owner, learner):
    note(
        by=operator, act="member.banned", subject=("member", learner.pk, "小林"),
        before={"banned": False}, after={"banned": True, "sessions_ended": 2}, why="刷屏 <b>",
    )  # fmt: skip
    note(
        by=owner,
        act="thing.melted",
        subject=("thing", 7, "=雪人"),
        before={"heat": [1, 2]},
        after={"heat": [3]},
    )
    note(by=None, act="staff.invited", subject=("invitation", 3, "agent"), after={"role": "agent"})


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_days_at_the_ends_of_the_calendar_narrow_nothing(read, desk, entries, name, day):
    page = read("/desk/audit/", **{name: day})
    assert "Choose a day of the years 2000 to 2100." in page and "3 entries" in page
    assert desk.post("/desk/audit/export/", {"asked": f"{name}={day}"}).status_code < 400


def test_each_entry_says_who_what_changed_and_why(desk, read, entries, learner, operator):
    page = read("/desk/audit/")
    assert "3 entries" in page
    assert f'<a class="entry-who" href="/desk/members/{operator.pk}/">苏运</a> banned' in page
    assert f'<a class="link" href="/desk/members/{learner.pk}/">小林</a>' in page
    assert "<dt>Banned</dt><dd><del>no</del>" in page and "<ins>yes</ins>" in page
    assert "<dt>Sessions ended</dt>" in page
    assert "The console</span> invited to the staff" in page and "Support agent" in page
    # An act nobody gave words keeps its code.
    assert "thing.melted" in page and "<dt>heat</dt><dd><del>1, 2</del>" in page
    assert "刷屏 &lt;b&gt;" in desk.get("/desk/audit/").content.decode()


@pytest.mark.parametrize(
    ("asked", "acts"),
    [
        ({"act": "member.banned"}, {"member.banned"}),
        ({"who": "console"}, {"staff.invited"}),
        ({"subject": "雪"}, {"thing.melted"}),
        ({"kind": "thing", "id": "7"}, {"thing.melted"}),
        ({"since": "2000-01-01", "until": "2000-01-02"}, set()),
        ({"since": "x"}, {"member.banned", "thing.melted", "staff.invited"}),
        ({"who": "999"}, {"member.banned", "thing.melted", "staff.invited"}),
    ],
)
def test_entries_are_found_by_each_mark(read, entries, asked, acts):
    page = read("/desk/audit/", **asked)
    assert set(re.findall(r"<code>([\w.]+)</code>", page)) == acts
    assert ("No entry fits" in page) is (not acts)


def test_long_values_do_not_fill_the_page_but_stand_whole_in_the_table(desk, read, operator):
    text = "章" * 400
    note(by=operator, act="course.changed", subject=("course", 1, "课"), after={"summary": text})
    note(by=operator, act="lesson.changed", subject=("lesson", 1, "讲"), after={"body": "甲" * 1234})
    page = read("/desk/audit/")
    assert f"<ins>{'章' * 300}…</ins>" in page
    assert f"<ins>1234 characters; from character 1 on: {'甲' * 200}…</ins>" in page
    table = b"".join(desk.post("/desk/audit/export/", {"asked": ""}).streaming_content).decode()
    assert text in table and "甲" * 201 not in table


def test_today_holds_what_was_done_today(read, entries):
    today = clock.business_day().isoformat()
    assert "3 entries" in read("/desk/audit/", since=today, until=today)


def test_an_empty_log_says_what_will_stand_here(read):
    assert "Nothing noted yet" in read("/desk/audit/")


def test_reading_notes_nothing_and_exporting_notes_how_much(desk, entries):
    desk.get("/desk/audit/")
    assert AuditEntry.objects.count() == 3
    answer = desk.post("/desk/audit/export/", {"asked": "subject=雪"})
    content = b"".join(answer.streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(content[1:]))
    assert (row["Act"], row["What about"], row["Before"]) == ("thing.melted", "'=雪人", '{"heat": [1, 2]}')
    noted = AuditEntry.objects.order_by("-pk").first()
    assert (noted.act, noted.after) == ("audit.exported", {"entries": 1})


@pytest.mark.parametrize("role", ["stranger", "creator", "agent"])
def test_others_neither_read_nor_export(request, signed_in, entries, role):
    client = signed_in(request.getfixturevalue(role))
    assert client.get("/desk/audit/").status_code == 403
    assert client.post("/desk/audit/export/").status_code == 403
    assert AuditEntry.objects.count() == 3


def test_more_entries_do_not_mean_more_queries(desk, entries, operator):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert desk.get("/desk/audit/").status_code == 200
        return len(asked)

    few = queries()
    for n in range(70):
        note(by=operator, act="member.tagged", subject=("member", n, f"成员{n}"), after={"tag": "x"})
    assert queries() == few <= 12
    assert "?page=2" in unescape(desk.get("/desk/audit/").content.decode())


def test_accounts_are_named_in_one_query(desk, operator, creator):
    def page():
        with CaptureQueriesContext(connection) as asked:
            shown = desk.get("/desk/audit/").content.decode()
        return len(asked), shown

    def give(number, user):
        note(by=operator, act="teacher.changed", subject=("teacher", number, "何牧"), after={"user": user.pk})

    give(0, creator)
    few, _ = page()
    people = [make_member(f"person-{number}@test.example", f"人物{number}") for number in range(11)]
    for number, person in enumerate(people, start=1):
        give(number, person)
    many, shown = page()
    assert many == few
    assert all(f"<ins>{person.display_name}</ins>" in shown for person in [creator, *people])


def test_what_did_not_change_is_left_out():
    assert changes({"a": 1, "b": 2, "course_id": 1}, {"a": 1, "b": 3, "course_id": 2}) == changes(
        {"b": 2}, {"b": 3}
    )
    assert changes(None, None) == ()


def _calls():
    """Every call in the product's code that may note something."""
    for path in Path(zhiyue.__file__).parent.rglob("*.py"):
        yield from (one for one in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(one, ast.Call))


def _acts_noted_in_code():
    strings = {
        node.value
        for call in _calls()
        if getattr(call.func, "id", "") in {"note", "_note", "_note_roles", "_changed", "_put", "_save"}
        for argument in [*call.args, *(word.value for word in call.keywords if word.arg == "act")]
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in strings if re.fullmatch(r"[a-z]+\.[a-z_]+", text)}


def _fields_noted_in_code():
    """The keys of what is handed over as before and after, and the fields of the records that are noted whole."""
    written = {
        key.value
        for call in _calls()
        for word in call.keywords
        if word.arg in {"before", "after"} and isinstance(word.value, ast.Dict)
        for key in word.value.keys
        if isinstance(key, ast.Constant)
    }
    records = (CourseFacts, LessonFacts, TeacherFacts, TopicFacts, Looks)
    return written | {one.name for record in records for one in fields(record)}


def test_every_act_that_is_noted_has_its_words():
    noted = _acts_noted_in_code()
    assert {
        "member.banned",
        "synonyms.changed",
        "chapter.moved",
        "course.scheduled",
        "course.granted",
    } <= noted
    assert {act for act in noted if str(act_words(act)) == act} == set()


def test_every_field_that_is_noted_has_its_words():
    noted = _fields_noted_in_code()
    assert {"banned", "share", "worked", "seo_title", "is_free", "police_number", "words"} <= noted
    assert {name for name in noted if field_words(name) == name} - {"course_id"} == set()


@pytest.mark.parametrize(
    ("about", "field", "value", "words"),
    [
        ("agreement", "kind", "creator", "Creator agreement"),
        ("lesson", "kind", "video", "Video"),
        ("agreement", "in_force_from", "2026-11-25T21:32:40.816417+00:00", "26 November 2026 05:32"),
        ("course", "published_at", "soon", "soon"),
        ("course", "published_at", None, None),
        ("course", "price_fen", 19900, "¥199"),
        ("course", "list_price_fen", None, None),
        ("course", "status", "withdrawn", "Withdrawn"),
        ("course", "level", "advanced", "Advanced"),
        ("course", "form", "column", "Column"),
        ("course", "language", "zh-hans", "Chinese"),
        ("course", "price_decided", False, "no"),
        ("course", "tags", ["a", "b"], "a, b"),
        ("course", "tags", [], None),
        ("course", "picture", "pictures/0123456789abcdef.jpg", "picture 01234567"),
        ("academy", "logo", "logo-0123456789.png", "picture 01234567"),
        ("academy", "accent", "ink", "Ink"),
        ("member", "roles", ["agent", "owner"], "Support agent, Owner"),
        ("member", "role", "retired", "retired"),
        ("member", "factors", ["totp", "webauthn"], "Authenticator app, Passkey"),
        ("members", "columns", ["name", "seen"], "Name, Last seen"),
        ("course", "by", -1, "up"),
        ("likeness", "share", 0.734, "73%"),
        ("course", "topic", "nowhere", "nowhere"),
    ],
)
def test_values_are_said_in_words(about, field, value, words):
    with translation.override("en"):
        assert value_words(field, value, Names(), about) == words


def test_what_entries_call_by_address_or_number_is_named(learner, course):
    names = Names([AuditEntry(before={"user": 10**9}, after={"user": learner.pk}), AuditEntry()])
    assert value_words("topic", course.topic.slug, names) == course.topic.name
    assert value_words("teacher", course.teacher.slug, names) == course.teacher.name
    assert value_words("prerequisites", [course.slug], names) == course.title
    assert value_words("edition_of", course.slug, names) == course.title
    assert value_words("user", learner.pk, names) == learner.display_name
    assert value_words("user", 10**9, names) == str(10**9)


def test_a_picture_is_a_cover_of_a_course_only():
    with translation.override("en"):
        said = [str(field_words("picture", about)) for about in ("course", "teacher", "lesson")]
    assert said == ["Cover", "Picture", "Picture"]


def test_numbers_of_rows_stay_unsaid():
    old = {"courses": [1, 2], "share": 0.5}
    assert [str(one.field) for one in changes(old, None, "likeness")] == [str(field_words("share"))]
