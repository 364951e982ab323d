"""Sales for staff: everybody's orders, and where providers and the books differ. Each asks the selector that the desk
asks, which knows who may."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.shapes import sales as shapes
from zhiyue.experience.api.views import orders, refunds
from zhiyue.product.commerce.models import Difference, Entry, Order, OrderCourse, OrderPlan, Refund
from zhiyue.product.commerce.order_book import SoughtOrders, WholeOrder, all_orders, whole_order
from zhiyue.product.commerce.reconciling.book import SoughtDifferences, all_differences

_PAYMENT = (
    "number",
    "provider",
    "channel",
    "status",
    "amount_fen",
    "provider_number",
    "begun_at",
    "settled_at",
)
_REFUND = ("decided_why", "is_by_hand", "fault", "provider_number")
_DIFFERENCE = (
    "id",
    "provider",
    "kind",
    "state",
    "theirs_fen",
    "ours_fen",
    "number",
    "provider_number",
    "refund_number",
    "noticed_at",
    "ended_at",
    "why",
)


class SalesEndpoint(Endpoint):
    """An address for staff."""

    members_only = True
    is_personal = True


class SalesOrders(SalesEndpoint):
    @needs(Scope.SALES_READ, shapes.SalesOrdersQuery)
    @extend_schema(operation_id="listOrders", tags=["Sales"], responses=shapes.SalesOrderPageShape)
    def get(self, request: Request) -> Response:
        """List everybody's orders

        The latest first. For whoever may see orders: agents, operators, owners.
        """
        asked = self.asked
        sought = SoughtOrders(asked.get("q", ""), asked.get("status", ""), asked.get("member"))
        found = self.listed(all_orders(self.viewer, sought), order=("-created_at", "-pk"))
        items = [_order(one) for one in found.rows]
        return self.list_answer(found, shapes.SalesOrderShape(items, many=True).data)


class SalesOrder(SalesEndpoint):
    @needs(Scope.SALES_READ)
    @extend_schema(operation_id="getOrder", tags=["Sales"], responses=shapes.SalesOrderDetailShape)
    def get(self, request: Request, number: str) -> Response:
        """Get an order with all that is known of it

        What it opens, each try to pay it, what providers told, its journal, and its entries in the books.
        """
        return Response(shapes.SalesOrderDetailShape(_whole(whole_order(self.viewer, number))).data)


class Differences(SalesEndpoint):
    @needs(Scope.SALES_READ, shapes.DifferencesQuery)
    @extend_schema(operation_id="listDifferences", tags=["Sales"], responses=shapes.DifferencePageShape)
    def get(self, request: Request) -> Response:
        """List where providers and the books differ

        The one noticed last first; `state=open` is what waits. For whoever may see the books: operators, owners.
        """
        asked = self.asked
        sought = SoughtDifferences(
            words=asked.get("q", ""),
            provider=asked.get("provider", ""),
            state=asked.get("state", ""),
            since=asked.get("since"),
            until=asked.get("until"),
        )
        found = self.listed(all_differences(self.viewer, sought), order=("-pk",))
        items = [_difference(one) for one in found.rows]
        return self.list_answer(found, shapes.DifferenceShape(items, many=True).data)


def who(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "display_name": user.display_name} if user is not None else None


def refund_told(one: Refund, order: Order) -> dict[str, Any]:
    """A refund with what its member doesn't read."""
    return {
        **refunds.told(one),
        **{name: getattr(one, name) for name in _REFUND},
        "order": order.number,
        "title": order.title,
        "member": who(order.user),
    }


def _order(one: Order) -> dict[str, Any]:
    return {**orders.told(one), "member": who(one.user), "outside_number": one.outside_number}


def _whole(found: WholeOrder) -> dict[str, Any]:
    invoice = ("number", "status", "amount_fen")
    return {
        **_order(found.order),
        "parts": [_part(one) for one in found.parts],
        "payments": [{name: getattr(one, name) for name in _PAYMENT} for one in found.payments],
        "refunds": [refund_told(one, found.order) for one in found.refunds],
        "invoices": [{name: getattr(one, name) for name in invoice} for one in found.invoices],
        "notices": [
            {
                "at": one.received_at,
                "provider": one.provider,
                "payment": one.payment.number if one.payment else "",
                "kind": one.kind,
                "outcome": one.outcome,
            }
            for one in found.notices
        ],
        "journal": [
            {
                **{name: getattr(one, name) for name in ("at", "before", "after", "why", "told")},
                "by": who(one.by),
            }
            for one in found.steps
        ],
        "ledger": [_entry(one) for one in found.entries],
    }


def _part(one: OrderCourse | OrderPlan) -> dict[str, Any]:
    return {
        "course": one.course.slug if isinstance(one, OrderCourse) else None,
        "title": one.title,
        "total_fen": one.total_fen,
        "returned_at": one.returned_at,
    }


def _entry(one: Entry) -> dict[str, Any]:
    """Debits before credits."""
    postings = sorted(one.postings.all(), key=lambda posting: -posting.amount_fen)
    return {
        "key": one.key,
        "kind": one.kind,
        "at": one.at,
        "postings": [{"account": each.account, "amount_fen": each.amount_fen} for each in postings],
    }


def _difference(one: Difference) -> dict[str, Any]:
    of = one.payment or one.refund
    return {
        **{name: getattr(one, name) for name in _DIFFERENCE},
        "day": one.bill.day,
        "order": of.order.number if of else None,
        "is_entered": one.entry_id is not None,
    }
