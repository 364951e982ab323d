"""Chapters and lessons: added, named, put in order, taken out. Lessons count on through the whole course."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.authoring import require_change
from zhiyue.product.catalogue.errors import NotNow
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Chapter, Course, FormerSlug, Lesson
from zhiyue.product.catalogue.services.typed import check_outline, part_title
from zhiyue.product.catalogue.telling import tell_changed

# Places are unique, so rows step aside beyond every place in use before they take their new ones.
_ASIDE = 10_000


@transaction.atomic
def add_chapter(*, viewer: Viewer, course_id: int, title: str) -> Chapter:
    """A chapter at the end; the form sent twice adds one. Raises NotAllowed, BadFact, NotNow."""
    course, user = _course(viewer, course_id)
    title = part_title(title)
    after = {"chapter": title}
    if just_noted(by=user, act="chapter.added", subject_id=course.pk, after=after):
        made = course.chapters.filter(title=title).order_by("-position").first()
        if made is not None:
            return made
    places = list(course.chapters.values_list("position", flat=True))
    check_outline(chapters=len(places) + 1)
    chapter = Chapter.objects.create(course=course, title=title, position=max(places, default=0) + 1)
    _changed(user, course, "chapter.added", after=after)
    return chapter


@transaction.atomic
def rename_chapter(*, viewer: Viewer, chapter_id: int, title: str) -> Chapter:
    """Raises NotAllowed, BadFact."""
    chapter, course, user = _chapter(viewer, chapter_id)
    before, chapter.title = chapter.title, part_title(title)
    if before != chapter.title:
        chapter.save(update_fields=["title"])
        _changed(
            user, course, "chapter.renamed", before={"chapter": before}, after={"chapter": chapter.title}
        )
    return chapter


@transaction.atomic
def move_chapter(*, viewer: Viewer, chapter_id: int, by: int) -> None:
    """One place up (-1) or down (1) with all its lessons; at the ends it stays. Raises NotAllowed."""
    chapter, course, user = _chapter(viewer, chapter_id)
    chapters = list(course.chapters.order_by("position"))
    place = chapters.index(chapter)
    if not 0 <= place + by < len(chapters):
        return
    chapters.insert(place + by, chapters.pop(place))
    _place_chapters(course, chapters)
    _place_lessons(course, _in_order(course, chapters))
    _changed(
        user, course, "chapter.moved",
        before={"chapter": chapter.title, "place": place + 1}, after={"place": place + by + 1},
    )  # fmt: skip


@transaction.atomic
def remove_chapter(*, viewer: Viewer, chapter_id: int) -> None:
    """Only an empty one: lessons are never lost with their chapter. Raises NotAllowed, NotNow."""
    chapter, course, user = _chapter(viewer, chapter_id)
    if chapter.lessons.exists():
        raise NotNow(
            pgettext(
                "catalogue",
                "This chapter still has lessons. Move them to another chapter, or remove them first.",
            )
        )
    chapter.delete()
    _place_chapters(course, list(course.chapters.order_by("position")))
    _changed(user, course, "chapter.removed", before={"chapter": chapter.title})


@transaction.atomic
def add_lesson(*, viewer: Viewer, chapter_id: int, title: str, kind: str = Lesson.Kind.ARTICLE) -> Lesson:
    """A lesson without a text at the end of a chapter; the form sent twice adds one. Raises NotAllowed, BadFact,
    NotNow."""
    chapter, course, user = _chapter(viewer, chapter_id)
    title = part_title(title)
    after = {"lesson": title, "chapter": chapter.title}
    if just_noted(by=user, act="lesson.added", subject_id=course.pk, after=after):
        made = chapter.lessons.filter(title=title, body="", media="").order_by("-position").first()
        if made is not None:
            return made
    count = course.lessons.count()
    check_outline(lessons=count + 1)
    lesson = Lesson.objects.create(
        course=course, chapter=chapter, slug=_lesson_slug(course, count + 1), kind=kind, title=title,
        position=max(course.lessons.values_list("position", flat=True), default=0) + 1, minutes=1,
    )  # fmt: skip
    _place_lessons(course, _in_order(course, list(course.chapters.order_by("position"))))
    _changed(user, course, "lesson.added", after=after)
    return lesson


@transaction.atomic
def move_lesson(*, viewer: Viewer, lesson_id: int, by: int) -> None:
    """One place up (-1) or down (1). Past the end of its chapter it goes into the next one; at the ends of the course
    it stays. Raises NotAllowed."""
    lesson, course, user = _lesson(viewer, lesson_id)
    chapters = list(course.chapters.order_by("position"))
    rows = {one.pk: _in_order(course, [one]) for one in chapters}
    here = rows[lesson.chapter_id]
    place = here.index(lesson)
    at = next(n for n, one in enumerate(chapters) if one.pk == lesson.chapter_id)
    before = lesson.chapter.title
    here.pop(place)
    if 0 <= place + by <= len(here):
        here.insert(place + by, lesson)
    elif 0 <= at + by < len(chapters):
        lesson.chapter = chapters[at + by]
        beside = rows[lesson.chapter.pk]
        beside.insert(0 if by > 0 else len(beside), lesson)
        lesson.save(update_fields=["chapter"])
    else:
        return
    _place_lessons(course, [row for one in chapters for row in rows[one.pk]])
    _changed(
        user, course, "lesson.moved",
        before={"lesson": lesson.title, "chapter": before}, after={"chapter": lesson.chapter.title, "by": by},
    )  # fmt: skip


@transaction.atomic
def remove_lesson(*, viewer: Viewer, lesson_id: int) -> None:
    """Throw a lesson away that nobody can have read: what was out is withdrawn instead. Raises NotAllowed, NotNow."""
    lesson, course, user = _lesson(viewer, lesson_id)
    if course.was_ever_out and lesson.is_written:
        raise NotNow(
            pgettext(
                "catalogue",
                "Somebody may have read this lesson, so it can't be deleted. Withdraw it: learners no longer see "
                "it, and nothing is lost.",
            )
        )
    lesson.delete()
    FormerSlug.objects.filter(kind=FormerSlug.Kind.LESSON, now_at=lesson_id).delete()
    _place_lessons(course, list(course.lessons.order_by("position")))
    before: dict[str, object] = {"lesson": lesson.title, "slug": lesson.slug, "body": lesson.body}
    _changed(user, course, "lesson.removed", before=before, whole=True)


@transaction.atomic
def withdraw_lesson(*, viewer: Viewer, lesson_id: int, why: str = "") -> Lesson:
    """Take a lesson out of the outline; its text and what people did in it stay. Raises NotAllowed."""
    lesson, course, user = _lesson(viewer, lesson_id)
    if lesson.withdrawn_at is None:
        lesson.withdrawn_at = clock.now()
        lesson.save(update_fields=["withdrawn_at"])
        _changed(user, course, "lesson.withdrawn", before={"lesson": lesson.title}, why=why)
    return lesson


@transaction.atomic
def bring_back_lesson(*, viewer: Viewer, lesson_id: int) -> Lesson:
    """Put a withdrawn lesson back where it was. Raises NotAllowed."""
    lesson, course, user = _lesson(viewer, lesson_id)
    if lesson.withdrawn_at is not None:
        lesson.withdrawn_at = None
        lesson.save(update_fields=["withdrawn_at"])
        _changed(user, course, "lesson.brought_back", after={"lesson": lesson.title})
    return lesson


def _course(viewer: Viewer, course_id: int) -> tuple[Course, User]:
    """The course, locked: its outline is changed by one at a time."""
    course = Course.objects.select_for_update(of=("self",)).select_related("teacher").get(pk=course_id)
    return course, require_change(viewer, course)


def _chapter(viewer: Viewer, chapter_id: int) -> tuple[Chapter, Course, User]:
    course_id = Chapter.objects.values_list("course_id", flat=True).get(pk=chapter_id)
    course, user = _course(viewer, course_id)
    return Chapter.objects.get(pk=chapter_id), course, user


def _lesson(viewer: Viewer, lesson_id: int) -> tuple[Lesson, Course, User]:
    course_id = Lesson.objects.values_list("course_id", flat=True).get(pk=lesson_id)
    course, user = _course(viewer, course_id)
    return Lesson.objects.select_related("chapter").get(pk=lesson_id), course, user


def _lesson_slug(course: Course, number: int) -> str:
    """An address that no lesson of the course has or had."""
    used = set(course.lessons.values_list("slug", flat=True))
    kind = FormerSlug.Kind.LESSON
    used |= set(FormerSlug.objects.filter(kind=kind, course_id=course.pk).values_list("slug", flat=True))
    while f"lesson-{number}" in used:
        number += 1
    return f"lesson-{number}"


def _in_order(course: Course, chapters: Sequence[Chapter]) -> list[Lesson]:
    lessons = list(course.lessons.filter(chapter__in=chapters).defer("body").order_by("position"))
    return [lesson for chapter in chapters for lesson in lessons if lesson.chapter_id == chapter.pk]


def _place_chapters(course: Course, chapters: Sequence[Chapter]) -> None:
    course.chapters.update(position=F("position") + _ASIDE)
    for place, chapter in enumerate(chapters, start=1):
        chapter.position = place
    Chapter.objects.bulk_update(chapters, ["position"])


def _place_lessons(course: Course, lessons: Sequence[Lesson]) -> None:
    course.lessons.update(position=F("position") + _ASIDE)
    for place, lesson in enumerate(lessons, start=1):
        lesson.position = place
    Lesson.objects.bulk_update(lessons, ["position"])


def _changed(
    user: User, course: Course, act: str, *, before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None, why: str = "", whole: bool = False,
) -> None:  # fmt: skip
    # The course was touched, but its facts weren't: `updated_at` is what their form compares.
    subject = ("course", course.pk, course.title)
    note(
        by=user, act=act, subject=subject, why=why, whole=whole,
        before=dict(before) if before else None, after=dict(after) if after else None,
    )  # fmt: skip
    index_course(course.pk)
    tell_changed(course)
