"""The audit log keeps what it was told and lets nobody change it."""

from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction

from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.audit.services import note


@pytest.fixture
def entry(operator, learner):
    return note(
        by=operator,
        act="member.banned",
        subject=("member", learner.pk, learner.display_name),
        before={"is_active": True},
        after={"is_active": False},
        why="spam",
    )


def test_an_entry_says_who_what_before_after_and_why(entry, operator, learner):
    kept = AuditEntry.objects.get()
    assert (kept.by_id, kept.by_name, kept.act) == (operator.pk, "苏运", "member.banned")
    assert (kept.subject_kind, kept.subject_id, kept.subject_name) == ("member", str(learner.pk), "小林")
    assert (kept.before, kept.after, kept.why) == ({"is_active": True}, {"is_active": False}, "spam")


def test_the_database_refuses_to_change_an_entry(entry):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(why="nothing")
    assert AuditEntry.objects.get().why == "spam"


def test_the_database_refuses_to_remove_an_entry(entry):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.count() == 1


def test_nobody_puts_another_entry_in_the_place_of_one(entry):
    kept = AuditEntry.objects.values().get()
    columns = ", ".join(column.column for column in AuditEntry._meta.concrete_fields)
    values = columns.replace("why", "'nothing'")
    replacing = {
        "sqlite": f"INSERT OR REPLACE INTO audit_auditentry ({columns}) SELECT {values} FROM audit_auditentry",
        "postgresql": f"INSERT INTO audit_auditentry ({columns}) SELECT {values} FROM audit_auditentry "
        "ON CONFLICT (id) DO UPDATE SET why = EXCLUDED.why",
    }
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(replacing[connection.vendor])
    assert AuditEntry.objects.values().get() == kept


def test_nobody_empties_the_whole_log_at_once(entry):
    emptying = (
        "TRUNCATE audit_auditentry" if connection.vendor == "postgresql" else "DELETE FROM audit_auditentry"
    )
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(emptying)
    assert AuditEntry.objects.count() == 1


def test_an_entry_outlives_the_account_that_made_it(entry, operator):
    operator.delete()
    assert AuditEntry.objects.get().by_name == "苏运"


def test_of_a_long_text_its_length_its_digest_and_what_changed_is_kept(operator):
    was, became = "甲" * 600 + "\n旧句。\n" + "乙" * 600, "甲" * 600 + "\n新的一句。\n" + "乙" * 600
    lesson = ("lesson", 1, "讲")
    note(by=operator, act="lesson.changed", subject=lesson, before={"body": was}, after={"body": became})
    kept = AuditEntry.objects.get()
    assert kept.before["body"] == {
        "characters": len(was),
        "sha256": sha256(was.encode()).hexdigest(),
        "from": 602,
        "reads": "旧",
    }
    assert (kept.after["body"]["from"], kept.after["body"]["reads"]) == (602, "新的一")


def test_a_long_text_that_came_or_went_is_kept_by_its_beginning(operator):
    course = ("course", 1, "课")
    note(
        by=operator,
        act="course.changed",
        subject=course,
        before={"bio": "", "n": 1},
        after={"bio": "长" * 501},
    )
    note(by=operator, act="course.removed", subject=course, before={"bio": "长" * 501})
    came, went = AuditEntry.objects.order_by("pk")
    assert (came.before["bio"]["characters"], came.before["n"], came.after["bio"]["reads"]) == (
        0,
        1,
        "长" * 200 + "…",
    )
    assert went.after is None and went.before["bio"]["characters"] == 501


def test_the_only_copy_of_a_long_text_is_kept_whole(operator):
    was = {"body": "长" * 5_000}
    note(by=operator, act="lesson.removed", subject=("course", 1, "课"), before=was, whole=True)
    assert AuditEntry.objects.get().before == was


def test_a_short_text_is_kept_whole_as_it_was_given(operator):
    given = {"summary": "字" * 500, "tags": ["一"]}
    note(by=operator, act="course.changed", subject=("course", 1, "课"), after=given)
    assert AuditEntry.objects.get().after == given


@pytest.mark.django_db(transaction=True)
def test_the_refusal_holds_outside_a_test_transaction_too():
    note(by=None, act="academy.set_up", subject=("academy", 1, "知跃"))
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.all().delete()
