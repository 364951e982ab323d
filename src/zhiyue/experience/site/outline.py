"""A course's outline as one person sees it: which lessons are done, open, closed or still being written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Chapter, Course, Lesson
from zhiyue.product.commerce.selectors import Access, may_open_whole
from zhiyue.product.learning.models import LessonProgress

# `joinable` is closed as well, but only until somebody joins: the course is free.
State = Literal["done", "going", "open", "joinable", "closed", "waiting"]
Rows = Sequence["OutlineLesson"]


@dataclass(frozen=True, slots=True)
class OutlineLesson:
    lesson: Lesson
    state: State
    number: int

    @property
    def is_link(self) -> bool:
        return self.state != "waiting"


@dataclass(frozen=True, slots=True)
class Outline:
    """Chapters with their lessons, and the access that lessons with a price have as a whole."""

    chapters: Sequence[tuple[Chapter, Rows]]
    paid: Access

    @property
    def begun_chapters(self) -> list[tuple[Chapter, Rows]]:
        """Chapters of which something is out."""
        return [(chapter, rows) for chapter, rows in self.chapters if _is_begun(rows)]

    @property
    def coming_chapters(self) -> list[tuple[Chapter, Rows]]:
        """Chapters of which nothing is out yet."""
        return [(chapter, rows) for chapter, rows in self.chapters if rows and not _is_begun(rows)]

    @property
    def coming_count(self) -> int:
        """Lessons in chapters of which nothing is out yet."""
        return sum(len(rows) for _, rows in self.coming_chapters)

    @property
    def lessons(self) -> list[OutlineLesson]:
        return [row for _, rows in self.chapters for row in rows]

    @property
    def written(self) -> list[OutlineLesson]:
        return [row for row in self.lessons if row.state != "waiting"]

    @property
    def done_count(self) -> int:
        return sum(row.state == "done" for row in self.lessons)

    @property
    def percent(self) -> int:
        """Share of the written lessons that are done, 0–100."""
        return round(100 * self.done_count / len(self.written)) if self.written else 0

    @property
    def minutes(self) -> int:
        """Of everything that is out."""
        return sum(row.lesson.minutes for row in self.written)

    @property
    def hours(self) -> int:
        return round(self.minutes / 60)

    def row_of(self, lesson: Lesson | None) -> OutlineLesson | None:
        """The row of a lesson, None where it stands in no outline."""
        return next((row for row in self.lessons if lesson and row.lesson.pk == lesson.pk), None)

    @property
    def next_up(self) -> Lesson | None:
        """Where to go on: a lesson begun, else the first open one after the last done, else any open one."""
        rows = self.lessons
        going = next((row for row in rows if row.state == "going"), None)
        if going:
            return going.lesson
        last = max((i for i, row in enumerate(rows) if row.state == "done"), default=-1)
        ahead = [row for row in rows[last + 1 :] + rows[: last + 1] if row.state == "open"]
        return ahead[0].lesson if ahead else None

    @property
    def is_begun(self) -> bool:
        return any(row.state in ("done", "going") for row in self.lessons)


def outline_of(
    course: Course,
    *,
    user: User | None,
    progress: Mapping[int, LessonProgress],
    given: Collection[int] = (),
) -> Outline:
    """The outline for `user` (None: a visitor). `course` comes with chapters and lessons at hand; those `given` by a
    friend are open whatever the others are."""
    chapters = [(chapter, list(chapter.lessons.all())) for chapter in course.chapters.all()]
    for _, lessons in chapters:
        for lesson in lessons:
            lesson.course = course  # spares a query for each lesson
    paid = _paid_access([lesson for _, lessons in chapters for lesson in lessons], user)
    number = 0
    shown = []
    for chapter, lessons in chapters:
        rows = []
        for lesson in lessons:
            number += 1
            rows.append(
                OutlineLesson(
                    lesson=lesson,
                    state=_state(lesson, paid.open or lesson.pk in given, progress.get(lesson.pk)),
                    number=number,
                )
            )
        shown.append((chapter, rows))
    return Outline(chapters=shown, paid=paid)


def _is_begun(rows: Rows) -> bool:
    return any(row.state != "waiting" for row in rows)


def _paid_access(lessons: Sequence[Lesson], user: User | None) -> Access:
    """All lessons that aren't free open together, so one question answers for them."""
    asked = next((lesson for lesson in lessons if lesson.is_written and not lesson.is_free), None)
    return may_open_whole(user, asked) if asked else Access(open=True, why="free")


def _state(lesson: Lesson, is_open: bool, progress: LessonProgress | None) -> State:
    if not lesson.is_written:
        return "waiting"
    if not lesson.is_free and not is_open:
        return "joinable" if lesson.course.is_free else "closed"
    if progress is None:
        return "open"
    return "done" if progress.finished_at else "going"
