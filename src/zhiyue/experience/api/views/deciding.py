"""Refunds for staff: the list, one with the rule's reckoning, and the decision about it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import sales as shapes
from zhiyue.experience.api.views import refunds
from zhiyue.experience.api.views.sales import SalesEndpoint, refund_told
from zhiyue.product.commerce.models import RefundPart
from zhiyue.product.commerce.refunds import deciding
from zhiyue.product.commerce.refunds.book import SoughtRefunds, WholeRefund, all_refunds, whole_refund
from zhiyue.product.commerce.refunds.reckoning import Returnable


class SalesRefunds(SalesEndpoint):
    @needs(Scope.SALES_READ, shapes.SalesRefundsQuery)
    @extend_schema(operation_id="listRefunds", tags=["Sales"], responses=shapes.SalesRefundPageShape)
    def get(self, request: Request) -> Response:
        """List everybody's refunds

        The one asked for last first; `status=asked` is what waits for a decision. For whoever may see orders.
        """
        sought = SoughtRefunds(self.asked.get("q", ""), self.asked.get("status", ""))
        found = self.listed(all_refunds(self.viewer, sought), order=("-asked_at", "-pk"))
        items = [refund_told(one, one.order) for one in found.rows]
        return self.list_answer(found, shapes.SalesRefundShape(items, many=True).data)


class SalesRefund(SalesEndpoint):
    @needs(Scope.SALES_READ)
    @extend_schema(operation_id="getRefund", tags=["Sales"], responses=shapes.SalesRefundDetailShape)
    def get(self, request: Request, number: str) -> Response:
        """Get a refund, and what the rule says of its order now"""
        return Response(_whole(whole_refund(self.viewer, number)))


class RefundDecision(SalesEndpoint):
    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="decideRefund",
        tags=["Sales"],
        examples=examples.DECIDE,
        request=shapes.DecideShape,
        responses={200: shapes.SalesRefundDetailShape},
    )
    @repeatable
    def post(self, request: Request, number: str) -> Response:
        """Approve or refuse what a member asked for

        Once: decided already, the answer is 409. Of an approval the parts named close at once, and the money goes by
        itself. Nobody decides about their own. For operators and owners; it stands in the audit log.
        """
        # Before the body: who may not decide learns nothing by trying.
        require(self.viewer, Permission.REFUND_ORDERS)
        body = shapes.DecideShape(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        if wanted["decision"] == "approve":
            amounts = {one["part"]: one["amount_fen"] for one in wanted["amounts"]}
            deciding.approve(viewer=self.viewer, number=number, amounts=amounts, why=wanted["why"])
        else:
            deciding.refuse(viewer=self.viewer, number=number, why=wanted["why"])
        return Response(_whole(whole_refund(self.viewer, number)))


def _whole(found: WholeRefund) -> Any:
    told = {
        **refund_told(found.refund, found.refund.order),
        "parts": [_part(one) for one in found.parts],
        "reckoning": [_decidable(one) for one in found.reckoning.parts],
    }
    return shapes.SalesRefundDetailShape(told).data


def _part(one: RefundPart) -> dict[str, Any]:
    return {
        "title": one.bought.title,
        "course": one.part.course.slug if one.part else None,
        "amount_fen": one.amount_fen,
        "lines": one.lines,
    }


def _decidable(one: Returnable) -> dict[str, Any]:
    return {
        **refunds.part_told(one),
        "part": one.part.pk,
        "left_fen": one.left_fen,
        "is_closed": one.part.returned_at is not None,
    }
