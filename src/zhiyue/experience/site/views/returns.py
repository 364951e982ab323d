"""Asking for one's money back: what goes back and why, before anything is asked."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.models import User
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.doors import by_sign_in
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import meta
from zhiyue.experience.site.bought import order_address
from zhiyue.experience.site.returning import shown_return
from zhiyue.product.commerce.errors import AmountChanged, NothingGoesBack
from zhiyue.product.commerce.lending.gifts import shown_courses
from zhiyue.product.commerce.models import Refund
from zhiyue.product.commerce.refunds.asking import WORDS_AT_MOST, ask
from zhiyue.product.commerce.refunds.reckoning import OrderReckoning, refund_of


@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: PageRequest, number: str) -> HttpResponse:
    """What goes back of an order of mine; sent, it is asked for. Refused, the page comes back as things stand now."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    if request.method != "POST":
        return _page(request, user, number)
    try:
        asked = ask(
            user=user,
            order_number=number,
            course_ids=_chosen(request),
            reason=request.POST.get("reason", ""),
            words=request.POST.get("words", ""),
            seen_fen=_fen(request.POST.get("seen_fen", "")),
            actor=actor_of(request),
        )
    except (AmountChanged, NothingGoesBack, Unfit) as refusal:
        return _page(request, user, number, refused=refusal)
    messages.success(request, _said(asked))
    return HttpResponseRedirect(order_address(number, ""))


def _said(asked: Refund) -> str:
    if asked.status == Refund.Status.ASKED:
        return pgettext("toast", "The academy has your request and decides about it.")
    return pgettext("toast", "Approved: %(amount)s is refunded to you.") % {"amount": yuan(asked.amount_fen)}


def _page(request: PageRequest, user: User, number: str, refused: Refused | None = None) -> HttpResponse:
    found = refund_of(user, number)
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("refund", "Ask for a refund")),
        "order": found.order,
        "shown": shown_return(found, _chosen(request)),
        "shown_by_links": _shown_by_links(user, found),
        "reasons": Refund.Reason.choices,
        "reason": request.POST.get("reason", ""),
        "words": request.POST.get("words", "")[:WORDS_AT_MOST],
        "words_at_most": WORDS_AT_MOST,
        "refused": refused,
    }
    return render(request, "site/refund.html", page, status=refused.status if refused else 200)


def _shown_by_links(user: User, found: OrderReckoning) -> set[int]:
    """The courses of which lessons were opened, also by friends."""
    opened = [one.course_id for one in found.open if one.course_id is not None and one.bought.opened]
    return shown_courses(user, opened) if opened else set()


def _chosen(request: PageRequest) -> list[int]:
    """The courses that were ticked; what is no number is none."""
    asked = request.POST if request.method == "POST" else request.GET
    texts = asked.getlist("course")
    return [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 16]


def _fen(text: str) -> int:
    """What a form says was seen; -1, which nothing comes to, where it is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
