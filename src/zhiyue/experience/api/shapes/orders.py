"""Offers, what they cost whoever asks, orders and their payments. Amounts are in fen: 9900 is ¥99."""

from typing import get_args

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import Choice, ListShape, Moment, PageQuery, Shape
from zhiyue.experience.api.shapes.refunds import RefundShape
from zhiyue.product.commerce.models import Invoice, InvoiceKind, Order, Payment
from zhiyue.product.commerce.models.invoices import LONGEST_TITLE
from zhiyue.product.commerce.pricing import LineKind

LINE_KINDS = list(get_args(LineKind))
ORDER_STATUSES = Order.Status.values
PAYMENT_STATUSES = Payment.Status.values
INVOICE_STATUSES = Invoice.Status.values
INVOICE_KINDS = InvoiceKind.values
OFFER = "What is for sale, by its kind and number: `course:7`."


class PriceLineShape(Shape):
    """One line of a price; all of them sum to the total."""

    kind = serializers.ChoiceField(choices=LINE_KINDS)
    amount_fen = serializers.IntegerField(help_text="By how much it changes the total; below 0 it is less.")
    code = serializers.CharField(allow_blank=True, help_text="The coupon's, else empty.")
    title = serializers.CharField(required=False, help_text="The coupon's, where there is one.")


class UsableCouponShape(Shape):
    """A coupon of whoever asks that takes something off this offer."""

    code = serializers.CharField(help_text="What orders and offers are asked with.")
    title = serializers.CharField()
    off_fen = serializers.IntegerField(help_text="What it takes off alone.")


class OfferQuery(Shape):
    coupons = serializers.CharField(
        required=False,
        max_length=400,
        help_text="Codes of coupons of mine, with commas; `none`: without any. Left out, the best ones are found.",
    )


class OfferShape(Shape):
    """An offer as it is for sale now, and its price for whoever asks."""

    offer = serializers.CharField(help_text=OFFER)
    title = serializers.CharField()
    courses = serializers.ListField(child=serializers.CharField(), help_text="Slugs of what it opens.")
    lines = PriceLineShape(many=True)
    total_fen = serializers.IntegerField()
    list_price_fen = serializers.IntegerField(allow_null=True, help_text="The price crossed out.")
    coupons = UsableCouponShape(many=True, help_text="Mine that take something off, the best first.")
    is_owned = serializers.BooleanField(help_text="True: it is yours already, and can't be ordered.")
    ways_to_pay = serializers.ListField(
        child=serializers.CharField(), help_text="Providers with their channels: `sandbox:page`."
    )


class InvoiceShape(Shape):
    """An invoice (发票) of an order, as far as it is."""

    number = serializers.CharField(help_text="Ours, of the request.")
    status = serializers.ChoiceField(choices=INVOICE_STATUSES)
    kind = serializers.ChoiceField(choices=INVOICE_KINDS)
    title = serializers.CharField()
    tax_number = serializers.CharField(allow_blank=True)
    email = serializers.CharField()
    amount_fen = serializers.IntegerField()
    invoice_code = serializers.CharField(allow_blank=True, help_text="Of the tax office, on older forms.")
    invoice_number = serializers.CharField(allow_blank=True, help_text="Of the tax office (发票号码).")
    reversal_number = serializers.CharField(allow_blank=True, help_text="Of the red-letter invoice.")
    must_be_reversed = serializers.BooleanField(help_text="True: money went back since it was issued.")
    fault = serializers.CharField(allow_blank=True, help_text="Why it isn't issued, in words.")
    file = serializers.CharField(
        allow_null=True, help_text="Where its member downloads it, signed in; null: there is none."
    )
    asked_at = Moment()
    issued_at = Moment(allow_null=True)
    reversed_at = Moment(allow_null=True)


class AskInvoiceShape(Shape):
    kind = serializers.ChoiceField(choices=INVOICE_KINDS)
    title = serializers.CharField(max_length=LONGEST_TITLE, help_text="A name, or the company's.")
    tax_number = serializers.CharField(
        max_length=40, required=False, allow_blank=True, default="", help_text="Of a company."
    )
    email = serializers.CharField(max_length=254, help_text="Who is told once it is issued.")


class OrdersQuery(PageQuery):
    status = Choice(choices=ORDER_STATUSES, required=False)


class OrderPaymentShape(Shape):
    """A try to pay an order, and where it is paid."""

    number = serializers.CharField()
    way_to_pay = serializers.CharField()
    status = serializers.ChoiceField(choices=PAYMENT_STATUSES)
    how = serializers.ChoiceField(
        choices=["go", "scan", "call", ""],
        help_text="`go` to the address, `scan` it as a code, or `call` the provider's script with `values`; empty: the "
        "provider hasn't said yet.",
    )
    address = serializers.CharField(allow_blank=True, help_text="Where to go, or the text of the code.")
    values = serializers.DictField(child=serializers.CharField())
    begun_at = Moment()


class OrderShape(Shape):
    number = serializers.CharField()
    offer = serializers.CharField(help_text=OFFER)
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=ORDER_STATUSES)
    lines = PriceLineShape(many=True)
    total_fen = serializers.IntegerField()
    refunded_fen = serializers.IntegerField()
    created_at = Moment()
    expires_at = Moment(help_text="Until when it waits for its money.")
    paid_at = Moment(allow_null=True)


class OrderDetailShape(OrderShape):
    """An order with what it opens, its payments, and the money that goes back."""

    courses = serializers.ListField(child=serializers.CharField(), help_text="Slugs of what it opens.")
    plan = serializers.CharField(
        allow_null=True, help_text="The membership that it is of, as an offer: `plan:2`."
    )
    payments = OrderPaymentShape(many=True)
    refunds = RefundShape(many=True, help_text="The latest first.")


class OrderPageShape(ListShape):
    items = OrderShape(many=True)


class PlaceShape(Shape):
    offer = serializers.CharField(max_length=40, help_text=OFFER)
    total_fen = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        help_text="The total that the member saw and agrees to. It decides nothing: another price is refused.",
    )

    coupons = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        allow_null=True,
        max_length=20,
        help_text="Codes of coupons of mine; an empty list: without any. Left out or null, the best ones are found.",
    )


class PayShape(Shape):
    way_to_pay = serializers.CharField(
        max_length=41, allow_blank=True, help_text="One of the offer's; empty where the total is 0."
    )
