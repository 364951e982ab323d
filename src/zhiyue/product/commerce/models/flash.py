"""Flash prices: what an offer costs for a short time, as long as there are some left."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.orders import Order


class FlashQuerySet(models.QuerySet["FlashSale"]):
    def standing(self, moment: datetime) -> "FlashQuerySet":
        return self.filter(begins_at__lte=moment, ends_at__gt=moment, ended_at=None)


class FlashSale(models.Model):
    """`offer` (“course:12”) at `price_fen`, `stock` times (None: without a bound). Somebody may have ended it before
    its time. How many are left is no number here: it is counted from the orders that hold one."""

    offer = models.CharField(max_length=40, db_index=True)
    price_fen = models.PositiveIntegerField()
    stock = models.PositiveIntegerField(null=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = FlashQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="flash_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(stock=None) | Q(stock__gt=0), name="flash_stock_above_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer} {self.price_fen}"


class FlashHold(models.Model):
    """One of the stock, held by an order until it ends unpaid or all its money went back (`returned_at`)."""

    sale = models.ForeignKey(FlashSale, on_delete=models.PROTECT, related_name="holds")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="flash")
    returned_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sale"], condition=Q(returned_at=None), name="flash_holds_that_count")
        ]

    def __str__(self) -> str:
        return f"{self.sale_id} in {self.order_id}"
