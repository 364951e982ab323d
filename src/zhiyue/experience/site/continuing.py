"""Where a person can go on, as cards: the next lesson where it opens for them, else the course."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.cards import cover_of
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.learning.selectors import Continue, continue_learning, going_on


@dataclass(frozen=True, slots=True)
class Begun:
    """A course begun or owned. `lesson` is None where none is left that opens; `is_all_read`: none at all."""

    course: CourseCard
    cover: SafeString
    lesson: Lesson | None
    is_all_read: bool
    is_under_way: bool
    is_lent: bool
    done: int
    percent: int


def begun_courses(actor: Actor, *, limit: int) -> list[Begun]:
    """The course touched last comes first."""
    return [_begun(entry) for entry in continue_learning(actor, limit=limit)]


def to_go_on_with(actor: Actor) -> list[Begun]:
    """The first of them of which a lesson opens."""
    return [_begun(entry) for entry in going_on(actor)]


def _begun(entry: Continue) -> Begun:
    return Begun(
        course=entry.course,
        cover=cover_of(entry.course),
        lesson=entry.lesson if entry.opens else None,
        is_all_read=entry.lesson is None,
        is_under_way=bool(entry.percent or entry.finished_lessons),
        is_lent=entry.is_lent,
        done=entry.finished_lessons,
        percent=entry.course_percent,
    )
