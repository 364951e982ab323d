"""Orders: one offer, what it cost and why, what it opens, and a journal of everything that happened to it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course


class Order(models.Model):
    """One offer that a member ordered. Amounts are in fen.

    `offer` names it (“course:12”), `title` is what it was called then. `lines` are those of `pricing.Quote` as they
    were shown; they sum to `total_fen`. Until `expires_at` a created order waits for its money. `refunded_fen` is what
    went back so far. The number is what people and providers see; nobody guesses another one from it.
    `outside_number` is what a past order was called where it was placed: see `past_orders`.

    The member may be gone (their account was deleted): books are kept longer than accounts.
    """

    class Status(models.TextChoices):
        CREATED = "created", pgettext_lazy("order status", "Waiting for payment")
        PAID = "paid", pgettext_lazy("order status", "Paid")
        FULFILLED = "fulfilled", pgettext_lazy("order status", "Done")
        PARTLY_REFUNDED = "partly_refunded", pgettext_lazy("order status", "Partly refunded")
        REFUNDED = "refunded", pgettext_lazy("order status", "Refunded")
        EXPIRED = "expired", pgettext_lazy("order status", "Not paid in time")
        CLOSED = "closed", pgettext_lazy("order status", "Cancelled")

    # What it opens is open in these, and in no other.
    OPENING = (Status.PAID, Status.FULFILLED, Status.PARTLY_REFUNDED)

    number = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="orders"
    )
    offer = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    price_fen = models.PositiveIntegerField()
    total_fen = models.PositiveIntegerField()
    lines = models.JSONField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.CREATED)
    refunded_fen = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now, db_index=True)
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    outside_number = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            # A second tap, tab or device finds the order of the first.
            models.UniqueConstraint(
                fields=["user", "offer"], condition=models.Q(status="created"), name="one_open_order_an_offer"
            ),
            models.CheckConstraint(
                condition=models.Q(total_fen__lte=models.F("price_fen")),
                name="order_costs_no_more_than_its_price",
            ),
            models.CheckConstraint(
                condition=models.Q(refunded_fen__lte=models.F("total_fen")),
                name="no_more_goes_back_than_came",
            ),
            models.CheckConstraint(
                condition=models.Q(paid_at__isnull=False) | ~models.Q(status__in=["paid", "fulfilled"]),
                name="paid_order_has_a_time",
            ),
            # However often a past order is brought in, it is one.
            models.UniqueConstraint(
                fields=["outside_number"],
                condition=~models.Q(outside_number=""),
                name="outside_number_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at"], name="orders_of_a_member"),
            models.Index(
                fields=["expires_at"], condition=models.Q(status="created"), name="orders_that_wait"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.CREATED

    @property
    def is_of_plan(self) -> bool:
        """Is it of a membership? By its offer, so that nothing is asked for most orders."""
        return self.offer.startswith("plan:")

    @property
    def kept_fen(self) -> int:
        """What of its total hasn't gone back."""
        return self.total_fen - self.refunded_fen


class OrderCourse(models.Model):
    """A course that an order opens once it is paid, and until its money goes back: what a bundle held when it was
    ordered stays what was bought. `total_fen` is its part of the order's total. `returned_at` is when a refund of it
    was approved: from then on the course is closed, whatever else the order still opens. `refund_terms` are those of
    `refunds.rule` under which it was ordered; empty where none were kept."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="courses")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    total_fen = models.PositiveIntegerField()
    returned_at = models.DateTimeField(null=True)
    refund_terms = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "course"], name="course_once_an_order")
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.course_id}"

    @property
    def title(self) -> str:
        return self.course.title


class OrderStep(models.Model):
    """A line of an order's journal; the database refuses to change or remove one. `by` None is nobody of the staff:
    the member, a provider or the clock. `told` holds what there is to know besides, never a secret."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="steps")
    at = models.DateTimeField(default=clock.now)
    before = models.CharField(max_length=16, blank=True)
    after = models.CharField(max_length=16)
    why = models.CharField(max_length=40)
    told = models.JSONField(default=dict)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.before} → {self.after} ({self.why})"
