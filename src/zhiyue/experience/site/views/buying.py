"""From a price to a lesson: ordering an offer, paying it, and one's own orders."""

from typing import Any, cast

from csp.decorators import csp_update
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.columns import storable
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.cards import show
from zhiyue.experience.shell.code_tries import counted_try
from zhiyue.experience.shell.doors import P, View, by_entering, by_sign_in
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.paying import (
    IN_WECHAT,
    WayToPay,
    begin_paying,
    count_order,
    device_of,
    price_lines,
    way_named,
    ways_on,
    ways_to_pay,
)
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.refunding import plan_terms_words, terms_of_all
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import meta
from zhiyue.experience.site.bought import NOW, order_address, shown_order, way_back
from zhiyue.experience.site.couponed import NO_COUPON, coupon_choice, said_of_claimed
from zhiyue.experience.site.paged import AT_ONCE, paged
from zhiyue.experience.site.payer import came_back, send
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.commerce.checkout import (
    Checkout,
    cheaper_apart,
    checkout_of,
    open_checkout,
    takes_payments,
)
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    CouponRefused,
    OrderNotOpen,
    PayerUnknown,
    PriceChanged,
    ProviderNotOffered,
    ProviderUnreachable,
    UnknownCode,
)
from zhiyue.product.commerce.lowering.claiming import claim
from zhiyue.product.commerce.order_book import order_of, orders_of
from zhiyue.product.commerce.orders import cancel, place
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.providers.wechatpay_payer import openid_for
from zhiyue.product.commerce.pursuing import ask_now
from zhiyue.product.commerce.refunds.terms import plan_terms, terms_of

_CANT_BEGIN = (
    AlreadyOwned,
    OrderNotOpen,
    PayerUnknown,
    PriceChanged,
    ProviderNotOffered,
    ProviderUnreachable,
)
_NOT_HERE = pgettext_lazy("payment", "Paying online isn't possible here yet. Ask the academy.")


def to_providers(view: View[P]) -> View[P]:
    """A page with a form whose sender is sent on to the provider's own pages, wherever those are."""
    return cast(View[P], csp_update({"form-action": ["https:"]})(cast(Any, view)))


@to_providers
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: PageRequest) -> HttpResponse:
    """One screen: what is bought, what it costs and why, how to pay. Whoever isn't signed in signs up or in first, and
    comes back."""
    if not takes_payments():
        raise ProviderNotOffered(_NOT_HERE)
    offer = request.POST.get("offer") or request.GET.get("offer", "")
    onward = safe_next(request, "")
    user = request.viewer.user
    if user is None:
        back = f"{reverse('site:checkout')}?{urlencode({'offer': offer, 'next': onward})}"
        return by_entering(request, back)
    if request.method == "POST":
        answer = _repriced if request.POST.get("act") == "price" else _ordered
        return answer(request, user, offer, onward)
    try:
        found = open_checkout(user=user, offer=offer, actor=actor_of(request), coupons=_coupons(request.GET))
    except CouponRefused as refusal:
        return _checkout_page(request, checkout_of(user, offer), onward, refused=refusal)
    if found.is_owned:
        return _owned(found, onward)
    return _checkout_page(request, found, onward)


def _repriced(request: PageRequest, user: User, offer: str, onward: str) -> HttpResponse:
    """The checkout with the coupon that was chosen, or with the code that was typed: it becomes the member's, and the
    best price is found anew."""
    choice = request.POST.get("coupon", "")
    if code := request.POST.get("code", "").strip():
        try:
            with counted_try(request, user):
                coupon = claim(user=user, code=code, actor=actor_of(request))
        except (UnknownCode, CouponRefused, TooMany) as refusal:
            return _checkout_page(request, checkout_of(user, offer), onward, refused=refusal)
        choice = ""
        messages.success(request, said_of_claimed(coupon, checkout_of(user, offer).price))
    asked = {"offer": offer, "next": onward, "coupon": choice}
    return redirect(
        f"{reverse('site:checkout')}?{urlencode({name: one for name, one in asked.items() if one})}"
    )


