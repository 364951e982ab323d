"""Reconciliation: how each day of each provider stands, one day with its differences and what can be done about them,
and every difference."""

from datetime import date
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import npgettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk import order_words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.desk.reconciling import (
    TABLE_HEADER,
    DaysForm,
    ResolveForm,
    advice,
    bill_state,
    day_named,
    sought_bills,
    sought_differences,
    table_rows,
)
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.paying import provider_words
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import (
    DifferenceOver,
    ProviderNotOffered,
    ProviderUnreachable,
)
from zhiyue.product.commerce.models import Bill, Difference
from zhiyue.product.commerce.reconciling import deciding
from zhiyue.product.commerce.reconciling.book import (
    WholeBill,
    all_bills,
    all_differences,
    difference_named,
    standing,
    whole_bill,
)

_S = Difference.State
# What is said where nothing came of asking.
_NOTHING = {
    "waiting": pgettext_lazy("toast", "The provider waits for this money still. Nothing was entered."),
    "unknown": pgettext_lazy("toast", "The provider doesn't know it by this number. Nothing was entered."),
}
_TONES = {_S.OPEN.value: "bad", _S.RESOLVED.value: "accent", _S.GONE.value: "good"}


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def reconciliation(request: PageRequest) -> HttpResponse:
    return _list(request, DaysForm())


@for_the_desk(Permission.RECONCILE)
@require_POST
def fetch_days(request: PageRequest) -> HttpResponseBase:
    """Have the bills of some days fetched in the background."""
    form = DaysForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    typed = form.cleaned_data
    try:
        count = deciding.fetch_days(viewer=request.viewer, since=typed["since"], until=typed["until"])
    except Unfit as refusal:
        form.add_error(None, str(refusal.message))
        return _list(request, form, status=refusal.status)
    said = npgettext(
        "toast",
        "%(n)s bill is being fetched. Look again in a minute.",
        "%(n)s bills are being fetched. Look again in a minute.",
        count,
    )
    messages.success(request, said % {"n": count})
    return redirect("desk:reconciliation")


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def bill(request: PageRequest, provider: str, day: str) -> HttpResponse:
    """A provider's day: what both tell, where they differ, and what can be done."""
    return _day_page(request, provider, _day(day))


@for_the_desk(Permission.RECONCILE)
@require_POST
def fetch(request: PageRequest, provider: str, day: str) -> HttpResponseBase:
    """Ask the provider for this day's bill now."""
    try:
        fetched = deciding.fetch_day(viewer=request.viewer, provider=provider, day=_day(day))
    except (Unfit, ProviderNotOffered) as refusal:
        messages.error(request, str(refusal.message))
        return redirect("desk:bill", provider, day)
    if fetched.fault:
        messages.error(request, fetched.fault)
    else:
        messages.success(request, pgettext("toast", "The bill is here, and compared with the books."))
    return redirect("desk:bill", provider, day)


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def differences(request: PageRequest) -> HttpResponse:
    form, wanted = sought_differences(request.GET)
    found = all_differences(request.viewer, wanted)
    page = page_asked(found, request.GET)
    context = {
        "tab": "reconciliation",
        "form": form,
        "page": page,
        "rows": [_shown(one) for one in page.object_list],
        **filters_asked(request.GET),
    }
    return render(request, "desk/differences.html", context)


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def differences_csv(request: PageRequest) -> HttpResponseBase:
    """The differences that the list shows, on all its pages. They name nobody."""
    _, wanted = sought_differences(request.GET)
    name = f"differences-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, TABLE_HEADER, table_rows(all_differences(request.viewer, wanted)))


@for_the_desk(Permission.RECONCILE)
@require_POST
def ask(request: PageRequest, difference_id: int) -> HttpResponseBase:
    """Ask the provider about money that we don't know."""
    one = difference_named(request.viewer, difference_id)
    try:
        outcome = deciding.ask(viewer=request.viewer, difference_id=difference_id)
    except (DifferenceOver, ProviderUnreachable, ProviderNotOffered) as refusal:
        messages.error(request, str(refusal.message))
    else:
        answer = pgettext("toast", "Asked. Its answer %(outcome)s.")
        told = _NOTHING.get(outcome) or answer % {"outcome": order_words.notice_outcome(outcome)}
        messages.info(request, str(told))
    return redirect(_address(one))


