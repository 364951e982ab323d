"""The audit log keeps what it was told and lets nobody change it."""

import pytest
from django.db import DatabaseError, transaction

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


def test_an_entry_outlives_the_account_that_made_it(entry, operator):
    operator.delete()
    assert AuditEntry.objects.get().by_name == "苏运"


@pytest.mark.django_db(transaction=True)
def test_the_refusal_holds_outside_a_test_transaction_too():
    note(by=None, act="academy.set_up", subject=("academy", 1, "知跃"))
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.all().delete()
