"""Coupons: what a campaign takes off and for whom, the codes that give it to people, and which orders hold it."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.orders import Order


class CouponQuerySet(models.QuerySet["Coupon"]):
    def standing(self, moment: datetime) -> "CouponQuerySet":
        """Those whose time it is, and that nobody paused."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=moment), paused_at=None, begins_at__lte=moment)


class Coupon(models.Model):
    """A campaign: `off_fen`, or `off_percent` of what is left and `most_fen` of it at most, off an offer of which
    `threshold_fen` at least is left. `scope` names what it is for: “course:12”, “kind:course”, “topic:3”; where it is
    empty, every offer. `mark` is what forms and orders call it; knowing one opens nothing.

    How often it was used is no number here: it is counted from the orders that hold it.
    """

    class Audience(models.TextChoices):
        CODE = "code", pgettext_lazy("coupon audience", "Whoever enters its code")
        EVERYBODY = "everybody", pgettext_lazy("coupon audience", "Everybody")
        NEWCOMERS = "newcomers", pgettext_lazy("coupon audience", "Members who never paid anything")
        TAGGED = "tagged", pgettext_lazy("coupon audience", "Members with a tag")

    mark = models.CharField(max_length=12, unique=True)
    title = models.CharField(max_length=60)
    off_fen = models.PositiveIntegerField(default=0)
    off_percent = models.PositiveSmallIntegerField(default=0)
    most_fen = models.PositiveIntegerField(null=True)
    threshold_fen = models.PositiveIntegerField(default=0)
    is_stackable = models.BooleanField(default=False)
    scope = models.JSONField(default=list)
    audience = models.CharField(max_length=10, choices=Audience.choices)
    tag = models.CharField(max_length=20, blank=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    most_uses = models.PositiveIntegerField(null=True)
    most_each = models.PositiveIntegerField(null=True, default=1)
    paused_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="coupons_made"
    )

    objects = CouponQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(off_fen__gt=0, off_percent=0) | Q(off_fen=0, off_percent__range=(1, 100)),
                name="coupon_takes_an_amount_or_a_share",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("begins_at")), name="coupon_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=(Q(most_uses=None) | Q(most_uses__gt=0))
                & (Q(most_each=None) | Q(most_each__gt=0))
                & (Q(most_fen=None) | Q(most_fen__gt=0)),
                name="coupon_limits_above_nothing",
            ),
            models.CheckConstraint(
                condition=Q(audience="tagged") & ~Q(tag="") | ~Q(audience="tagged") & Q(tag=""),
                name="coupon_of_a_tag_names_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mark} {self.title}"


class CouponCode(models.Model):
    """What people enter to get a coupon. A shared one gives it to everybody, any other to whoever enters it first."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="codes")
    text = models.CharField(max_length=20, unique=True)
    is_shared = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=clock.now)
    claimed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["coupon"],
                condition=Q(is_shared=True, revoked_at=None),
                name="one_shared_code_a_coupon",
            ),
            models.CheckConstraint(
                condition=Q(is_shared=False) | Q(claimed_at=None), name="shared_code_is_nobodys"
            ),
        ]

    def __str__(self) -> str:
        return f"a code of {self.coupon_id}"


class CouponHolder(models.Model):
    """A member who entered a code of a coupon, and has it from then on."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="holders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code = models.ForeignKey(CouponCode, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["coupon", "user"], name="coupon_once_a_member")
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id}: {self.user_id}"


class CouponUse(models.Model):
    """An order that holds a coupon, and what it takes off: from the order's placing on, until it ends unpaid or all its
    money went back (`returned_at`). Late money takes it again."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="coupons")
    amount_fen = models.PositiveIntegerField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "coupon"], name="coupon_once_an_order"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="coupon_use_of_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["coupon"], condition=Q(returned_at=None), name="coupon_uses_that_count")
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} in {self.order_id}"
