"""Invoices: the list, one with what can be done about it, its file, and the list as a table to take away."""

from collections.abc import Callable, Mapping
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.invoices import (
    TABLE_HEADER,
    ActForm,
    AgainForm,
    AttachForm,
    FailForm,
    IssueForm,
    ReversedForm,
    ReverseForm,
    sought,
    table_rows,
)
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.invoicing import file_answer, tone
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import AmountChanged, InvoiceDecided, NoInvoice
from zhiyue.product.commerce.invoices import deciding, manual
from zhiyue.product.commerce.invoices.book import (
    all_invoices,
    export_invoices,
    file_for_staff,
    waiting_invoices,
    whole_invoice,
)
from zhiyue.product.commerce.invoices.register import issuer
from zhiyue.product.commerce.models import Invoice

_S = Invoice.Status
_REFUSALS = (Unfit, NotOneself, InvoiceDecided, NoInvoice, AmountChanged)
_FORMS: Mapping[str, type[ActForm]] = {
    form.key: form for form in (IssueForm, FailForm, AgainForm, ReverseForm, ReversedForm, AttachForm)
}
# What staff may do, by the word in the address.
_ACTS: Mapping[str, Callable[..., Invoice]] = {
    "issue": deciding.issue_by_hand,
    "fail": deciding.fail,
    "again": deciding.try_again,
    "reverse": deciding.reverse,
    "reversed": deciding.reverse_by_hand,
    "attach": deciding.attach,
}
# Which of these can be done in which state; every issued one can be given a file.
_OPEN: Mapping[str, tuple[str, ...]] = {
    _S.ASKED: ("issue", "fail"),
    _S.FAILED: ("again", "issue"),
    _S.ISSUED: ("reversed", "reverse", "attach"),
    _S.REVERSED: ("attach",),
}


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def invoices(request: PageRequest) -> HttpResponse:
    form, wanted = sought(request.GET)
    page = page_asked(all_invoices(request.viewer, wanted), request.GET)
    context = {
        "tab": "invoices",
        "form": form,
        "page": page,
        "rows": [(one, yuan(one.amount_fen), tone(one)) for one in page.object_list],
        **filters_asked(request.GET),
        "waiting": waiting_invoices(request.viewer),
        "may_export": request.viewer.may(Permission.EXPORT_MEMBERS),
        "sees_members": request.viewer.may(Permission.SEE_MEMBERS),
    }
    return render(request, "desk/invoices.html", context)


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def invoice(request: PageRequest, number: str) -> HttpResponse:
    """One invoice: to whom, of what, how far it is, and what can be done."""
    return _page(request, whole_invoice(request.viewer, number))


@for_the_desk(Permission.ISSUE_INVOICES)
@require_POST
def decide(request: PageRequest, number: str, act: str) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    if act not in _ACTS:
        raise Http404
    form = _FORMS[act](request.POST, request.FILES)
    decide = partial(_ACTS[act], viewer=request.viewer, number=number)
    status = done(form, lambda: decide(**form.told()), _REFUSALS)
    if status != 200:
        return _page(request, whole_invoice(request.viewer, number), refused=form, status=status)
    messages.success(request, _said(act))
    return redirect("desk:invoice", number)


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def file(request: PageRequest, number: str) -> HttpResponse:
    return file_answer(file_for_staff(request.viewer, number))


@for_the_desk(Permission.EXPORT_MEMBERS)
@require_POST
def invoices_csv(request: PageRequest) -> HttpResponseBase:
    """The invoices that the list shows, on all its pages."""
    _, wanted = sought(QueryDict(request.POST.get("asked", "")))
    found = export_invoices(viewer=request.viewer, sought=wanted)
    name = f"invoices-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, TABLE_HEADER, table_rows(found))


def _said(act: str) -> str:
    words = {
        "issue": pgettext("toast", "Entered. The member is told."),
        "fail": pgettext("toast", "Noted. The member reads why."),
        "again": pgettext("toast", "It is issued once more."),
        "reverse": pgettext("toast", "It is to be reversed."),
        "reversed": pgettext("toast", "Entered: it is reversed."),
        "attach": pgettext("toast", "The file is kept."),
    }
    return words[act]


def _page(
    request: PageRequest, found: Invoice, *, refused: ActForm | None = None, status: int = 200
) -> HttpResponse:
    may_decide = request.viewer.may(Permission.ISSUE_INVOICES)
    acts = [act for act in _OPEN.get(found.status, ()) if _helps(act, found)] if may_decide else []
    shown = {act: refused if refused and refused.key == act else _form(act, found) for act in acts}
    context = {
        "tab": "invoices",
        "invoice": found,
        "again": getattr(found, "again", None),
        "amount": yuan(found.amount_fen),
        "left": yuan(found.order.kept_fen),
        "went_back": yuan(found.order.refunded_fen) if found.order.refunded_fen else "",
        "tone": tone(found),
        "forms": shown,
        "refused": refused,
        "is_over": refused is not None and refused.key not in shown,
        "sees_members": request.viewer.may(Permission.SEE_MEMBERS),
    }
    return render(request, "desk/invoice.html", context, status=status)


def _helps(act: str, found: Invoice) -> bool:
    """Nobody is asked to reverse what staff reverse themselves, or what is to be reversed already."""
    return act != "reverse" or not (found.must_be_reversed or issuer(found.provider).name == manual.NAME)


def _form(act: str, found: Invoice) -> ActForm:
    form = _FORMS[act]()
    if act == "issue":
        form.fields["seen_fen"].initial = found.order.kept_fen
    return form
