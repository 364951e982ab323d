"""What the sandbox, the pretended provider, remembers of payments."""

from typing import ClassVar

from django.db import models

from zhiyue.core.kit import clock


class SandboxTrade(models.Model):
    """A payment as the pretended provider knows it. `refunds` are amounts in fen by our refund numbers, 0 of one that
    failed; `refunds_at` is when each is through. `refund_way` is how it deals with them."""

    class State(models.TextChoices):
        WAITING = "waiting"
        PAID = "paid"
        FAILED = "failed"
        CLOSED = "closed"

    class RefundWay(models.TextChoices):
        AT_ONCE = "at_once"
        SLOWLY = "slowly"
        FAIL_FIRST = "fail_first"

    number = models.CharField(max_length=32, unique=True)
    title = models.CharField(max_length=120)
    amount_fen = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    returns_to = models.CharField(max_length=300)
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    refunds = models.JSONField(default=dict)
    refunds_at = models.JSONField(default=dict)
    refund_way = models.CharField(max_length=10, choices=RefundWay.choices, default=RefundWay.AT_ONCE)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="sandbox_trade_of_something")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"

    @property
    def provider_number(self) -> str:
        return f"SB{self.pk:010d}"
