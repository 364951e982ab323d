"""Reads for the pages of one topic and one teacher: what is there, where to begin, and where they moved to."""

from collections.abc import Iterable, Sequence

from django.db.models import Count, Q, Subquery

from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Course, FormerSlug, Level, Teacher, Topic
from zhiyue.product.catalogue.selectors import courses_by_id


def topic(slug: str) -> Topic | None:
    """A topic in which something is published."""
    return Topic.objects.filter(slug=slug, courses__in=Course.objects.published()).distinct().first()


def teacher(slug: str) -> Teacher | None:
    """Somebody who has something published."""
    return Teacher.objects.filter(slug=slug, courses__in=Course.objects.published()).distinct().first()


def topic_moved_to(slug: str) -> str | None:
    moved = FormerSlug.objects.filter(kind=FormerSlug.Kind.TOPIC, slug=slug).values("now_at")[:1]
    return Topic.objects.filter(pk=Subquery(moved)).values_list("slug", flat=True).first()


def teacher_moved_to(slug: str) -> str | None:
    moved = FormerSlug.objects.filter(kind=FormerSlug.Kind.TEACHER, slug=slug).values("now_at")[:1]
    return Teacher.objects.filter(pk=Subquery(moved)).values_list("slug", flat=True).first()


def courses_of_topic(topic_id: int) -> list[CourseCard]:
    """Published courses of a topic, the easier level first, then the newer."""
    return _in_order(Course.objects.published().filter(topic_id=topic_id).values_list("pk", flat=True))


def courses_of_teacher(teacher_id: int) -> list[CourseCard]:
    """Published courses of a teacher, the newest first."""
    ids = Course.objects.published().filter(teacher_id=teacher_id).values_list("pk", flat=True)
    return sorted(courses_by_id(ids).values(), key=lambda card: card.published_at, reverse=True)


def teachers_of_topic(topic_id: int) -> list[Teacher]:
    """Who teaches in a topic, those with most courses there first; `n_courses` says how many."""
    there = Q(courses__in=Course.objects.published().filter(topic_id=topic_id))
    found = Teacher.objects.filter(there).annotate(n_courses=Count("courses", filter=there, distinct=True))
    return list(found.order_by("-n_courses", "pk"))


def prerequisites_of(course_id: int) -> list[CourseCard]:
    """Published courses one should know before this one."""
    return _in_order(Course.objects.published().filter(leads_to__pk=course_id).values_list("pk", flat=True))


def leads_to(course_id: int) -> list[CourseCard]:
    """Published courses that build on this one."""
    return _in_order(
        Course.objects.published().filter(prerequisites__pk=course_id).values_list("pk", flat=True)
    )


def where_to_begin(courses: Sequence[CourseCard]) -> list[CourseCard]:
    """A way through a topic, one course a level: each builds on the one before where any says that it does.

    The first is what most of the others build on. Without at least two levels there is no way to show.
    """
    ids = [card.id for card in courses]
    pairs = Course.prerequisites.through.objects.filter(from_course_id__in=ids, to_course_id__in=ids)
    before: dict[int, set[int]] = {}
    after: dict[int, set[int]] = {}
    for course_id, needs in pairs.values_list("from_course_id", "to_course_id"):
        before.setdefault(course_id, set()).add(needs)
        after.setdefault(needs, set()).add(course_id)
    way: list[CourseCard] = []
    for level in Level.values:
        here = [card for card in courses if card.level == level]
        last = way[-1].id if way else 0
        best = min(
            here,
            key=lambda card: (
                last not in before.get(card.id, ()),
                -len(after.get(card.id, ())),
                card.published_at,
                card.id,
            ),
            default=None,
        )
        if best is not None:
            way.append(best)
    return way if len(way) > 1 else []


def _in_order(ids: Iterable[int]) -> list[CourseCard]:
    order = {level: place for place, level in enumerate(Level.values)}
    cards = courses_by_id(ids).values()
    return sorted(cards, key=lambda card: (order[card.level], -card.published_at.timestamp(), card.id))
