"""Memberships for sale: making, changing, offering and withdrawing them."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.offering import PlanForm
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.models import Topic
from zhiyue.product.commerce.errors import BadTerm
from zhiyue.product.commerce.membership.plans import (
    PlanOnDesk,
    all_plans,
    change_plan,
    make_plan,
    offer_plan,
    withdraw_plan,
)

_TURNS = {"offer": offer_plan, "withdraw": withdraw_plan}


@for_the_desk(Permission.CHANGE_SALES)
@require_safe
def plans(request: PageRequest) -> HttpResponse:
    return _page(request)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def make(request: PageRequest) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    form = PlanForm(_topics(), typed=request.POST)
    if form.is_valid():
        try:
            plan = make_plan(viewer=request.viewer, wish=form.wish())
        except BadTerm as why:
            form.refuse(why)
        else:
            said = pgettext("toast", "“%(name)s” is a draft. Put it on sale when it is right.")
            messages.success(request, said % {"name": plan.name})
            return redirect("desk:plans")
    return _page(request, new=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def change(request: PageRequest, plan_id: int) -> HttpResponseBase:
    form = PlanForm(_topics(), plan_id=plan_id, typed=request.POST)
    if form.is_valid():
        try:
            change_plan(viewer=request.viewer, plan_id=plan_id, wish=form.wish())
        except BadTerm as why:
            form.refuse(why)
        else:
            messages.success(request, pgettext("toast", "Kept."))
            return redirect("desk:plans")
    return _page(request, changed=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def turn(request: PageRequest, plan_id: int, verb: str) -> HttpResponseBase:
    if verb not in _TURNS:
        raise Http404
    _TURNS[verb](viewer=request.viewer, plan_id=plan_id)
    said = (
        pgettext("toast", "It is on sale now.")
        if verb == "offer"
        else pgettext("toast", "It is sold no longer. Whoever has it keeps it until its end.")
    )
    messages.success(request, said)
    return redirect("desk:plans")


def _page(
    request: PageRequest, *, new: PlanForm | None = None, changed: PlanForm | None = None
) -> HttpResponse:
    topics = _topics()
    rows = [
        (
            one,
            yuan(one.plan.price_fen),
            changed if changed and changed.plan_id == one.plan.pk else _form(one, topics),
        )
        for one in all_plans(request.viewer)
    ]
    page = {
        "tab": "plans",
        "rows": rows,
        "new": new or PlanForm(topics),
        "is_refused": bool(new or changed),
        "changed": changed,
    }
    return render(request, "desk/plans.html", page, status=400 if new or changed else 200)


def _form(one: PlanOnDesk, topics: list[tuple[int, str]]) -> PlanForm:
    return PlanForm(topics, plan_id=one.plan.pk, of=one)


def _topics() -> list[tuple[int, str]]:
    return list(Topic.objects.order_by("position", "pk").values_list("pk", "name"))