@for_the_desk(Permission.RECONCILE)
@require_POST
def resolve(request: PageRequest, difference_id: int) -> HttpResponseBase:
    """Refused, the page of its day comes back with what was typed."""
    one = difference_named(request.viewer, difference_id)
    form = ResolveForm(one, request.POST)
    resolve = partial(deciding.resolve, viewer=request.viewer, difference_id=difference_id)
    status = done(form, lambda: resolve(**form.cleaned_data), (Unfit, DifferenceOver, NotOneself))
    if status == 200:
        messages.success(request, pgettext("toast", "Resolved. The reason stands in the audit log."))
        return redirect(_address(one))
    return _day_page(request, one.provider, one.bill.day, refused=(one.pk, form), status=status)


def _list(request: PageRequest, days: DaysForm, *, status: int = 200) -> HttpResponse:
    form, wanted = sought_bills(request.GET)
    page = page_asked(all_bills(request.viewer, wanted), request.GET)
    context = {
        "tab": "reconciliation",
        "form": form,
        "page": page,
        "rows": [_row(one) for one in page.object_list],
        **filters_asked(request.GET),
        "standing": standing(request.viewer),
        "days": days,
        "may_act": request.viewer.may(Permission.RECONCILE),
    }
    context["open_sum"] = yuan(context["standing"].open_fen)  # type: ignore[attr-defined]
    return render(request, "desk/reconciliation.html", context, status=status)


def _row(one: Bill) -> dict[str, object]:
    opened, resolved = one.open_count, one.resolved_count  # type: ignore[attr-defined]
    state, tone = bill_state(one, opened, resolved)
    is_here = one.fetched_at is not None
    # Where nothing differs, sums do because the two count something to days beside each other.
    state_is_whole = one.compared_at is not None and not opened and not resolved
    return {
        "bill": one,
        "provider": provider_words(one.provider),
        "state": state,
        "tone": tone,
        "theirs": yuan(one.theirs_fen) if is_here else "",
        "ours": yuan(one.ours_fen) if one.compared_at else "",
        "fees": yuan(one.fee_fen) if is_here else "",
        "open": opened,
        "shifts": state_is_whole and one.theirs_fen != one.ours_fen,
    }


def _day_page(
    request: PageRequest,
    provider: str,
    day: date,
    *,
    refused: tuple[int, ResolveForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    found = whole_bill(request.viewer, provider, day)
    may_act = request.viewer.may(Permission.RECONCILE)
    shown = [
        {
            **_shown(one),
            "may_ask": may_act and deciding.can_be_asked(one),
            "form": _form(one, refused) if may_act and one.state == _S.OPEN else None,
        }
        for one in found.differences
    ]
    counts = [sum(one.state == state for one in found.differences) for state in (_S.OPEN, _S.RESOLVED)]
    state, tone = bill_state(found.bill, *counts)
    context = {
        "tab": "reconciliation",
        "bill": found.bill,
        "provider": provider_words(provider),
        "state": state,
        "tone": tone,
        "theirs": yuan(found.bill.theirs_fen),
        "ours": yuan(found.bill.ours_fen),
        "fees": yuan(found.bill.fee_fen),
        "fees_entered": yuan(found.fee_entered_fen),
        "differences": shown,
        "refused": refused[1] if refused and not _is_open(found, refused[0]) else None,
        "beside": [(one, yuan(one.amount_fen)) for one in found.beside],
        "may_act": may_act,
    }
    return render(request, "desk/bill.html", context, status=status)


def _is_open(found: WholeBill, difference_id: int) -> bool:
    return any(one.pk == difference_id and one.state == _S.OPEN for one in found.differences)


def _shown(one: Difference) -> dict[str, object]:
    order = one.payment.order if one.payment else one.refund.order if one.refund else None
    return {
        "row": one,
        "provider": provider_words(one.provider),
        "tone": _TONES.get(one.state, ""),
        "theirs": yuan(one.theirs_fen) if one.theirs_fen else "",
        "ours": yuan(one.ours_fen) if one.ours_fen else "",
        "order": order,
        "advice": advice(one),
    }


def _form(one: Difference, refused: tuple[int, ResolveForm] | None) -> ResolveForm:
    return refused[1] if refused and refused[0] == one.pk else ResolveForm(one)


def _address(one: Difference) -> str:
    return reverse("desk:bill", args=[one.provider, one.bill.day.isoformat()])


def _day(text: str) -> date:
    found = day_named(text)
    if found is None:
        raise Http404
    return found
