"""What has to do with money that goes back: lessons opened for money, a course's own terms, refunds."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.models.orders import Order, OrderCourse
from zhiyue.product.commerce.models.payments import Payment
from zhiyue.product.commerce.models.plans import OrderPlan


class LessonOpening(models.Model):
    """The first time that a lesson was opened by a right that an order had paid for: a course of it (`part`), or its
    membership (`plan`). Later ones leave no trace here."""

    part = models.ForeignKey(OrderCourse, null=True, on_delete=models.CASCADE, related_name="openings")
    plan = models.ForeignKey(OrderPlan, null=True, on_delete=models.CASCADE, related_name="openings")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["part", "lesson"], name="lesson_opened_once_an_order"),
            models.UniqueConstraint(fields=["plan", "lesson"], name="lesson_opened_once_a_membership"),
            models.CheckConstraint(
                condition=models.Q(part__isnull=False) ^ models.Q(plan__isnull=False),
                name="lesson_opened_by_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id or self.plan_id}: {self.lesson_id}"


class CourseRefundTerms(models.Model):
    """By which rule the money of this course goes back, where it isn't the academy's; see `refunds.rule`. What was
    ordered keeps the terms of its day."""

    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="+")
    window_days = models.PositiveSmallIntegerField()
    fee_permille = models.PositiveSmallIntegerField(default=0)
    fee_least_fen = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(fee_permille__lte=1000), name="refund_fee_is_a_share_of_a_thousand"
            )
        ]

    def __str__(self) -> str:
        return f"{self.course_id}: {self.window_days} d"


class Refund(models.Model):
    """Money of an order that goes back, from the asking to the provider's word that it went. `number` is ours, and the
    provider's name for it at every try; a refund that the provider proved to have failed is sent again as another one,
    `again_of` it.

    `payment` is what it is taken from; None where there is none to take it from: the order cost nothing, or was paid
    elsewhere. `reason` and `words` are the member's, `decided_why` is what staff said. `due_at` is when the provider is
    asked next, after `tries`; `fault` what it said instead of doing it.
    """

    class Status(models.TextChoices):
        ASKED = "asked", pgettext_lazy("refund status", "Waits for a decision")
        APPROVED = "approved", pgettext_lazy("refund status", "Approved")
        SENT = "sent", pgettext_lazy("refund status", "On its way")
        DONE = "done", pgettext_lazy("refund status", "Gone back")
        FAILED = "failed", pgettext_lazy("refund status", "Didn't go through")
        REFUSED = "refused", pgettext_lazy("refund status", "Refused")

    class Cause(models.TextChoices):
        ASKED = "asked", pgettext_lazy("refund cause", "Asked for by the member")
        STAFF = "staff", pgettext_lazy("refund cause", "Begun by the academy")
        OWED = "owed", pgettext_lazy("refund cause", "Came without an order that could take it")

    class Reason(models.TextChoices):
        CONTENT = "content", pgettext_lazy("refund reason", "It isn't what I expected")
        LEVEL = "level", pgettext_lazy("refund reason", "Too hard or too easy for me")
        TIME = "time", pgettext_lazy("refund reason", "I have no time for it")
        MISTAKE = "mistake", pgettext_lazy("refund reason", "Bought by mistake, or twice")
        BROKEN = "broken", pgettext_lazy("refund reason", "Something doesn't work")
        OTHER = "other", pgettext_lazy("refund reason", "Something else")

    # One of these at a time an order, besides what is owed.
    UNDER_WAY = (Status.ASKED, Status.APPROVED, Status.SENT)
    # The provider is asked about these.
    TO_SEND = (Status.APPROVED, Status.SENT)

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="refunds")
    cause = models.CharField(max_length=8, choices=Cause.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ASKED)
    amount_fen = models.PositiveIntegerField()
    reason = models.CharField(max_length=8, choices=Reason.choices, blank=True)
    words = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    is_by_rule = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_why = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    provider_number = models.CharField(max_length=80, blank=True)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)
    again_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="again")

    class Meta:
        constraints: ClassVar = [
            # A second tap, tab or device finds the refund of the first.
            models.UniqueConstraint(
                fields=["order"],
                condition=models.Q(status__in=["asked", "approved", "sent"]) & ~models.Q(cause="owed"),
                name="one_refund_under_way_an_order",
            ),
            # Money that nobody could take is given back once.
            models.UniqueConstraint(
                fields=["payment"],
                condition=models.Q(cause="owed", again_of=None),
                name="owed_back_once_a_payment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=models.Q(status__in=["approved", "sent"]), name="refunds_to_send"
            ),
            models.Index(fields=["-asked_at"], name="refunds_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"

    @property
    def is_under_way(self) -> bool:
        """It was asked for and isn't settled yet; what is owed goes its own way."""
        return self.status in self.UNDER_WAY and self.cause != self.Cause.OWED

    @property
    def is_by_hand(self) -> bool:
        """No provider can do it: staff pay it out and say so."""
        return bool(self.amount_fen) and self.payment_id is None


class RefundPart(models.Model):
    """A course of a refund (`part`), or the membership of its order (`plan`): how much of it goes back, and the lines
    by which the rule reckoned when it was asked."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="parts")
    part = models.ForeignKey(OrderCourse, null=True, on_delete=models.PROTECT, related_name="refunds")
    plan = models.ForeignKey(OrderPlan, null=True, on_delete=models.PROTECT, related_name="refunds")
    amount_fen = models.PositiveIntegerField()
    lines = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["refund", "part"], name="course_once_a_refund"),
            models.CheckConstraint(
                condition=models.Q(part__isnull=False) ^ models.Q(plan__isnull=False),
                name="refund_of_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id}: {self.part_id or self.plan_id} {self.amount_fen}"

    @property
    def bought(self) -> OrderCourse | OrderPlan:
        """What was bought and goes back."""
        found = self.part or self.plan
        if found is None:
            raise ValueError(f"refund part {self.pk} is of nothing")
        return found
