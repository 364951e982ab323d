"""Sales as staff see them: everybody's orders, refunds, coupons, where providers and the books
differ, and what providers paid in."""

from typing import Any

from django.utils.translation import pgettext
from rest_framework import serializers

from zhiyue.core.accounts.staff import WHY_LENGTH
from zhiyue.experience.api.shapes.coupons import SCOPE, CouponTermsShape
from zhiyue.experience.api.shapes.lists import Choice, ListShape, Moment, PageQuery, Shape
from zhiyue.experience.api.shapes.orders import INVOICE_STATUSES, ORDER_STATUSES, PAYMENT_STATUSES, OrderShape
from zhiyue.experience.api.shapes.refunds import (
    REFUND_STATUSES,
    RefundLineShape,
    RefundShape,
    ReturnableShape,
)
from zhiyue.product.commerce.lowering.couponing import MOST_CODES, MOST_FEN, MOST_USES
from zhiyue.product.commerce.models import Coupon, Difference
from zhiyue.product.commerce.settlements import entering

AUDIENCES = Coupon.Audience.values
DIFFERENCE_KINDS = Difference.Kind.values
DIFFERENCE_STATES = Difference.State.values
DECISIONS = ["approve", "refuse"]


class WhoShape(Shape):
    id = serializers.IntegerField()
    display_name = serializers.CharField()


class SoughtQuery(PageQuery):
    q = serializers.CharField(
        required=False, max_length=80, help_text="Part of a number, of a title, or of who ordered."
    )


class SalesOrdersQuery(SoughtQuery):
    status = Choice(choices=ORDER_STATUSES, required=False)
    member = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="The id of who ordered."
    )


class SalesOrderShape(OrderShape):
    member = WhoShape(allow_null=True, help_text="Null: the account was deleted.")
    outside_number = serializers.CharField(
        allow_blank=True, help_text="Of a past order that was brought in, its number there."
    )


class SalesOrderPageShape(ListShape):
    items = SalesOrderShape(many=True)


class SoldPartShape(Shape):
    """A course that an order opens, or the membership that it is of."""

    course = serializers.CharField(allow_null=True, help_text="Its slug; null: the membership.")
    title = serializers.CharField()
    total_fen = serializers.IntegerField()
    returned_at = Moment(allow_null=True)


class SalesPaymentShape(Shape):
    number = serializers.CharField()
    provider = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.ChoiceField(choices=PAYMENT_STATUSES)
    amount_fen = serializers.IntegerField()
    provider_number = serializers.CharField(allow_blank=True)
    begun_at = Moment()
    settled_at = Moment(allow_null=True)


class NoticeShape(Shape):
    """A provider's word that proved to be its own, and what came of it."""

    at = Moment()
    provider = serializers.CharField()
    payment = serializers.CharField()
    kind = serializers.CharField()
    outcome = serializers.CharField()


class StepShape(Shape):
    """A line of the order's journal."""

    at = Moment()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField()
    why = serializers.CharField()
    told = serializers.JSONField(help_text="What there is to know besides.")
    by = WhoShape(allow_null=True, help_text="Who of the staff; null: the member, a provider or the clock.")


class PostingShape(Shape):
    account = serializers.CharField()
    amount_fen = serializers.IntegerField(help_text="Above 0 debited, below credited.")


class EntryShape(Shape):
    """An entry of the books; its postings sum to 0."""

    key = serializers.CharField()
    kind = serializers.CharField()
    at = Moment()
    postings = PostingShape(many=True)


class SalesRefundShape(RefundShape):
    """A refund with what its member doesn't read."""

    order = serializers.CharField()
    title = serializers.CharField()
    member = WhoShape(allow_null=True)
    decided_why = serializers.CharField(allow_blank=True)
    is_by_hand = serializers.BooleanField(help_text="True: no provider can do it, staff pay it out.")
    fault = serializers.CharField(allow_blank=True, help_text="What the provider said instead of doing it.")
    provider_number = serializers.CharField(allow_blank=True)


