"""Orders, their payments and invoices. Amounts are in fen: 9900 is ¥99."""

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import Choice, ListShape, Moment, PageQuery, Shape
from zhiyue.experience.api.shapes.offers import OFFER, PriceLineShape
from zhiyue.experience.api.shapes.refunds import RefundShape
from zhiyue.product.commerce.models import Invoice, InvoiceKind, Order, Payment
from zhiyue.product.commerce.models.invoices import LONGEST_TITLE
from zhiyue.product.commerce.providers.wechatpay_payer import LONGEST_OPENID

ORDER_STATUSES = Order.Status.values
PAYMENT_STATUSES = Payment.Status.values
INVOICE_STATUSES = Invoice.Status.values
INVOICE_KINDS = InvoiceKind.values


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
    payer = serializers.RegexField(
        rf"^[A-Za-z0-9_-]{{0,{LONGEST_OPENID}}}$",
        required=False,
        allow_blank=True,
        default="",
        help_text="Who pays, for `wechat:jsapi` alone: their openid for the academy's official account. It is "
        "handed to WeChat and kept nowhere.",
    )
