"""Addresses: slugs for what is new, and redirects for what had another one. Called inside the caller's transaction."""

import secrets

from django.db.models import Model, QuerySet
from django.utils.text import slugify
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.product.catalogue.authoring import may_change_all
from zhiyue.product.catalogue.errors import BadFact, SlugTaken, SlugWasAnothers
from zhiyue.product.catalogue.models import Course, FormerSlug, Lesson, Teacher, Topic
from zhiyue.product.catalogue.selectors import may_change

_TABLES: dict[str, type[Model]] = {
    FormerSlug.Kind.COURSE: Course,
    FormerSlug.Kind.LESSON: Lesson,
    FormerSlug.Kind.TEACHER: Teacher,
    FormerSlug.Kind.TOPIC: Topic,
}
# Addresses of pages that stand beside those of lessons or courses.
RESERVED = frozenset({"new", "preview", "edit"})
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def slug_for(title: str, *, prefix: str) -> str:
    """An address from the Latin words of a title where it has some, else a short random one."""
    named = slugify(title)[:60].strip("-")
    return named if len(named) >= 4 else f"{prefix}-{''.join(secrets.choice(_LETTERS) for _ in range(6))}"


def free_slug(title: str, *, prefix: str, kind: FormerSlug.Kind) -> str:
    """`slug_for`, made different from every address in use or once used."""
    wanted = slug = slug_for(title, prefix=prefix)
    number = 2
    while slug in RESERVED or _taken(kind, 0, slug).exists() or _former(kind, 0, slug).exists():
        slug = f"{wanted}-{number}"
        number += 1
    return slug


def check_slug(slug: str) -> None:
    """Raises BadFact."""
    if not slug or slug != slugify(slug) or len(slug) > 80 or slug in RESERVED:
        words = pgettext("catalogue", "Write small letters, digits and hyphens, such as “first-course”.")
        raise BadFact("slug", words)


def move_slug(
    *,
    viewer: Viewer,
    kind: FormerSlug.Kind,
    course_id: int,
    of: int,
    before: str,
    after: str,
    take_over: bool,
) -> None:
    """Keep `before` as a redirect to row `of` and make `after` free for it. Redirects name rows, not addresses, so a
    chain of moves leads to the end in one step. Old links of something `viewer` may not change stay where they lead:
    for them that address is taken. Raises BadFact, SlugTaken, SlugWasAnothers."""
    check_slug(after)
    if _taken(kind, course_id, after).exclude(pk=of).exists():
        raise SlugTaken
    former = _former(kind, course_id, after)
    other = former.exclude(now_at=of).first()
    led_to = _TABLES[kind]._default_manager.filter(pk=other.now_at).first() if other else None
    if led_to is not None and not _may_lead_elsewhere(viewer, led_to):
        # Not even its name is told: it may be a draft.
        raise SlugTaken
    if led_to is not None and not take_over:
        raise SlugWasAnothers(str(led_to))
    former.delete()
    FormerSlug.objects.create(kind=kind, course_id=course_id, slug=before, now_at=of)


def _taken(kind: FormerSlug.Kind, course_id: int, slug: str) -> QuerySet[Model]:
    rows = _TABLES[kind]._default_manager.filter(slug=slug)
    return rows.filter(course_id=course_id) if kind == FormerSlug.Kind.LESSON else rows


def _former(kind: FormerSlug.Kind, course_id: int, slug: str) -> QuerySet[FormerSlug]:
    return FormerSlug.objects.filter(kind=kind, course_id=course_id, slug=slug)


def _may_lead_elsewhere(viewer: Viewer, led_to: Model) -> bool:
    if isinstance(led_to, Course | Lesson):
        return may_change(viewer, led_to if isinstance(led_to, Course) else led_to.course)
    return may_change_all(viewer)
