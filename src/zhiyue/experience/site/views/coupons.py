"""One's own coupons, and the places where codes are entered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.code_tries import counted_try
from zhiyue.experience.shell.doors import by_entering, by_sign_in
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import meta
from zhiyue.experience.site.couponed import own_coupons
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    CodeRefused,
    CouponRefused,
    NotForSale,
    UnknownCode,
)
from zhiyue.product.commerce.lowering.claiming import claim
from zhiyue.product.commerce.redeeming import redeem as redeem_code


@require_http_methods(["GET", "HEAD", "POST"])
def coupons(request: PageRequest) -> HttpResponse:
    """Mine: usable, coming, used, over. A code that is entered makes one mine."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:coupons")
    if request.method != "POST":
        return _page(request, user)
    code = request.POST.get("code", "").strip()
    if not code:
        return _page(request, user, refused=CouponRefused(pgettext("coupon", "Write the code.")))
    try:
        with counted_try(request, user):
            coupon = claim(user=user, code=code, actor=actor_of(request))
    except (UnknownCode, CouponRefused, TooMany) as refusal:
        return _page(request, user, refused=refusal)
    words = pgettext("coupon", "“%(title)s” is yours: the checkout finds it by itself.")
    messages.success(request, words % {"title": coupon.title})
    return redirect("site:coupons")


@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: PageRequest) -> HttpResponse:
    """Where a code that opens something is entered; an address may bring it, and asks before it is redeemed."""
    user = request.viewer.user
    if user is None:
        back = f"{reverse('site:redeem')}?{urlencode({'code': _typed(request)})}"
        return by_entering(request, back)
    if request.method != "POST":
        return _redeem_page(request)
    code = request.POST.get("code", "").strip()
    if not code:
        return _redeem_page(request, refused=CodeRefused(pgettext("redeem", "Write the redeem code.")))
    try:
        with counted_try(request, user):
            order = redeem_code(user=user, code=code, actor=actor_of(request))
    except (UnknownCode, CodeRefused, AlreadyOwned, NotForSale, TooMany) as refusal:
        return _redeem_page(request, refused=refusal)
    return redirect("site:order", order.number)


def _redeem_page(request: PageRequest, refused: Refused | None = None) -> HttpResponse:
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("redeem", "Redeem a code")),
        "typed": _typed(request),
        "refused": refused,
    }
    return render(request, "site/redeem.html", page, status=refused.status if refused else 200)


def _typed(request: PageRequest) -> str:
    return (request.POST.get("code") or request.GET.get("code", "")).replace("\0", "")[:40]


def _page(request: PageRequest, user: User, refused: Refused | None = None) -> HttpResponse:
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("coupon", "My coupons")),
        "mine": own_coupons(user),
        "typed": _typed(request),
        "refused": refused,
    }
    return render(request, "site/coupons.html", page, status=refused.status if refused else 200)
