"""What browsers tell: rights to what it is about, and how far a reader can have come. The rest is `collect`'s."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import cast
from uuid import UUID

from django.db import transaction

from zhiyue.collect.cleaning import Cleaned, is_id
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.log import LogRow
from zhiyue.collect.services import Judged, judge, keep, store
from zhiyue.collect.slates import SHOWN
from zhiyue.collect.vocabulary.browse import MOST_SHOWN
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.selectors import may_open
from zhiyue.product.learning.models import LessonProgress
from zhiyue.product.learning.places import keep_place, spend, spent_until

PROGRESSED = "lesson.progressed"
# So many times faster than its author reckons a lesson may be gone through and still be believed: who skims a text of
# ten minutes in twenty seconds has seen it, who says so after one has not.
FASTEST = 30
CORRECTION = "percent_bounded"


class Gate:
    """Which courses and lessons one person may tell of. Each is asked about once."""

    def __init__(self, user: User | None, batch: Sequence[object], *, visitor: UUID | None = None) -> None:
        self.user = user
        self._visitor = visitor
        self._batch = batch
        self.lessons: dict[int, Lesson | None] = {}
        self._reasons: dict[tuple[int | None, int | None, bool], str] = {}

    def refuse(self, event: Cleaned) -> str:
        """The reason why an event is kept out, or ""."""
        if event.kind.name == SHOWN:
            return self._slates_reason(cast(list[int], event.properties["courses"]))
        if event.course_id is None:
            return ""
        about = (event.course_id, event.lesson_id, event.kind.name.startswith(_OF_PREVIEWS))
        if about not in self._reasons:
            self._reasons[about] = self._reason(*about)
        return self._reasons[about]

    def _slates_reason(self, course_ids: list[int]) -> str:
        if len(set(course_ids)) < len(course_ids):
            return "doubled_course"
        return "" if self._offered.issuperset(course_ids) else "unknown_course"

    @cached_property
    def _offered(self) -> set[int]:
        """Which of the courses that the batch names are published."""
        named = _courses_named(self._batch)
        return set(Course.objects.published().filter(pk__in=named).values_list("pk", flat=True))

    def _reason(self, course_id: int, lesson_id: int | None, is_preview: bool) -> str:
        if lesson_id is None:
            return "" if course_id in self._offered else "unknown_course"
        if lesson_id not in self.lessons:
            found = Lesson.objects.select_related("course__teacher").filter(pk=lesson_id)
            self.lessons[lesson_id] = found.first()
        lesson = self.lessons[lesson_id]
        if lesson is None or lesson.course_id != course_id:
            return "unknown_lesson"
        access = may_open(self.user, lesson, visitor=self._visitor)
        return "" if access.open or (is_preview and access.preview_percent) else "lesson_closed"


_OF_PREVIEWS = "preview."


def _courses_named(batch: Sequence[object]) -> set[int]:
    """The ids of courses in a batch as it came: what is no id, or in too long a list, is refused elsewhere."""
    named: list[object] = []
    for entry in batch:
        if not isinstance(entry, dict):
            continue
        named.append(entry.get("course_id"))
        properties = entry.get("properties")
        listed = properties.get("courses") if isinstance(properties, dict) else None
        if isinstance(listed, list) and len(listed) <= MOST_SHOWN:
            named += listed
    return {one for one in named if is_id(one)}


def receive_from_browser(
    *,
    batch: Sequence[object],
    user: User | None,
    actor: Actor,
    user_agent: str,
    sent_at: datetime | None = None,
) -> Receipt:
    """Take a browser's batch of events, refusing those about courses that aren't offered and lessons that don't
    open for this person; reading events also move the reader's place. Raises BatchTooLarge.

    Courses and rights are asked once each and before the transaction, which on SQLite keeps other writers out.
    """
    gate = Gate(user, batch, visitor=actor.visitor)
    judged = judge(batch, actor=actor, user_agent=user_agent, sent_at=sent_at, refuse=gate.refuse)
    return take(judged, gate)


@transaction.atomic(savepoint=False)
def take(judged: Judged, gate: Gate) -> Receipt:
    """Keep what was judged, and move the reader's place."""
    return keep(judged, beside=Place(judged.actor, gate))


@transaction.atomic(savepoint=False)
def take_again(judged: Judged, gate: Gate) -> tuple[int, int]:
    """The same for what was kept out before: what is refused again is in quarantine already. New, and there before."""
    return store(judged, beside=Place(judged.actor, gate))


class Place:
    """A reader's place in lessons, and what may be believed of how it moves."""

    def __init__(self, actor: Actor, gate: Gate) -> None:
        self._actor = actor
        self._gate = gate
        self._known: dict[int, int] = {}

    def spent_until(self) -> datetime | None:
        return spent_until(self._actor)

    def amend(self, rows: list[LogRow], unstored: list[LogRow]) -> tuple[list[LogRow], list[LogRow]]:
        """The rows with no more percent than can have been read in their seconds."""
        told = [row for row in (*rows, *unstored) if row.name == PROGRESSED]
        if not told:
            return rows, unstored
        mine = LessonProgress.objects.owned_by(self._actor)
        self._known = dict(
            mine.filter(lesson_id__in={row.lesson_id for row in told}).values_list("lesson_id", "percent")
        )
        bounded: dict[int, LogRow] = {}
        for row, percent in self._believed(told)[1]:
            if percent < row.properties["percent"]:
                bounded[id(row)] = row._replace(
                    properties={**row.properties, "percent": percent},
                    corrections=(*row.corrections, CORRECTION),
                )
        return [bounded.get(id(row), row) for row in rows], [bounded.get(id(row), row) for row in unstored]

    def keep(self, rows: Sequence[LogRow], spent_until: datetime | None) -> None:
        told = [row for row in rows if row.name == PROGRESSED]
        places, _ = self._believed(told)
        for lesson_id in sorted(places):
            if places[lesson_id] != self._known.get(lesson_id):
                keep_place(self._actor, lesson_id, places[lesson_id])
        if places and spent_until is not None:
            spend(self._actor, spent_until, lesson_ids=places)

    def _believed(self, told: Sequence[LogRow]) -> tuple[dict[int, int], list[tuple[LogRow, int]]]:
        """Where the rows move the places in their lessons, and how much of the percent of each is believed."""
        places: dict[int, int] = {}
        believed = []
        for row in sorted(told, key=lambda row: row.occurred_at):
            if row.lesson_id is None:
                continue
            lesson = self._gate.lessons.get(row.lesson_id)
            place = places.get(row.lesson_id, self._known.get(row.lesson_id, 0))
            furthest = 100
            if lesson is not None and lesson.minutes:
                furthest = place + 100 * FASTEST * int(row.properties["seconds"]) // (60 * lesson.minutes)
            percent = min(int(row.properties["percent"]), furthest)
            places[row.lesson_id] = max(place, percent)
            believed.append((row, percent))
        return places, believed
