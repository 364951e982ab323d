"""Progress, saved courses, interests and what people correct of theirs. They belong to a member, or to a visitor's key
until the visitor joins."""

from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from zhiyue.collect.kinds import Actor
from zhiyue.product.catalogue.models import Course, Lesson, Topic

Row = TypeVar("Row", bound=models.Model)

_ONE_OWNER = Q(user__isnull=False, visitor__isnull=True) | Q(user__isnull=True, visitor__isnull=False)


class OwnedQuerySet(models.QuerySet[Row]):
    def owned_by(self, actor: Actor) -> "OwnedQuerySet[Row]":
        """Rows of a member, or of a visitor; none of nobody's."""
        if actor.member_id is not None:
            return self.filter(user_id=actor.member_id)
        if actor.visitor is not None:
            return self.filter(visitor=actor.visitor)
        return self.none()

    def get_or_make(self, actor: Actor, **row: Any) -> tuple[Row, bool]:
        """The person's row of this, and whether it was made just now. A member's rows are theirs alone, whichever
        browser they sit at."""
        visitor = None if actor.member_id is not None else actor.visitor
        return self.get_or_create(user_id=actor.member_id, visitor=visitor, **row)


class Owned(models.Model):
    """A row of a member, or of a visitor."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    visitor = models.UUIDField(null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True


def _once_each(what: str, *, name: str) -> list[models.BaseConstraint]:
    """Each row has one owner, and each owner one row of `what`."""
    return [
        models.CheckConstraint(condition=_ONE_OWNER, name=f"{name}_has_one_owner"),
        models.UniqueConstraint(
            fields=["user", what], condition=Q(user__isnull=False), name=f"{name}_member"
        ),
        models.UniqueConstraint(
            fields=["visitor", what], condition=Q(visitor__isnull=False), name=f"{name}_visitor"
        ),
    ]


class LessonProgress(Owned):
    """How far one person came in one lesson. `percent` only grows. Up to `spent_until` their time is spent by reports
    of reading that the event log doesn't hold."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="+")
    percent = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    spent_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-opened_at"], name="progress_by_member")]
        constraints: ClassVar = _once_each("lesson", name="progress")

    def __str__(self) -> str:
        return f"{self.lesson_id}: {self.percent} %"


class SavedCourse(Owned):
    """A course on somebody's list."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = _once_each("course", name="saved")

    def __str__(self) -> str:
        return f"{self.course_id}"


class DismissedCourse(Owned):
    """A course somebody said isn't for them: it isn't suggested to them any more, and can be found as before."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    dismissed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = _once_each("course", name="dismissed")

    def __str__(self) -> str:
        return f"{self.course_id}"


class Interest(Owned):
    """A topic somebody said they care about."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    chosen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = _once_each("topic", name="interest")

    def __str__(self) -> str:
        return f"{self.topic_id}"


class Correction(Owned):
    """What somebody corrects of the interests that are read out of what they do: more or less of a topic, or a course
    that is no reason to suggest another."""

    class Way(models.TextChoices):
        LESS = "less"
        MORE = "more"
        UNUSED = "unused"

    topic = models.ForeignKey(Topic, null=True, on_delete=models.CASCADE, related_name="+")
    course = models.ForeignKey(Course, null=True, on_delete=models.CASCADE, related_name="+")
    way = models.CharField(max_length=6, choices=Way.choices)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            *_once_each("topic", name="correction"),
            *_once_each("course", name="correction_of_course")[1:],
            models.CheckConstraint(
                condition=Q(topic__isnull=False, course__isnull=True, way__in=["less", "more"])
                | Q(topic__isnull=True, course__isnull=False, way="unused"),
                name="correction_of_a_topic_or_a_course",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.topic_id or self.course_id}"
