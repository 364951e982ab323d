"""What past orders were of where nobody brings in one course at its price: bundles and plans, and what lowered a price.
For lives that the simulator leads; a table of past orders that an academy brings in tells of courses alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhiyue.product.commerce.models import Coupon, CouponUse, FlashHold, Order, OrderPlan, Plan
from zhiyue.product.commerce.pricing import Line

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Sold:
    """What a past order was of, where that isn't one course whose price nobody tells: the offer (“plan:2”) and what it
    was called, the lines of its price, and the courses that it opens with their parts of the total. Of a plan its id,
    and since when what ran before comes off. `coupons` (id, what each took off) and the `flash` price that it holds."""

    offer: str
    title: str
    lines: tuple[Line, ...]
    parts: tuple[tuple[int, int], ...] = ()
    plan_id: int | None = None
    credited_at: datetime | None = None
    coupons: tuple[tuple[int, int], ...] = ()
    flash_id: int | None = None

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)


def lines(sold: Sold | None, total_fen: int, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """As an order keeps them; a coupon with its title, by its mark."""
    told = sold.lines if sold is not None else (Line("price", total_fen),)
    return [
        {"kind": line.kind, "amount_fen": line.amount_fen, "code": line.code}
        | ({"title": titles[line.code]} if line.code in titles else {})
        for line in told
    ]


def coupon_titles(sold: Sequence[Sold]) -> dict[str, str]:
    used = {pk for one in sold for pk, _ in one.coupons}
    return dict(Coupon.objects.filter(pk__in=used).values_list("mark", "title")) if used else {}


def put(sold: Sequence[tuple[Sold, Order]]) -> None:
    """What these new orders are worth of plans, and which coupons and flash prices they hold, or held until they
    ended."""
    plans = Plan.objects.in_bulk({one.plan_id for one, _ in sold if one.plan_id is not None})
    OrderPlan.objects.bulk_create(
        [
            OrderPlan(
                order=order,
                plan=plans[one.plan_id],
                months=plans[one.plan_id].months,
                grace_days=plans[one.plan_id].grace_days,
                off_percent=plans[one.plan_id].off_percent,
                credited_at=one.credited_at,
                wants_reminder=False,
            )
            for one, order in sold
            if one.plan_id is not None
        ],
        batch_size=AT_ONCE,
    )
    CouponUse.objects.bulk_create(
        [
            CouponUse(order=order, coupon_id=pk, amount_fen=amount, returned_at=_given_back(order))
            for one, order in sold
            for pk, amount in one.coupons
        ],
        batch_size=AT_ONCE,
    )
    FlashHold.objects.bulk_create(
        [
            FlashHold(sale_id=one.flash_id, order=order, returned_at=_given_back(order))
            for one, order in sold
            if one.flash_id is not None
        ],
        batch_size=AT_ONCE,
    )


def _given_back(order: Order) -> datetime | None:
    return None if order.paid_at is not None else order.expires_at
