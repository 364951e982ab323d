"""What a member gets back of an order: the exact amount and why, asking for it, and what became of it."""

from typing import Any

from django.utils.translation import pgettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import refunds as shapes
from zhiyue.experience.api.views.me import MyEndpoint
from zhiyue.experience.shell import refunding
from zhiyue.product.commerce.models import Order, Refund
from zhiyue.product.commerce.order_book import order_of
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.reckoning import OrderReckoning, Returnable, refund_of

_TOLD = (
    "number",
    "status",
    "cause",
    "amount_fen",
    "reason",
    "words",
    "is_by_rule",
    "asked_at",
    "decided_at",
    "settled_at",
)


class OrderRefund(MyEndpoint):
    @needs(Scope.ME_READ)
    @extend_schema(
        operation_id="reckonMyRefund",
        tags=["Orders"],
        examples=examples.RECKONED,
        responses=shapes.ReckoningShape,
    )
    def get(self, request: Request, number: str) -> Response:
        """Get what goes back of an order of mine now

        Part by part, in lines, with the reason where it is nothing; of several courses as all of them go back
        together. Nothing is asked for by looking.
        """
        return Response(_reckoned(refund_of(self.member, number)))

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="askForRefund",
        tags=["Orders"],
        examples=examples.ASK_REFUND,
        request=shapes.AskRefundShape,
        responses={201: shapes.RefundShape},
    )
    @repeatable
    def post(self, request: Request, number: str) -> Response:
        """Ask for money back

        Where `is_by_rule` holds of every part that is asked for and money goes back, it is approved at once, and its
        parts close; else staff decide. Where `goes_back_whole`, they also decide about some of its courses: by rule 0
        fen go back of those. The one under way is told again: there is one at a time. One that waits for a decision is
        approved where the rule gives it back by now, by the time at which it was first asked.
        """
        # Before the body: nobody learns more of somebody else's order than that it isn't theirs.
        order = order_of(self.member, number)
        wanted = self.read_body(shapes.AskRefundShape, request)
        asked = ask(
            user=self.member,
            order_number=number,
            course_ids=_course_ids(order, wanted.get("courses")),
            reason=wanted["reason"],
            words=wanted["words"],
            seen_fen=wanted["amount_fen"],
            actor=self.actor,
        )
        return Response(shapes.RefundShape(told(asked)).data, status=201)


def told(refund: Refund) -> dict[str, Any]:
    """A refund as its member sees it: what staff wrote is for them where it was refused."""
    refusal = refund.decided_why if refund.status == Refund.Status.REFUSED else ""
    return {**{name: getattr(refund, name) for name in _TOLD}, "refusal": refusal}


def part_told(one: Returnable) -> dict[str, Any]:
    """A part of an order as the rule reckons it now."""
    return {
        "course": one.course.slug if one.course else None,
        "title": one.part.title,
        "amount_fen": one.by_rule_fen,
        "lines": [line.to_json() for line in one.reckoning.lines],
        "why_not": one.why_not,
        "detail": str(refunding.why_not_of(one)),
        "is_by_rule": one.is_by_rule,
        "until": one.until,
    }


def _reckoned(found: OrderReckoning) -> Any:
    told = {
        "order": found.order.number,
        "closed_to": found.closed_to,
        "detail": str(refunding.closed_to(found.closed_to)),
        "amount_fen": sum(one.by_rule_fen for one in found.open),
        "goes_back_whole": found.goes_back_whole,
        "parts": [part_told(one) for one in found.open],
    }
    return shapes.ReckoningShape(told).data


def _course_ids(order: Order, slugs: list[str] | None) -> list[int]:
    """The courses that go back, by their ids. Raises ValidationError where one isn't of the order."""
    parts = order.courses.all()
    if slugs is None:
        return [part.course_id for part in parts if part.returned_at is None]
    known = {part.course.slug: part.course_id for part in parts}
    if not known.keys() >= {*slugs}:
        words = pgettext("refund", "Choose from the list what you want refunded.")
        raise ValidationError({"courses": [words]})
    return [known[slug] for slug in slugs]
