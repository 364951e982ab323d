"""What the pages of bundles and of memberships do alike: keep what a form asks for, offer, withdraw, and show all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext

from zhiyue.experience.desk.offering import BundleForm, PlanForm
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import BadTerm
from zhiyue.product.commerce.models import Bundle, Plan

Kind = Literal["bundle", "plan"]
OfferForm = BundleForm | PlanForm
F = TypeVar("F", BundleForm, PlanForm)


def made(
    request: PageRequest, kind: Kind, form: OfferForm, make: Callable[..., Bundle | Plan]
) -> HttpResponseBase | None:
    """Make a draft of what the form asks for. None where that was refused: the form says why."""
    said = pgettext("toast", "“%(name)s” is a draft. Put it on sale when it is right.")
    return _kept(request, kind, form, lambda: said % {"name": make(viewer=request.viewer, wish=form.wish())})


def changed(
    request: PageRequest, kind: Kind, form: OfferForm, change: Callable[..., bool]
) -> HttpResponseBase | None:
    """The same of one that is there."""

    def act() -> str:
        change(viewer=request.viewer, wish=form.wish())
        return pgettext("toast", "Kept.")

    return _kept(request, kind, form, act)


def turned(
    request: PageRequest, kind: Kind, turns: Mapping[str, Callable[[], bool]], verb: str, *, withdrawn: str
) -> HttpResponseBase:
    """Offer or withdraw one, by the word in the address; `withdrawn` is said of the latter."""
    if verb not in turns:
        raise Http404
    turns[verb]()
    messages.success(request, pgettext("toast", "It is on sale now.") if verb == "offer" else withdrawn)
    return redirect(_back(kind))


def form_of(offer: Bundle | Plan | None, refused: F | None) -> F | None:
    """The form that wasn't kept, where it is of this one; None is the new one."""
    is_its = refused is not None and refused.offer_id == (offer.pk if offer else 0)
    return refused if is_its else None


def page(
    request: PageRequest,
    kind: Kind,
    rows: Sequence[Mapping[str, object]],
    *,
    new: OfferForm,
    refused: OfferForm | None,
) -> HttpResponse:
    """All of a kind, each with `offer` and its `form`, and the form of a new one; `refused` is the one of them that
    wasn't kept."""
    context = {"tab": f"{kind}s", "kind": kind, "rows": rows, "new": new, "refused": refused}
    return render(request, f"desk/{kind}s.html", context, status=400 if refused else 200)


def _kept(
    request: PageRequest, kind: Kind, form: OfferForm, act: Callable[[], str]
) -> HttpResponseBase | None:
    if not form.is_valid():
        return None
    try:
        said = act()
    except BadTerm as why:
        form.refuse(why)
        return None
    messages.success(request, said)
    return redirect(_back(kind))


def _back(kind: Kind) -> str:
    return f"desk:{kind}s"