class SalesRefundPageShape(ListShape):
    items = SalesRefundShape(many=True)


class OrderInvoiceShape(Shape):
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=INVOICE_STATUSES)
    amount_fen = serializers.IntegerField()


class SalesOrderDetailShape(SalesOrderShape):
    """An order with all that is known of it, each in the order in which it came."""

    parts = SoldPartShape(many=True)
    payments = SalesPaymentShape(many=True)
    refunds = SalesRefundShape(many=True)
    invoices = OrderInvoiceShape(many=True)
    notices = NoticeShape(many=True)
    journal = StepShape(many=True)
    ledger = EntryShape(many=True)


class SalesRefundsQuery(SoughtQuery):
    status = Choice(choices=REFUND_STATUSES, required=False, help_text="`asked` waits for a decision.")


class RefundPartShape(Shape):
    """What goes back by a refund, and how the rule reckoned when it was asked."""

    title = serializers.CharField()
    course = serializers.CharField(allow_null=True, help_text="Its slug; null: the membership.")
    amount_fen = serializers.IntegerField()
    lines = RefundLineShape(many=True)


class DecidableShape(ReturnableShape):
    """A part of the order as the rule reckons it now."""

    part = serializers.IntegerField(help_text="What a decision calls it.")
    left_fen = serializers.IntegerField(help_text="The most that can go back of it.")
    is_closed = serializers.BooleanField(help_text="True: it went back, or is on its way.")


class SalesRefundDetailShape(SalesRefundShape):
    parts = RefundPartShape(many=True)
    reckoning = DecidableShape(many=True)


