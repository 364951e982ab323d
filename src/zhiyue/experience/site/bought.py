"""An order as its page shows it: its state in a word, its price in lines, how it can be paid, what comes after."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import segno
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.paying import Device, PriceLine, WayToPay, device_of, price_lines, ways_on
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.site.invoicing import ShownInvoice
from zhiyue.experience.site.returning import ShownRefund
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.bundles import bundles_with
from zhiyue.product.commerce.checkout import takes_payments
from zhiyue.product.commerce.invoices.possible import why_not
from zhiyue.product.commerce.lending.trials import trial_offer
from zhiyue.product.commerce.membership.plans import plans_opening
from zhiyue.product.commerce.models import Order, OrderPlan, Payment
from zhiyue.product.commerce.offers import Offer, bundle_ref, course_ref, plan_ref
from zhiyue.product.commerce.order_book import plan_of, why_expired
from zhiyue.product.commerce.quoting import before_coupons
from zhiyue.product.commerce.refunds.reckoning import may_go_back
from zhiyue.product.commerce.selectors import Access
from zhiyue.product.commerce.standing import price_holds

# Providers keep addresses of so many characters; a longer way back leads to the order alone.
_LONGEST_ADDRESS = 300
# What the address of an order says whose payment was begun this moment: where a script opens it, it does so at once.
NOW: Mapping[str, str] = {"pay": "now"}
# Why orders end that can be ordered anew at another price.
_CHANGED = frozenset({"price_changed", "theirs_already"})
# What the address says by which providers send people back.
BACK: Mapping[str, str] = {"from": "till"}
# Who began to pay at a till no longer ago than this may have paid there, whatever their address says.
_AT_TILL = timedelta(minutes=3)
_PAID = (Order.Status.PAID, Order.Status.FULFILLED)


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order of whoever looks. `onward` is where they came to buy for, "" where it isn't known; `can_return`:
    something of it may still be given back; `came_back`: from a provider's till, says the address."""

    order: Order
    courses: Sequence[Course]
    open_courses: Sequence[Course]
    payments: Sequence[Payment]
    refunds: Sequence[ShownRefund]
    invoices: Sequence[ShownInvoice]
    onward: str
    origin: str
    device: Device = "computer"
    plan: OrderPlan | None = None
    can_return: bool = False
    is_begun_now: bool = False
    is_changed: bool = False
    came_back: bool = False

    @property
    def state(self) -> str:
        """Its status; `over` where its time has passed and nobody noted it yet, `changed` where it isn't paid any more
        because it costs something else now, `returning` while the money of all that it opened is on its way back."""
        if self.is_changed:
            return "changed"
        if _is_late(self.order):
            return "over"
        if self.order.status in _PAID and not self.is_paid:
            return "returning"
        return "paid" if self.is_paid else self.order.status

    @property
    def is_paid(self) -> bool:
        return self.order.status in _PAID and (self.opens_something or not (self.courses or self.plan))

    @property
    def opens_something(self) -> bool:
        has_plan = self.plan is not None and self.plan.returned_at is None
        return bool(self.open_courses) or (has_plan and self.order.status in Order.OPENING)

    @property
    def can_be_invoiced(self) -> bool:
        """May an invoice of it be asked for? Not where there is one that holds, or will."""
        return not any(one.is_live for one in self.invoices) and not why_not(self.order)

    @property
    def can_be_paid(self) -> bool:
        return self.order.is_open and self.state not in ("over", "changed")

    @property
    def is_confirming(self) -> bool:
        """Were they at a till, so that their money may be here in a moment? Who comes back says so, and a payment that
        was begun there just now. A code to scan, or WeChat's own window, is paid beside this page."""
        if not self.can_be_paid or self.begun is None or self.has_failed:
            return False
        is_fresh = clock.now() - self.begun.begun_at < _AT_TILL
        return self.came_back or (is_fresh and self.begun.shown.get("way") == "go")

    @property
    def seen(self) -> str:
        """A mark of everything that the page tells and that may change by itself."""
        payments, refunds = (one.status for one in self.payments), (one.refund.status for one in self.refunds)
        confirming = ["confirming"] if self.is_confirming else []
        return "-".join([self.state, *payments, *refunds, *confirming])

    @property
    def is_awaited(self) -> bool:
        """May it still be paid while somebody looks? Money that was sent in time may arrive a while later."""
        late = timedelta(minutes=settings.ZHIYUE_ORDER_MINUTES)
        is_late = self.state in ("over", "expired", "changed") and self.begun is not None
        return self.can_be_paid or (is_late and clock.now() < self.order.expires_at + late)

    @property
    def begun(self) -> Payment | None:
        """The payment to go on with: the one begun last."""
        waiting = [one for one in self.payments if one.status == Payment.Status.BEGUN and one.shown]
        return waiting[-1] if waiting else None

    @property
    def way(self) -> WayToPay | None:
        return WayToPay(self.begun.provider, self.begun.channel) if self.begun else None

    @property
    def ways(self) -> list[WayToPay]:
        """How else it can be paid, on this device, than it was begun."""
        return [way for way in ways_on(self.device) if way != self.way]

    @property
    def has_failed(self) -> bool:
        """The last try came to nothing; another way may wait still."""
        return bool(self.payments) and self.payments[-1].status == Payment.Status.FAILED

    @property
    def lines(self) -> list[PriceLine]:
        return price_lines(self.order.lines)

    @property
    def total(self) -> str:
        return yuan(self.order.total_fen)

    @property
    def refunded(self) -> str:
        return yuan(self.order.refunded_fen)

    @property
    def minutes_left(self) -> int:
        """Rounded up: nobody is told that none is left while one still may pay."""
        return -(-int((self.order.expires_at - clock.now()).total_seconds()) // 60)

    @property
    def anew(self) -> str:
        """Where the same is ordered at the price of now."""
        asked = {"offer": self.order.offer, **({"next": self.onward} if self.onward else {})}
        return f"{reverse('site:checkout')}?{urlencode(asked)}"

    @property
    def pay_address(self) -> str:
        """Where the begun payment is paid by a browser, "" where it isn't."""
        value = str(self.begun.shown.get("value", "")) if self.begun else ""
        if value.startswith("/"):
            return f"{self.origin}{value}"
        return value if value.startswith(("http://", "https://")) else ""

    @property
    def call(self) -> str:
        """What the provider's script is called with (JSON), "" where the payment isn't paid by one."""
        if self.begun is None or self.begun.shown.get("way") != "call":
            return ""
        return json.dumps(self.begun.shown["values"])

    @property
    def picture(self) -> SafeString:
        """The code to scan, "" where the payment isn't paid by one."""
        if self.begun is None or self.begun.shown.get("way") != "scan":
            return SafeString("")
        text = self.pay_address or str(self.begun.shown.get("value", ""))
        drawn = segno.make(text, error="m", micro=False)
        # Dark on light in both themes: that is what cameras look for.
        svg = drawn.svg_inline(scale=6, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None)
        return mark_safe(svg)  # noqa: S308 - numbers of a drawing alone


def shown_order(request: HttpRequest, order: Order, onward: str | None = None) -> ShownOrder:
    """`order` as `order_book.order_of` gives it. `onward` is where the request's `next` doesn't say so."""
    parts, plan = list(order.courses.all()), plan_of(order)
    is_opening = order.status in Order.OPENING
    return ShownOrder(
        order=order,
        courses=[part.course for part in parts],
        open_courses=[part.course for part in parts if is_opening and part.returned_at is None],
        payments=list(order.payments.all()),
        refunds=[ShownRefund(one) for one in order.refunds.all()],
        invoices=[ShownInvoice(one) for one in order.invoices.all()],
        onward=safe_next(request, "") if onward is None else onward,
        origin=request.build_absolute_uri("/")[:-1],
        device=device_of(request),
        plan=plan,
        can_return=may_go_back(order, [*parts, *([plan] if plan else [])]),
        came_back=request.GET.get("from") == BACK["from"],
        is_begun_now=request.GET.get("pay") == NOW["pay"],
        is_changed=_is_changed(order),
    )


def _is_late(order: Order) -> bool:
    return order.is_open and order.expires_at <= clock.now()


def _is_changed(order: Order) -> bool:
    """Does it cost something else now than it says? Asked while it waits, and of what has ended unpaid its journal
    knows."""
    if order.is_open:
        return not _is_late(order) and not price_holds(order)
    return why_expired(order) in _CHANGED


def order_address(number: str, onward: str, name: str = "site:order", **query: str) -> str:
    """An order's page (or what belongs to it), from which it goes on to `onward`."""
    asked = urlencode({**query, **({"next": onward} if onward else {})})
    return reverse(name, args=[number]) + (f"?{asked}" if asked else "")


def way_back(request: HttpRequest, number: str, onward: str) -> str:
    """Where a provider sends people back to: a whole address."""
    whole = request.build_absolute_uri(order_address(number, onward, **BACK))
    alone = request.build_absolute_uri(order_address(number, "", **BACK))
    return whole if len(whole) <= _LONGEST_ADDRESS else alone


def low_thresholds(user: User | None, course: Course, onward: str) -> dict[str, object]:
    """How else a course opens than by buying it, for parts/trial.html: by a trial, the cheapest membership, or the
    cheapest bundle, at what they cost who looks before anything comes off for what is theirs. `onward` is where one
    comes back to."""
    found: dict[str, object] = {"trial": trial_offer(user, course), "trial_next": onward}
    if not takes_payments() or course.is_free:
        return found
    plans, bundles = plans_opening(course)[:1], bundles_with(course)[:1]
    of_plans = [Offer(plan_ref(one.pk), one.name, one.price_fen, None, {}, plan=one) for one in plans]
    of_bundles = [Offer(bundle_ref(one.pk), one.title, one.price_fen, None, {}) for one in bundles]
    prices = before_coupons(user, [*of_plans, *of_bundles])
    for one, offer in zip(plans, of_plans, strict=True):
        found |= {"plan": one, "plan_price": yuan(prices[offer.ref].lowered_fen)}
    for bundle, offer in zip(bundles, of_bundles, strict=True):
        found |= {"bundle": bundle, "bundle_price": yuan(prices[offer.ref].lowered_fen)}
    return found


def buy_address(course: Course, onward: str, access: Access) -> str:
    """Where a course is bought, "" where it can't be: it is somebody's own, or isn't for sale. What is only lent to
    them can be bought."""
    is_theirs = access.open and not access.is_lent
    if is_theirs or not is_for_sale(course):
        return ""
    return f"{reverse('site:checkout')}?{urlencode({'offer': course_ref(course.pk), 'next': onward})}"


def is_for_sale(course: Course) -> bool:
    """Not where it is free or isn't out, or nobody takes the money."""
    return not course.is_free and course.is_published and takes_payments()
