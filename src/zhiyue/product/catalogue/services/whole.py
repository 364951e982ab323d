"""Whole courses at a time, as files and imports bring them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.product.catalogue.errors import NotAnEdition
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Chapter, Course, Lesson, Teacher, Topic
from zhiyue.product.catalogue.services.editions import check_edition
from zhiyue.product.catalogue.services.publication import tell_when_out


@dataclass(frozen=True, slots=True)
class LessonDraft:
    slug: str
    title: str
    minutes: int
    is_free: bool
    body: str


@dataclass(frozen=True, slots=True)
class ChapterDraft:
    title: str
    lessons: tuple[LessonDraft, ...]


@dataclass(frozen=True, slots=True)
class CourseDraft:
    """A whole course as its author wrote it. Prices in fen; without `published_at` it is a draft, and one that was out
    may be `withdrawn`. `prerequisites` are slugs of courses, `edition_of` is the slug of the original."""

    slug: str
    title: str
    subtitle: str
    summary: str
    outcomes: tuple[str, ...]
    topic_slug: str
    teacher_slug: str
    level: str
    keyword: str
    tags: tuple[str, ...]
    price_fen: int
    list_price_fen: int | None
    published_at: datetime | None
    chapters: tuple[ChapterDraft, ...]
    form: str = Course.Form.COURSE.value
    language: str = Course.Language.CHINESE.value
    skills: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    withdrawn: bool = False
    price_decided: bool = True
    edition_of: str = ""


@transaction.atomic
def put_topic(*, slug: str, name: str, name_en: str, position: int, description: str = "") -> Topic:
    """Make a topic, or bring it up to date; without a `description` the one it has stays."""
    facts = {"name": name, "name_en": name_en, "position": position}
    if description:
        facts["description"] = description
    return Topic.objects.update_or_create(slug=slug, defaults=facts)[0]


@transaction.atomic
def put_teacher(*, slug: str, name: str, headline: str, bio: str) -> Teacher:
    """Make a teacher, or bring them up to date."""
    return Teacher.objects.update_or_create(
        slug=slug, defaults={"name": name, "headline": headline, "bio": bio}
    )[0]


@transaction.atomic
def put_course(draft: CourseDraft) -> Course:
    """Make a course whole, and publish it where it has a time for that. One that has the slug already is left as it
    is. Prerequisites that aren't there yet are left out: `name_prerequisites` adds them. The original of an edition has
    to be there. Raises NotAnEdition."""
    found = Course.objects.filter(slug=draft.slug).first()
    if found:
        return found
    original = _original(draft)
    course = Course.objects.create(
        slug=draft.slug,
        title=draft.title,
        subtitle=draft.subtitle,
        summary=draft.summary,
        outcomes=list(draft.outcomes),
        topic=Topic.objects.get(slug=draft.topic_slug),
        teacher=Teacher.objects.get(slug=draft.teacher_slug),
        level=draft.level,
        keyword=draft.keyword,
        tags=list(draft.tags),
        price_fen=draft.price_fen,
        list_price_fen=draft.list_price_fen,
        price_decided=draft.price_decided,
        form=draft.form,
        language=draft.language,
        edition_of=original,
        skills=list(draft.skills),
        status=_status(draft),
        published_at=draft.published_at,
    )
    _put_chapters(course, draft.chapters)
    name_prerequisites(draft)
    index_course(course.pk)
    if course.status == Course.Status.PUBLISHED:
        tell_when_out(course)
    return course


def _original(draft: CourseDraft) -> Course | None:
    if not draft.edition_of:
        return None
    original = Course.objects.select_for_update().filter(slug=draft.edition_of).first()
    if original is None:
        words = pgettext("catalogue", "There is no course at the address “%(slug)s”.")
        raise NotAnEdition(words % {"slug": draft.edition_of})
    check_edition(None, original, draft.language)
    return original


def _status(draft: CourseDraft) -> str:
    if draft.withdrawn:
        return Course.Status.WITHDRAWN
    return Course.Status.PUBLISHED if draft.published_at else Course.Status.DRAFT


@transaction.atomic
def name_prerequisites(draft: CourseDraft) -> None:
    """Name what is to be learnt before a course, as far as it is there by now."""
    course = Course.objects.get(slug=draft.slug)
    course.prerequisites.set(Course.objects.filter(slug__in=draft.prerequisites).exclude(pk=course.pk))


def _put_chapters(course: Course, chapters: Sequence[ChapterDraft]) -> None:
    lesson_position = 0
    for chapter_position, chapter_draft in enumerate(chapters, start=1):
        chapter = Chapter.objects.create(course=course, title=chapter_draft.title, position=chapter_position)
        for lesson in chapter_draft.lessons:
            lesson_position += 1
            Lesson.objects.create(
                course=course,
                chapter=chapter,
                slug=lesson.slug,
                title=lesson.title,
                position=lesson_position,
                minutes=lesson.minutes,
                is_free=lesson.is_free,
                body=lesson.body,
            )
