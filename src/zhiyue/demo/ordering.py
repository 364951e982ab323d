"""What simulated people order, at the price that it had for them then: by the academy's own pricing, from the flash
prices, coupons and memberships that there were. Coupons for who has a tag or enters a code aren't asked, for simulated
people have neither; nor what is theirs of a bundle, for they take bundles of which they own nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from zhiyue.core.kit import clock
from zhiyue.demo.lent import PlanOrder, orders_of, running
from zhiyue.product.commerce.flash import with_left
from zhiyue.product.commerce.imports.past_sales import Sold
from zhiyue.product.commerce.lowering.coupons import Held, counted, fitting, terms_of
from zhiyue.product.commerce.models import Bundle, Coupon, CouponUse, FlashSale, Order, Plan
from zhiyue.product.commerce.offers import Offer, bundle_ref, course_ref, plan_ref
from zhiyue.product.commerce.periods import Bought, Period, left_fen
from zhiyue.product.commerce.pricing import Terms, best, quote
from zhiyue.product.commerce.shares import shared_out

# Orders that aren't written yet come after all that are.
_LAST = 10**12


class Till:
    """Prices of these members, who order one after the other in time; `course_fen` are those of courses."""

    def __init__(self, member_ids: Iterable[int], course_fen: Mapping[int, int]) -> None:
        wanted = sorted(set(member_ids))
        self._course_fen = course_fen
        self._plans = Plan.objects.in_bulk() if wanted else {}
        self._orders = orders_of(wanted) if wanted else defaultdict(list)
        self._bundles: dict[int, tuple[Bundle, dict[int, int]]] = {}
        paid = Order.objects.filter(user__in=wanted, paid_at__isnull=False, total_fen__gt=0)
        self._paid = set(paid.values_list("user_id", flat=True)) if wanted else set()
        audiences = (Coupon.Audience.NEWCOMERS, Coupon.Audience.EVERYBODY)
        coupons = Coupon.objects.filter(audience__in=audiences, paused_at=None)
        self._coupons = {one.coupon.pk: one for one in counted(coupons, None)} if wanted else {}
        uses = CouponUse.objects.filter(
            coupon__in=self._coupons,
            order__user__in=wanted,
            returned_at=None,
            coupon__most_each__isnull=False,
        )
        self._uses = Counter(uses.values_list("coupon_id", "order__user_id") if self._coupons else ())
        sales = list(FlashSale.objects.filter(ended_at=None)) if wanted else []
        self._flash: dict[str, list[FlashSale]] = defaultdict(list)
        self._left = {one.sale.pk: one.left for one in with_left(sales)}
        for sale in sales:
            self._flash[sale.offer].append(sale)

    def course(self, who: int, course: int, at: datetime, title: str) -> Sold:
        price = self._course_fen[course]
        offer = Offer(course_ref(course), title, price, None, {course: price})
        return self._sold(who, offer, at, offer.courses)

    def bundle(self, who: int, bundle_id: int, at: datetime) -> Sold:
        bundle, shares = self._bundle(bundle_id)
        offer = Offer(bundle_ref(bundle_id), bundle.title, bundle.price_fen, None, shares)
        return self._sold(who, offer, at, shares)

    def plan(self, who: int, plan_id: int, at: datetime) -> Sold:
        """What is left of another plan comes off."""
        plan = self._plans[plan_id]
        ahead = [(one, period) for one, period in self._held(who) if period.opens_until > at]
        left = 0
        if any(one.plan_id != plan_id for one, _ in ahead):
            zone = clock.business_zone()
            left = sum(left_fen(one.worth_fen, period, at, zone) for one, period in ahead)
        credit = left if left < plan.price_fen and all(one.worth_fen for one, _ in ahead) else 0
        offer = Offer(plan_ref(plan_id), plan.name, plan.price_fen, None, {}, plan=plan, credit_fen=credit)
        sold = self._sold(who, offer, at, offer.courses)
        return replace(sold, plan_id=plan_id, credited_at=at if credit else None)

    def pay(self, who: int, sold: Sold, at: datetime) -> None:
        """It is paid: what follows costs what it costs after that."""
        self._paid.add(who)
        if sold.flash_id is not None and self._left[sold.flash_id] is not None:
            self._left[sold.flash_id] -= 1  # type: ignore[operator]
        for pk, _ in sold.coupons:
            self._uses[pk, who] += 1
            self._coupons[pk] = replace(self._coupons[pk], used=self._coupons[pk].used + 1)
        if sold.plan_id is not None:
            plan, orders = self._plans[sold.plan_id], self._orders[who]
            bought = Bought(
                _LAST + len(orders), at, plan.months, plan.grace_days, sold.credited_at, plan_id=plan.id
            )
            credit = -sum(line.amount_fen for line in sold.lines if line.kind == "credit")
            orders.append(PlanOrder(sold.plan_id, bought, sold.total_fen + credit, plan.off_percent))

    def _sold(self, who: int, offer: Offer, at: datetime, shares: Mapping[int, int]) -> Sold:
        flash = self._flash_of(offer.ref, at)
        terms = Terms(
            offer.price_fen,
            flash_fen=flash.price_fen if flash else None,
            member_percent=0 if offer.plan else self._percent(who, at),
            credit_fen=offer.credit_fen,
        )
        coupons = {one.mark: one for one in self._usable(who, offer, at)}
        whole = quote(terms, best(terms, map(terms_of, coupons.values())))
        if not any(line.kind == "flash" for line in whole.lines):
            flash = None
        return Sold(
            offer.ref,
            offer.title,
            whole.lines,
            tuple(shared_out(whole.total_fen, shares).items()),
            coupons=tuple(
                (coupons[line.code].pk, -line.amount_fen) for line in whole.lines if line.kind == "coupon"
            ),
            flash_id=flash.pk if flash else None,
        )

    def _flash_of(self, ref: str, at: datetime) -> FlashSale | None:
        standing = [
            sale
            for sale in self._flash.get(ref, ())
            if sale.begins_at <= at < sale.ends_at and self._left[sale.pk] != 0
        ]
        return min(standing, key=lambda sale: sale.price_fen, default=None)

    def _percent(self, who: int, at: datetime) -> int:
        held = [one for one, period in self._held(who) if period.opens_from <= at < period.grace_until]
        return held[0].off_percent if held else 0

    def _usable(self, who: int, offer: Offer, at: datetime) -> Sequence[Coupon]:
        standing = [
            one.coupon
            for one in self._coupons.values()
            if (one.coupon.audience == Coupon.Audience.EVERYBODY or who not in self._paid)
            and not Held(one.coupon, one.used, self._uses[one.coupon.pk, who]).why_not(at)
        ]
        fits = fitting(standing, offer)
        return [one for one in standing if one.pk in fits]

    def _held(self, who: int) -> list[tuple[PlanOrder, Period]]:
        orders = self._orders.get(who, [])
        by_id = {one.bought.order_id: one for one in orders}
        return [(by_id[period.order.order_id], period) for _, period in running(orders)]

    def _bundle(self, bundle_id: int) -> tuple[Bundle, dict[int, int]]:
        if bundle_id not in self._bundles:
            bundle = Bundle.objects.get(pk=bundle_id)
            inside = bundle.parts.values_list("course_id", "course__price_fen")
            self._bundles[bundle_id] = (bundle, shared_out(bundle.price_fen, dict(inside)))
        return self._bundles[bundle_id]
