"""The event log, what cleaning kept out of it, and which days are sealed into the lake."""

from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F

from zhiyue.core.consent.purposes import Purpose


class EventQuerySet(models.QuerySet["Event"]):
    def serving(self, purpose: Purpose) -> Self:
        """Those that may be used for `purpose`."""
        return self.annotate(_serves=F("purposes").bitand(int(purpose))).filter(_serves__gt=0)


class Event(models.Model):
    """One act of one person. Courses and lessons are ids, not keys: the log lies below the catalogue.

    `purposes` are the bits of what the person consented to when it was stored, of what the event serves; 0 where it
    is kept for the service alone. `source` is the import that brought it.
    """

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
    purposes = models.PositiveSmallIntegerField()
    source = models.ForeignKey(
        "HistoryImport", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects: ClassVar = EventQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # Most events are of a member or of a visitor alone, and stand in one of the two.
            models.Index(
                fields=["member", "-occurred_at"],
                name="event_by_member",
                condition=models.Q(member__isnull=False),
            ),
            models.Index(
                fields=["visitor", "-occurred_at"],
                name="event_by_visitor",
                condition=models.Q(visitor__isnull=False),
            ),
            models.Index(fields=["day"], name="event_by_day"),
            models.Index(fields=["source"], name="event_by_source", condition=models.Q(source__isnull=False)),
            # What comes in now, however much a file brought a moment ago.
            models.Index(fields=["-id"], name="event_by_no_source", condition=models.Q(source__isnull=True)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(member__isnull=False) | models.Q(visitor__isnull=False),
                name="event_has_an_actor",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.occurred_at:%Y-%m-%d %H:%M:%S}"


class ConsentCount(models.Model):
    """How many events of a kind were not stored on a business day because the person hadn't consented."""

    day = models.DateField()
    name = models.CharField(max_length=40)
    n = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "name"], name="consent_count_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}: {self.n}"


class Quarantined(models.Model):
    """An event that cleaning kept out, with the reason: a sample, `QuarantineCount` knows how many there were.

    `payload` is the entry as it came, JSON, cut where it was too long or held what can't be stored (`is_whole` is false
    then, and it can't be replayed). It is data, never shown unescaped. `sent_at` is what the browser's clock said when
    its batch left, where that clock had to be set right. `outcome` says what became of it when it was replayed.
    """

    received_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=24)
    detail = models.CharField(max_length=300)
    payload = models.TextField()
    is_whole = models.BooleanField(default=False)
    name = models.CharField(max_length=40, blank=True)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    visitor = models.UUIDField(null=True, db_index=True)
    replayed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=24, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["reason", "-id"], name="quarantined_by_reason")]

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class QuarantineCount(models.Model):
    """How many events cleaning kept out on a business day for one reason, how many of them are in the sample, and
    how many were taken in later by a replay."""

    day = models.DateField()
    reason = models.CharField(max_length=24)
    n = models.IntegerField(default=0)
    kept = models.IntegerField(default=0)
    replayed = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "reason"], name="quarantine_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}: {self.n}"


class SealedDay(models.Model):
    """A past business day and the Parquet file that holds it. `file` is empty while the day has to be read
    from the event log, because events for it came (or went) after it was sealed.

    `size` in bytes and `checksum` (SHA-256, hex) are those of the file. `revision` grows with every change of the
    day's events, of whose they are, and with every seal; `changed_at` is when that was last, seals left out.
    `damaged_at`: when its file was last found not to be what was sealed.
    """

    day = models.DateField(primary_key=True)
    rows = models.IntegerField(default=0)
    file = models.CharField(max_length=80, blank=True)
    size = models.BigIntegerField(default=0)
    checksum = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)
    revision = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(null=True)
    damaged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.day} {self.file or '(open)'}"


def current_zone() -> str:
    return str(settings.ZHIYUE_TIME_ZONE)


class Logbook(models.Model):
    """What holds for the whole log, in one row. `mark` tells the places of the lake whose they are; `time_zone` is the
    one in which days and hours were counted."""

    mark = models.UUIDField(default=uuid4)
    time_zone = models.CharField(max_length=64, default=current_zone)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(pk=1), name="one_logbook")]

    def __str__(self) -> str:
        return str(self.mark)


class LakeCheck(models.Model):
    """One look at every file of the lake, and what was wrong. `faults` holds the first of them: day or null, short
    word, detail; `mended`: how many days it reopened for that; `open_days`: day, short word why."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    days = models.IntegerField()
    rows = models.BigIntegerField()
    size = models.BigIntegerField()
    open_days = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    fault_count = models.IntegerField()
    mended = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.fault_count}"


class Subject(models.Model):
    """Who stands behind a key of the lake: the only place that knows. Without its row, what is sealed under the key
    belongs to nobody.

    A member's events are sealed under their current key; keys of visitors who turned out to be members follow them.
    """

    key = models.BigIntegerField(unique=True)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    visitor = models.UUIDField(null=True, unique=True)
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(is_current=True), name="one_current_key_a_member"
            ),
            models.CheckConstraint(
                condition=models.Q(member__isnull=False, visitor__isnull=True)
                | models.Q(member__isnull=True, visitor__isnull=False),
                name="subject_is_one_person",
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)


class Forgotten(models.Model):
    """How many events of a kind went on one day because they were kept long enough. `before`: those of earlier days."""

    day = models.DateField()
    name = models.CharField(max_length=40)
    before = models.DateField()
    n = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "name"], name="forgotten_once_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}: {self.n}"


class HistoryImport(models.Model):
    """One file of past events that was brought in, and what became of its rows. `errors` holds the first of those that
    were refused: row number, reason, detail; `reasons` counts all of them. `failure` says why the file couldn't be
    read to its end."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        UNDONE = "undone"

    file_name = models.CharField(max_length=200)
    form = models.CharField(max_length=8)
    checksum = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    rows = models.BigIntegerField(default=0)
    imported = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    unconsented = models.BigIntegerField(default=0)
    errors = models.JSONField(default=list)
    reasons = models.JSONField(default=dict)
    failure = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.file_name} {self.state}"
