"""Rights. Whether a lesson opens is asked here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Exists, OuterRef, QuerySet

from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission, permissions_of
from zhiyue.core.accounts.second_factor import held_roles
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.catalogue.selectors import course_page, lesson_page
from zhiyue.product.commerce.models import Enrolment

Why = Literal["free", "enrolled", "teaching", "sign_in", "enrol", "unpublished"]


@dataclass(frozen=True, slots=True)
class Access:
    """May the lesson be opened, and why (not)."""

    open: bool
    why: Why


def may_open(user: User | None, lesson: Lesson) -> Access:
    """Does `lesson` open for `user` (None: a visitor)? Its teacher, as long as they are a creator, sees it before it is
    published; who owns a course that was withdrawn reads on."""
    if user is not None and lesson.is_written and lesson.course.teacher.user_id == user.pk and _teaches(user):
        return Access(open=True, why="teaching")
    if not lesson.is_published and not _is_kept(user, lesson):
        return Access(open=False, why="unpublished")
    if lesson.is_free:
        return Access(open=True, why="free")
    if user is None:
        return Access(open=False, why="sign_in")
    if is_enrolled(user, lesson.course_id):
        return Access(open=True, why="enrolled")
    return Access(open=False, why="enrol")


def readable_course_ids(user: User) -> set[int]:
    """The courses whose written lessons all open for a member: what they own, and what they teach."""
    taught = set(Course.objects.filter(teacher__user=user).values_list("pk", flat=True))
    return enrolled_course_ids(user.pk) | (taught if taught and _teaches(user) else set())


def _teaches(user: User) -> bool:
    """Teachers keep their courses when the role is taken from them, but not what it opened."""
    return Permission.USE_STUDIO in permissions_of(held_roles(user).in_force)


def _is_kept(user: User | None, lesson: Lesson) -> bool:
    """Is it of a course that was withdrawn after this member got it?"""
    is_there = lesson.is_written and lesson.withdrawn_at is None
    gone = lesson.course.status == Course.Status.WITHDRAWN
    return is_there and gone and is_enrolled(user, lesson.course_id)


def is_enrolled(user: User | None, course_id: int) -> bool:
    return user is not None and Enrolment.objects.filter(user=user, course_id=course_id).exists()


def course_for(viewer: Viewer, slug: str) -> Course:
    """A course's page for whoever looks: published, or theirs to change, or withdrawn and their own.

    Raises Course.DoesNotExist.
    """
    try:
        return course_page(slug, viewer)
    except Course.DoesNotExist:
        return course_page(slug, viewer, withdrawn_too=_owns(viewer, slug))


def lesson_for(viewer: Viewer, course_slug: str, lesson_slug: str) -> Lesson:
    """A lesson's page by the same rule; whether its text opens says `may_open`. Raises Lesson.DoesNotExist."""
    try:
        return lesson_page(course_slug, lesson_slug, viewer)
    except Lesson.DoesNotExist:
        return lesson_page(course_slug, lesson_slug, viewer, withdrawn_too=_owns(viewer, course_slug))


def _owns(viewer: Viewer, course_slug: str) -> bool:
    return (
        viewer.user is not None
        and Enrolment.objects.filter(user=viewer.user, course__slug=course_slug).exists()
    )


def enrolled_course_ids(member_id: int) -> set[int]:
    return set(Enrolment.objects.filter(user_id=member_id).values_list("course_id", flat=True))


def refunded_course_ids(member_id: int, *, since: datetime, until: datetime) -> set[int]:
    """Courses whose money went back to a member in that time, as the log tells, whatever they consent to: it is part of
    what was agreed. Nothing gives money back yet, and whoever deletes their history deletes this too."""
    gone_back = by(Actor(member_id=member_id)).filter(name="order.refunded", course_id__isnull=False)
    rows = gone_back.filter(occurred_at__gte=since, occurred_at__lte=until)
    return {course_id for course_id in rows.values_list("course_id", flat=True) if course_id is not None}


def learners_by_course() -> dict[int, int]:
    """How many members own each course there is; courses without any are absent. Reads every enrolment: what a page
    shows, it asks of `learners_of`."""
    return _counted(Enrolment.objects.all())


def learners_of(course_ids: Iterable[int]) -> dict[int, int]:
    """How many members own each of these courses; those without any are absent."""
    return _counted(Enrolment.objects.filter(course_id__in=list(course_ids)))


def _counted(owned: QuerySet[Enrolment]) -> dict[int, int]:
    return dict(owned.order_by().values_list("course_id").annotate(n=Count("pk")))


def owns(course_id: int) -> Exists:
    """Does a member own the course? A condition on members."""
    return Exists(Enrolment.objects.filter(user=OuterRef("pk"), course_id=course_id))


def enrolments_of(member_id: int) -> list[Enrolment]:
    """What a member owns, the latest first, each with its course."""
    found = Enrolment.objects.filter(user_id=member_id).select_related("course")
    return list(found.order_by("-created_at", "-pk"))


def course_titles_of(member_ids: Iterable[int]) -> dict[int, list[str]]:
    """The titles of what members own, in the order they came by them; members without any are absent."""
    found = Enrolment.objects.filter(user_id__in=list(member_ids)).order_by("created_at", "pk")
    titles: dict[int, list[str]] = {}
    for member_id, title in found.values_list("user_id", "course__title"):
        titles.setdefault(member_id, []).append(title)
    return titles
