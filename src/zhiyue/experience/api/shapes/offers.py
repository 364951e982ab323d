"""What is for sale, and what it costs whoever asks. Amounts are in fen: 9900 is ¥99."""

from typing import get_args

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import Choice, ListShape, Moment, PageQuery, Shape
from zhiyue.product.commerce.for_sale import KINDS
from zhiyue.product.commerce.pricing import LineKind

LINE_KINDS = list(get_args(LineKind))
OFFER_KINDS = list(KINDS)
OFFER = "What is for sale, by its kind and number: `course:7`."


class PriceLineShape(Shape):
    """One line of a price; all of them sum to the total."""

    kind = serializers.ChoiceField(choices=LINE_KINDS)
    amount_fen = serializers.IntegerField(help_text="By how much it changes the total; below 0 it is less.")
    code = serializers.CharField(allow_blank=True, help_text="The coupon's, else empty.")
    title = serializers.CharField(required=False, help_text="The coupon's, where there is one.")
    saved_fen = serializers.IntegerField(
        required=False,
        help_text="Of a membership: what it saves in the end, after what is taken off by share.",
    )


class UsableCouponShape(Shape):
    """A coupon of whoever asks that takes something off this offer."""

    code = serializers.CharField(help_text="What orders and offers are asked with.")
    title = serializers.CharField()
    off_fen = serializers.IntegerField(help_text="What it takes off alone.")


class FlashShape(Shape):
    """A price for a short time; the order holds it until it is paid."""

    price_fen = serializers.IntegerField()
    left = serializers.IntegerField(allow_null=True, help_text="How many; null: nothing bounds it.")
    ends_at = Moment()


class TrialOfferShape(Shape):
    """What may be tried of an offer, once, without a price."""

    days = serializers.IntegerField()
    is_open = serializers.BooleanField(help_text="True: `POST /api/v1/me/trials` starts it.")
    ended_at = Moment(allow_null=True, help_text="When the one of whoever asks was, or will be, over.")


class PlanOfferShape(Shape):
    """A membership, and what ordering it now would mean to whoever asks."""

    months = serializers.IntegerField()
    opens_all = serializers.BooleanField(help_text="True: every course with a price that is in memberships.")
    topics = serializers.ListField(child=serializers.CharField(), help_text="Slugs of what else it opens.")
    course_count = serializers.IntegerField(help_text="How many courses that are now.")
    off_percent = serializers.IntegerField(help_text="What its members pay less for everything else.")
    grace_days = serializers.IntegerField(help_text="How long it opens beyond its end.")
    opens_from = Moment(help_text="Paid now, from when it runs: after what runs already, or now.")
    opens_until = Moment()
    credit_fen = serializers.IntegerField(help_text="What comes off for what is left of `replaces`.")
    replaces = serializers.CharField(
        allow_null=True, help_text="The membership whose place it takes, as an offer; null: none."
    )


class BundlePartShape(Shape):
    """A course of a bundle."""

    course = serializers.CharField(help_text="Its slug.")
    title = serializers.CharField()
    price_fen = serializers.IntegerField(help_text="What it costs alone.")
    share_fen = serializers.IntegerField(
        help_text="Its part of the price; of one that is owned it comes off."
    )
    is_owned = serializers.BooleanField()


class BundleOfferShape(Shape):
    """What is in a bundle, in its order; the shares sum to its price."""

    parts = BundlePartShape(many=True)
    credit_fen = serializers.IntegerField(help_text="What comes off for courses of it that are owned.")
    saved_fen = serializers.IntegerField(help_text="How much less it is than what is new, one by one.")


class OfferQuery(Shape):
    coupons = serializers.CharField(
        required=False,
        max_length=400,
        help_text="Codes of coupons of mine, with commas; `none`: without any. Left out, the best ones are found.",
    )


class OfferShape(Shape):
    """An offer as it is for sale now, and its price for whoever asks."""

    offer = serializers.CharField(help_text=OFFER)
    kind = serializers.ChoiceField(choices=OFFER_KINDS)
    title = serializers.CharField()
    courses = serializers.ListField(
        child=serializers.CharField(), help_text="Slugs of what it makes one's own; of a membership none."
    )
    lines = PriceLineShape(many=True)
    total_fen = serializers.IntegerField()
    list_price_fen = serializers.IntegerField(allow_null=True, help_text="The price crossed out.")
    flash = FlashShape(allow_null=True, help_text="The one that the lines go by; null: none.")
    coupons = UsableCouponShape(many=True, help_text="Mine that take something off, the best first.")
    is_owned = serializers.BooleanField(help_text="True: it is yours already, and can't be ordered.")
    trial = TrialOfferShape(allow_null=True, help_text="Null: nothing of it can be tried.")
    plan = PlanOfferShape(allow_null=True, help_text="Of a membership, else null.")
    bundle = BundleOfferShape(allow_null=True, help_text="Of a bundle, else null.")
    ways_to_pay = serializers.ListField(
        child=serializers.CharField(), help_text="Providers with their channels: `sandbox:page`."
    )


class OffersQuery(PageQuery):
    kind = Choice(choices=OFFER_KINDS, required=False, help_text="Left out: all, in this order.")


class ListedOfferShape(Shape):
    """An offer before anybody asks for their own price: `GET /api/v1/offers/{offer}` tells that."""

    offer = serializers.CharField(help_text=OFFER)
    kind = serializers.ChoiceField(choices=OFFER_KINDS)
    title = serializers.CharField()
    price_fen = serializers.IntegerField(help_text="Before anything comes off.")
    list_price_fen = serializers.IntegerField(allow_null=True, help_text="The price crossed out.")
    flash = FlashShape(allow_null=True)
    courses = serializers.ListField(
        child=serializers.CharField(), help_text="Slugs of what is in it; of a membership none."
    )
    is_owned = serializers.BooleanField()


class OfferPageShape(ListShape):
    items = ListedOfferShape(many=True)
