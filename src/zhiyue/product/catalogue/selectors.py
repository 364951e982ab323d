"""Reads of the catalogue. Only published courses come out, but for `lesson_page` to staff."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Prefetch, Q, Subquery

from zhiyue.product.catalogue.kinds import CourseCard, CourseText
from zhiyue.product.catalogue.models import Chapter, Course, CourseQuerySet, Lesson, Level, Topic


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The published lessons before and after one, None at the ends."""

    previous: Lesson | None
    next: Lesson | None


def topics() -> list[Topic]:
    """Topics in which something is published, in the academy's order."""
    return list(Topic.objects.filter(courses__in=Course.objects.published()).distinct())


def course_page(slug: str) -> Course:
    """A published course with chapters and lessons. Raises Course.DoesNotExist."""
    lessons = Prefetch("lessons", queryset=Lesson.objects.order_by("position"))
    chapters = Prefetch("chapters", queryset=Chapter.objects.prefetch_related(lessons).order_by("position"))
    return (
        Course.objects.published()
        .select_related("topic", "teacher")
        .prefetch_related(chapters)
        .get(slug=slug)
    )


def lesson_page(course_slug: str, lesson_slug: str) -> Lesson:
    """A lesson of a published course, written or not. Raises Lesson.DoesNotExist."""
    return Lesson.objects.select_related("course__topic", "course__teacher", "chapter").get(
        course__in=Course.objects.published(), course__slug=course_slug, slug=lesson_slug
    )


def neighbours(lesson: Lesson) -> Neighbours:
    written = Lesson.objects.filter(course_id=lesson.course_id).written()
    return Neighbours(
        previous=written.filter(position__lt=lesson.position).order_by("-position").first(),
        next=written.filter(position__gt=lesson.position).order_by("position").first(),
    )


def courses_by_id(ids: Iterable[int]) -> dict[int, CourseCard]:
    return {card.id: card for card in _cards(Course.objects.published().filter(pk__in=list(ids)))}


def newest(k: int) -> list[CourseCard]:
    return _cards(Course.objects.published().order_by("-published_at", "-pk")[:k])


def by_topic(topic_slug: str | None = None) -> list[tuple[Topic, list[CourseCard]]]:
    """Every topic with its published courses, newest first; one topic where its slug is given."""
    courses = Course.objects.published().order_by("-published_at", "-pk")
    if topic_slug:
        courses = courses.filter(topic__slug=topic_slug)
    shelves: dict[str, list[CourseCard]] = {}
    for card in _cards(courses):
        shelves.setdefault(card.topic_slug, []).append(card)
    return [(topic, shelves[topic.slug]) for topic in topics() if topic.slug in shelves]


def titles(course_ids: Iterable[int]) -> dict[int, str]:
    """Titles by id, of withdrawn courses too: the past keeps its names."""
    return dict(Course.objects.filter(pk__in=list(course_ids)).values_list("pk", "title"))


def lesson_titles(lesson_ids: Iterable[int]) -> dict[int, str]:
    return dict(Lesson.objects.filter(pk__in=list(lesson_ids)).values_list("pk", "title"))


def course_texts() -> list[CourseText]:
    """The words of every published course: summary, outcomes, outline and what of the lessons is free to read."""
    lessons = Prefetch("lessons", queryset=Lesson.objects.order_by("position"))
    courses = (
        Course.objects.published().select_related("topic", "teacher").prefetch_related(lessons).order_by("pk")
    )
    return [
        CourseText(
            course_id=course.pk,
            title=course.title,
            topic=course.topic.name,
            tags=tuple(course.tags),
            text="\n".join([course.subtitle, course.summary, *course.outcomes, *_lesson_words(course)]),
            published_at=course.published_at,
        )
        for course in courses
        if course.published_at is not None
    ]


def _lesson_words(course: Course) -> list[str]:
    lessons = list(course.lessons.all())
    return [lesson.title for lesson in lessons] + [lesson.body for lesson in lessons if lesson.is_free]


def _cards(courses: CourseQuerySet) -> list[CourseCard]:
    free = Lesson.objects.filter(course=OuterRef("pk"), is_free=True).written().order_by("position")
    rows = courses.annotate(
        n_lessons=Count("lessons"),
        n_written=Count("lessons", filter=~Q(lessons__body="", lessons__media="")),
        free_slug=Subquery(free.values("slug")[:1]),
    ).values_list(
        "pk", "slug", "title", "subtitle", "keyword", "topic__slug", "topic__name", "topic__name_en", "teacher__name",
        "level", "price_fen", "list_price_fen", "n_lessons", "n_written", "free_slug", "published_at", "tags",
        named=True,
    )  # fmt: skip
    return [
        CourseCard(
            id=row.pk,
            slug=row.slug,
            title=row.title,
            subtitle=row.subtitle,
            keyword=row.keyword,
            topic_slug=row.topic__slug,
            topic_name=row.topic__name,
            topic_name_en=row.topic__name_en,
            teacher_name=row.teacher__name,
            level=row.level,
            level_label=str(Level(row.level).label),
            price_fen=row.price_fen,
            list_price_fen=row.list_price_fen,
            lesson_count=row.n_lessons,
            published_lesson_count=row.n_written,
            free_lesson_slug=row.free_slug,
            published_at=row.published_at,
            tags=tuple(row.tags),
        )
        for row in rows
        if row.published_at is not None
    ]
