"""From an order to a paid one. Nothing here moves money: a payment is begun, and made at its provider."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import needs
from zhiyue.experience.api.repeating import repeatable, repeatable_outside
from zhiyue.experience.api.shapes import orders as shapes
from zhiyue.experience.api.views import refunds
from zhiyue.experience.api.views.me import MyEndpoint
from zhiyue.experience.shell.paying import begin_paying, count_order, way_named
from zhiyue.product.commerce.models import Order, Payment
from zhiyue.product.commerce.offers import plan_ref
from zhiyue.product.commerce.order_book import order_of, orders_of, plan_of
from zhiyue.product.commerce.orders import cancel, place
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.pursuing import ask_now

_KEPT = ("number", "offer", "title", "status", "lines", "total_fen", "refunded_fen")
_MOMENTS = ("created_at", "expires_at", "paid_at")


class OrderEndpoint(MyEndpoint):
    def whole(self, number: str) -> Any:
        return _whole(self.page, order_of(self.member, number))


class MyOrders(OrderEndpoint):
    @needs(Scope.ME_READ, shapes.OrdersQuery)
    @extend_schema(operation_id="listMyOrders", tags=["Orders"], responses=shapes.OrderPageShape)
    def get(self, request: Request) -> Response:
        """List my orders

        The latest first.
        """
        mine = orders_of(self.member)
        if status := self.asked.get("status"):
            mine = mine.filter(status=status)
        found = self.listed(mine, order=("-created_at", "-pk"))
        return self.list_answer(found, shapes.OrderShape(map(told, found.rows), many=True).data)

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="placeOrder",
        tags=["Orders"],
        examples=examples.PLACE,
        request=shapes.PlaceShape,
        responses={201: shapes.OrderDetailShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Order an offer

        An order of it that waits for its money already is told again: there is one at a time.
        """
        wanted = self.read_body(shapes.PlaceShape, request)
        count_order(self.member)
        placed = place(
            user=self.member,
            offer=wanted["offer"],
            seen_fen=wanted["total_fen"],
            actor=self.actor,
            coupons=wanted.get("coupons"),
        )
        return Response(self.whole(placed.number), status=201)


class OneOrder(OrderEndpoint):
    @needs(Scope.ME_READ)
    @extend_schema(operation_id="getMyOrder", tags=["Orders"], responses=shapes.OrderDetailShape)
    def get(self, request: Request, number: str) -> Response:
        """Get an order of mine

        While it waits for its money its provider is asked, now and then.
        """
        ask_now(self.member, number)
        return Response(self.whole(number))


class PayOrder(OrderEndpoint):
    may_answer = frozenset({502})

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="payOrder",
        tags=["Orders"],
        examples=examples.PAY,
        request=shapes.PayShape,
        responses={200: shapes.OrderDetailShape},
    )
    @repeatable_outside
    def post(self, request: Request, number: str) -> Response:
        """Begin to pay an order

        The last of `payments` says where the member pays; after that the order changes by itself. What costs nothing is
        paid by this alone.
        """
        # Before the body: nobody learns more of somebody else's order than that it isn't theirs.
        order_of(self.member, number)
        wanted = self.read_body(shapes.PayShape, request)
        if way := wanted["way_to_pay"]:
            begin_paying(
                self.page,
                user=self.member,
                order_number=number,
                way=way_named(way),
                returns_to=request.build_absolute_uri(reverse("site:order", args=[number])),
                payer=wanted["payer"],
            )
        else:
            pay_nothing(user=self.member, order_number=number)
        return Response(self.whole(number))


class CancelOrder(OrderEndpoint):
    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="cancelOrder", tags=["Orders"], request=None, responses={200: shapes.OrderDetailShape}
    )
    @repeatable
    def post(self, request: Request, number: str) -> Response:
        """Cancel an order that waits for its money

        Cancelled already, it stays so.
        """
        cancel(user=self.member, number=number, actor=self.actor)
        return Response(self.whole(number))


def told(order: Order) -> dict[str, Any]:
    """An order by itself."""
    return {name: getattr(order, name) for name in (*_KEPT, *_MOMENTS)}


def _whole(request: HttpRequest, order: Order) -> Any:
    payments: Sequence[Payment] = list(order.payments.all())
    whole = {
        **told(order),
        "courses": [part.course.slug for part in order.courses.all()],
        "plan": plan_ref(plan.plan_id) if (plan := plan_of(order)) else None,
        "payments": [_payment(request, one) for one in payments],
        "refunds": [refunds.told(one) for one in order.refunds.all()],
    }
    return shapes.OrderDetailShape(whole).data


def _payment(request: HttpRequest, payment: Payment) -> dict[str, Any]:
    shown = payment.shown
    value = str(shown.get("value", ""))
    return {
        "number": payment.number,
        "way_to_pay": f"{payment.provider}:{payment.channel}",
        "status": payment.status,
        "how": shown.get("way", ""),
        "address": request.build_absolute_uri(value) if value.startswith("/") else value,
        "values": shown.get("values", {}),
        "begun_at": payment.begun_at,
    }
