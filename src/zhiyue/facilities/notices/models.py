"""The outbox: one row a message, written with the act that causes it and sent by a job."""

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock


class OutgoingMessage(models.Model):
    """A message on its way out. What a secret one says (a code, a link that signs in) is forgotten once it has left,
    except where the provider is the console, which sends nothing anywhere."""

    class Channel(models.TextChoices):
        MAIL = "mail", pgettext_lazy("message channel", "E-mail")
        SMS = "sms", pgettext_lazy("message channel", "SMS")

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("message state", "Waiting")
        SENT = "sent", pgettext_lazy("message state", "Sent")
        FAILED = "failed", pgettext_lazy("message state", "Not sent")

    channel = models.CharField(max_length=4, choices=Channel.choices)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    template = models.CharField(max_length=20, blank=True)
    content = models.JSONField(default=dict)
    is_secret = models.BooleanField(default=False)
    state = models.CharField(max_length=6, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(default=clock.now, db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.channel} {self.to} {self.state}"
