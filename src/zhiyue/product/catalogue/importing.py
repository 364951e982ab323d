"""Outlines of courses in an uploaded table: what each row means, what is wrong with it, and the drafts made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.importing import RowError
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.kit import sheets
from zhiyue.core.kit.sheets import UnreadableSheet
from zhiyue.product.catalogue import reading_time
from zhiyue.product.catalogue.errors import BadFact, NotNow
from zhiyue.product.catalogue.models import Course, FormerSlug, Level, Teacher, Topic
from zhiyue.product.catalogue.services import (
    ChapterDraft,
    CourseDraft,
    LessonDraft,
    put_course,
    teacher_for,
)
from zhiyue.product.catalogue.services.addresses import free_slug
from zhiyue.product.catalogue.services.typed import (
    CHAPTERS_AT_MOST,
    check_outline,
    course_title,
    first_words,
    lesson_body,
    lesson_minutes,
    part_title,
)

COURSE_COLUMNS: Mapping[str, Promise] = {
    "course": pgettext_lazy("course column", "Course"),
    "topic": pgettext_lazy("course column", "Topic"),
    "teacher": pgettext_lazy("course column", "Teacher"),
    "chapter": pgettext_lazy("course column", "Chapter"),
    "lesson": pgettext_lazy("course column", "Lesson"),
    "minutes": pgettext_lazy("course column", "Minutes"),
    "free": pgettext_lazy("course column", "Free"),
    "body": pgettext_lazy("course column", "Text"),
}
_NEEDED = ("course", "chapter", "lesson")
_TIDIED: Mapping[str, Callable[[str], str]] = {
    "course": course_title,
    "chapter": part_title,
    "lesson": part_title,
    "body": lesson_body,
}
_YES = frozenset({"1", "yes", "y", "true", "free", "是", "免费", "√"})
_NO = frozenset({"", "0", "no", "n", "false", "否", "收费"})


@dataclass(slots=True)
class Outline:
    """One course as the rows of a file tell of it. `exists`: there is one of this title, and it stays as it is;
    `is_full`: it has more chapters or lessons than a course may have."""

    title: str
    line: int
    topic: Topic | None = None
    teacher: Teacher | None = None
    chapters: dict[str, list[LessonDraft]] = field(default_factory=dict)
    exists: bool = False
    is_full: bool = False

    @property
    def lessons(self) -> int:
        return sum(len(lessons) for lessons in self.chapters.values())


@dataclass(slots=True)
class CoursePlan:
    """What an import would do. With an error, a course is left out whole: half an outline helps nobody.
    `left_out_rows`: by line, each row of those courses, with the course and chapter it has, its own or inherited."""

    outlines: list[Outline] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    left_out_rows: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def fresh(self) -> list[Outline]:
        return [outline for outline in self.outlines if not outline.exists]


def plan_courses(text: str) -> CoursePlan:
    """What importing this table would do. Raises UnreadableSheet."""
    sheet = sheets.read(text)
    keys = sheets.columns(sheet, COURSE_COLUMNS)
    if missing := [str(COURSE_COLUMNS[key]) for key in _NEEDED if key not in keys]:
        words = pgettext("import", "A column is missing: %(names)s. Take the template.")
        raise UnreadableSheet(words % {"names": ", ".join(missing)})
    plan = CoursePlan(
        unknown_columns=[name for name, key in zip(sheet.header, keys, strict=True) if not key and name]
    )
    reader = _Reader(plan)
    for line, cells in sheet.rows:
        reader.take(line, {key: cell for key, cell in zip(keys, cells, strict=False) if key})
    reader.finish()
    return plan


class _Reader:
    """Goes down the rows; an empty course or chapter is that of the row above, as merged cells are saved."""

    def __init__(self, plan: CoursePlan) -> None:
        self.plan = plan
        self.outlines: dict[str, Outline] = {}
        self.bad: set[str] = set()
        self.rows: dict[int, dict[str, str]] = {}
        self.course = self.chapter = ""
        self.topics = {
            name: topic for topic in Topic.objects.all() for name in (topic.slug, topic.name, topic.name_en)
        }
        self.teachers: dict[str, list[Teacher]] = {}
        for teacher in Teacher.objects.all():
            for name in {teacher.slug, teacher.name}:
                self.teachers.setdefault(name, []).append(teacher)

    def take(self, line: int, values: dict[str, str]) -> None:
        if values.get("course") and " ".join(values["course"].split()) != self.course:
            self.course, self.chapter = " ".join(values["course"].split()), ""
        self.chapter = values.get("chapter") or self.chapter
        self.rows[line] = {"course": self.course, "chapter": self.chapter}
        typed, errors = self._typed(line, values)
        outline = self.outlines.setdefault(self.course, Outline(self.course, line))
        errors += self._place(outline, line, values)
        errors += self._no_room(outline, line, typed.get("chapter", ""))
        if errors:
            self.plan.errors += errors
            self.bad.add(self.course)
            return
        outline.chapters.setdefault(typed["chapter"], []).append(
            LessonDraft(
                slug=f"lesson-{outline.lessons + 1}",
                title=typed["lesson"],
                minutes=int(values["minutes"])
                if values.get("minutes")
                else reading_time.minutes(typed["body"]),
                is_free=values.get("free", "").casefold() in _YES,
                body=typed["body"],
            )
        )

    def finish(self) -> None:
        there = set(Course.objects.filter(title__in=list(self.outlines)).values_list("title", flat=True))
        for title, outline in self.outlines.items():
            outline.exists = title in there
            if title not in self.bad and not outline.exists and outline.topic is None:
                words = pgettext("import", "Name the course's topic in one of its rows.")
                self.plan.errors.append(RowError(outline.line, "topic", words))
                self.bad.add(title)
        self.plan.outlines = [one for title, one in self.outlines.items() if title not in self.bad]
        self.plan.left_out = sorted(self.bad)
        self.plan.left_out_rows = {line: row for line, row in self.rows.items() if row["course"] in self.bad}
        self.plan.errors.sort(key=lambda error: error.line)

    def _typed(self, line: int, values: dict[str, str]) -> tuple[dict[str, str], list[RowError]]:
        """Titles and text as they are kept, and what is wrong with the cells themselves."""
        cells = {**values, "course": self.course, "chapter": self.chapter}
        typed: dict[str, str] = {}
        errors: list[RowError] = []
        for key, tidied in _TIDIED.items():
            cell = cells.get(key, "")
            if not cell and key in _NEEDED:
                errors.append(RowError(line, key, pgettext("import", "This can't be empty.")))
                continue
            try:
                typed[key] = tidied(cell)
            except BadFact as why:
                errors.append(RowError(line, key, why.message, cell[:80]))
        minutes = values.get("minutes", "")
        if minutes and not _fits(minutes):
            errors.append(
                RowError(line, "minutes", pgettext("import", "A whole number from 1 to 600."), minutes[:80])
            )
        free = values.get("free", "")
        if free.casefold() not in _YES | _NO:
            errors.append(RowError(line, "free", pgettext("import", "Write yes or no."), free[:80]))
        return typed, errors

    def _no_room(self, outline: Outline, line: int, chapter: str) -> list[RowError]:
        """Told once for a course: every further row would say the same."""
        chapters = len({*outline.chapters, chapter})
        try:
            check_outline(chapters=chapters, lessons=outline.lessons + 1)
        except NotNow as why:
            if outline.is_full:
                return []
            outline.is_full = True
            column = "chapter" if chapters > CHAPTERS_AT_MOST else "lesson"
            return [RowError(line, column, why.message)]
        return []

    def _place(self, outline: Outline, line: int, values: dict[str, str]) -> list[RowError]:
        """Topic and teacher, which any row of the course may name, but not two."""
        errors = []
        if name := values.get("topic"):
            topic = self.topics.get(name)
            if topic is None:
                words = pgettext(
                    "import", "There is no such topic. Make it in the studio first, or choose another."
                )
                errors.append(RowError(line, "topic", words, name[:80]))
            elif outline.topic not in (None, topic):
                words = pgettext("import", "An earlier row of this course names another topic.")
                errors.append(RowError(line, "topic", words, name[:80]))
            outline.topic = topic or outline.topic
        if name := values.get("teacher"):
            found = self.teachers.get(name, [])
            if len(found) != 1:
                words = pgettext(
                    "import", "There is no one teacher of this name. Write the teacher's address instead."
                )
                errors.append(RowError(line, "teacher", words, name[:80]))
            else:
                outline.teacher = found[0]
        return errors


@transaction.atomic
def import_courses(*, viewer: Viewer, sheet_id: int) -> UploadedSheet | None:
    """Make drafts of the good outlines of an upload, all or none; None where that began before. Raises NotAllowed,
    NoSuchSheet. A course whose title exists is left as it is, so a second import makes nothing twice."""
    by = require(viewer, Permission.CHANGE_ANY_COURSE)
    sheet = uploads.start(viewer=viewer, kind=UploadedSheet.Kind.COURSES, sheet_id=sheet_id, options={})
    if sheet is None:
        return None
    plan = plan_courses(sheet.text)
    for outline in plan.fresh:
        teacher = outline.teacher or teacher_for(user=by)
        course = put_course(_draft(outline, teacher))
        after = {
            "title": course.title,
            "topic": course.topic.slug,
            "lessons": outline.lessons,
            "file": sheet.name,
        }
        note(by=by, act="course.created", subject=("course", course.pk, course.title), after=after)
    counts = {
        "courses": len(plan.fresh),
        "lessons": sum(outline.lessons for outline in plan.fresh),
        "known": len(plan.outlines) - len(plan.fresh),
        "left_out": len(plan.left_out),
    }
    uploads.count(sheet, last_line=0, **counts)
    note(
        by=by,
        act="courses.imported",
        subject=("import", sheet.pk, sheet.name),
        after={"file": sheet.name, **counts},
    )
    uploads.finish(sheet)
    return sheet


def _fits(minutes: str) -> bool:
    if not (minutes.isascii() and minutes.isdigit()):
        return False
    try:
        return bool(lesson_minutes(int(minutes[:9])))
    except BadFact:
        return False


def _draft(outline: Outline, teacher: Teacher) -> CourseDraft:
    assert outline.topic is not None  # noqa: S101 - the plan leaves others out
    return CourseDraft(
        slug=free_slug(outline.title, prefix="c", kind=FormerSlug.Kind.COURSE),
        title=outline.title,
        subtitle="",
        summary="",
        outcomes=(),
        topic_slug=outline.topic.slug,
        teacher_slug=teacher.slug,
        level=Level.BEGINNER,
        keyword=first_words(outline.title),
        tags=(),
        price_fen=0,
        list_price_fen=None,
        published_at=None,
        price_decided=False,
        chapters=tuple(
            ChapterDraft(title=title, lessons=tuple(lessons)) for title, lessons in outline.chapters.items()
        ),
    )
