"""Lets simulated members live on the real product: state is read from it, acts are written to it in bulk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction

from zhiyue.collect.cleaning import Cleaned, clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import import_history
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.demo.simulator import Happening, Life, Persona, SimCourse, SimLesson, live_a_day, persona
from zhiyue.product.catalogue.indexing import COURSE
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.services import import_enrolments
from zhiyue.product.learning.models import LessonProgress, SavedCourse
from zhiyue.product.learning.services import import_progress, import_saved

# Of so many members one reads in English where a course is there in English.
ENGLISH_ONE_IN = 6

EVENT_NAMES = {
    "join": "member.signed_up",
    "page": "page.viewed",
    "search": "search.made",
    "choose": "search.chosen",
    "view": "course.viewed",
    "open": "lesson.opened",
    "read": "lesson.progressed",
    "finish": "lesson.finished",
    "save": "course.saved",
    "enrol": "course.enrolled",
}


@dataclass(slots=True)
class Town:
    """All simulated members with their personas, and the courses they can see, by the language they read in. Keys are
    member ids."""

    lives: dict[int, Life]
    personas: dict[int, Persona]
    courses: Mapping[str, list[SimCourse]]

    def live(self, day: date) -> list[Happening]:
        """One day of everybody; `number` of each happening is the member's id."""
        zone = clock.business_zone()
        return [
            happening
            for life in self.lives.values()
            for happening in live_a_day(
                life, self.personas[life.number], day, self.courses[_reads(life.number)], zone
            )
        ]


def town(*, before: datetime) -> Town:
    """The simulated members as they stood at `before`. One who is banned does nothing."""
    lives = {
        pk: Life(number=pk, joined_at=joined_at)
        for pk, joined_at in User.objects.filter(is_simulated=True, is_active=True)
        .order_by("pk")
        .values_list("pk", "joined_at")
    }
    mine = {"user_id__in": list(lives)}
    for user, course in Enrolment.objects.filter(**mine, created_at__lt=before).values_list(
        "user_id", "course_id"
    ):
        lives[user].enrolled.add(course)
    for user, lesson in LessonProgress.objects.filter(**mine, finished_at__lt=before).values_list(
        "user_id", "lesson_id"
    ):
        lives[user].finished.add(lesson)
    for user, course in SavedCourse.objects.filter(**mine, saved_at__lt=before).values_list(
        "user_id", "course_id"
    ):
        lives[user].saved.add(course)
    courses = {language: visible_courses(language) for language in Course.Language.values}
    personas = {pk: persona(pk, courses[_reads(pk)]) for pk in lives}
    return Town(lives=lives, personas=personas, courses=courses)


def _reads(member_id: int) -> str:
    """In which language a member reads what is there in both."""
    return Course.Language.CHINESE if member_id % ENGLISH_ONE_IN else Course.Language.ENGLISH


def visible_courses(language: str) -> list[SimCourse]:
    """One edition of each course, as pages show it to readers of `language`."""
    offered = Course.objects.published().for_readers_of(language)
    courses = offered.select_related("topic").prefetch_related("lessons").order_by("pk")
    return [
        SimCourse(
            id=course.pk,
            topic=course.topic.slug,
            tags=tuple(course.tags),
            price_fen=course.price_fen,
            published_at=course.published_at,
            lessons=tuple(
                SimLesson(lesson.pk, lesson.minutes, lesson.is_free)
                for lesson in course.lessons.all()
                if lesson.is_written
            ),
            keyword=course.keyword,
        )
        for course in courses
        if course.published_at is not None
    ]


@transaction.atomic
def write(happenings: Sequence[Happening]) -> int:
    """Write what happened into the product, as if its pages had been used. Returns how many events were new."""
    ordered = sorted(happenings, key=lambda one: one.at)
    import_enrolments(rows=[(h.number, h.course, h.at) for h in ordered if h.kind == "enrol"])
    import_saved(rows=[(h.number, h.course, h.at) for h in ordered if h.kind == "save"])
    _write_progress(ordered)
    return import_history(events=_events(ordered))


def _events(happenings: Sequence[Happening]) -> Iterator[tuple[Cleaned, Actor]]:
    for one in happenings:
        cleaned = clean(
            name=EVENT_NAMES[one.kind],
            origin="import",
            # The same act lived again has the same id, so it is stored once.
            event_id=uuid5(
                NAMESPACE_OID, f"{one.number} {one.kind} {one.at.isoformat()} {one.course} {one.lesson}"
            ),
            course_id=one.course or None,
            lesson_id=one.lesson or None,
            properties=_properties(one),
            occurred_at=one.at,
            received_at=one.at,
        )
        yield cleaned, Actor(member_id=one.number)


def _properties(one: Happening) -> dict[str, object]:
    if one.kind == "page":
        return {"path": one.path}
    if one.kind == "read":
        return {"percent": one.percent, "seconds": one.seconds}
    if one.kind == "search":
        return {"words": one.words, "found": one.found}
    if one.kind == "choose":
        return {"words": one.words, "kind": COURSE, "position": one.found}
    return {}


def _write_progress(happenings: Sequence[Happening]) -> None:
    """Bring progress up to what happened: the furthest percent, the first finish, the last opening."""
    found: dict[tuple[int, int], list[Happening]] = {}
    for one in happenings:
        if one.lesson:
            found.setdefault((one.number, one.lesson), []).append(one)
    rows = [
        (
            number,
            lesson,
            100 if any(h.kind == "finish" for h in acts) else max(h.percent for h in acts),
            next((h.at for h in acts if h.kind == "finish"), None),
            max(h.at for h in acts if h.kind == "open")
            if any(h.kind == "open" for h in acts)
            else acts[-1].at,
        )
        for (number, lesson), acts in found.items()
    ]
    import_progress(rows=rows)
