"""Memberships for sale: making, changing, offering and withdrawing them."""

from functools import partial

from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.offering import PlanForm
from zhiyue.experience.desk.views import offering
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.models import Topic
from zhiyue.product.commerce.membership.plans import (
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
    return offering.kept(request, "plan", form, make_plan) or _page(request, refused=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def change(request: PageRequest, plan_id: int) -> HttpResponseBase:
    form = PlanForm(_topics(), offer_id=plan_id, typed=request.POST)
    change = partial(change_plan, plan_id=plan_id)
    return offering.kept(request, "plan", form, change) or _page(request, refused=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def turn(request: PageRequest, plan_id: int, verb: str) -> HttpResponseBase:
    withdrawn = pgettext("toast", "It is sold no longer. Whoever has it keeps it until its end.")
    return offering.turned(request, "plan", plan_id, _TURNS, verb, withdrawn=withdrawn)


def _page(request: PageRequest, *, refused: PlanForm | None = None) -> HttpResponse:
    form = partial(PlanForm, _topics())
    return offering.page(request, "plan", all_plans(request.viewer), form, refused)


def _topics() -> list[tuple[int, str]]:
    return list(Topic.objects.order_by("position", "pk").values_list("pk", "name"))
