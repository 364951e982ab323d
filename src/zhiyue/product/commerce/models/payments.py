"""Payments: each try to pay an order at a provider, and every word that a provider said of one."""

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.orders import Order

# The channel of what was paid before its order was brought in.
PAST = "past"


class Payment(models.Model):
    """A try to pay an order. `number` is what we call it there; `provider_number` what they call it, once they said.

    `shown` is what the member pays by: an address to go to, or the text of a picture to scan. `notify_at` is where the
    provider tells of it, and of what goes back.
    """

    class Status(models.TextChoices):
        BEGUN = "begun", pgettext_lazy("payment status", "Begun")
        PAID = "paid", pgettext_lazy("payment status", "Paid")
        FAILED = "failed", pgettext_lazy("payment status", "Failed")
        CLOSED = "closed", pgettext_lazy("payment status", "Closed")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    number = models.CharField(max_length=32, unique=True)
    provider = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    amount_fen = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.BEGUN)
    provider_number = models.CharField(max_length=80, blank=True)
    shown = models.JSONField(default=dict)
    notify_at = models.CharField(max_length=300, blank=True)
    begun_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="payment_of_something"),
            # Money taken once is told of once, under whichever of our numbers.
            models.UniqueConstraint(
                fields=["provider", "provider_number"],
                condition=~models.Q(provider_number=""),
                name="provider_number_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["begun_at"], condition=models.Q(status="begun"), name="payments_that_wait"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class ProviderNotice(models.Model):
    """What a provider told us and proved to be its own word. `key` is its name for the event: told again, it is found
    here. `outcome` is what we made of it."""

    provider = models.CharField(max_length=20)
    key = models.CharField(max_length=128)
    kind = models.CharField(max_length=16)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="notices")
    told = models.JSONField()
    outcome = models.CharField(max_length=40)
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "key"], name="provider_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.key}: {self.outcome}"
