"""Writing a lesson."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.catalogue import pictures, reading_time
from zhiyue.product.catalogue.authoring import require_change
from zhiyue.product.catalogue.errors import ChangedMeanwhile, NotNow
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Course, FormerSlug, Lesson
from zhiyue.product.catalogue.services.addresses import move_slug
from zhiyue.product.catalogue.services.typed import lesson_body, lesson_minutes, part_title
from zhiyue.product.catalogue.tasks import compare_courses
from zhiyue.product.catalogue.telling import tell_changed

COMPARED_AFTER_SECONDS = 600


@dataclass(frozen=True, slots=True)
class LessonFacts:
    """What an author types of a lesson. `minutes` None: as long as its text takes to read; `preview_percent` None: as
    much as the academy shows of any article."""

    title: str
    kind: str
    body: str
    is_free: bool
    minutes: int | None = None
    preview_percent: int | None = None


@transaction.atomic
def change_lesson(*, viewer: Viewer, lesson_id: int, facts: LessonFacts, seen_at: datetime) -> Lesson:
    """Save what was typed, unless somebody saved since `seen_at`.

    Raises NotAllowed, ChangedMeanwhile, BadFact, NotNow."""
    lesson = _locked(lesson_id)
    user = require_change(viewer, lesson.course)
    if lesson.updated_at != seen_at:
        raise ChangedMeanwhile(lesson)
    after = _values(facts)
    before: dict[str, object] = {name: getattr(lesson, name) for name in after}
    if before == after:
        return lesson
    if lesson.is_written and lesson.course.was_ever_out and not (facts.body.strip() or lesson.media):
        raise NotNow(
            pgettext(
                "catalogue",
                "Learners may have read this lesson, so its text can't be emptied. Withdraw the lesson instead.",
            )
        )
    for name, value in after.items():
        setattr(lesson, name, value)
    lesson.updated_at = clock.now()
    lesson.save(update_fields=[*after, "updated_at"])
    changed = [name for name in after if before[name] != after[name]]
    subject = ("lesson", lesson.pk, lesson.title)
    note(
        by=user, act="lesson.changed", subject=subject,
        before={name: before[name] for name in changed}, after={name: after[name] for name in changed},
    )  # fmt: skip
    index_course(lesson.course_id)
    # Read under the lock that indexing took, not as it was when the lesson was found.
    tell_changed(Course.objects.get(pk=lesson.course_id))
    if {"title", "body"} & set(changed):
        # A copy is pointed out before it is published; all saves of some minutes are compared at once.
        enqueue(compare_courses, key="compare", delay_seconds=COMPARED_AFTER_SECONDS)
    return lesson


def add_picture(*, viewer: Viewer, lesson_id: int, content: bytes) -> pictures.InText:
    """Keep a picture for a lesson's text; learners see it once the text names it. It stays a week when the text drops
    it: who takes the former text back finds it there. Raises NotAllowed, BadFact."""
    lesson = Lesson.objects.select_related("course__teacher").get(pk=lesson_id)
    user = require_change(viewer, lesson.course)
    kept = pictures.keep_for_text(content)
    subject = ("lesson", lesson.pk, lesson.title)
    note(by=user, act="lesson.pictured", subject=subject, after={"picture": kept.name})
    return kept


@transaction.atomic
def move_lesson_address(*, viewer: Viewer, lesson_id: int, slug: str, take_over: bool = False) -> Lesson:
    """Give a lesson another address; the old one leads here. Raises NotAllowed, BadFact, SlugTaken, SlugWasAnothers."""
    lesson = _locked(lesson_id)
    user = require_change(viewer, lesson.course)
    before = lesson.slug
    if slug == before:
        return lesson
    move_slug(
        viewer=viewer, kind=FormerSlug.Kind.LESSON, course_id=lesson.course_id, of=lesson.pk,
        before=before, after=slug, take_over=take_over,
    )  # fmt: skip
    lesson.slug = slug
    lesson.save(update_fields=["slug"])
    subject = ("lesson", lesson.pk, lesson.title)
    note(by=user, act="lesson.address_moved", subject=subject, before={"slug": before}, after={"slug": slug})
    index_course(lesson.course_id)
    return lesson


def _locked(lesson_id: int) -> Lesson:
    lessons = Lesson.objects.select_for_update(of=("self",)).select_related("course__teacher", "chapter")
    return lessons.get(pk=lesson_id)


def _values(facts: LessonFacts) -> dict[str, object]:
    body = lesson_body(facts.body)
    return {
        "title": part_title(facts.title),
        "kind": facts.kind,
        "body": body,
        "is_free": facts.is_free,
        "preview_percent": facts.preview_percent,
        "minutes": reading_time.minutes(body) if facts.minutes is None else lesson_minutes(facts.minutes),
    }
