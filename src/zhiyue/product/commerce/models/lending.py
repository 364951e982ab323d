"""What opens courses for a while without being bought: terms of a course, trial passes, lessons shown to friends."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.models.plans import Plan

LONGEST_TRIAL_DAYS = 90


class CourseTerms(models.Model):
    """How a course is sold besides its price; one without a row has the values that stand here. `trial_days` is how
    long everybody may try the whole of it, 0: not at all; memberships open it where it `is_in_memberships`."""

    course = models.OneToOneField(Course, primary_key=True, on_delete=models.CASCADE, related_name="terms")
    trial_days = models.PositiveSmallIntegerField(default=0)
    is_in_memberships = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.course_id}: {self.trial_days}"


class TrialPass(models.Model):
    """A member tries the whole of a course, or a plan, until `ends_at`, once; after that the row opens nothing and says
    that it was tried. `reminded_at`: when they were told that it ends."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trials")
    course = models.ForeignKey(Course, null=True, on_delete=models.CASCADE, related_name="trials")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.CASCADE, related_name="trials")
    started_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "course"], name="one_trial_of_a_course"),
            models.UniqueConstraint(fields=["user", "plan"], name="one_trial_of_a_plan"),
            models.CheckConstraint(
                condition=models.Q(course__isnull=False) ^ models.Q(plan__isnull=False),
                name="trial_of_something",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("started_at")), name="trial_of_some_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ends_at"], condition=models.Q(reminded_at=None), name="trials_to_remind_of")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} tries {self.course_id or self.plan_id} until {self.ends_at:%Y-%m-%d %H:%M}"


class LessonGift(models.Model):
    """A link by which a member shows a lesson of theirs to a few friends (请好友看). Whoever has `secret` may open it,
    until `ends_at` or until `friends` have; it opens nothing while the giver couldn't open the lesson themselves."""

    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gifts")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="gifts")
    secret = models.CharField(max_length=32, unique=True)
    friends = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["giver", "made_at"], name="gifts_of_a_day")]

    def __str__(self) -> str:
        return f"{self.giver_id} shows {self.lesson_id}"


class GiftOpening(models.Model):
    """A friend who opened a gift: a member, or a visitor by the key in their browser. Each counts once."""

    gift = models.ForeignKey(LessonGift, on_delete=models.CASCADE, related_name="openings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    visitor = models.UUIDField(null=True, db_index=True)
    opened_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gift", "user"], name="gift_opened_once_a_member"),
            models.UniqueConstraint(fields=["gift", "visitor"], name="gift_opened_once_a_visitor"),
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) ^ models.Q(visitor__isnull=False),
                name="gift_opened_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gift_id} opened by {self.user_id or self.visitor}"
