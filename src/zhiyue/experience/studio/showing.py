"""A course as the studio's pages show it: its cover, its state in words, its card as learners will see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.experience.shell import covers
from zhiyue.experience.shell.cards import ShownCourse, show
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Course, Lesson


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as a badge shows it. `kind` is the badge's."""

    key: str
    words: str | Promise
    kind: str


_STATES = {
    "draft": Shown("draft", pgettext_lazy("course state", "Draft"), ""),
    "scheduled": Shown("scheduled", pgettext_lazy("course state", "Scheduled"), "accent"),
    "published": Shown("published", pgettext_lazy("course state", "Published"), "good"),
    "withdrawn": Shown("withdrawn", pgettext_lazy("course state", "Withdrawn"), "warn"),
}


def state_of(course: Course) -> Shown:
    return _STATES["scheduled" if course.is_scheduled else str(course.status)]


def worn(courses: Sequence[Course]) -> list[SafeString]:
    """Covers of courses standing in this order."""
    dressed = covers.dress([(course.slug, course.topic.slug) for course in courses])
    return [
        covers.draw(
            slug=course.slug,
            topic=course.topic.slug,
            keyword=course.keyword,
            wear=wear,
            picture=course.picture,
        )
        for course, wear in zip(courses, dressed, strict=True)
    ]


def cover(course: Course) -> SafeString:
    return covers.draw(
        slug=course.slug, topic=course.topic.slug, keyword=course.keyword, picture=course.picture
    )


def card_as_typed(course: Course, typed: Mapping[str, Any]) -> ShownCourse:
    """The card of a course as it will be once `typed` is saved; what isn't in it stays as it stands."""
    offered = Lesson.objects.filter(course=course).offered()
    topic = typed.get("topic") or course.topic
    teacher = typed.get("teacher") or course.teacher
    card = CourseCard(
        id=course.pk,
        slug=course.slug,
        title=typed.get("title", course.title),
        subtitle=typed.get("subtitle", course.subtitle),
        keyword=course.keyword,
        topic_slug=topic.slug,
        topic_name=topic.name,
        topic_name_en=topic.name_en,
        teacher_name=teacher.name,
        level=course.level,
        level_label="",
        price_fen=_fen(typed, "price", course.price_fen) or 0,
        list_price_fen=_fen(typed, "list_price", course.list_price_fen),
        lesson_count=offered.count(),
        published_lesson_count=offered.written().count(),
        free_lesson_slug=None,
        published_at=course.published_at or clock.now(),
        tags=(),
        picture=course.picture,
        form=course.form,
        language=course.language,
    )
    return show([card])[0]


def _fen(typed: Mapping[str, Any], name: str, stands: int | None) -> int | None:
    if name not in typed:
        return stands
    yuan: Decimal | None = typed[name]
    return None if yuan is None else int(yuan * 100)
