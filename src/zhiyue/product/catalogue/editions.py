"""Reads of courses that are told in several languages: which belong together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import get_language

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.authoring import may_change_all, require_change
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Course


@dataclass(frozen=True, slots=True)
class Edition:
    id: int
    slug: str
    title: str
    language: str


def editions_beside(course: Course) -> list[Edition]:
    """The published editions of the same course in other languages, the original first."""
    original = course.edition_of_id or course.pk
    rows = Course.objects.published().filter(Q(pk=original) | Q(edition_of=original)).exclude(pk=course.pk)
    ordered = rows.order_by(F("edition_of").asc(nulls_first=True), "language")
    return [Edition(*row) for row in ordered.values_list("pk", "slug", "title", "language")]


def with_editions(course_ids: Collection[int]) -> set[int]:
    """These courses and every other edition of them, out or not."""
    if not course_ids:
        return set()
    asked = Course.objects.filter(pk__in=course_ids).annotate(original=Coalesce("edition_of_id", "pk"))
    originals = asked.values("original")
    found = Course.objects.filter(Q(pk__in=originals) | Q(edition_of__in=originals))
    return {*course_ids, *found.values_list("pk", flat=True)}


def families() -> dict[int, int]:
    """The original of each course that is an edition, by id."""
    return dict(Course.objects.exclude(edition_of=None).values_list("pk", "edition_of_id"))


def titles_in(language: str, course_ids: Iterable[int]) -> dict[int, str]:
    """Titles by id as somebody who reads in `language` knows these courses: of the published edition in it, where there
    is one; else their own, of withdrawn courses too, as the past keeps its names."""
    asked = set(course_ids)
    if not asked:
        return {}
    family = Coalesce("edition_of_id", "pk")
    originals = Course.objects.filter(pk__in=asked).annotate(original=family).values("original")
    rows = (
        Course.objects.filter(Q(pk__in=originals) | Q(edition_of__in=originals))
        .annotate(original=family)
        .values_list("pk", "original", "title", "language", "status", "published_at")
    )
    now, own, read = clock.now(), dict[int, tuple[int, str]](), dict[int, str]()
    for pk, original, title, told_in, status, published_at in rows:
        own[pk] = original, title
        if told_in == language and status == Course.Status.PUBLISHED and published_at and published_at <= now:
            read[original] = title
    return {pk: read.get(own[pk][0], own[pk][1]) for pk in asked if pk in own}


def one_of_each(cards: Iterable[CourseCard]) -> list[CourseCard]:
    """One card of each course: of its editions the one with most to read."""
    found: dict[int, CourseCard] = {}
    for card in cards:
        original = card.edition_of or card.id
        known = found.get(original)
        if known is None or card.published_lesson_count > known.published_lesson_count:
            found[original] = card
    return list(found.values())


def language_of_reader() -> str:
    """The language in which pages speak to whoever looks; where several editions of a course could be shown, theirs."""
    return get_language() or settings.LANGUAGE_CODE


def originals_to_name(viewer: Viewer, course: Course) -> list[Course]:
    """The courses of which `viewer` may call `course` an edition, the one it is an edition of included. Raises
    NotAllowed."""
    user = require_change(viewer, course)
    if Course.objects.filter(edition_of=course).exists():
        return []
    theirs = Q() if may_change_all(viewer) else Q(teacher__user=user)
    named = Q(pk=course.edition_of_id) if course.edition_of_id else Q(pk__in=[])
    return list(
        Course.objects.filter((theirs & Q(edition_of=None)) | named)
        .exclude(pk=course.pk)
        .order_by("title", "pk")
    )
