"""The pretended till of the sandbox, where it is offered. Like a real one it opens to whoever has the number."""

from typing import cast, get_args

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.site import meta
from zhiyue.product.commerce.errors import OrderNotOpen
from zhiyue.product.commerce.models import SandboxTrade
from zhiyue.product.commerce.providers.sandbox import Deed
from zhiyue.product.commerce.till import LATEST_SECONDS, Telling, press_at_till, trade_at_till

_Way = SandboxTrade.RefundWay


@require_http_methods(["GET", "HEAD", "POST"])
def till(request: PageRequest, number: str) -> HttpResponse:
    """Pay, let it fail, or leave; and choose how the sandbox tells of it. Then back to where it was begun; whoever
    isn't signed in on this device stays here, for the order is on another."""
    trade = trade_at_till(number)
    deed = request.POST.get("deed", "")
    if request.method != "POST" or deed not in get_args(Deed):
        return _page(request, trade)
    telling = request.POST.get("telling", "once")
    refunds = request.POST.get("refunds", "")
    try:
        press_at_till(
            number=number,
            deed=cast(Deed, deed),
            telling=cast(Telling, telling if telling in get_args(Telling) else "once"),
            late_seconds=_seconds(request.POST.get("late", "")),
            refund_way=refunds if refunds in _Way.values else _Way.AT_ONCE,
        )
    except OrderNotOpen as refusal:
        return _page(request, trade, refused=refusal)
    is_here = request.viewer.is_member
    return HttpResponseRedirect(trade.returns_to if is_here else reverse("site:till", args=[number]))


def _page(request: PageRequest, trade: SandboxTrade, refused: Refused | None = None) -> HttpResponse:
    page = {
        "meta": meta.plain(request, pgettext("till", "Pretended till")),
        "trade": trade,
        "amount": yuan(trade.amount_fen),
        "is_open": trade.state == SandboxTrade.State.WAITING and trade.expires_at > clock.now(),
        "latest": LATEST_SECONDS,
        "refused": refused,
    }
    return render(request, "site/sandbox.html", page, status=refused.status if refused else 200)


def _seconds(text: str) -> int:
    """How late to tell; what is no number is at once, what is more than the most is the most."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
