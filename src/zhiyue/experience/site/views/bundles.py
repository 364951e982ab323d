"""A bundle: what is in it, what of that one owns already, and what it saves."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.cards import show
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.site import meta
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.commerce.bundles import bundle_page, shown_bundle
from zhiyue.product.commerce.checkout import takes_payments
from zhiyue.product.commerce.offers import bundle_ref


@require_safe
def bundle(request: PageRequest, slug: str) -> HttpResponse:
    found = bundle_page(slug)
    shown = shown_bundle(request.viewer.user, found)
    cards = catalogue.courses_by_id(shown.shares)
    asked = {"offer": bundle_ref(found.pk), "next": reverse("site:bundle", args=[found.slug])}
    page = {
        "tab": "courses",
        "meta": meta.plain(request, found.title, found.summary),
        "bundle": found,
        "shown": shown,
        "items": show([cards[pk] for pk in shown.shares if pk in cards]),
        "owned": [course.title for course in shown.courses if course.pk in shown.owned],
        "price": yuan(found.price_fen),
        "total": yuan(shown.total_fen),
        "apart": yuan(shown.apart_fen),
        "saved": yuan(shown.saved_fen) if shown.saved_fen else "",
        "credit": yuan(shown.owned_fen),
        "buy_url": f"{reverse('site:checkout')}?{urlencode(asked)}"
        if takes_payments() and shown.is_whole and not shown.is_owned
        else "",
        "takes_payments": takes_payments(),
    }
    return render(request, "site/bundle.html", page)
