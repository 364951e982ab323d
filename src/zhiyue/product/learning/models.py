"""Progress, saved courses and interests. They belong to a member, or to a visitor's key until the visitor joins."""

from typing import ClassVar, TypeVar

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


class LessonProgress(models.Model):
    """How far one person came in one lesson. `percent` only grows."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    visitor = models.UUIDField(null=True)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="+")
    percent = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-opened_at"], name="progress_by_member")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=_ONE_OWNER, name="progress_has_one_owner"),
            models.UniqueConstraint(
                fields=["user", "lesson"], condition=Q(user__isnull=False), name="progress_member"
            ),
            models.UniqueConstraint(
                fields=["visitor", "lesson"], condition=Q(visitor__isnull=False), name="progress_visitor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lesson_id}: {self.percent} %"


class SavedCourse(models.Model):
    """A course on somebody's list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    visitor = models.UUIDField(null=True)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=_ONE_OWNER, name="saved_has_one_owner"),
            models.UniqueConstraint(
                fields=["user", "course"], condition=Q(user__isnull=False), name="saved_member"
            ),
            models.UniqueConstraint(
                fields=["visitor", "course"], condition=Q(visitor__isnull=False), name="saved_visitor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_id}"


class Interest(models.Model):
    """A topic somebody said they care about."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    visitor = models.UUIDField(null=True)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    chosen_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=_ONE_OWNER, name="interest_has_one_owner"),
            models.UniqueConstraint(
                fields=["user", "topic"], condition=Q(user__isnull=False), name="interest_member"
            ),
            models.UniqueConstraint(
                fields=["visitor", "topic"], condition=Q(visitor__isnull=False), name="interest_visitor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic_id}"
