"""Money that goes back: what the rule says of an order, asking for it, and how far it is. Amounts are in fen."""

from typing import get_args

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import Choice, Moment, Shape
from zhiyue.product.commerce.models import Refund
from zhiyue.product.commerce.refunds.asking import WORDS_AT_MOST
from zhiyue.product.commerce.refunds.reckoning import ClosedTo
from zhiyue.product.commerce.refunds.rule import LineKind, WhyNot

REFUND_STATUSES = Refund.Status.values
REFUND_CAUSES = Refund.Cause.values
REFUND_REASONS = Refund.Reason.values
REFUND_LINE_KINDS = list(get_args(LineKind))
CLOSED_TO = list(get_args(ClosedTo))
WHY_NOT = list(get_args(WhyNot))


class RefundLineShape(Shape):
    """One line of a reckoning; all of them sum to what goes back."""

    kind = serializers.ChoiceField(choices=REFUND_LINE_KINDS)
    amount_fen = serializers.IntegerField(help_text="By how much it changes what goes back.")
    count = serializers.IntegerField(help_text="Lessons opened, or days used; of other lines 0.")
    of = serializers.IntegerField(help_text="Of so many.")


class ReturnableShape(Shape):
    """A course of an order that is still open, or its membership, and what goes back of it now."""

    course = serializers.CharField(allow_null=True, help_text="Its slug; null: the membership.")
    title = serializers.CharField()
    amount_fen = serializers.IntegerField(help_text="What goes back by the rule.")
    lines = RefundLineShape(many=True)
    why_not = serializers.ChoiceField(
        choices=WHY_NOT, help_text="Why the rule gives nothing back; empty: it does."
    )
    detail = serializers.CharField(allow_blank=True, help_text="The same in words.")
    is_by_rule = serializers.BooleanField(help_text="True: nobody has to decide about it.")
    until = Moment(allow_null=True, help_text="The end of its time; null: it has none.")


class ReckoningShape(Shape):
    """What goes back of an order now."""

    order = serializers.CharField()
    closed_to = serializers.ChoiceField(
        choices=CLOSED_TO, help_text="Why nothing can be asked for; empty: something can."
    )
    detail = serializers.CharField(allow_blank=True, help_text="The same in words.")
    amount_fen = serializers.IntegerField(help_text="What all of it together gives back by the rule.")
    goes_back_whole = serializers.BooleanField(
        help_text="True: by rule all its courses go back, or none; asked for some of them, staff decide."
    )
    parts = ReturnableShape(many=True)


class AskRefundShape(Shape):
    courses = serializers.ListField(
        child=serializers.CharField(max_length=80),
        required=False,
        max_length=50,
        help_text="Slugs of what goes back; left out: all that is open. Of a membership it is left out, or empty.",
    )
    reason = Choice(choices=REFUND_REASONS)
    words = serializers.CharField(
        max_length=WORDS_AT_MOST, required=False, allow_blank=True, default="", help_text="For the academy."
    )
    amount_fen = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        help_text="The sum that the member saw. It decides nothing: another one is refused.",
    )


class RefundShape(Shape):
    """A refund, from the asking to the provider's word that the money went."""

    number = serializers.CharField()
    status = serializers.ChoiceField(choices=REFUND_STATUSES)
    cause = serializers.ChoiceField(choices=REFUND_CAUSES)
    amount_fen = serializers.IntegerField(help_text="Of one that waits for a decision, what the rule gives.")
    reason = serializers.ChoiceField(choices=["", *REFUND_REASONS])
    words = serializers.CharField(allow_blank=True)
    is_by_rule = serializers.BooleanField(help_text="True: nobody had to decide.")
    refusal = serializers.CharField(allow_blank=True, help_text="What the academy says to one it refused.")
    asked_at = Moment()
    decided_at = Moment(allow_null=True)
    settled_at = Moment(allow_null=True, help_text="When the provider's word came that it went.")
