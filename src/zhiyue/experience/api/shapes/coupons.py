"""Coupons as members have them, and the codes that give them or open something. Amounts are in fen."""

from typing import get_args

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import Moment, Shape
from zhiyue.product.commerce.lowering.coupons import CouponStanding

COUPON_STANDINGS = list(get_args(CouponStanding))
SCOPE = "What it is for: offers, `topic:3`, `kind:plan`; empty: everything."


class CouponTermsShape(Shape):
    """What a coupon takes off, and when."""

    code = serializers.CharField(help_text="What orders and offers are asked with.")
    title = serializers.CharField()
    off_fen = serializers.IntegerField(help_text="An amount, or 0.")
    off_percent = serializers.IntegerField(help_text="A share, or 0.")
    most_fen = serializers.IntegerField(allow_null=True, help_text="Of a share, so much at most.")
    threshold_fen = serializers.IntegerField(help_text="From a price of so much on.")
    is_stackable = serializers.BooleanField(help_text="True: it may be used together with others.")
    scope = serializers.ListField(child=serializers.CharField(), help_text=SCOPE)
    begins_at = Moment()
    ends_at = Moment(allow_null=True)


class MyCouponShape(CouponTermsShape):
    """A coupon of mine."""

    standing = serializers.ChoiceField(choices=COUPON_STANDINGS)
    detail = serializers.CharField(allow_blank=True, help_text="Why it can't be used now; empty: it can.")
    used = serializers.IntegerField(help_text="How often I used it.")
    left = serializers.IntegerField(
        allow_null=True, help_text="How often all together may use it still; null: nothing bounds it."
    )


class MyCouponsShape(Shape):
    items = MyCouponShape(many=True)


class CodeShape(Shape):
    code = serializers.CharField(
        max_length=40, help_text="As it was written; small letters, spaces and hyphens don't matter."
    )
