"""What there is only so much of, and which orders hold it: taken when an order is placed, given back when it ends
unpaid or all its money went back, taken again by late money where there still is some.

Rows of what is bounded are locked last of all (after the member and the order), in the order of their ids; the member's
without its key (`no_key`), which events that are written meanwhile refer to: so no two transactions ever wait for each
other.
"""

from collections.abc import Mapping, Sequence

from zhiyue.core.kit import clock
from zhiyue.product.commerce.flash import with_left
from zhiyue.product.commerce.lowering.coupons import Held, counted
from zhiyue.product.commerce.models import Coupon, CouponUse, FlashHold, FlashSale, Order

# An order that comes to one of these holds nothing any more.
GIVING_BACK = frozenset({Order.Status.EXPIRED, Order.Status.CLOSED, Order.Status.REFUNDED})


def locked(coupons: Sequence[int], order: Order) -> list[Held]:
    """These coupons as they are used now; until the transaction ends nobody else takes one."""
    rows = Coupon.objects.filter(pk__in=coupons).order_by("pk")
    # Two statements: what others took while we waited for the lock is seen by the second one only.
    list(rows.select_for_update(no_key=True))
    return counted(rows, order.user)


def take(order: Order, amounts: Mapping[int, int], sale: FlashSale | None = None) -> bool:
    """Hold these coupons (id to what each takes off), and one of a flash price, for a new order. False where one of
    them is used up: then none is held."""
    if not _is_room(order, list(amounts), sale.pk if sale else None):
        return False
    CouponUse.objects.bulk_create(
        CouponUse(order=order, coupon_id=pk, amount_fen=amount) for pk, amount in amounts.items()
    )
    if sale is not None:
        FlashHold.objects.create(sale=sale, order=order)
    return True


def give_back(order: Order) -> None:
    if _holds(order):
        now = clock.now()
        CouponUse.objects.filter(order=order, returned_at=None).update(returned_at=now)
        FlashHold.objects.filter(order=order, returned_at=None).update(returned_at=now)


def take_again(order: Order) -> bool:
    """For an order whose time was over and whose money came all the same. False where what it held is gone: used up by
    all or by this person, or they came as a newcomer by another order since. Its price was promised when it was
    ordered: that a coupon's own time is over, or that it is paused, changes nothing."""
    if not _holds(order):
        return True
    uses = CouponUse.objects.filter(order=order, returned_at__isnull=False)
    flash = FlashHold.objects.filter(order=order, returned_at__isnull=False)
    coupons = list(uses.values_list("coupon_id", flat=True))
    if _is_newcomers_elsewhere(order, coupons):
        return False
    if not _is_room(order, coupons, flash.values_list("sale_id", flat=True).first()):
        return False
    uses.update(returned_at=None)
    flash.update(returned_at=None)
    return True


def coupons_in(order: Order) -> list[tuple[int, int]]:
    """The coupons that an order holds, each with what it takes off in fen."""
    if not _holds(order):
        return []
    uses = CouponUse.objects.filter(order=order, returned_at=None).order_by("pk")
    return list(uses.values_list("coupon_id", "amount_fen"))


def _is_room(order: Order, coupons: Sequence[int], sale_id: int | None) -> bool:
    """Is there one of each left? Their rows are held from here on: coupons first, then the flash price."""
    if coupons and any(_is_full(one) for one in locked(coupons, order)):
        return False
    if sale_id is None:
        return True
    sale = FlashSale.objects.select_for_update(no_key=True).get(pk=sale_id)
    return not with_left([sale])[0].is_sold_out


def _is_newcomers_elsewhere(order: Order, coupons: Sequence[int]) -> bool:
    """Is one of the coupons for newcomers, and does another order of this person hold such a one? Somebody is new once;
    whoever calls holds the member's row."""
    newcomers = Coupon.Audience.NEWCOMERS
    if not Coupon.objects.filter(pk__in=coupons, audience=newcomers).exists():
        return False
    uses = CouponUse.objects.filter(order__user=order.user, coupon__audience=newcomers, returned_at=None)
    return uses.exclude(order=order).exists()


def _holds(order: Order) -> bool:
    """By its lines, which don't change: most orders hold nothing, and nothing is asked for them."""
    return any(line["kind"] in ("coupon", "flash") for line in order.lines)


def _is_full(one: Held) -> bool:
    return one.is_used_up or (one.coupon.most_each is not None and one.mine >= one.coupon.most_each)
