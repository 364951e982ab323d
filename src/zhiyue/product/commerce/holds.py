"""What there is only so much of, and which orders hold it: taken when an order is placed, given back when it ends
unpaid or all its money went back, taken again by late money where there still is some.

Rows of what is bounded are locked last of all (after the member and the order), in the order of their ids: so no two
transactions ever wait for each other.
"""

from collections.abc import Mapping, Sequence

from zhiyue.core.kit import clock
from zhiyue.product.commerce.coupons import Held, counted
from zhiyue.product.commerce.models import Coupon, CouponUse, Order

# An order that comes to one of these holds nothing any more.
GIVING_BACK = frozenset({Order.Status.EXPIRED, Order.Status.CLOSED, Order.Status.REFUNDED})


def locked(coupons: Sequence[int], order: Order) -> list[Held]:
    """These coupons as they are used now; until the transaction ends nobody else takes one."""
    rows = Coupon.objects.filter(pk__in=coupons).order_by("pk")
    # Two statements: what others took while we waited for the lock is seen by the second one only.
    list(rows.select_for_update(no_key=True))
    return counted(rows, order.user)


def take(order: Order, amounts: Mapping[int, int]) -> bool:
    """Hold these coupons (id to what each takes off) for a new order. False where one of them is used up: then none is
    held."""
    if amounts and any(_is_full(one) for one in locked(list(amounts), order)):
        return False
    CouponUse.objects.bulk_create(
        CouponUse(order=order, coupon_id=pk, amount_fen=amount) for pk, amount in amounts.items()
    )
    return True


def give_back(order: Order) -> None:
    if _holds(order):
        CouponUse.objects.filter(order=order, returned_at=None).update(returned_at=clock.now())


def take_again(order: Order) -> bool:
    """For an order whose time was over and whose money came all the same. False where what it held is gone."""
    if not _holds(order):
        return True
    uses = CouponUse.objects.filter(order=order, returned_at__isnull=False)
    if any(_is_full(one) for one in locked(list(uses.values_list("coupon_id", flat=True)), order)):
        return False
    uses.update(returned_at=None)
    return True


def coupons_in(order: Order) -> list[tuple[int, int]]:
    """The coupons that an order holds, each with what it takes off in fen."""
    if not _holds(order):
        return []
    uses = CouponUse.objects.filter(order=order, returned_at=None).order_by("pk")
    return list(uses.values_list("coupon_id", "amount_fen"))


def _holds(order: Order) -> bool:
    """By its lines, which don't change: most orders hold nothing, and nothing is asked for them."""
    return any(line["kind"] == "coupon" for line in order.lines)


def _is_full(one: Held) -> bool:
    return one.is_used_up or (one.coupon.most_each is not None and one.mine >= one.coupon.most_each)
