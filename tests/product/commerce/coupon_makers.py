"""Makers of coupons, flash prices and redeem codes for tests, through the services."""

from datetime import timedelta

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.product.commerce.lowering.couponing import CouponWish, make_codes, make_coupon
from zhiyue.product.commerce.lowering.flashing import FlashWish, make_sale
from zhiyue.product.commerce.models import Coupon, CouponCode, FlashSale, RedeemBatch
from zhiyue.product.commerce.redeeming import make_batch


def staff(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


def make(operator, title="夏季券", *, begun=True, **changed) -> Coupon:
    """A coupon of ¥20 for everybody that began a day ago, unless something else is said."""
    wanted = {"audience": "everybody", **changed}
    if "off_percent" not in wanted:
        wanted.setdefault("off_fen", 2_000)
    begins = clock.now() + (timedelta(days=-1) if begun else timedelta(days=1))
    return make_coupon(
        viewer=staff(operator), wish=CouponWish(title=title, **{"begins_at": begins, **wanted})
    )


def codes(operator, coupon, count=0) -> list[str]:
    """New codes of a coupon; one for everybody, where no count is said."""
    before = set(CouponCode.objects.values_list("pk", flat=True))
    make_codes(viewer=staff(operator), mark=coupon.mark, count=count)
    return list(CouponCode.objects.exclude(pk__in=before).order_by("pk").values_list("text", flat=True))


def flash(operator, course, price_fen=9_900, **changed) -> FlashSale:
    """A flash price of a course, or of an offer by its name, from an hour ago until tomorrow, unless something else is
    said."""
    now = clock.now()
    wanted = {"begins_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1), **changed}
    offer = course if isinstance(course, str) else f"course:{course.pk}"
    wish = FlashWish(offer=offer, price_fen=price_fen, **wanted)
    return make_sale(viewer=staff(operator), wish=wish)


def batch(operator, course, count=2, *, title="企业团购", ends_at=None) -> RedeemBatch:
    offer = course if isinstance(course, str) else f"course:{course.pk}"
    wanted = {"title": title, "offer": offer, "count": count, "ends_at": ends_at}
    return make_batch(viewer=staff(operator), **wanted)