def _coupons(asked: QueryDict) -> list[str] | None:
    """The coupons that a form or address chooses; None: the best ones."""
    choice = storable(asked.get("coupon", ""))
    return None if not choice else [] if choice == NO_COUPON else [choice]


def _ordered(request: PageRequest, user: User, offer: str, onward: str) -> HttpResponse:
    """The order that the form asks for, begun to be paid; or the form again, saying why not."""
    coupons = _coupons(request.POST)
    try:
        found = checkout_of(user, offer, coupons)
        if found.is_owned:
            return _owned(found, onward)
        way = _way(request) if found.price.total_fen else None
        seen_fen = _number(request.POST.get("seen_fen", ""))
        count_order(user)
        order = place(user=user, offer=offer, seen_fen=seen_fen, actor=actor_of(request), coupons=coupons)
        if way is None:
            pay_nothing(user=user, order_number=order.number)
            return HttpResponseRedirect(order_address(order.number, onward))
        return _begun(request, user, order.number, way, onward)
    except AlreadyOwned:
        return _owned(found, onward)
    except (CouponRefused, PriceChanged) as refusal:
        return _priced_anew(request, user, offer, onward, refusal)
    except _CANT_BEGIN as refusal:
        return _checkout_page(request, found, onward, refused=refusal)


def _priced_anew(request: PageRequest, user: User, offer: str, onward: str, refusal: Refused) -> HttpResponse:
    """The form with the price as it is now; with the best one, where the coupon that was chosen can't be had."""
    try:
        found = checkout_of(user, offer, _coupons(request.POST))
    except CouponRefused as why:
        return _checkout_page(request, checkout_of(user, offer), onward, refused=why)
    said = _new_price(found) if isinstance(refusal, PriceChanged) else refusal
    return _checkout_page(request, found, onward, refused=said)


def _way(request: PageRequest) -> WayToPay:
    """How the form chose to pay. Raises ProviderNotOffered."""
    way = way_named(request.POST.get("way", ""))
    if way not in ways_to_pay():
        raise ProviderNotOffered(pgettext_lazy("payment", "Choose how to pay."))
    return way


def _begun(
    request: PageRequest, user: User, number: str, way: WayToPay, onward: str, payer: str = ""
) -> HttpResponse:
    """Begin to pay an order, and go where it is paid; inside WeChat by way of WeChat, which says who pays. Raises as
    `payments.begin` does."""
    back = way_back(request, number, onward)
    try:
        payment = begin_paying(request, user=user, order_number=number, way=way, returns_to=back, payer=payer)
    except PayerUnknown:
        if way.key != IN_WECHAT or device_of(request) != "wechat":
            raise
        return send(request, number, onward)
    if payment.shown["way"] == "call":
        return HttpResponseRedirect(order_address(number, onward, **NOW))
    if payment.shown["way"] != "go":
        return HttpResponseRedirect(order_address(number, onward))
    answer = HttpResponseRedirect(payment.shown["value"])
    # WeChat opens from a phone's browser only where it is told whose page led there.
    answer["Referrer-Policy"] = "strict-origin"
    return answer


@require_safe
def orders(request: PageRequest) -> HttpResponse:
    """My orders, the latest first."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    mine = paged(request, "orders", Paginator(orders_of(user), AT_ONCE))
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("orders", "My orders")),
        "list": mine,
        "rows": [(order, yuan(order.total_fen)) for order in mine.rows],
    }
    return render(request, "site/orders.html", page)


@to_providers
@require_safe
def order(request: PageRequest, number: str) -> HttpResponse:
    """One order of mine. While it waits for its money the provider is asked, so that coming back suffices."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    ask_now(user, number)
    return _order_page(request, user, number)


@require_safe
def order_state(request: PageRequest, number: str) -> HttpResponse:
    """What a page that waits asks again and again: nothing while all is as it shows, else its new content; and once the
    order is paid, on to where its buyer wanted."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    ask_now(user, number)
    shown = shown_order(request, order_of(user, number))
    if not request.htmx:
        return HttpResponseRedirect(order_address(number, shown.onward))
    answer = HttpResponse(status=204)
    if shown.is_paid and shown.onward:
        answer["HX-Redirect"] = shown.onward
        return answer
    if request.GET.get("seen") == shown.seen:
        return answer
    return render(request, "site/parts/order.html", {"shown": shown})


@to_providers
@require_POST
def pay(request: PageRequest, number: str) -> HttpResponse:
    """Begin to pay an order that waits, or go on with it."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    try:
        return _begun(request, user, number, _way(request), safe_next(request, ""))
    except _CANT_BEGIN as refusal:
        return _order_page(request, user, number, refused=refusal)


