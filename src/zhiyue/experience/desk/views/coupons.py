"""Coupons: the list with what they cost and brought, one with its codes, made, changed, paused."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import npgettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.couponing import (
    CODES_HEADER,
    ChangeForm,
    CodesForm,
    CouponForm,
    code_rows,
    rows,
)
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import SaleRefused
from zhiyue.product.commerce.lowering import couponing


@for_the_desk(Permission.CHANGE_SALES)
@require_safe
def coupons(request: PageRequest) -> HttpResponse:
    return _list(request)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def make(request: PageRequest) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    form = CouponForm(couponing.scopes(request.viewer), request.POST)
    if form.is_valid():
        try:
            row = couponing.make_coupon(viewer=request.viewer, wish=form.wish())
        except (SaleRefused, Unfit) as why:
            form.refuse(why)
        else:
            messages.success(
                request, pgettext("toast", "The coupon “%(title)s” is made.") % {"title": row.title}
            )
            return redirect("desk:coupon", row.mark)
    return _list(request, refused=form)


@for_the_desk(Permission.CHANGE_SALES)
@require_safe
def coupon(request: PageRequest, mark: str) -> HttpResponse:
    return _one(request, mark)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def change(request: PageRequest, mark: str) -> HttpResponseBase:
    found = couponing.one_coupon(request.viewer, mark)
    form = ChangeForm(found.coupon, request.POST)
    change = partial(couponing.change_coupon, viewer=request.viewer, mark=mark)
    if done(form, lambda: change(**form.cleaned_data), (SaleRefused,)) != 200:
        return _one(request, mark, change_form=form)
    messages.success(request, pgettext("toast", "Saved."))
    return redirect("desk:coupon", mark)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def pause(request: PageRequest, mark: str) -> HttpResponseBase:
    """Paused or going on, as the form says: sent twice, it stays as it is."""
    is_paused = request.POST.get("paused") == "1"
    couponing.pause_coupon(viewer=request.viewer, mark=mark, is_paused=is_paused)
    said = (
        pgettext("toast", "Paused: nobody can use it until it goes on.")
        if is_paused
        else pgettext("toast", "It goes on.")
    )
    messages.success(request, said)
    return redirect("desk:coupon", mark)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def make_codes(request: PageRequest, mark: str) -> HttpResponseBase:
    """One code for everybody, or so many for one person each."""
    form = CodesForm(request.POST)
    is_shared = request.POST.get("shared") == "1"
    if not is_shared and not form.is_valid():
        return _one(request, mark, codes_form=form)
    count = 0 if is_shared else form.cleaned_data["count"]
    try:
        made = couponing.make_codes(viewer=request.viewer, mark=mark, count=count)
    except SaleRefused as why:
        form.add_error(None, str(why.message))
        return _one(request, mark, codes_form=form)
    if made:
        words = npgettext("toast", "%(n)s code is made.", "%(n)s codes are made.", made)
        messages.success(request, words % {"n": made})
    return redirect("desk:coupon", mark)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def revoke_codes(request: PageRequest, mark: str) -> HttpResponseBase:
    gone = couponing.revoke_codes(viewer=request.viewer, mark=mark)
    words = npgettext("toast", "%(n)s code is revoked.", "%(n)s codes are revoked.", gone)
    messages.success(request, words % {"n": gone})
    return redirect("desk:coupon", mark)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def codes_csv(request: PageRequest, mark: str) -> HttpResponseBase:
    codes = couponing.export_codes(viewer=request.viewer, mark=mark)
    title = couponing.one_coupon(request.viewer, mark).coupon.title
    name = f"coupon-{mark}-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, CODES_HEADER, code_rows(codes.iterator(chunk_size=500), title))


def _list(request: PageRequest, refused: CouponForm | None = None) -> HttpResponse:
    page = {
        "tab": "coupons",
        "rows": rows(couponing.all_coupons(request.viewer)),
        "form": refused or CouponForm(couponing.scopes(request.viewer)),
        "refused": refused,
    }
    return render(request, "desk/coupons.html", page, status=422 if refused else 200)


def _one(
    request: PageRequest,
    mark: str,
    change_form: ChangeForm | None = None,
    codes_form: CodesForm | None = None,
) -> HttpResponse:
    found = couponing.one_coupon(request.viewer, mark)
    [row] = rows([found])
    page = {
        "tab": "coupons",
        "row": row,
        "shared": couponing.shared_code(request.viewer, found.coupon),
        "change_form": change_form or ChangeForm(found.coupon),
        "codes_form": codes_form or CodesForm(),
        "refused": change_form or codes_form,
    }
    return render(request, "desk/coupon.html", page, status=422 if change_form or codes_form else 200)
