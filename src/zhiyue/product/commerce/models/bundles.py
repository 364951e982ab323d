"""Bundles: several courses at one price. What an order of one opened stays what it opened, whatever becomes of it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course


class Bundle(models.Model):
    """Courses that are sold together, in their order, for `price_fen`."""

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("bundle status", "Draft")
        OFFERED = "offered", pgettext_lazy("bundle status", "For sale")
        WITHDRAWN = "withdrawn", pgettext_lazy("bundle status", "Withdrawn")

    slug = models.SlugField(unique=True, max_length=80)
    title = models.CharField(max_length=60)
    summary = models.CharField(max_length=300, blank=True)
    price_fen = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(price_fen__gt=0), name="bundle_has_a_price")
        ]

    def __str__(self) -> str:
        return self.title


class BundleCourse(models.Model):
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="parts")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="bundled")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bundle", "course"], name="course_once_a_bundle"),
            models.UniqueConstraint(fields=["bundle", "position"], name="bundle_position"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id}: {self.course_id}"
