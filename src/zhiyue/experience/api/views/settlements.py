"""Settlements for staff: what providers paid into the bank, one more entered, and one that was wrong taken back."""

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
from zhiyue.experience.api.views.sales import SalesEndpoint
from zhiyue.product.commerce.settlements.book import (
    Settlement,
    SoughtSettlements,
    all_settlements,
    told,
    whole_settlement,
)
from zhiyue.product.commerce.settlements.entering import PaidIn, enter, take_back


class Settlements(SalesEndpoint):
    @needs(Scope.SALES_READ, shapes.SettlementsQuery)
    @extend_schema(operation_id="listSettlements", tags=["Sales"], responses=shapes.SettlementPageShape)
    def get(self, request: Request) -> Response:
        """List what providers paid into the bank

        The one entered last first, with those that were taken back. For whoever may see the books: operators, owners.
        """
        asked = self.asked
        sought = SoughtSettlements(
            provider=asked.get("provider", ""),
            words=asked.get("q", ""),
            since=asked.get("since"),
            until=asked.get("until"),
        )
        found = self.listed(all_settlements(self.viewer, sought), order=("-pk",))
        items = [_told(told(one)) for one in found.rows]
        return self.list_answer(found, shapes.SettlementShape(items, many=True).data)

    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="enterSettlement",
        tags=["Sales"],
        examples=examples.ENTER_SETTLEMENT,
        request=shapes.EnterSettlementShape,
        responses={201: shapes.SettlementShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Enter what a provider paid into the bank

        Each reference of a provider once: entered already, the answer is 409. More than it owes is refused, and
        the answer says what it owes. For operators and owners; it stands in the audit log.
        """
        # Before the body: who may not enter one learns nothing by trying.
        require(self.viewer, Permission.RECONCILE)
        body = shapes.EnterSettlementShape(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        paid = PaidIn(wanted["provider"], wanted["day"], wanted["amount_fen"], wanted["reference"])
        entry = enter(viewer=self.viewer, paid=paid)
        return Response(_one(self, entry.pk), status=201)


class TakeSettlementBack(SalesEndpoint):
    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="takeSettlementBack",
        tags=["Sales"],
        request=shapes.TakeBackShape,
        responses={200: shapes.SettlementShape},
    )
    @repeatable
    def post(self, request: Request, settlement_id: int) -> Response:
        """Take back what was entered wrongly as paid in

        Once: taken back already, the answer is 409. Its reference can then be entered anew.
        """
        require(self.viewer, Permission.RECONCILE)
        body = shapes.TakeBackShape(data=request.data)
        body.is_valid(raise_exception=True)
        take_back(viewer=self.viewer, settlement_id=settlement_id, why=body.validated_data["why"])
        return Response(_one(self, settlement_id))


def _one(view: SalesEndpoint, settlement_id: int) -> Any:
    found = whole_settlement(view.viewer, settlement_id).settlement
    return shapes.SettlementShape(_told(found)).data


def _told(one: Settlement) -> dict[str, Any]:
    fields = ("id", "provider", "amount_fen", "reference", "taken_back_at")
    return {**{name: getattr(one, name) for name in fields}, "day": one.on}
