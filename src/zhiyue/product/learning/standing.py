"""How far a person came, for programs: course by course, and lesson by lesson."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet

from zhiyue.collect.kinds import Actor
from zhiyue.product.catalogue.models import Course
from zhiyue.product.learning.models import LessonProgress, SavedCourse


@dataclass(frozen=True, slots=True)
class Standing:
    """`finished_lessons` of those offered now; `last_opened_at` None where no lesson was opened."""

    finished_lessons: int = 0
    last_opened_at: datetime | None = None


def standing(actor: Actor, course_ids: Collection[int]) -> dict[int, Standing]:
    """By course id; courses nobody began are absent."""
    rows = (
        LessonProgress.objects.owned_by(actor)
        .filter(lesson__course_id__in=course_ids, lesson__withdrawn_at=None)
        .values_list("lesson__course_id")
        .annotate(finished=Count("finished_at"), last=Max("opened_at"))
        .order_by("lesson__course_id")
    )
    return {course_id: Standing(finished, last) for course_id, finished, last in rows}


def read_lessons(actor: Actor, course_slug: str = "") -> QuerySet[LessonProgress]:
    """Every lesson a person opened, of one course where it is named."""
    rows = LessonProgress.objects.owned_by(actor).select_related("lesson__course").defer("lesson__body")
    return rows.filter(lesson__course__slug=course_slug) if course_slug else rows


def saved_courses(actor: Actor) -> QuerySet[SavedCourse]:
    """What is on a person's list and offered now."""
    return SavedCourse.objects.owned_by(actor).filter(course__in=Course.objects.published())
