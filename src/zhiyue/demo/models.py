"""How far the demo's academy is filled, and until when its members have lived."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from zhiyue.product.catalogue.models import Lesson


class Seeding(models.Model):
    """One row. `done` of `total` steps; `lived_until` is the moment up to which members were simulated. `size`: how
    many there were when all was filled, which decides how many more come; `paused_at`: since when they rest."""

    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=1)
    note = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    lived_until = models.DateTimeField(null=True)
    size = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.done}/{self.total} {self.note}"


class Presence(models.Model):
    """A simulated member was there on a day: what habit grows from. The event log knows only of who consents."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["member", "day"], name="present_once_a_day")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.day}"


class Shelf(models.Model):
    """What the academy's recommender shows a simulated member on a day while a contest is on: the policy that was drawn
    with its chance, and the courses in their order as [id, chance to stand there]. Kept while the day lasts."""

    day = models.DateField()
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    contest = models.PositiveIntegerField()
    policy = models.CharField(max_length=40)
    policy_chance = models.FloatField()
    courses = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "member", "contest"], name="one_shelf_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.day} {self.policy}"


class Halfway(models.Model):
    """How far a simulated person was in a lesson when a day began on which they read in it. Kept while the day can be
    lived again."""

    day = models.DateField(db_index=True)
    person = models.UUIDField(help_text="The key under which they look round without an account.")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="+")
    percent = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "lesson", "day"], name="halfway_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.lesson_id}: {self.percent} %"
