"""Courses opened and closed for a member by staff."""

import pytest

from tests.core.accounts.test_staff import as_viewer
from tests.factories import make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NoSuchMember, NotAllowed, Unfit
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.commerce.errors import NotGranted
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.selectors import is_enrolled
from zhiyue.product.commerce.services import enrol_free, open_course, revoke_course

pytestmark = pytest.mark.django_db


def test_a_course_is_opened_once_and_noted_with_its_reason(operator, learner, course):
    by = as_viewer(operator)
    asked = {"viewer": by, "member_id": learner.pk, "course_id": course.pk, "why": "活动赠课"}
    assert open_course(**asked) is True
    assert open_course(**asked) is False
    assert Enrolment.objects.get().source == "granted"
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.subject_id, noted.why) == ("course.granted", str(learner.pk), "活动赠课")
    assert noted.after == {"course": "课程 intuition", "course_id": course.pk}
    assert Event.objects.get().name == "course.enrolled"


def test_what_staff_opened_staff_close(operator, learner, course):
    by = as_viewer(operator)
    open_course(viewer=by, member_id=learner.pk, course_id=course.pk, why="活动")
    assert revoke_course(viewer=by, member_id=learner.pk, course_id=course.pk, why="送错人") is True
    assert revoke_course(viewer=by, member_id=learner.pk, course_id=course.pk, why="送错人") is False
    assert is_enrolled(learner, course.pk) is False
    noted = AuditEntry.objects.get(act="course.revoked")
    assert noted.before == {"course": "课程 intuition", "course_id": course.pk}


def test_a_course_the_member_joined_is_not_taken_away(operator, learner):
    free = make_course("free")
    enrol_free(user=learner, course=free, actor=Actor(member_id=learner.pk))
    with pytest.raises(NotGranted):
        revoke_course(viewer=as_viewer(operator), member_id=learner.pk, course_id=free.pk, why="x")
    assert is_enrolled(learner, free.pk) is True
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("role", ["stranger", "creator", "agent"])
def test_others_neither_open_nor_close(request, learner, operator, course, role):
    by = as_viewer(request.getfixturevalue(role))
    with pytest.raises(NotAllowed):
        open_course(viewer=by, member_id=learner.pk, course_id=course.pk, why="x")
    assert not Enrolment.objects.exists()
    open_course(viewer=as_viewer(operator), member_id=learner.pk, course_id=course.pk, why="x")
    with pytest.raises(NotAllowed):
        revoke_course(viewer=by, member_id=learner.pk, course_id=course.pk, why="x")
    assert Enrolment.objects.count() == 1


def test_nothing_is_opened_for_nobody_nor_without_a_reason(operator, learner, course):
    by = as_viewer(operator)
    with pytest.raises(NoSuchMember):
        open_course(viewer=by, member_id=0, course_id=course.pk, why="x")
    for course_id, why in ((0, "x"), (course.pk, "  ")):
        with pytest.raises(Unfit):
            open_course(viewer=by, member_id=learner.pk, course_id=course_id, why=why)
    assert not Enrolment.objects.exists() and not AuditEntry.objects.exists()
