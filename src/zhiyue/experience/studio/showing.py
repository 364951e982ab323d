"""A course as the studio's pages show it: its cover, its state in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from zhiyue.experience.shell import covers
from zhiyue.product.catalogue.models import Course


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
