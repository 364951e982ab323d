"""Writes to the catalogue: whole courses at a time, as the studio and the demo make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from zhiyue.product.catalogue.models import Chapter, Course, Lesson, Teacher, Topic


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
    """A whole course as its author wrote it. Prices in fen."""

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
    published_at: datetime
    chapters: tuple[ChapterDraft, ...]


@transaction.atomic
def put_topic(*, slug: str, name: str, name_en: str, position: int) -> Topic:
    """Make a topic, or bring it up to date."""
    return Topic.objects.update_or_create(
        slug=slug, defaults={"name": name, "name_en": name_en, "position": position}
    )[0]


@transaction.atomic
def put_teacher(*, slug: str, name: str, headline: str, bio: str) -> Teacher:
    """Make a teacher, or bring them up to date."""
    return Teacher.objects.update_or_create(
        slug=slug, defaults={"name": name, "headline": headline, "bio": bio}
    )[0]


@transaction.atomic
def publish_course(draft: CourseDraft) -> Course:
    """Make and publish a course whole. One that has the slug already is left as it is."""
    found = Course.objects.filter(slug=draft.slug).first()
    if found:
        return found
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
        status=Course.Status.PUBLISHED,
        published_at=draft.published_at,
    )
    _put_chapters(course, draft.chapters)
    return course


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
