"""One's own coupons, and codes: those that give a coupon, and those that open something."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.kit import clock
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import coupons as shapes
from zhiyue.experience.api.shapes.orders import OrderDetailShape
from zhiyue.experience.api.views.me import MyEndpoint
from zhiyue.experience.api.views.orders import OrderEndpoint
from zhiyue.experience.shell.code_tries import counted_try
from zhiyue.product.commerce.lowering.claiming import claim
from zhiyue.product.commerce.lowering.coupons import Held, everything_of
from zhiyue.product.commerce.models import Coupon
from zhiyue.product.commerce.redeeming import redeem

_TERMS = (
    "title",
    "off_fen",
    "off_percent",
    "most_fen",
    "threshold_fen",
    "is_stackable",
    "scope",
    "begins_at",
    "ends_at",
)


class MyCoupons(MyEndpoint):
    may_answer = frozenset({404})

    @needs(Scope.ME_READ)
    @extend_schema(operation_id="listMyCoupons", tags=["Orders"], responses=shapes.MyCouponsShape)
    def get(self, request: Request) -> Response:
        """List my coupons

        All at once: those for everybody and for me, those I entered a code of, and those I used; the newest first.
        """
        return Response({"items": [_mine(one) for one in everything_of(self.member)]})

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="claimCoupon",
        tags=["Orders"],
        examples=examples.CODE,
        request=shapes.CodeShape,
        responses={201: shapes.MyCouponShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Enter the code of a coupon

        It is mine from then on; entered again it stays so. Guesses are counted: after ten in an hour the answer is 429.
        """
        code = self.read_body(shapes.CodeShape, request)["code"]
        with counted_try(self.page, self.member):
            coupon = claim(user=self.member, code=code, actor=self.actor)
        mine = next(one for one in everything_of(self.member) if one.coupon.pk == coupon.pk)
        return Response(_mine(mine), status=201)


class MyRedemptions(OrderEndpoint):
    may_answer = frozenset({404})

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="redeemCode",
        tags=["Orders"],
        examples=examples.CODE,
        request=shapes.CodeShape,
        responses={201: OrderDetailShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Redeem a code

        What it opens is mine, by an order that costs nothing; redeemed by me already, it is that order. Guesses are
        counted as those of coupons.
        """
        code = self.read_body(shapes.CodeShape, request)["code"]
        with counted_try(self.page, self.member):
            order = redeem(user=self.member, code=code, actor=self.actor)
        return Response(self.whole(order.number), status=201)


def terms_told(coupon: Coupon) -> dict[str, Any]:
    """What a coupon takes off, and when."""
    return {"code": coupon.mark, **{name: getattr(coupon, name) for name in _TERMS}}


def _mine(one: Held) -> Any:
    moment = clock.now()
    told = {
        **terms_told(one.coupon),
        "standing": one.standing(moment),
        "detail": str(one.why_not(moment)),
        "used": one.mine,
        "left": one.left,
    }
    return shapes.MyCouponShape(told).data
