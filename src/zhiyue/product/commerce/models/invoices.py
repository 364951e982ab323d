"""Invoices (发票) of orders, and the titles that members keep for the next one."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.orders import Order

LONGEST_TITLE = 100


class InvoiceKind(models.TextChoices):
    PERSONAL = "personal", pgettext_lazy("invoice kind", "Personal")
    COMPANY = "company", pgettext_lazy("invoice kind", "Company")


class InvoiceTitle(models.Model):
    """To whom a member has had an invoice made out, so that they needn't type it again. Theirs: they delete it, and it
    goes with their account."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invoice_titles"
    )
    kind = models.CharField(max_length=8, choices=InvoiceKind.choices)
    title = models.CharField(max_length=LONGEST_TITLE)
    tax_number = models.CharField(max_length=20, blank=True)
    email = models.EmailField()
    used_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "kind", "title", "tax_number"], name="invoice_title_once_a_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.title}"


class Invoice(models.Model):
    """An invoice of an order, from the asking to its being reversed. `number` is ours; `invoice_number` (发票号码, on
    older forms with an `invoice_code`) is the tax office's, and `reversal_number` that of the red-letter invoice.

    `provider` issues it, and knows it by `mark`: a try that it proved to have failed is begun anew as another `round`.
    `due_at` is when it is asked next, after `tries`; None: nothing goes on by itself. `fault` is why it isn't issued or
    reversed. `reversal_why` is why staff want it reversed though its amount is right. One of a former amount is
    `again_of` by the one for what is left. A book-keeping record: it stays when the account goes.
    """

    class Status(models.TextChoices):
        ASKED = "asked", pgettext_lazy("invoice status", "Asked for")
        ISSUING = "issuing", pgettext_lazy("invoice status", "Being issued")
        ISSUED = "issued", pgettext_lazy("invoice status", "Issued")
        FAILED = "failed", pgettext_lazy("invoice status", "Couldn't be issued")
        REVERSING = "reversing", pgettext_lazy("invoice status", "Being reversed")
        REVERSED = "reversed", pgettext_lazy("invoice status", "Reversed")
        WITHDRAWN = "withdrawn", pgettext_lazy("invoice status", "Withdrawn")

    # One of these at a time an order.
    LIVE = (Status.ASKED, Status.ISSUING, Status.ISSUED, Status.REVERSING)

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=8, choices=InvoiceKind.choices)
    title = models.CharField(max_length=LONGEST_TITLE)
    tax_number = models.CharField(max_length=20, blank=True)
    email = models.EmailField()
    amount_fen = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASKED)
    provider = models.CharField(max_length=20, blank=True)
    round = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)
    invoice_code = models.CharField(max_length=12, blank=True)
    invoice_number = models.CharField(max_length=20, blank=True)
    issued_at = models.DateTimeField(null=True)
    reversal_why = models.CharField(max_length=200, blank=True)
    reversal_number = models.CharField(max_length=20, blank=True)
    reversed_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=80, blank=True)
    again_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="again")

    class Meta:
        constraints: ClassVar = [
            # A second tap, tab or device finds the invoice of the first.
            models.UniqueConstraint(
                fields=["order"],
                condition=models.Q(status__in=["asked", "issuing", "issued", "reversing"]),
                name="one_live_invoice_an_order",
            ),
            models.UniqueConstraint(
                fields=["invoice_code", "invoice_number"],
                condition=~models.Q(invoice_number=""),
                name="invoice_number_once",
            ),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="invoice_of_something"),
            models.CheckConstraint(
                condition=~models.Q(status__in=["issued", "reversing", "reversed"])
                | ~models.Q(invoice_number=""),
                name="issued_invoice_has_a_number",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="invoices_that_are_due"
            ),
            models.Index(fields=["-asked_at"], name="invoices_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"

    @property
    def mark(self) -> str:
        """What its provider knows this try by."""
        return f"{self.number}-{self.round}"

    @property
    def must_be_reversed(self) -> bool:
        """Is it of an amount that isn't the order's any more, or do staff want it reversed?"""
        is_issued = self.status in (self.Status.ISSUED, self.Status.REVERSING)
        return is_issued and (self.amount_fen != self.order.kept_fen or bool(self.reversal_why))


class SandboxInvoice(models.Model):
    """An invoice as the pretended issuer knows it, by our mark. `through_at` is when it is issued or refused,
    `reversal_through_at` when it is reversed."""

    mark = models.CharField(max_length=32, unique=True)
    amount_fen = models.PositiveIntegerField()
    is_refused = models.BooleanField(default=False)
    through_at = models.DateTimeField()
    reversal_through_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.mark

    @property
    def invoice_number(self) -> str:
        return f"99{self.pk:018d}"

    @property
    def reversal_number(self) -> str:
        return f"98{self.pk:018d}"
