"""Answers kept for a day, so that a request that is sent again isn't done again."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class KeptAnswer(models.Model):
    """One idempotency key of one person at one address. `status` is None while the first request still runs."""

    whom = models.CharField(max_length=40)
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["whom", "route", "key"], name="one_answer_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.route}: {self.status}"
