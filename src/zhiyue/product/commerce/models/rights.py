"""Entitlements: which member owns which course, and how they came by it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from zhiyue.product.catalogue.models import Course


class Enrolment(models.Model):
    """A member's right to the whole of a course."""

    class Source(models.TextChoices):
        FREE = "free", pgettext_lazy("enrolment source", "Free course")
        GRANTED = "granted", pgettext_lazy("enrolment source", "Opened by the academy")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="enrolments")
    source = models.CharField(max_length=10, choices=Source.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "course"], name="one_enrolment_per_course")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.course_id}"
