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
from zhiyue.product.commerce.offers import bundle_offer, bundle_ref, course_offer
from zhiyue.product.commerce.quoting import before_coupons


@require_safe
def bundle(request: PageRequest, slug: str) -> HttpResponse:
    found = bundle_page(slug)
    shown = shown_bundle(request.viewer.user, found)
    missing = [one for one in shown.courses if one.pk not in shown.owned]
    offers = [bundle_offer(shown), *(course_offer(one) for one in missing)]
    whole, *alone = before_coupons(request.viewer.user, offers).values()
    apart_fen = sum(one.total_fen for one in alone)
    cards = catalogue.courses_by_id(shown.shares)
    asked = {"offer": bundle_ref(found.pk), "next": reverse("site:bundle", args=[found.slug])}
    page = {
        "tab": "courses",
        "meta": meta.plain(request, found.title, found.summary),
        "bundle": found,
        "shown": shown,
        "items": show([cards[pk] for pk in shown.shares if pk in cards]),
        "owned": [course.title for course in shown.courses if course.pk in shown.owned],
        "price": yuan(whole.lowered_fen),
        "usual": yuan(whole.usual_fen) if whole.lowered_fen < whole.usual_fen else "",
        "total": yuan(whole.total_fen),
        "flash": whole.flash,
        "apart": yuan(apart_fen),
        "saved": yuan(apart_fen - whole.total_fen) if apart_fen > whole.total_fen else "",
        "cheaper_apart": missing if apart_fen < whole.total_fen else [],
        "credit": yuan(whole.credit_fen),
        "buy_url": f"{reverse('site:checkout')}?{urlencode(asked)}"
        if takes_payments() and shown.is_whole and not shown.is_owned
        else "",
        "takes_payments": takes_payments(),
    }
    return render(request, "site/bundle.html", page)
