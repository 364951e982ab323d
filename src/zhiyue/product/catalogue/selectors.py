"""Reads of the catalogue. Only published courses come out, but for the page of one to whoever may change it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Prefetch, Q, Subquery

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.product.catalogue.kinds import CourseCard, CourseText
from zhiyue.product.catalogue.models import (
    Chapter,
    Course,
    CourseQuerySet,
    FormerSlug,
    Lesson,
    Level,
    Teacher,
    Topic,
)

_OFFERED = Q(lessons__withdrawn_at=None)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The published lessons before and after one, None at the ends."""

    previous: Lesson | None
    next: Lesson | None


def topics() -> list[Topic]:
    """Topics in which something is published, in the academy's order."""
    return list(Topic.objects.filter(courses__in=Course.objects.published()).distinct())


def may_change(viewer: Viewer, course: Course) -> bool:
    """Creators change what they teach; operators and owners change every course."""
    if viewer.user is None:
        return False
    if viewer.may(Permission.CHANGE_ANY_COURSE):
        return True
    return viewer.may(Permission.USE_STUDIO) and course.teacher.user_id == viewer.user.pk


def course_page(slug: str, viewer: Viewer | None = None, *, withdrawn_too: bool = False) -> Course:
    """A published course with chapters and the lessons they offer; to a `viewer` who may change it, also one that isn't
    published. `withdrawn_too`: for whoever owns it. Raises Course.DoesNotExist."""
    lessons = Prefetch("lessons", queryset=Lesson.objects.offered().order_by("position"))
    chapters = Prefetch("chapters", queryset=Chapter.objects.prefetch_related(lessons).order_by("position"))
    found = Course.objects.select_related("topic", "teacher").prefetch_related(chapters).get(slug=slug)
    kept = withdrawn_too and found.status == Course.Status.WITHDRAWN
    if not found.is_published and not kept and not (viewer and may_change(viewer, found)):
        raise Course.DoesNotExist
    return found


def lesson_page(
    course_slug: str, lesson_slug: str, viewer: Viewer | None = None, *, withdrawn_too: bool = False
) -> Lesson:
    """A lesson that a course offers, written or not; to a `viewer` who may change it, also one of a course that isn't
    published. `withdrawn_too`: for whoever owns the course. Raises Lesson.DoesNotExist."""
    lessons = Lesson.objects.offered().select_related("course__topic", "course__teacher", "chapter")
    found = lessons.get(course__slug=course_slug, slug=lesson_slug)
    kept = withdrawn_too and found.course.status == Course.Status.WITHDRAWN
    if not found.course.is_published and not kept and not (viewer and may_change(viewer, found.course)):
        raise Lesson.DoesNotExist
    return found


def course_moved_to(slug: str) -> str | None:
    """The slug a course has now that once had this one."""
    moved = FormerSlug.objects.filter(kind=FormerSlug.Kind.COURSE, slug=slug).values("now_at")[:1]
    return Course.objects.filter(pk=Subquery(moved)).values_list("slug", flat=True).first()


def lesson_moved_to(course_slug: str, lesson_slug: str) -> tuple[str, str] | None:
    """Where a lesson is now: slugs of course and lesson. None where the address never was one of a lesson's."""
    course_now = course_moved_to(course_slug) or course_slug
    course = Course.objects.filter(slug=course_now).first()
    if course is None:
        return None
    moved = FormerSlug.objects.filter(kind=FormerSlug.Kind.LESSON, course_id=course.pk, slug=lesson_slug)
    lessons = Lesson.objects.filter(course=course)
    now = lessons.filter(Q(slug=lesson_slug) | Q(pk__in=moved.values("now_at"))).first()
    if now is None or (course_now, now.slug) == (course_slug, lesson_slug):
        return None
    return course_now, now.slug


def neighbours(lesson: Lesson) -> Neighbours:
    written = Lesson.objects.filter(course_id=lesson.course_id).written()
    return Neighbours(
        previous=written.filter(position__lt=lesson.position).order_by("-position").first(),
        next=written.filter(position__gt=lesson.position).order_by("position").first(),
    )


def courses_by_id(ids: Iterable[int], *, withdrawn_too: Iterable[int] = ()) -> dict[int, CourseCard]:
    """Published courses; of `withdrawn_too` (what somebody owns) those that were withdrawn as well."""
    kept = list(withdrawn_too)
    courses = Course.objects.published().filter(pk__in=list(ids))
    if kept:
        courses |= Course.objects.filter(pk__in=kept, status=Course.Status.WITHDRAWN)
    return {card.id: card for card in _cards(courses)}


def newest(k: int, *, language: str) -> list[CourseCard]:
    """The latest, for readers of `language`."""
    courses = Course.objects.published().for_readers_of(language)
    return _cards(courses.order_by("-published_at", "-pk")[:k])


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


def summaries(course_ids: Iterable[int]) -> dict[int, str]:
    """What each course says of itself, by id."""
    return dict(Course.objects.filter(pk__in=list(course_ids)).values_list("pk", "summary"))


def lesson_titles(lesson_ids: Iterable[int]) -> dict[int, str]:
    return dict(Lesson.objects.filter(pk__in=list(lesson_ids)).values_list("pk", "title"))


def teacher_names(teacher_ids: Iterable[int]) -> dict[int, str]:
    return dict(Teacher.objects.filter(pk__in=list(teacher_ids)).values_list("pk", "name"))


def course_texts() -> list[CourseText]:
    """Every published course in its words (summary, outcomes, outline, what of the lessons is free to read), with its
    teacher, its level, its price and what is better taken before."""
    lessons = Prefetch("lessons", queryset=Lesson.objects.offered().order_by("position"))
    courses = (
        Course.objects.published()
        .select_related("topic", "teacher")
        .prefetch_related(
            lessons, Prefetch("prerequisites", queryset=Course.objects.only("pk").order_by("pk"))
        )
        .order_by("pk")
    )
    return [
        CourseText(
            course_id=course.pk,
            title=course.title,
            topic=course.topic.name,
            tags=tuple(course.tags),
            text="\n".join([course.subtitle, course.summary, *course.outcomes, *_lesson_words(course)]),
            published_at=course.published_at,
            teacher=course.teacher.slug,
            level=course.level,
            price_fen=course.price_fen,
            needs=tuple(before.pk for before in course.prerequisites.all()),
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
        n_lessons=Count("lessons", filter=_OFFERED),
        n_written=Count("lessons", filter=_OFFERED & ~Q(lessons__body="", lessons__media="")),
        free_slug=Subquery(free.values("slug")[:1]),
    ).values_list(
        "pk", "slug", "title", "subtitle", "keyword", "topic__slug", "topic__name", "topic__name_en", "teacher__name",
        "level", "price_fen", "list_price_fen", "n_lessons", "n_written", "free_slug", "published_at", "tags",
        "picture", "form", "language", "edition_of", named=True,
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
            picture=row.picture,
            form=row.form,
            language=row.language,
            edition_of=row.edition_of,
        )
        for row in rows
        if row.published_at is not None
    ]
