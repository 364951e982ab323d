"""Bringing a course out, now or later, and taking it back."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.facts import announce
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.authoring import checklist, is_ready, require_author, require_change
from zhiyue.product.catalogue.errors import BadFact, NotNow, NotReady
from zhiyue.product.catalogue.facts import CoursePublished, CourseWithdrawn
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.tasks import come_out, compare_courses

SCHEDULED_AT_MOST = timedelta(days=366)


@transaction.atomic
def publish(*, viewer: Viewer, course_id: int) -> Course:
    """Bring a course out now; the form sent twice does it once. One that was out before keeps its first day.
    Raises NotAllowed, AgreementsPending, NotReady, NotNow."""
    course, user = _locked(viewer, course_id)
    if course.is_published and _just_done(user, course, "course.published"):
        return course
    _require_ready(viewer, course)
    return _put(user, course, "course.published", course.published_at if course.was_ever_out else clock.now())


@transaction.atomic
def schedule(*, viewer: Viewer, course_id: int, at: datetime) -> Course:
    """Bring a course out at a moment to come; the form sent twice does it once. Raises NotAllowed,
    AgreementsPending, NotReady, NotNow, BadFact."""
    course, user = _locked(viewer, course_id)
    if course.published_at == at and _just_done(user, course, "course.scheduled"):
        return course
    _require_ready(viewer, course)
    if at <= clock.now():
        raise BadFact("at", pgettext("catalogue", "Choose a time in the future, or publish now."))
    if at > clock.now() + SCHEDULED_AT_MOST:
        raise BadFact("at", pgettext("catalogue", "Choose a time within a year."))
    if course.was_ever_out:
        raise NotNow(
            pgettext(
                "catalogue", "This course was out before, so it can't be announced as new. Publish it now."
            )
        )
    return _put(user, course, "course.scheduled", at)


@transaction.atomic
def withdraw(*, viewer: Viewer, course_id: int, why: str = "") -> Course:
    """Take a course back. Nobody finds it any more; what people own, read and did stays. One that was never out is a
    draft again. The form sent twice does it once. Raises NotAllowed, NotNow."""
    course, user = _locked(viewer, course_id)
    if course.status != Course.Status.PUBLISHED:
        if _just_done(user, course, "course.withdrawn"):
            return course
        raise NotNow(pgettext("catalogue", "This course isn't published, so there is nothing to withdraw."))
    before = _state(course)
    if course.is_published:
        course.status = Course.Status.WITHDRAWN
        announce(CourseWithdrawn(course.pk))
    else:
        course.status, course.published_at = Course.Status.DRAFT, None
    return _save(user, course, "course.withdrawn", before, why)


def tell_when_out(course: Course) -> None:
    """Announce that a course came out: now, or when its time has come."""
    if course.is_published:
        announce(CoursePublished(course.pk))
    elif course.published_at is not None:
        at = course.published_at.astimezone(UTC)
        wait_seconds = max(0.0, (at - clock.now()).total_seconds())
        words = at.isoformat()
        enqueue(
            come_out, key=f"{course.pk} at {words}", delay_seconds=wait_seconds, course_id=course.pk, at=words
        )


def _locked(viewer: Viewer, course_id: int) -> tuple[Course, User]:
    course = Course.objects.select_for_update(of=("self",)).select_related("teacher").get(pk=course_id)
    return course, require_change(viewer, course)


def _just_done(user: User, course: Course, act: str) -> bool:
    """Did the same person a moment ago bring the course into the state in which it is?"""
    return just_noted(by=user, act=act, subject_id=course.pk, after=_state(course)) is not None


def _require_ready(viewer: Viewer, course: Course) -> None:
    require_author(viewer)
    if course.is_published:
        raise NotNow(pgettext("catalogue", "This course is published already."))
    if not is_ready(checklist(course)):
        raise NotReady


def _put(user: User, course: Course, act: str, at: datetime | None) -> Course:
    before = _state(course)
    course.status, course.published_at = Course.Status.PUBLISHED, at
    tell_when_out(course)
    return _save(user, course, act, before, "")


def _save(user: User, course: Course, act: str, before: dict[str, object], why: str) -> Course:
    course.save(update_fields=["status", "published_at"])
    subject = ("course", course.pk, course.title)
    note(by=user, act=act, subject=subject, before=before, after=_state(course), why=why)
    index_course(course.pk)
    enqueue(compare_courses, key="compare")
    return course


def _state(course: Course) -> dict[str, object]:
    # In one zone, so that a moment typed in the academy's is written like the same one read from the database.
    at = course.published_at.astimezone(UTC).isoformat() if course.published_at else None
    return {"status": str(course.status), "published_at": at}