class AmountShape(Shape):
    part = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="From `reckoning`.")
    amount_fen = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class DecideShape(Shape):
    decision = Choice(choices=DECISIONS)
    why = serializers.CharField(
        max_length=WHY_LENGTH, help_text="Of a refusal the member reads it; of an approval your colleagues."
    )
    amounts = serializers.ListField(
        child=AmountShape(),
        default=list,
        max_length=50,
        help_text="Of an approval: how much goes back of each part; one that isn't named stays open.",
    )

    def validate_amounts(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({one["part"] for one in given}) < len(given):
            raise serializers.ValidationError(pgettext("api", "Name each part once."))
        return given


class SalesCouponShape(CouponTermsShape):
    """A coupon with what came of it."""

    audience = serializers.ChoiceField(choices=AUDIENCES)
    tag = serializers.CharField(allow_blank=True)
    most_uses = serializers.IntegerField(allow_null=True)
    most_each = serializers.IntegerField(allow_null=True)
    paused_at = Moment(allow_null=True)
    made_at = Moment()
    codes = serializers.IntegerField(help_text="How many codes of it there are.")
    holders = serializers.IntegerField(help_text="How many members entered one.")
    open_uses = serializers.IntegerField(help_text="In orders that wait for their money.")
    paid_uses = serializers.IntegerField(help_text="In orders whose money came and hasn't all gone back.")
    cost_fen = serializers.IntegerField(help_text="By how much it made those cheaper.")
    brought_fen = serializers.IntegerField(help_text="What those brought.")


class SalesCouponPageShape(ListShape):
    items = SalesCouponShape(many=True)


class MakeCouponShape(Shape):
    """Either `off_fen` or `off_percent` is above 0."""

    title = serializers.CharField(max_length=60, help_text="People read it beside the price.")
    audience = Choice(choices=AUDIENCES)
    off_fen = serializers.IntegerField(min_value=0, max_value=MOST_FEN, default=0)
    off_percent = serializers.IntegerField(min_value=0, max_value=100, default=0)
    most_fen = serializers.IntegerField(
        min_value=1, max_value=MOST_FEN, default=None, allow_null=True, help_text="Of a share."
    )
    threshold_fen = serializers.IntegerField(min_value=0, max_value=MOST_FEN, default=0)
    is_stackable = serializers.BooleanField(default=False)
    scope = serializers.ListField(
        child=serializers.CharField(max_length=40), default=list, max_length=200, help_text=SCOPE
    )
    tag = serializers.CharField(
        max_length=20, default="", allow_blank=True, help_text="Of whom it is for, where `tagged`."
    )
    begins_at = Moment(default=None, allow_null=True, help_text="Left out: at once.")
    ends_at = Moment(default=None, allow_null=True, help_text="Left out: until somebody pauses it.")
    most_uses = serializers.IntegerField(
        min_value=1, max_value=MOST_USES, default=None, allow_null=True, help_text="By all together."
    )
    most_each = serializers.IntegerField(
        min_value=1, max_value=MOST_USES, default=1, allow_null=True, help_text="By each person."
    )


class MakeCodesShape(Shape):
    count = serializers.IntegerField(
        min_value=0,
        max_value=MOST_CODES,
        default=0,
        help_text="So many codes, each for one person; 0: one for everybody, where there is none yet.",
    )


class CodesMadeShape(Shape):
    made = serializers.IntegerField()
    shared_code = serializers.CharField(
        allow_blank=True, help_text="The one for everybody; empty: there is none."
    )


class DifferencesQuery(PageQuery):
    q = serializers.CharField(
        required=False, max_length=80, help_text="Part of a number: ours, the provider's, an order's."
    )
    provider = serializers.CharField(required=False, max_length=20)
    state = Choice(choices=DIFFERENCE_STATES, required=False)
    since = serializers.DateField(required=False, help_text="The first day.")
    until = serializers.DateField(required=False, help_text="The last day.")


class DifferenceShape(Shape):
    """Something that a provider and the books tell differently of."""

    id = serializers.IntegerField()
    provider = serializers.CharField()
    day = serializers.DateField(help_text="Of the bill in which it was noticed.")
    kind = serializers.ChoiceField(choices=DIFFERENCE_KINDS)
    state = serializers.ChoiceField(choices=DIFFERENCE_STATES)
    theirs_fen = serializers.IntegerField()
    ours_fen = serializers.IntegerField()
    order = serializers.CharField(allow_null=True)
    number = serializers.CharField(allow_blank=True, help_text="Ours, of the payment.")
    provider_number = serializers.CharField(allow_blank=True)
    refund_number = serializers.CharField(allow_blank=True)
    noticed_at = Moment()
    ended_at = Moment(allow_null=True)
    why = serializers.CharField(allow_blank=True, help_text="What whoever resolved it said.")
    is_entered = serializers.BooleanField(
        help_text="True: the books were made to say what the provider says."
    )


class DifferencePageShape(ListShape):
    items = DifferenceShape(many=True)


class SettlementsQuery(PageQuery):
    q = serializers.CharField(
        required=False, max_length=entering.LONGEST_REFERENCE, help_text="Part of the bank's reference."
    )
    provider = serializers.CharField(required=False, max_length=20)
    since = serializers.DateField(required=False, help_text="The first day.")
    until = serializers.DateField(required=False, help_text="The last day.")


class EnterSettlementShape(Shape):
    """A line of the bank by which a provider paid."""

    provider = serializers.CharField(max_length=20)
    day = serializers.DateField(help_text="On which the bank had it.")
    amount_fen = serializers.IntegerField(
        min_value=1, max_value=entering.MOST_FEN, help_text="No more than the provider owes now."
    )
    reference = serializers.CharField(
        max_length=entering.LONGEST_REFERENCE, help_text="What the bank calls the line; each is entered once."
    )


class SettlementShape(EnterSettlementShape):
    """What a provider paid into the bank."""

    id = serializers.IntegerField()
    taken_back_at = Moment(allow_null=True, help_text="Set: it was entered wrongly, and counts no more.")


class SettlementPageShape(ListShape):
    items = SettlementShape(many=True)


class TakeBackShape(Shape):
    why = serializers.CharField(max_length=WHY_LENGTH, help_text="For your colleagues and the audit log.")
