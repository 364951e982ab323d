"""Payouts: the statements of teachers, one with its lines and what staff do about it, and which share of a course is
its teacher's."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.desk.payouts import (
    TABLE_HEADER,
    PaidForm,
    ShareForm,
    VoidForm,
    sought,
    table_rows,
)
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.payout_words import (
    STATEMENT_HEADER,
    share_words,
    statement_rows,
    tone,
    whole_values,
)
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import StatementDecided
from zhiyue.product.commerce.models import PayoutStatement
from zhiyue.product.commerce.teaching_shares import terms
from zhiyue.product.commerce.teaching_shares.book import (
    WholeStatement,
    all_statements,
    due_next,
    months,
    to_be_paid,
    whole_statement,
)
from zhiyue.product.commerce.teaching_shares.deciding import mark_paid, void

_REFUSALS = (Unfit, NotOneself, StatementDecided)


@for_the_desk(Permission.PAY_TEACHERS)
@require_safe
def payouts(request: PageRequest) -> HttpResponse:
    viewer = request.viewer
    form, wanted = sought(request.GET, months(viewer))
    page = page_asked(all_statements(viewer, wanted), request.GET)
    waiting, waiting_fen = to_be_paid(viewer)
    context = {
        "tab": "payouts",
        "form": form,
        "page": page,
        "rows": [
            (one, date_format(one.month, "YEAR_MONTH_FORMAT"), yuan(one.amount_fen), tone(one))
            for one in page.object_list
        ],
        **filters_asked(request.GET),
        "waiting": waiting,
        "waiting_amount": yuan(waiting_fen),
        "due": [(one, yuan(one.due_fen), yuan(one.later_fen)) for one in due_next(viewer)],
        "academy_share": terms.academy_permille(),
    }
    return render(request, "desk/payouts.html", context)


@for_the_desk(Permission.PAY_TEACHERS)
@require_safe
def payouts_csv(request: PageRequest) -> HttpResponseBase:
    """The statements that the list shows, on all its pages."""
    _, wanted = sought(request.GET, months(request.viewer))
    name = f"payouts-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, TABLE_HEADER, table_rows(all_statements(request.viewer, wanted)))


@for_the_desk(Permission.PAY_TEACHERS)
@require_safe
def payout(request: PageRequest, number: str) -> HttpResponse:
    """One statement: its lines, and what can be done about it."""
    return _page(request, whole_statement(request.viewer, number))


@for_the_desk(Permission.PAY_TEACHERS)
@require_safe
def payout_csv(request: PageRequest, number: str) -> HttpResponseBase:
    whole = whole_statement(request.viewer, number)
    return csv_download(request, f"statement-{number}.csv", STATEMENT_HEADER, statement_rows(whole))


@for_the_desk(Permission.PAY_TEACHERS)
@require_POST
def pay(request: PageRequest, number: str) -> HttpResponseBase:
    """It was paid out. Refused, the page comes back with what was typed."""
    form = PaidForm(request.POST)
    status = done(form, lambda: mark_paid(viewer=request.viewer, number=number, paid=form.paid()), _REFUSALS)
    if status != 200:
        return _page(request, whole_statement(request.viewer, number), paid=form, status=status)
    messages.success(request, pgettext("toast", "Noted as paid. It is in the books."))
    return redirect("desk:payout", number)


@for_the_desk(Permission.PAY_TEACHERS)
@require_POST
def make_void(request: PageRequest, number: str) -> HttpResponseBase:
    """It shall not be paid. Refused, the page comes back with what was typed."""
    form = VoidForm(request.POST)
    status = done(form, lambda: void(viewer=request.viewer, number=number, **form.cleaned_data), _REFUSALS)
    if status != 200:
        return _page(request, whole_statement(request.viewer, number), voided=form, status=status)
    messages.success(request, pgettext("toast", "It is void. What it held comes into the next statement."))
    return redirect("desk:payout", number)


@for_the_desk(Permission.PAY_TEACHERS)
@require_http_methods(["GET", "HEAD", "POST"])
def shares(request: PageRequest) -> HttpResponseBase:
    """Which share of a course is its teacher's."""
    viewer = request.viewer
    courses = [(one.pk, f"{one.title} · {one.teacher.name}") for one in terms.courses_to_share(viewer)]
    form = ShareForm(courses, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = done(form, lambda: _set_share(request, form), (Unfit, NotOneself))
        if status == 200:
            messages.success(request, pgettext("toast", "Kept. It holds for what is paid from now on."))
            return redirect("desk:teacher_shares")
    context = {
        "tab": "payouts",
        "academy": share_words(terms.academy_permille()) if terms.academy_permille() else "",
        "own": [(one, share_words(one.permille)) for one in terms.own_shares(viewer)],
        "form": form,
        "courses": courses,
    }
    return render(request, "desk/teacher_shares.html", context, status=status)


def _set_share(request: PageRequest, form: ShareForm) -> None:
    typed = form.cleaned_data
    terms.set_share(
        viewer=request.viewer, course_id=typed["course"], permille=form.permille(), why=typed["why"]
    )


def _page(
    request: PageRequest,
    whole: WholeStatement,
    *,
    paid: PaidForm | None = None,
    voided: VoidForm | None = None,
    status: int = 200,
) -> HttpResponse:
    statement = whole.statement
    is_open = statement.status == PayoutStatement.Status.OPEN
    is_own = statement.teacher.user_id is not None and statement.teacher.user_id == request.viewer.member_id
    context = {
        "tab": "payouts",
        **whole_values(whole),
        "is_own": is_own,
        "acts_open": is_open and not is_own,
        "paid": paid or PaidForm(),
        "voided": voided or VoidForm(),
        "refused": None if is_open and not is_own else paid or voided,
    }
    return render(request, "desk/payout.html", context, status=status)