@to_providers
@require_GET
def wechat_payer(request: PageRequest) -> HttpResponse:
    """Whoever was sent to WeChat comes back, and WeChat says who they are there: by that they pay. Come twice, they are
    led to what the first time began."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    sent = came_back(request)
    if sent.is_back:
        return HttpResponseRedirect(order_address(sent.number, sent.onward))
    try:
        payer = openid_for(request.GET.get("code", ""))
        return _begun(request, user, sent.number, way_named(IN_WECHAT), sent.onward, payer)
    except _CANT_BEGIN as refusal:
        return _order_page(request, user, sent.number, refused=refusal, onward=sent.onward)


@require_POST
def cancel_order(request: PageRequest, number: str) -> HttpResponse:
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    try:
        cancel(user=user, number=number, actor=actor_of(request))
    except OrderNotOpen as refusal:
        return _order_page(request, user, number, refused=refusal)
    messages.success(request, pgettext("toast", "The order is cancelled."))
    return HttpResponseRedirect(order_address(number, safe_next(request, "")))


def _checkout_page(
    request: PageRequest, found: Checkout, onward: str, refused: Refused | None = None
) -> HttpResponse:
    chosen = request.POST.get("way", "")
    device = device_of(request)
    ways = ways_on(device)
    list_price = found.offer.list_price_fen
    apart = cheaper_apart(request.viewer.user, found)
    page = {
        "tab": "courses",
        "meta": meta.plain(request, pgettext("checkout", "Checkout")),
        "offer": found.offer,
        "items": show(list(catalogue.courses_by_id(found.offer.courses).values())),
        "lines": price_lines(found.price.lines()),
        "cheaper_apart": apart.courses if apart else [],
        "apart": yuan(apart.total_fen) if apart else "",
        "coupons": coupon_choice(found.price, "" if isinstance(refused, CouponRefused) else _asked(request)),
        "typed_code": request.POST.get("code", "")[:40],
        "total": yuan(found.price.total_fen),
        "total_fen": found.price.total_fen,
        "list_price": yuan(list_price) if list_price else "",
        "refund_terms": plan_terms_words(plan_terms(), found.offer.plan.off_percent)
        if found.offer.plan
        else terms_of_all(list(terms_of(found.offer.courses).values())),
        "ways": ways,
        "device": device,
        "chosen": chosen if chosen in {way.key for way in ways} else ways[0].key,
        "onward": onward,
        "refused": refused,
    }
    return render(request, "site/checkout.html", page, status=refused.status if refused else 200)


def _order_page(
    request: PageRequest, user: User, number: str, refused: Refused | None = None, onward: str | None = None
) -> HttpResponse:
    shown = shown_order(request, order_of(user, number), onward)
    page = {
        "tab": "me",
        "meta": meta.plain(request, shown.order.title),
        "shown": shown,
        "refused": refused,
    }
    return render(request, "site/order.html", page, status=refused.status if refused else 200)


def _owned(found: Checkout, onward: str) -> HttpResponse:
    """Nothing is to be paid: on to what it was wanted for."""
    if onward:
        return HttpResponseRedirect(onward)
    cards = list(catalogue.courses_by_id(found.offer.courses).values())
    return redirect("site:course", cards[0].slug) if len(cards) == 1 else redirect("site:learning")


def _new_price(found: Checkout) -> PriceChanged:
    words = pgettext("checkout", "The price has changed since you saw it: it is %(price)s now.")
    return PriceChanged(words % {"price": yuan(found.price.total_fen)})


def _asked(request: PageRequest) -> str:
    return (request.POST if request.method == "POST" else request.GET).get("coupon", "")


def _number(text: str) -> int:
    """What a form says was seen; -1, which nothing costs, where it is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
