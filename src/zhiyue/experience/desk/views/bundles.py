"""Bundles for sale: making, changing, offering and withdrawing them."""

from functools import partial

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.offering import BundleForm
from zhiyue.experience.desk.views import offering
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
    return offering.kept(request, "bundle", form, make_bundle) or _page(request, refused=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def change(request: PageRequest, bundle_id: int) -> HttpResponseBase:
    of = _found(request, bundle_id)
    form = BundleForm(courses_to_bundle(request.viewer), offer_id=bundle_id, of=of, typed=request.POST)
    change = partial(change_bundle, bundle_id=bundle_id)
    return offering.kept(request, "bundle", form, change) or _page(request, refused=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def turn(request: PageRequest, bundle_id: int, verb: str) -> HttpResponseBase:
    withdrawn = pgettext("toast", "It is sold no longer. Whoever bought it keeps its courses.")
    return offering.turned(request, "bundle", bundle_id, _TURNS, verb, withdrawn=withdrawn)


def _found(request: PageRequest, bundle_id: int) -> BundleOnDesk:
    found = next((one for one in all_bundles(request.viewer) if one.bundle.pk == bundle_id), None)
    if found is None:
        raise Http404
    return found


def _page(request: PageRequest, *, refused: BundleForm | None = None) -> HttpResponse:
    form = partial(BundleForm, courses_to_bundle(request.viewer))
    return offering.page(request, "bundle", all_bundles(request.viewer), form, refused)
