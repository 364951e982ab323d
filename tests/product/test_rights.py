"""Whether a lesson opens, and for whom."""

from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import RoleGrant
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import PaymentRequired
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.selectors import (
    Access,
    enrolled_course_ids,
    learners_by_course,
    learners_of,
    may_open,
    readable_course_ids,
)
from zhiyue.product.commerce.services import enrol_free, grant_course

pytestmark = pytest.mark.django_db


def test_a_free_lesson_opens_for_everybody(course, learner):
    assert may_open(None, lesson_of(course, "one")) == Access(open=True, why="free")
    assert may_open(learner, lesson_of(course, "one")) == Access(open=True, why="free")


def test_a_paid_lesson_asks_a_visitor_to_sign_in_and_a_stranger_to_enrol(course, stranger):
    assert may_open(None, lesson_of(course, "two")) == Access(open=False, why="sign_in", preview_percent=15)
    assert may_open(stranger, lesson_of(course, "two")) == Access(open=False, why="enrol", preview_percent=15)


def test_an_enrolment_opens_its_own_course_and_no_other(course, learner, stranger):
    other = make_course("other", price_fen=100)
    grant_course(user=learner, course=course)
    assert may_open(learner, lesson_of(course, "two")) == Access(open=True, why="enrolled")
    assert may_open(learner, lesson_of(other, "two")).open is False
    assert may_open(stranger, lesson_of(course, "two")).open is False
    assert enrolled_course_ids(learner.pk) == {course.pk}


def test_a_lesson_not_written_yet_opens_for_nobody(course, learner):
    grant_course(user=learner, course=course)
    assert may_open(learner, lesson_of(course, "four")) == Access(open=False, why="unpublished")


@pytest.mark.parametrize(
    "change",
    [
        {"status": Course.Status.DRAFT},
        {"published_at": clock.now() + timedelta(days=400)},
    ],
)
def test_a_course_that_is_not_out_opens_only_for_its_teacher(course, learner, stranger, change):
    grant_course(user=learner, course=course)
    course.teacher.user = stranger
    course.teacher.save()
    grant(user=stranger, role="creator")
    Course.objects.filter(pk=course.pk).update(**change)
    assert may_open(learner, lesson_of(course, "one")).why == "unpublished"
    assert may_open(stranger, lesson_of(course, "one")) == Access(open=True, why="teaching")


def test_a_teacher_who_is_no_creator_any_more_reads_as_everybody_does(course, stranger, settings):
    course.teacher.user = stranger
    course.teacher.save()
    lesson = lesson_of(course, "two")
    for roles, opens in ((["learner"], False), (["creator"], True), (["operator"], True)):
        RoleGrant.objects.filter(user=stranger).delete()
        for role in roles:
            RoleGrant.objects.create(user=stranger, role=role)
        assert may_open(stranger, lesson).open is opens
        assert readable_course_ids(stranger) == ({course.pk} if opens else set())
    # Nor, where a second factor is required, one who has none.
    settings.ZHIYUE_STAFF_SECOND_FACTOR = "required"
    assert may_open(stranger, lesson) == Access(open=False, why="enrol", preview_percent=15)
    assert readable_course_ids(stranger) == set()


def test_a_withdrawn_course_stays_open_to_who_owns_it_and_to_nobody_else(course, learner, stranger):
    grant_course(user=learner, course=course)
    Course.objects.filter(pk=course.pk).update(status=Course.Status.WITHDRAWN)
    assert may_open(learner, lesson_of(course, "two")) == Access(open=True, why="enrolled")
    assert may_open(learner, lesson_of(course, "one")) == Access(open=True, why="free")
    assert may_open(learner, lesson_of(course, "four")) == Access(open=False, why="unpublished")
    for other in (None, stranger):
        assert may_open(other, lesson_of(course, "one")) == Access(open=False, why="unpublished")
        assert may_open(other, lesson_of(course, "two")) == Access(open=False, why="unpublished")


def test_a_priced_course_is_not_enrolled_in_for_nothing(course, learner):
    with pytest.raises(PaymentRequired):
        enrol_free(user=learner, course=course, actor=Actor(member_id=learner.pk))
    assert (Enrolment.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"status": Course.Status.DRAFT},
        {"status": Course.Status.WITHDRAWN},
        {"published_at": clock.now() + timedelta(days=400)},
    ],
)
def test_a_course_that_is_not_out_is_joined_by_nobody(learner, change):
    free = make_course("free", price_fen=0)
    Course.objects.filter(pk=free.pk).update(**change)
    free.refresh_from_db()
    with pytest.raises(NotOffered):
        enrol_free(user=learner, course=free, actor=Actor(member_id=learner.pk))
    assert (Enrolment.objects.count(), Event.objects.count()) == (0, 0)


def test_staff_open_a_course_that_was_withdrawn_but_no_draft(learner, course):
    course.status = Course.Status.DRAFT
    with pytest.raises(NotOffered):
        grant_course(user=learner, course=course)
    assert (Enrolment.objects.count(), Event.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)
    course.status = Course.Status.WITHDRAWN
    assert grant_course(user=learner, course=course) is True


def test_enrolling_twice_is_one_enrolment_and_one_act(learner):
    free = make_course("free", price_fen=0)
    actor = Actor(member_id=learner.pk)
    assert enrol_free(user=learner, course=free, actor=actor) is True
    assert enrol_free(user=learner, course=free, actor=actor) is False
    assert list(Event.objects.values_list("name", "course_id")) == [("course.enrolled", free.pk)]


def test_learners_are_counted_of_the_courses_asked_for(learner, stranger, django_assert_num_queries):
    read, other, empty = make_course("read"), make_course("other"), make_course("empty")
    for user, course in ((learner, read), (stranger, read), (learner, other)):
        grant_course(user=user, course=course)
    with django_assert_num_queries(1):
        assert learners_of([read.pk, empty.pk]) == {read.pk: 2}
    with django_assert_num_queries(0):
        assert learners_of([]) == {}
    assert learners_by_course() == {read.pk: 2, other.pk: 1}
