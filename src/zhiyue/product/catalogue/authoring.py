"""Reads for those who write courses: theirs, one with all its parts, and what it still needs before it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.models import FOR_CREATORS
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.product.catalogue.models import Chapter, Course, Lesson, Teacher, Topic
from zhiyue.product.catalogue.selectors import may_change


@dataclass(frozen=True, slots=True)
class Need:
    """One line of the checklist. `must`: without it nothing is published; else it is advice. `part` is where it is
    mended: facts, outline or look."""

    key: str
    words: str | Promise
    part: str
    done: bool
    must: bool = True


def require_change(viewer: Viewer, course: Course) -> User:
    """The member who looks, where they may change the course. Raises NotAllowed."""
    if viewer.user is None or not may_change(viewer, course):
        raise NotAllowed
    return viewer.user


def require_author(viewer: Viewer) -> User:
    """The member who looks, where they may write courses and have accepted what creators accept. Whoever changes
    everybody's courses writes for the academy, and isn't asked. Raises NotAllowed, AgreementsPending."""
    user = require(viewer, Permission.USE_STUDIO)
    if not may_change_all(viewer):
        require_accepted(user, FOR_CREATORS)
    return user


def may_change_all(viewer: Viewer) -> bool:
    """May `viewer` change everybody's courses, and topics and teachers?"""
    return viewer.may(Permission.CHANGE_ANY_COURSE)


def courses_of(viewer: Viewer, *, everybody: bool = False) -> list[Course]:
    """The courses `viewer` teaches, or `everybody`'s where they may change those; what was touched last comes first.
    Each has `n_lessons` and `n_written`. Raises NotAllowed."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE if everybody else Permission.USE_STUDIO)
    courses = Course.objects.all() if everybody else Course.objects.filter(teacher__user=user)
    offered = Q(lessons__withdrawn_at=None)
    return list(
        courses.select_related("topic", "teacher")
        .annotate(
            n_lessons=Count("lessons", filter=offered),
            n_written=Count("lessons", filter=offered & ~Q(lessons__body="", lessons__media="")),
        )
        .order_by("-updated_at", "-pk")
    )


def course_to_change(viewer: Viewer, course_id: int) -> Course:
    """One course with its chapters and all their lessons, the withdrawn too. Raises Course.DoesNotExist, NotAllowed."""
    lessons = Prefetch("lessons", queryset=Lesson.objects.order_by("position"))
    chapters = Prefetch("chapters", queryset=Chapter.objects.prefetch_related(lessons).order_by("position"))
    course = (
        Course.objects.select_related("topic", "teacher")
        .prefetch_related(chapters, "prerequisites")
        .get(pk=course_id)
    )
    require_change(viewer, course)
    return course


def lesson_to_change(viewer: Viewer, lesson_id: int) -> Lesson:
    """Raises Lesson.DoesNotExist, NotAllowed."""
    lesson = Lesson.objects.select_related("course__teacher", "course__topic", "chapter").get(pk=lesson_id)
    require_change(viewer, lesson.course)
    return lesson


def checklist(course: Course) -> list[Need]:
    """What a course needs before it is published, and what it had better have."""
    lessons = Lesson.objects.filter(course=course)
    written: Sequence[Any] = list(lessons.written().values_list("is_free", flat=True))
    return [
        Need("title", _WORDS["title"], "facts", bool(course.title.strip())),
        Need("summary", _WORDS["summary"], "facts", bool(course.summary.strip())),
        Need("price", _WORDS["price"], "facts", course.price_decided),
        Need("lesson", _WORDS["lesson"], "outline", bool(written)),
        Need("subtitle", _WORDS["subtitle"], "facts", bool(course.subtitle.strip()), must=False),
        Need("outcomes", _WORDS["outcomes"], "facts", len(course.outcomes) >= 3, must=False),
        Need("headline", _WORDS["headline"], "facts", bool(course.teacher.headline), must=False),
        Need("tags", _WORDS["tags"], "facts", bool(course.tags), must=False),
        Need("free", _WORDS["free"], "outline", course.is_free or any(written), must=False),
    ]


def is_ready(needs: Sequence[Need]) -> bool:
    return all(need.done for need in needs if need.must)


def courses_to_ask_for(viewer: Viewer, course: Course) -> list[Course]:
    """What a course may name as learnt before it: what learners can find, and the author's own."""
    mine = Q(teacher__user=viewer.user) if viewer.user else Q(pk__in=[])
    named = Q(pk__in=course.prerequisites.values("pk"))
    findable = Q(pk__in=Course.objects.published().values("pk"))
    return list(
        Course.objects.filter(findable | mine | named)
        .exclude(pk=course.pk)
        .select_related("topic", "teacher")
        .order_by("topic__position", "title")
    )


def all_topics() -> list[Topic]:
    """Also those without a course, in the academy's order."""
    return list(Topic.objects.annotate(n_courses=Count("courses")).order_by("position", "pk"))


def all_teachers() -> list[Teacher]:
    return list(Teacher.objects.select_related("user").annotate(n_courses=Count("courses")).order_by("name"))


def teacher_of(user: User) -> Teacher | None:
    return Teacher.objects.filter(user=user).first()


_WORDS = {
    "title": pgettext_lazy("checklist", "A title"),
    "summary": pgettext_lazy("checklist", "A summary: for whom it is, and what they take away"),
    "price": pgettext_lazy("checklist", "A price, or the decision that it is free"),
    "lesson": pgettext_lazy("checklist", "At least one written lesson"),
    "subtitle": pgettext_lazy("checklist", "One line under the title"),
    "outcomes": pgettext_lazy("checklist", "Three things one can do afterwards"),
    "headline": pgettext_lazy("checklist", "One line about the teacher"),
    "tags": pgettext_lazy("checklist", "Tags, by which search and recommendation find it"),
    "free": pgettext_lazy("checklist", "A free lesson, so that people can taste it"),
}
