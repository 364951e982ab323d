"""What providers say of whole days: their bills line by line, and where these and our books differ."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.ledger import Entry
from zhiyue.product.commerce.models.payments import Payment
from zhiyue.product.commerce.models.refunds import Refund


class Bill(models.Model):
    """A provider's bill of a day, whether it could be fetched yet or not. `due_at` is when it is asked for next, None
    where nothing is to be fetched; `fault` is what the provider said instead of giving it. `theirs_fen` and `fee_fen`
    sum its lines, `ours_fen` is what the books had of that day when they were compared."""

    provider = models.CharField(max_length=20)
    day = models.DateField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)
    fetched_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)
    line_count = models.PositiveIntegerField(default=0)
    theirs_fen = models.BigIntegerField(default=0)
    ours_fen = models.BigIntegerField(default=0)
    fee_fen = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "day"], name="one_bill_a_provider_and_day")
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="bills_to_fetch"),
            models.Index(fields=["-day"], name="bills_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}"


class BillEntry(models.Model):
    """A line of a bill as it was told. Fetched again it is the same row; `nth` counts lines that are alike. One that a
    bill fetched later lacks stays, with `withdrawn_at`.

    `item` names what the line is about: “payment:P26…”, “refund:R26…”, or “taken:P26…” for money that they took without
    a refund of ours. `payment` is ours, where we know it. `fee_entry` is its fee in the books.
    """

    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="lines")
    item = models.CharField(max_length=180, db_index=True)
    number = models.CharField(max_length=80, blank=True)
    provider_number = models.CharField(max_length=80, blank=True)
    refund_number = models.CharField(max_length=80, blank=True)
    amount_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField(default=0)
    nth = models.PositiveIntegerField(default=0)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="bill_lines")
    withdrawn_at = models.DateTimeField(null=True)
    fee_entry = models.OneToOneField(Entry, null=True, on_delete=models.PROTECT, related_name="bill_line")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "bill",
                    "number",
                    "provider_number",
                    "refund_number",
                    "amount_fen",
                    "fee_fen",
                    "nth",
                ],
                name="bill_line_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.amount_fen:+}"


class Difference(models.Model):
    """Something that a provider and our books tell differently of. `bill` is of the day on which it was noticed. It is
    settled by itself as soon as both tell the same, or by somebody who says why. `entry` is what they had entered so
    that the books say what the provider says; it is taken back where the amounts change."""

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here", pgettext_lazy("difference", "Paid there, unknown here")
        MISSING_THERE = "missing_there", pgettext_lazy("difference", "Paid here, not in their bill")
        AMOUNT = "amount", pgettext_lazy("difference", "Paid another amount")
        PAID_TWICE = "paid_twice", pgettext_lazy("difference", "Paid twice there")
        REFUND_MISSING_HERE = "refund_here", pgettext_lazy("difference", "Gone back there, unknown here")
        REFUND_MISSING_THERE = (
            "refund_there",
            pgettext_lazy("difference", "Gone back here, not in their bill"),
        )
        REFUND_AMOUNT = "refund_amount", pgettext_lazy("difference", "Another amount gone back")
        REFUND_TWICE = "refund_twice", pgettext_lazy("difference", "Gone back twice there")
        TAKEN_BACK = "taken_back", pgettext_lazy("difference", "Taken back there without a refund of ours")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("difference state", "Open")
        GONE = "gone", pgettext_lazy("difference state", "Came right by itself")
        RESOLVED = "resolved", pgettext_lazy("difference state", "Resolved")

    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="differences")
    provider = models.CharField(max_length=20)
    item = models.CharField(max_length=180, db_index=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    number = models.CharField(max_length=80, blank=True)
    provider_number = models.CharField(max_length=80, blank=True)
    refund_number = models.CharField(max_length=80, blank=True)
    theirs_fen = models.BigIntegerField()
    ours_fen = models.BigIntegerField()
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="+")
    refund = models.ForeignKey(Refund, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    noticed_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    why = models.CharField(max_length=200, blank=True)
    entry = models.OneToOneField(Entry, null=True, on_delete=models.PROTECT, related_name="difference")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "item"], condition=Q(state="open"), name="one_open_difference_an_item"
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(ended_at=None), name="open_difference_has_no_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.kind} {self.state}"
