"""The event log, what cleaning kept out of it, and which days are sealed into the lake."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Event(models.Model):
    """One act of one person. Courses and lessons are ids, not keys: the log lies below the catalogue."""

    event_id = models.UUIDField(unique=True)
    name = models.CharField(max_length=40)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    visitor = models.UUIDField(null=True)
    course_id = models.BigIntegerField(null=True)
    lesson_id = models.BigIntegerField(null=True)
    properties = models.JSONField(default=dict)
    origin = models.CharField(max_length=8)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    day = models.DateField()
    corrections = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["member", "-occurred_at"], name="event_by_member"),
            models.Index(fields=["visitor", "-occurred_at"], name="event_by_visitor"),
            models.Index(fields=["day"], name="event_by_day"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(member__isnull=False) | models.Q(visitor__isnull=False),
                name="event_has_an_actor",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.occurred_at:%Y-%m-%d %H:%M:%S}"


class Quarantined(models.Model):
    """An event that cleaning kept out, with the reason: a sample, `QuarantineCount` knows how many there were.
    Text is cut; it is data, never shown unescaped."""

    received_at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=24)
    detail = models.CharField(max_length=300)
    payload = models.TextField()

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class QuarantineCount(models.Model):
    """How many events cleaning kept out on a business day for one reason, and how many of them are in the sample."""

    day = models.DateField()
    reason = models.CharField(max_length=24)
    n = models.IntegerField(default=0)
    kept = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "reason"], name="quarantine_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}: {self.n}"


class SealedDay(models.Model):
    """A past business day and the Parquet file that holds it. `file` is empty while the day has to be read
    from the event log, because events for it came (or went) after it was sealed."""

    day = models.DateField(primary_key=True)
    rows = models.IntegerField(default=0)
    file = models.CharField(max_length=80, blank=True)
    sealed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.day} {self.file or '(open)'}"
