"""Paid in: what each provider owes, what it paid into the bank, and one settlement with what can be done about it."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.desk.settlements import (
    TABLE_HEADER,
    PaidInForm,
    TakeBackForm,
    sought,
    state,
    table_rows,
)
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.paying import provider_words
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import SettlementKnown, SettlementTakenBack
from zhiyue.product.commerce.settlements.book import (
    Owing,
    Settlement,
    all_settlements,
    owing,
    paid_in_fen,
    told,
    whole_settlement,
)
from zhiyue.product.commerce.settlements.entering import enter, take_back


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def settlements(request: PageRequest) -> HttpResponse:
    owed = owing(request.viewer)
    return _list(request, owed, PaidInForm(owed))


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def settlements_csv(request: PageRequest) -> HttpResponseBase:
    """The settlements that the list shows, on all its pages. They name nobody."""
    _, wanted = sought(request.GET, owing(request.viewer))
    name = f"settlements-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, TABLE_HEADER, table_rows(all_settlements(request.viewer, wanted)))


@for_the_desk(Permission.RECONCILE)
@require_POST
def enter_settlement(request: PageRequest) -> HttpResponseBase:
    """A provider paid in. Refused, the page comes back with what was typed."""
    owed = owing(request.viewer)
    form = PaidInForm(owed, request.POST)
    status = done(form, lambda: enter(viewer=request.viewer, paid=form.paid()), (Unfit, SettlementKnown))
    if status != 200:
        return _list(request, owed, form, status=status)
    messages.success(request, pgettext("toast", "Entered. The provider owes so much less."))
    return redirect("desk:settlements")


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def settlement(request: PageRequest, settlement_id: int) -> HttpResponse:
    return _page(request, settlement_id, TakeBackForm())


@for_the_desk(Permission.RECONCILE)
@require_POST
def take_back_settlement(request: PageRequest, settlement_id: int) -> HttpResponseBase:
    """It was entered wrongly. Refused, the page comes back with what was typed."""
    form = TakeBackForm(request.POST)

    def act() -> None:
        take_back(viewer=request.viewer, settlement_id=settlement_id, why=form.cleaned_data["why"])

    status = done(form, act, (Unfit, SettlementTakenBack))
    if status != 200:
        return _page(request, settlement_id, form, status=status)
    messages.success(request, pgettext("toast", "Taken back. Enter it anew as the bank's line has it."))
    return redirect("desk:settlements")


def _list(
    request: PageRequest, owed: list[Owing], entering: PaidInForm, *, status: int = 200
) -> HttpResponse:
    form, wanted = sought(request.GET, owed)
    found = all_settlements(request.viewer, wanted)
    page = page_asked(found, request.GET)
    context = {
        "tab": "settlements",
        **filters_asked(request.GET),
        "owing": [(one, provider_words(one.provider), yuan(one.owed_fen)) for one in owed],
        "form": form,
        "page": page,
        "rows": [_shown(told(one)) for one in page.object_list],
        "together": yuan(paid_in_fen(found)) if page.paginator.count else "",
        "entering": entering,
        "may_act": bool(owed) and request.viewer.may(Permission.RECONCILE),
    }
    return render(request, "desk/settlements.html", context, status=status)


def _page(request: PageRequest, settlement_id: int, form: TakeBackForm, *, status: int = 200) -> HttpResponse:
    found = whole_settlement(request.viewer, settlement_id)
    stands = found.settlement.taken_back_at is None
    context = {
        "tab": "settlements",
        **_shown(found.settlement),
        "acts": found.acts,
        "form": form,
        "may_act": stands and request.viewer.may(Permission.RECONCILE),
    }
    return render(request, "desk/settlement.html", context, status=status)


def _shown(one: Settlement) -> dict[str, object]:
    words, tone = state(one)
    return {
        "one": one,
        "provider": provider_words(one.provider),
        "amount": yuan(one.amount_fen),
        "state": words,
        "tone": tone,
    }
