"""Redeem codes: each opens an offer to whoever enters it first, and is paid by nobody here."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.orders import Order


class RedeemBatch(models.Model):
    """Codes that were made together: for an offer (“course:12”), until `ends_at` (None: without an end)."""

    title = models.CharField(max_length=60)
    offer = models.CharField(max_length=40)
    ends_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.title


class RedeemCode(models.Model):
    """One code. Once redeemed it is one with the order by which it opened the offer."""

    batch = models.ForeignKey(RedeemBatch, on_delete=models.PROTECT, related_name="codes")
    text = models.CharField(max_length=20, unique=True)
    order = models.OneToOneField(Order, null=True, on_delete=models.PROTECT, related_name="redeemed")
    redeemed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(order=None, redeemed_at=None) | Q(order__isnull=False, redeemed_at__isnull=False),
                name="redeemed_code_has_an_order",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(order=None), name="redeemed_code_stays_redeemed"
            ),
        ]

    def __str__(self) -> str:
        return f"a code of {self.batch_id}"
