"""Where a person can go on, as cards: the next lesson where it opens for them, else the course."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.cards import cover_of
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.learning.selectors import Continue, continue_learning


@dataclass(frozen=True, slots=True)
class Begun:
    """A course begun or owned. `lesson` is None where none is left that opens; `is_all_read`: none at all."""

    course: CourseCard
    cover: SafeString
    lesson: Lesson | None
    is_all_read: bool
    is_under_way: bool
    done: int
    percent: int


def begun_courses(actor: Actor, *, limit: int) -> list[Begun]:
    """The course touched last comes first."""
    owned = enrolled_course_ids(actor.member_id) if actor.member_id else set()
    return [_begun(entry, owned) for entry in continue_learning(actor, limit=limit)]


def _begun(entry: Continue, owned: set[int]) -> Begun:
    # Only chooses where the card leads; whether a lesson opens is asked of `commerce` when it is opened.
    opens = entry.lesson is not None and (entry.lesson.is_free or entry.course.id in owned)
    return Begun(
        course=entry.course,
        cover=cover_of(entry.course),
        lesson=entry.lesson if opens else None,
        is_all_read=entry.lesson is None,
        is_under_way=bool(entry.percent or entry.finished_lessons),
        done=entry.finished_lessons,
        percent=entry.course_percent,
    )
