"""Memberships: the plans that are sold, and the time that each order of one is worth. Until when somebody is a member
stands nowhere: it follows from what they paid, see `periods`."""

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Topic
from zhiyue.product.commerce.models.orders import Order


class Plan(models.Model):
    """A membership for sale: every course with a price, or those of some topics, for so many calendar months. Once it
    was sold neither what it opens nor its months change. Its members buy everything else for `off_percent` less. It
    goes on opening for `grace_days` after its time, and may be tried for `trial_days` (0: not at all). Amounts are in
    fen."""

    class Months(models.IntegerChoices):
        MONTH = 1, pgettext_lazy("plan", "A month")
        QUARTER = 3, pgettext_lazy("plan", "A quarter")
        YEAR = 12, pgettext_lazy("plan", "A year")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("plan status", "Draft")
        OFFERED = "offered", pgettext_lazy("plan status", "For sale")
        WITHDRAWN = "withdrawn", pgettext_lazy("plan status", "Withdrawn")

    name = models.CharField(max_length=40)
    summary = models.CharField(max_length=200, blank=True)
    months = models.PositiveSmallIntegerField(choices=Months.choices)
    price_fen = models.PositiveIntegerField()
    opens_all = models.BooleanField(default=True)
    topics = models.ManyToManyField(Topic, blank=True, related_name="plans")
    grace_days = models.PositiveSmallIntegerField(default=3)
    trial_days = models.PositiveSmallIntegerField(default=0)
    off_percent = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(price_fen__gt=0), name="plan_has_a_price"),
            models.CheckConstraint(condition=models.Q(months__in=[1, 3, 12]), name="plan_of_known_months"),
            models.CheckConstraint(condition=models.Q(off_percent__lte=90), name="plan_takes_some_off"),
        ]

    def __str__(self) -> str:
        return self.name


class OrderPlan(models.Model):
    """What an order of a plan is worth once it is paid, as it was sold. With `credited_at` what was left of everything
    the member had paid for until then came off its price, and ends when this begins. `wants_reminder`: tell them before
    it ends (nothing renews by itself); `reminded_at`: they were told. `returned_at` is when a refund of it was
    approved: from then on it is as if it had never been bought; `refund_terms` are those under which it was ordered."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="plan")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="orders")
    months = models.PositiveSmallIntegerField()
    grace_days = models.PositiveSmallIntegerField()
    off_percent = models.PositiveSmallIntegerField(default=0)
    credited_at = models.DateTimeField(null=True)
    wants_reminder = models.BooleanField(default=True)
    reminded_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    refund_terms = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.order_id}: {self.plan_id}"

    @property
    def title(self) -> str:
        return self.plan.name

    @property
    def total_fen(self) -> int:
        """A plan is the whole of its order."""
        return self.order.total_fen
