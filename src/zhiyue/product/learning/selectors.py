"""Reads of learning."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet

from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import active_days
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Course, Lesson, Topic
from zhiyue.product.catalogue.selectors import courses_by_id, topics
from zhiyue.product.commerce.selectors import enrolled_course_ids, lent_course_ids
from zhiyue.product.learning.models import DismissedCourse, Interest, LessonProgress, SavedCourse

RECORDED = Purpose.ANALYTICS | Purpose.PERSONALISATION


MOST_TO_GO_ON = 3


@dataclass(frozen=True, slots=True)
class Continue:
    """Where to go on in one course: the lesson left off in, or the next unfinished one.

    `percent` is that lesson's; `lesson` is None when everything written so far is finished. `opens`: as far as can be
    told without asking `commerce`, which decides when it is opened. `is_lent`: it is open for a while, by a
    membership or a trial, and not their own.
    """

    course: CourseCard
    lesson: Lesson | None
    percent: int
    finished_lessons: int
    opens: bool
    is_lent: bool = False

    @property
    def course_percent(self) -> int:
        """Share of the written lessons that are finished, 0–100."""
        written = self.course.published_lesson_count
        return round(100 * self.finished_lessons / written) if written else 0


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one person did so far; days count where anything was done, in the business month that runs. None of who lets
    nothing be recorded, as nobody knows."""

    lessons_read: int
    courses_begun: int
    active_days: int | None


def numbers_of(actor: Actor) -> Numbers:
    rows = LessonProgress.objects.owned_by(actor)
    month = clock.business_day().replace(day=1)
    return Numbers(
        lessons_read=rows.exclude(finished_at=None).count(),
        courses_begun=rows.values("lesson__course_id").distinct().count(),
        active_days=active_days(actor, since=month) if granted_by(actor) & RECORDED else None,
    )


@dataclass(frozen=True, slots=True)
class Begun:
    """A course in which somebody opened a lesson: how many they finished, and when they were last there."""

    title: str
    finished: int
    at: datetime


def courses_begun_by(actor: Actor) -> dict[int, Begun]:
    """By course id, the one touched last first; withdrawn courses too: what was done there was done."""
    rows = (
        LessonProgress.objects.owned_by(actor)
        .values_list("lesson__course_id", "lesson__course__title")
        .annotate(finished=Count("finished_at"), at=Max("opened_at"))
        .order_by("-at")
    )
    return {pk: Begun(title, finished, at) for pk, title, finished, at in rows}


def interests_of(actor: Actor) -> list[Topic]:
    """The topics a person said they care about, in the academy's order."""
    return list(Topic.objects.filter(pk__in=Interest.objects.owned_by(actor).values("topic_id")))


def has_interests_to_choose(actor: Actor) -> bool:
    """Is there something to choose from, and nothing chosen yet?"""
    return bool(topics()) and not Interest.objects.owned_by(actor).exists()


def progress_of(actor: Actor, course_id: int) -> dict[int, LessonProgress]:
    """Progress by lesson id."""
    rows = LessonProgress.objects.owned_by(actor).filter(lesson__course_id=course_id)
    return {row.lesson_id: row for row in rows}


def saved_course_ids(actor: Actor) -> list[int]:
    """Newest first."""
    rows = SavedCourse.objects.owned_by(actor).order_by("-saved_at", "-pk")
    return list(rows.values_list("course_id", flat=True))


def dismissed_course_ids(actor: Actor) -> list[int]:
    """Courses that the person doesn't want to be suggested, newest first."""
    rows = DismissedCourse.objects.owned_by(actor).order_by("-dismissed_at", "-pk")
    return list(rows.values_list("course_id", flat=True))


def dismissed_courses(actor: Actor, *, words: str = "") -> QuerySet[DismissedCourse]:
    """Those of them that are out and hold `words` in their title, each with its course, the newest first."""
    offered = Course.objects.published().filter(title__icontains=words)
    rows = DismissedCourse.objects.owned_by(actor).filter(course__in=offered)
    return rows.select_related("course").order_by("-dismissed_at", "-pk")


def finished_course_ids(actor: Actor) -> set[int]:
    """Courses of which the person finished every lesson that is written."""
    own = LessonProgress.objects.owned_by(actor).exclude(finished_at=None)
    course_of = dict(own.values_list("lesson_id", "lesson__course_id"))
    finished, touched = set(course_of), set(course_of.values())
    unfinished = Lesson.objects.filter(course_id__in=touched).written().exclude(pk__in=finished)
    return touched - set(unfinished.values_list("course_id", flat=True))


def continue_learning(actor: Actor, *, limit: int = 12) -> list[Continue]:
    """Courses begun or owned, the one touched last first, each with the lesson to go on with."""
    rows = LessonProgress.objects.owned_by(actor)
    touched = rows.values_list("lesson__course_id").annotate(at=Max("opened_at")).order_by("-at")
    order = [course_id for course_id, _ in touched]
    owned = enrolled_course_ids(actor.member_id) if actor.member_id is not None else set()
    lent = lent_course_ids(actor.member_id) - owned if actor.member_id is not None else set()
    order += sorted(owned - set(order), reverse=True)
    order = order[:limit]
    cards = courses_by_id(order, withdrawn_too=owned.intersection(order))
    lessons: dict[int, list[Lesson]] = {}
    for lesson in Lesson.objects.filter(course_id__in=cards).written().defer("body").order_by("position"):
        lessons.setdefault(lesson.course_id, []).append(lesson)
    progress = {row.lesson_id: row for row in rows.filter(lesson__course_id__in=cards)}
    return [
        _continue(cards[pk], lessons.get(pk, []), progress, is_owned=pk in owned, is_lent=pk in lent)
        for pk in order
        if pk in cards
    ]


def going_on(actor: Actor) -> list[Continue]:
    """What the home page offers to go on with: of the courses touched last those of which a lesson opens."""
    lately = continue_learning(actor, limit=2 * MOST_TO_GO_ON)
    return [entry for entry in lately if entry.opens][:MOST_TO_GO_ON]


def _continue(
    card: CourseCard,
    lessons: list[Lesson],
    progress: dict[int, LessonProgress],
    *,
    is_owned: bool,
    is_lent: bool,
) -> Continue:
    seen = [progress[lesson.pk] for lesson in lessons if lesson.pk in progress]
    finished = {row.lesson_id for row in seen if row.finished_at}
    open_rows = [row for row in seen if not row.finished_at]
    going = max(open_rows, key=lambda row: row.opened_at, default=None)
    fresh = next((lesson for lesson in lessons if lesson.pk not in finished), None)
    lesson = next((entry for entry in lessons if going and entry.pk == going.lesson_id), fresh)
    return Continue(
        course=card,
        lesson=lesson,
        percent=going.percent if going else 0,
        finished_lessons=len(finished),
        opens=lesson is not None and (lesson.is_free or is_owned or is_lent),
        is_lent=is_lent,
    )
