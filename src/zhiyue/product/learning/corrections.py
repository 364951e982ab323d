"""What people correct of the interests that are read out of what they do: more or less of a topic, and courses that are
no reason. It is what they said, not what they did, so it holds whatever they consent to."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.editions import with_editions
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning.models import Correction, Interest

Way = Literal["less", "more", "none"]


@dataclass(frozen=True, slots=True)
class Corrections:
    """Of one person: topics they want less or more of, and the courses of these; courses that are no reason, in every
    edition. All are ids."""

    less: frozenset[int] = frozenset()
    more: frozenset[int] = frozenset()
    courses_of_less: frozenset[int] = frozenset()
    courses_of_more: frozenset[int] = frozenset()
    unused: frozenset[int] = frozenset()

    @property
    def silent(self) -> frozenset[int]:
        """Courses of which no act counts."""
        return self.courses_of_less | self.unused


UNCORRECTED = Corrections()


def corrections_of(actor: Actor) -> Corrections:
    rows = list(Correction.objects.owned_by(actor).values_list("way", "topic_id", "course_id"))
    if not rows:
        return UNCORRECTED
    less = frozenset(topic for way, topic, _ in rows if way == Correction.Way.LESS and topic)
    more = frozenset(topic for way, topic, _ in rows if way == Correction.Way.MORE and topic)
    unused = [course for _, _, course in rows if course]
    of_topic: dict[int, set[int]] = {}
    if less or more:
        courses = Course.objects.filter(topic_id__in=less | more)
        for pk, topic_id in courses.values_list("pk", "topic_id"):
            of_topic.setdefault(topic_id, set()).add(pk)
    return Corrections(
        less,
        more,
        frozenset(pk for topic in less for pk in of_topic.get(topic, ())),
        frozenset(pk for topic in more for pk in of_topic.get(topic, ())),
        frozenset(with_editions(unused)),
    )


def course_to_correct(slug: str) -> Course:
    """A course that somebody may have done something with: one that is out, or was. Raises Course.DoesNotExist."""
    found = Course.objects.get(slug=slug)
    if not found.is_published and found.status != Course.Status.WITHDRAWN:
        raise Course.DoesNotExist
    return found


def unused(actor: Actor, *, words: str = "") -> QuerySet[Correction]:
    """What makes courses no reason, as somebody named them, each with its course, the newest first; of those that hold
    `words` in their title."""
    rows = Correction.objects.owned_by(actor).filter(
        way=Correction.Way.UNUSED, course__title__icontains=words
    )
    return rows.select_related("course").order_by("-made_at", "-pk")


def unused_courses(actor: Actor) -> list[Course]:
    """All the courses that somebody wants to be no reason, the newest first."""
    return [row.course for row in unused(actor) if row.course is not None]


def corrected_topics(actor: Actor) -> list[tuple[Topic, str]]:
    """The topics that somebody wants less or more of, and which of the two, in the academy's order."""
    rows = Correction.objects.owned_by(actor).exclude(topic=None).select_related("topic")
    ordered = rows.order_by("topic__position", "topic_id")
    return [(row.topic, row.way) for row in ordered if row.topic is not None]


@transaction.atomic
def correct_topic(*, actor: Actor, topic: Topic, way: Way) -> bool:
    """From now on more of a topic, less of it, or as what they do says. Who wants less of a topic that they had said
    they care about no longer says so. False where it was so before."""
    if actor.is_nobody:
        return False
    own = Correction.objects.owned_by(actor).filter(topic=topic)
    if way == "none":
        changed = bool(own.delete()[0])
    else:
        row, changed = Correction.objects.get_or_make(actor, topic=topic, defaults={"way": way})
        if row.way != way:
            changed = bool(own.update(way=way, made_at=clock.now()))
    if way == "less":
        Interest.objects.owned_by(actor).filter(topic=topic).delete()
    if changed:
        record("interest.corrected", actor=actor, topic=topic.slug, way=way)
    return changed


@transaction.atomic
def disregard_course(*, actor: Actor, course: Course) -> bool:
    """What the person did and does with a course is no reason any more, in no edition. False where it was none."""
    if actor.is_nobody:
        return False
    _, is_new = Correction.objects.get_or_make(
        actor, course=course, defaults={"way": Correction.Way.UNUSED.value}
    )
    if is_new:
        record("course.disregarded", actor=actor, course_id=course.pk)
    return is_new


@transaction.atomic
def regard_course(*, actor: Actor, course: Course) -> bool:
    """It counts again, whichever edition was named. False where it did."""
    family = with_editions({course.pk})
    deleted, _ = Correction.objects.owned_by(actor).filter(course_id__in=family).delete()
    if deleted:
        record("course.regarded", actor=actor, course_id=course.pk)
    return bool(deleted)


def want_again(actor: Actor, topics: Collection[Topic]) -> None:
    """Topics that somebody says they care about are none that they want less of."""
    less = Correction.objects.owned_by(actor).filter(topic__in=topics, way=Correction.Way.LESS)
    for row in less.select_related("topic"):
        if row.topic is not None:
            correct_topic(actor=actor, topic=row.topic, way="none")


def forget_unused(actor: Actor) -> None:
    """With a history goes what tells of it: which courses somebody did something with, and wanted no reason of. What
    they said of topics stays, as the topics do that they chose."""
    Correction.objects.owned_by(actor).filter(way=Correction.Way.UNUSED).delete()


@transaction.atomic
def bring_corrections(*, user: User, visitor: UUID) -> None:
    """A visitor's corrections become the member's; where both said something, the member's stays."""
    for theirs in Correction.objects.filter(visitor=visitor):
        about = {"topic_id": theirs.topic_id} if theirs.topic_id else {"course_id": theirs.course_id}
        defaults = {"way": theirs.way, "made_at": theirs.made_at}
        Correction.objects.get_or_create(user=user, **about, defaults=defaults)
    Correction.objects.filter(visitor=visitor).delete()
