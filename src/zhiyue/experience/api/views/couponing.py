"""Coupons for staff: the list with what came of them, made, paused, and their codes."""

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
from zhiyue.experience.api.shapes.lists import PageQuery
from zhiyue.experience.api.views.coupons import terms_told
from zhiyue.experience.api.views.sales import SalesEndpoint
from zhiyue.product.commerce.lowering import couponing
from zhiyue.product.commerce.lowering.couponing import Counted, CouponWish

_OWN = ("audience", "tag", "most_uses", "most_each", "paused_at", "made_at")
_FIGURES = ("codes", "holders", "open_uses", "paid_uses", "cost_fen", "brought_fen")


class SalesCoupons(SalesEndpoint):
    @needs(Scope.SALES_READ, PageQuery)
    @extend_schema(operation_id="listCoupons", tags=["Sales"], responses=shapes.SalesCouponPageShape)
    def get(self, request: Request) -> Response:
        """List all coupons, with what came of them

        The newest first. For operators and owners.
        """
        found = self.listed(couponing.coupon_rows(self.viewer), order=("-pk",))
        items = [_told(one) for one in couponing.with_figures(self.viewer, found.rows)]
        return self.list_answer(found, shapes.SalesCouponShape(items, many=True).data)

    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="makeCoupon",
        tags=["Sales"],
        examples=examples.MAKE_COUPON,
        request=shapes.MakeCouponShape,
        responses={201: shapes.SalesCouponShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Make a coupon

        What people are promised by it doesn't change any more: it can be paused.
        """
        # Before the body: who may not make one learns nothing by trying.
        require(self.viewer, Permission.CHANGE_SALES)
        body = shapes.MakeCouponShape(data=request.data)
        body.is_valid(raise_exception=True)
        made = couponing.make_coupon(viewer=self.viewer, wish=CouponWish(**body.validated_data))
        return Response(_one(self, made.mark), status=201)


class CouponPause(SalesEndpoint):
    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="pauseCoupon", tags=["Sales"], request=None, responses={200: shapes.SalesCouponShape}
    )
    def put(self, request: Request, mark: str) -> Response:
        """Pause a coupon

        Nobody uses it until it goes on; orders that hold it keep it. Again and again changes nothing more.
        """
        couponing.pause_coupon(viewer=self.viewer, mark=mark, is_paused=True)
        return Response(_one(self, mark))

    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="resumeCoupon", tags=["Sales"], request=None, responses={200: shapes.SalesCouponShape}
    )
    def delete(self, request: Request, mark: str) -> Response:
        """Let a paused coupon go on"""
        couponing.pause_coupon(viewer=self.viewer, mark=mark, is_paused=False)
        return Response(_one(self, mark))


class CouponCodes(SalesEndpoint):
    @needs(Scope.SALES_WRITE)
    @extend_schema(
        operation_id="makeCouponCodes",
        tags=["Sales"],
        request=shapes.MakeCodesShape,
        responses={201: shapes.CodesMadeShape},
    )
    @repeatable
    def post(self, request: Request, mark: str) -> Response:
        """Make codes of a coupon

        Those for one person each are taken away on the desk, which notes it. The one for everybody is told here.
        """
        require(self.viewer, Permission.CHANGE_SALES)
        body = shapes.MakeCodesShape(data=request.data)
        body.is_valid(raise_exception=True)
        made = couponing.make_codes(viewer=self.viewer, mark=mark, count=body.validated_data["count"])
        coupon = couponing.one_coupon(self.viewer, mark).coupon
        told = {"made": made, "shared_code": couponing.shared_code(self.viewer, coupon)}
        return Response(shapes.CodesMadeShape(told).data, status=201)


def _one(view: SalesEndpoint, mark: str) -> Any:
    return shapes.SalesCouponShape(_told(couponing.one_coupon(view.viewer, mark))).data


def _told(one: Counted) -> dict[str, Any]:
    return {
        **terms_told(one.coupon),
        **{name: getattr(one.coupon, name) for name in _OWN},
        **{name: getattr(one, name) for name in _FIGURES},
    }
