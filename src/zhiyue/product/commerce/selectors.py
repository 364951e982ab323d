"""Rights. Whether a lesson opens is asked here and nowhere else."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Count

from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.models import Enrolment

Why = Literal["free", "enrolled", "teaching", "sign_in", "enrol", "unpublished"]


@dataclass(frozen=True, slots=True)
class Access:
    """May the lesson be opened, and why (not)."""

    open: bool
    why: Why


def may_open(user: User | None, lesson: Lesson) -> Access:
    """Does `lesson` open for `user` (None: a visitor)? Its teacher sees it before it is published."""
    if user is not None and lesson.course.teacher.user_id == user.pk and lesson.is_written:
        return Access(open=True, why="teaching")
    if not lesson.is_published:
        return Access(open=False, why="unpublished")
    if lesson.is_free:
        return Access(open=True, why="free")
    if user is None:
        return Access(open=False, why="sign_in")
    if is_enrolled(user, lesson.course_id):
        return Access(open=True, why="enrolled")
    return Access(open=False, why="enrol")


def is_enrolled(user: User | None, course_id: int) -> bool:
    return user is not None and Enrolment.objects.filter(user=user, course_id=course_id).exists()


def enrolled_course_ids(member_id: int) -> set[int]:
    return set(Enrolment.objects.filter(user_id=member_id).values_list("course_id", flat=True))


def learners_by_course() -> dict[int, int]:
    """How many members own each course; courses without any are absent."""
    rows = Enrolment.objects.order_by().values_list("course_id").annotate(n=Count("pk"))
    return dict(rows)
