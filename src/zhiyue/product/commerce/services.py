"""Writes of rights."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.errors import NoSuchMember, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.facts import announce
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import NotGranted, PaymentRequired
from zhiyue.product.commerce.facts import CourseOpened
from zhiyue.product.commerce.models import Enrolment


@transaction.atomic
def enrol_free(*, user: User, course: Course, actor: Actor) -> bool:
    """Enrol `user` in a free course. False where they were enrolled before. Raises AgreementsPending, NotOffered,
    PaymentRequired."""
    require_accepted(user)
    if not course.is_published:
        raise NotOffered
    if not course.is_free:
        raise PaymentRequired(
            pgettext_lazy("enrol", "This course has a price. Its free lessons are open to you.")
        )
    return _enrol(user=user, course=course, actor=actor, source=Enrolment.Source.FREE)


@transaction.atomic
def grant_course(*, user: User, course: Course, by: User | None = None, why: str = "") -> bool:
    """A course is opened for a member; `by` None is the console. False where it was theirs before. Whoever calls asked
    for the right: see `open_course`. Raises NotOffered for a draft; one that was withdrawn can still be opened."""
    if course.status == Course.Status.DRAFT:
        raise NotOffered
    is_new = _enrol(user=user, course=course, actor=Actor(member_id=user.pk), source=Enrolment.Source.GRANTED)
    if is_new:
        _note(by, "course.granted", user, after={"course": course.title, "course_id": course.pk}, why=why)
    return is_new


@transaction.atomic
def open_course(*, viewer: Viewer, member_id: int, course_id: int, why: str) -> bool:
    """Staff open a course for a member, and say why. False where it was theirs before.

    Raises NotAllowed, NotOffered, Unfit, NoSuchMember."""
    by, why = require(viewer, Permission.CHANGE_MEMBERS), tidy_why(why)
    return grant_course(user=_member(member_id), course=_course(course_id), by=by, why=why)


@transaction.atomic
def revoke_course(*, viewer: Viewer, member_id: int, course_id: int, why: str) -> bool:
    """Close a course that staff opened. False where it isn't the member's. Raises NotAllowed, NotGranted.

    How far the member came is kept: should the course be theirs again, they go on from there.
    """
    by, why = require(viewer, Permission.CHANGE_MEMBERS), tidy_why(why)
    member = _member(member_id)
    owned = Enrolment.objects.select_related("course").filter(user=member, course_id=course_id).first()
    if owned is None:
        return False
    if owned.source != Enrolment.Source.GRANTED:
        raise NotGranted(
            pgettext_lazy(
                "enrol", "The academy didn't open this course for the member, so it can't take it back."
            )
        )
    owned.delete()
    before = {"course": owned.course.title, "course_id": course_id}
    _note(by, "course.revoked", member, before=before, why=why)
    return True


@transaction.atomic
def import_enrolments(
    *, rows: Iterable[tuple[int, int, datetime]], source: str = Enrolment.Source.GRANTED
) -> None:
    """Add many past enrolments at once: (member id, course id, when). Those that exist stay as they are."""
    Enrolment.objects.bulk_create(
        [
            Enrolment(user_id=user, course_id=course, source=source, created_at=when)
            for user, course, when in rows
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


def _enrol(*, user: User, course: Course, actor: Actor, source: str) -> bool:
    _, is_new = Enrolment.objects.get_or_create(user=user, course=course, defaults={"source": source})
    if is_new:
        record("course.enrolled", actor=actor, course_id=course.pk)
        announce(CourseOpened(course_id=course.pk, member_id=user.pk, how=source))
    return is_new


def _member(member_id: int) -> User:
    found = User.objects.select_for_update(no_key=True).filter(pk=member_id).first()
    if found is None:
        raise NoSuchMember
    return found


def _course(course_id: int) -> Course:
    found = Course.objects.filter(pk=course_id).first()
    if found is None:
        raise Unfit(pgettext_lazy("enrol", "Choose a course from the list."))
    return found


def _note(
    by: User | None,
    act: str,
    member: User,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    why: str,
) -> None:
    subject = ("member", member.pk, member.display_name)
    note(by=by, act=act, subject=subject, before=before, after=after, why=why)
