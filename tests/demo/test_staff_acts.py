"""The demo's audit log tells of acts that were really done."""

import pytest

from zhiyue.core.accounts.models import MemberTag, User
from zhiyue.core.audit.models import AuditEntry
from zhiyue.demo import services
from zhiyue.experience.desk.audit_words import field_words
from zhiyue.experience.desk.entries import act_words, changes
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


def test_the_demos_log_shows_what_staff_did_with_reasons_in_words():
    services.seed(members=12, history_days=2)
    by_operator = list(AuditEntry.objects.filter(by__email="operator@example.com"))
    assert len(by_operator) >= 12
    assert {entry.act for entry in by_operator} >= {
        "member.tagged", "member.untagged", "member.banned", "member.unbanned", "course.granted", "course.revoked",
        "course.changed", "chapter.renamed", "topic.changed", "synonyms.added",
    }  # fmt: skip
    assert sum(bool(entry.why) for entry in by_operator) >= 6
    for entry in AuditEntry.objects.all():
        assert act_words(entry.act) != entry.act
        for name in {**(entry.before or {}), **(entry.after or {})}:
            assert name == "course_id" or field_words(name, entry.subject_kind) != name, (entry.act, name)
        assert all(change.before != change.after for change in changes(entry.before, entry.after))


def test_what_the_log_tells_of_is_so():
    services.seed(members=12, history_days=2)
    assert Course.objects.get(slug="probability-every-day").price_fen == 4900
    (banned,) = User.objects.exclude(banned_at=None)
    assert AuditEntry.objects.filter(act="member.banned", subject_id=str(banned.pk)).exists()
    assert MemberTag.objects.filter(name="共读营").count() == 2
    for entry in AuditEntry.objects.filter(act="course.granted"):
        owns = Enrolment.objects.filter(user_id=entry.subject_id, course_id=entry.after["course_id"])
        taken = AuditEntry.objects.filter(
            act="course.revoked", subject_id=entry.subject_id, before__course_id=entry.after["course_id"]
        )
        assert owns.exists() is not taken.exists()


def test_an_academy_of_few_members_bans_nobody():
    services.seed(members=3, history_days=1)
    assert not User.objects.exclude(banned_at=None).exists()
    assert AuditEntry.objects.filter(act="course.changed").exists()
