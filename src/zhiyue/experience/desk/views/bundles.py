"""Bundles for sale: making, changing, offering and withdrawing them."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.offering import BundleForm
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.bundles import (
    BundleOnDesk,
    all_bundles,
    change_bundle,
    courses_to_bundle,
    make_bundle,
    offer_bundle,
    withdraw_bundle,
)
from zhiyue.product.commerce.errors import BadTerm

_TURNS = {"offer": offer_bundle, "withdraw": withdraw_bundle}


@for_the_desk(Permission.CHANGE_SALES)
@require_safe
def bundles(request: PageRequest) -> HttpResponse:
    return _page(request)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def make(request: PageRequest) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    form = BundleForm(courses_to_bundle(request.viewer), typed=request.POST)
    if form.is_valid():
        try:
            bundle = make_bundle(viewer=request.viewer, wish=form.wish())
        except BadTerm as why:
            form.refuse(why)
        else:
            said = pgettext("toast", "“%(name)s” is a draft. Put it on sale when it is right.")
            messages.success(request, said % {"name": bundle.title})
            return redirect("desk:bundles")
    return _page(request, new=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def change(request: PageRequest, bundle_id: int) -> HttpResponseBase:
    of = _found(request, bundle_id)
    form = BundleForm(courses_to_bundle(request.viewer), bundle_id=bundle_id, of=of, typed=request.POST)
    if form.is_valid():
        try:
            change_bundle(viewer=request.viewer, bundle_id=bundle_id, wish=form.wish())
        except BadTerm as why:
            form.refuse(why)
        else:
            messages.success(request, pgettext("toast", "Kept."))
            return redirect("desk:bundles")
    return _page(request, changed=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def turn(request: PageRequest, bundle_id: int, verb: str) -> HttpResponseBase:
    if verb not in _TURNS:
        raise Http404
    _TURNS[verb](viewer=request.viewer, bundle_id=bundle_id)
    said = (
        pgettext("toast", "It is on sale now.")
        if verb == "offer"
        else pgettext("toast", "It is sold no longer. Whoever bought it keeps its courses.")
    )
    messages.success(request, said)
    return redirect("desk:bundles")


def _found(request: PageRequest, bundle_id: int) -> BundleOnDesk:
    found = next((one for one in all_bundles(request.viewer) if one.bundle.pk == bundle_id), None)
    if found is None:
        raise Http404
    return found


def _page(
    request: PageRequest, *, new: BundleForm | None = None, changed: BundleForm | None = None
) -> HttpResponse:
    courses = courses_to_bundle(request.viewer)
    rows = []
    for one in all_bundles(request.viewer):
        is_changed = changed is not None and changed.bundle_id == one.bundle.pk
        form = changed if is_changed else BundleForm(courses, bundle_id=one.bundle.pk, of=one)
        rows.append((one, yuan(one.bundle.price_fen), yuan(one.apart_fen), form))
    page = {
        "tab": "bundles",
        "rows": rows,
        "new": new or BundleForm(courses),
        "changed": changed,
        "is_refused": bool(new or changed),
    }
    return render(request, "desk/bundles.html", page, status=400 if new or changed else 200)
