"""Outlines of courses in an uploaded table: what each row means, what is wrong with it, and the drafts made of it."""

from collections.abc import Mapping
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
from zhiyue.product.catalogue.models import Course, FormerSlug, Level, Teacher, Topic
from zhiyue.product.catalogue.services import (
    ChapterDraft,
    CourseDraft,
    LessonDraft,
    publish_course,
    teacher_for,
)
from zhiyue.product.catalogue.services.addresses import free_slug

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
_LENGTHS = {"course": 60, "chapter": 80, "lesson": 80, "body": 200_000}
_YES = frozenset({"1", "yes", "y", "true", "free", "是", "免费", "√"})
_NO = frozenset({"", "0", "no", "n", "false", "否", "收费"})


@dataclass(slots=True)
class Outline:
    """One course as the rows of a file tell of it. `exists`: there is one of this title, and it stays as it is."""

    title: str
    line: int
    topic: Topic | None = None
    teacher: Teacher | None = None
    chapters: dict[str, list[LessonDraft]] = field(default_factory=dict)
    exists: bool = False

    @property
    def lessons(self) -> int:
        return sum(len(lessons) for lessons in self.chapters.values())


@dataclass(slots=True)
class CoursePlan:
    """What an import would do. With an error, a course is left out whole: half an outline helps nobody."""

    outlines: list[Outline] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

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
        self.course = self.chapter = ""
        self.topics = {
            name: topic for topic in Topic.objects.all() for name in (topic.slug, topic.name, topic.name_en)
        }
        self.teachers: dict[str, list[Teacher]] = {}
        for teacher in Teacher.objects.all():
            for name in {teacher.slug, teacher.name}:
                self.teachers.setdefault(name, []).append(teacher)

    def take(self, line: int, values: dict[str, str]) -> None:
        if values.get("course") and values["course"] != self.course:
            self.course, self.chapter = values["course"], ""
        self.chapter = values.get("chapter") or self.chapter
        errors = self._wrong(line, values)
        outline = self.outlines.setdefault(self.course, Outline(self.course, line))
        errors += self._place(outline, line, values)
        if errors:
            self.plan.errors += errors
            self.bad.add(self.course)
            return
        lessons = outline.chapters.setdefault(self.chapter, [])
        lessons.append(
            LessonDraft(
                slug=f"lesson-{outline.lessons + 1}",
                title=values["lesson"],
                minutes=int(values.get("minutes") or 1),
                is_free=values.get("free", "").casefold() in _YES,
                body=values.get("body", ""),
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
        self.plan.errors.sort(key=lambda error: error.line)

    def _wrong(self, line: int, values: dict[str, str]) -> list[RowError]:
        """What is wrong with the cells themselves."""
        texts = {**values, "course": self.course, "chapter": self.chapter}
        empty = pgettext("import", "This can't be empty.")
        errors = [RowError(line, key, empty) for key in _NEEDED if not texts.get(key)]
        for key, most in _LENGTHS.items():
            if len(texts.get(key, "")) > most:
                words = pgettext("import", "%(n)s characters at most. Shorten it.") % {"n": most}
                errors.append(RowError(line, key, words, texts[key][:80]))
        minutes = values.get("minutes", "")
        if minutes and not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes) <= 600):
            errors.append(
                RowError(line, "minutes", pgettext("import", "A whole number from 1 to 600."), minutes[:80])
            )
        free = values.get("free", "")
        if free.casefold() not in _YES | _NO:
            errors.append(RowError(line, "free", pgettext("import", "Write yes or no."), free[:80]))
        return errors

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
        course = publish_course(_draft(outline, teacher))
        Course.objects.filter(pk=course.pk).update(price_decided=False)
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
        keyword=outline.title[:12],
        tags=(),
        price_fen=0,
        list_price_fen=None,
        published_at=None,
        chapters=tuple(
            ChapterDraft(title=title, lessons=tuple(lessons)) for title, lessons in outline.chapters.items()
        ),
    )
