"""Redeem codes: batches listed, made, taken away as a table, revoked."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import npgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.redeeming import CODES_HEADER, BatchForm, code_rows
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import SaleRefused
from zhiyue.product.commerce.lowering.flashing import offers_to_choose
from zhiyue.product.commerce.redeeming import all_batches, export_batch, make_batch, revoke_batch


@for_the_desk(Permission.CHANGE_SALES)
@require_safe
def redeem(request: PageRequest) -> HttpResponse:
    return _page(request)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def make(request: PageRequest) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    form = BatchForm(offers_to_choose(request.viewer), request.POST)
    if done(form, lambda: make_batch(viewer=request.viewer, **form.cleaned_data), (SaleRefused,)) != 200:
        return _page(request, refused=form)
    made = form.cleaned_data["count"]
    words = npgettext("toast", "%(n)s code is made.", "%(n)s codes are made.", made)
    messages.success(request, words % {"n": made})
    return redirect("desk:redeem")


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def revoke(request: PageRequest, batch_id: int) -> HttpResponseBase:
    gone = revoke_batch(viewer=request.viewer, batch_id=batch_id)
    words = npgettext("toast", "%(n)s code is revoked.", "%(n)s codes are revoked.", gone)
    messages.success(request, words % {"n": gone})
    return redirect("desk:redeem")


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def codes_csv(request: PageRequest, batch_id: int) -> HttpResponseBase:
    codes = export_batch(viewer=request.viewer, batch_id=batch_id)
    name = f"redeem-{batch_id}-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, CODES_HEADER, code_rows(codes.iterator(chunk_size=500)))


def _page(request: PageRequest, refused: BatchForm | None = None) -> HttpResponse:
    offers = offers_to_choose(request.viewer)
    page = {
        "tab": "redeem",
        "batches": all_batches(request.viewer),
        "offers": offers,
        "form": refused or BatchForm(offers),
        "refused": refused,
    }
    return render(request, "desk/redeem.html", page, status=422 if refused else 200)
