"""Where other systems are told, and every message on its way there."""

from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock


class Outcome(models.TextChoices):
    """What came of the last try to deliver a message."""

    TAKEN = "taken", pgettext_lazy("webhook outcome", "Taken")
    REFUSED = "refused", pgettext_lazy("webhook outcome", "Answered with an error")
    REDIRECTED = "redirected", pgettext_lazy("webhook outcome", "Led elsewhere; that isn't followed")
    LATE = "late", pgettext_lazy("webhook outcome", "Didn't answer in time")
    UNREACHABLE = "unreachable", pgettext_lazy("webhook outcome", "Couldn't be reached")
    UNTRUSTED = "untrusted", pgettext_lazy("webhook outcome", "Its certificate can't be trusted")
    GARBLED = "garbled", pgettext_lazy("webhook outcome", "Answered something else than HTTP")
    UNSAFE = "unsafe", pgettext_lazy("webhook outcome", "The address leads where nothing may be sent")
    UNSIGNED = (
        "unsigned",
        pgettext_lazy(
            "webhook outcome", "Its secret can't be read: ZHIYUE_SECRET_KEY was changed. Make a new one"
        ),
    )
    SILENT = "silent", pgettext_lazy("webhook outcome", "The address was away all the time")


class Endpoint(models.Model):
    """An address that is told of the topics it asked for.

    `former_secret` signs beside `secret` until `former_until`. `failing_since` is the first of the `failures` in a row;
    one that doesn't answer rests until `rests_until`, and its messages wait. `busy_until` is the lease of the worker
    that delivers there, `busy_by` its name for it.
    """

    class Pause(models.TextChoices):
        STAFF = "staff", pgettext_lazy("webhook pause", "Paused by staff")
        FAILING = "failing", pgettext_lazy("webhook pause", "Paused: it failed")

    name = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=500)
    topics = models.JSONField()
    secret = models.CharField(max_length=300)
    former_secret = models.CharField(max_length=300, blank=True)
    former_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=clock.now)
    paused_at = models.DateTimeField(null=True)
    paused_why = models.CharField(max_length=8, choices=Pause.choices, blank=True)
    delivered_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    rests_until = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    busy_by = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(paused_at__isnull=True, paused_why="")
                | models.Q(paused_at__isnull=False) & ~models.Q(paused_why=""),
                name="paused_endpoint_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"

    @property
    def host(self) -> str:
        """Of the address what opens nothing: the rest often does."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def rests(self, now: datetime) -> bool:
        return self.rests_until is not None and self.rests_until > now


class Delivery(models.Model):
    """A message to one endpoint, as it is sent each time. `waits_since` is when it was first due: made, or sent again
    by somebody. `answer` is the beginning of what was answered last."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("webhook delivery", "Waiting")
        DELIVERED = "delivered", pgettext_lazy("webhook delivery", "Delivered")
        FAILED = "failed", pgettext_lazy("webhook delivery", "Failed, will be tried again")
        GIVEN_UP = "given_up", pgettext_lazy("webhook delivery", "Given up")

    OPEN = (State.WAITING, State.FAILED)

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    topic = models.CharField(max_length=60)
    message_id = models.CharField(max_length=40)
    body = models.TextField()
    made_at = models.DateTimeField(default=clock.now, db_index=True)
    waits_since = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, default=clock.now)
    tried_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=11, choices=Outcome.choices, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    detail = models.CharField(max_length=200, blank=True)
    answer = models.TextField(blank=True)
    took_ms = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            # A fact that is delivered twice makes one message.
            models.UniqueConstraint(fields=["endpoint", "message_id"], name="webhook_message_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "failed"], due_at__isnull=False)
                | models.Q(state__in=["delivered", "given_up"], due_at__isnull=True),
                name="open_delivery_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "state", "due_at"], name="webhook_by_state"),
            models.Index(fields=["endpoint", "-made_at", "-id"], name="webhook_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.endpoint_id}: {self.state}"
