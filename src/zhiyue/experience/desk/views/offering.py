"""What the pages of bundles and of memberships do alike: keep what a form asks for, offer, withdraw, and show all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext

from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.offering import BundleForm, PlanForm
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.bundles import BundleOnDesk
from zhiyue.product.commerce.errors import BadTerm
from zhiyue.product.commerce.membership.plans import PlanOnDesk

Kind = Literal["bundle", "plan"]
OfferForm = BundleForm | PlanForm


def kept(
    request: PageRequest, kind: Kind, form: OfferForm, keep: Callable[..., object]
) -> HttpResponseBase | None:
    """Make or change what the form asks for. None where that was refused: the form says why."""
    if done(form, lambda: keep(viewer=request.viewer, wish=form.wish()), (BadTerm,)) != 200:
        return None
    draft = pgettext("toast", "“%(name)s” is a draft. Put it on sale when it is right.")
    said = pgettext("toast", "Kept.") if form.offer_id else draft % {"name": form.tidy(form.called)}
    messages.success(request, said)
    return redirect(f"desk:{kind}s")


def turned(
    request: PageRequest,
    kind: Kind,
    offer_id: int,
    acts: Mapping[str, Callable[..., bool]],
    verb: str,
    *,
    withdrawn: str,
) -> HttpResponseBase:
    """Offer or withdraw one, by the word in the address; `withdrawn` is said of the latter."""
    if verb not in acts:
        raise Http404
    acts[verb](viewer=request.viewer, **{f"{kind}_id": offer_id})
    messages.success(request, pgettext("toast", "It is on sale now.") if verb == "offer" else withdrawn)
    return redirect(f"desk:{kind}s")


def page(
    request: PageRequest,
    kind: Kind,
    found: Sequence[BundleOnDesk] | Sequence[PlanOnDesk],
    form: Callable[..., OfferForm],
    refused: OfferForm | None,
) -> HttpResponse:
    """All of a kind, each with its form, and the form of a new one; `refused` is the one of them that wasn't kept."""

    def its_form(pk: int, **told: Any) -> OfferForm:
        return refused if refused is not None and refused.offer_id == pk else form(offer_id=pk, **told)

    offers = [(one, one.bundle if isinstance(one, BundleOnDesk) else one.plan) for one in found]
    rows = [(one, offer, yuan(offer.price_fen), its_form(offer.pk, of=one)) for one, offer in offers]
    context = {"tab": f"{kind}s", "kind": kind, "rows": rows, "new": its_form(0), "refused": refused}
    return render(request, f"desk/{kind}s.html", context, status=400 if refused else 200)
