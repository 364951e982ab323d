"""Tables brought in: upload, a look at what would happen, and the import. Members, outlines of courses, past orders."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.importing import Plan
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.sheets import MOST_BYTES, UnreadableSheet
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.import_words import (
    COURSES,
    MEMBERS,
    ORDERS,
    SAID,
    AnyPlan,
    came_of,
    to_come,
)
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.importing import import_courses, plan_courses
from zhiyue.product.commerce.import_queue import start_import, start_order_import
from zhiyue.product.commerce.imports.importing import plan_members
from zhiyue.product.commerce.imports.order_importing import plan_orders

ERRORS_SHOWN = 100
_PLANS: Mapping[str, Callable[[str], AnyPlan]] = {
    MEMBERS: plan_members,
    COURSES: plan_courses,
}


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: PageRequest) -> HttpResponse:
    return _upload(request, MEMBERS)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_http_methods(["GET", "HEAD", "POST"])
def courses(request: PageRequest) -> HttpResponse:
    return _upload(request, COURSES)


@for_the_desk(Permission.IMPORT_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def orders(request: PageRequest) -> HttpResponse:
    return _upload(request, ORDERS)


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_safe
def members_template(request: PageRequest) -> HttpResponseBase:
    return _template(request, MEMBERS)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def courses_template(request: PageRequest) -> HttpResponseBase:
    return _template(request, COURSES)


@for_the_desk(Permission.IMPORT_ORDERS)
@require_safe
def orders_template(request: PageRequest) -> HttpResponseBase:
    return _template(request, ORDERS)


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_safe
def members_sheet(request: PageRequest, sheet_id: int) -> HttpResponse:
    return _sheet_page(request, MEMBERS, sheet_id)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def courses_sheet(request: PageRequest, sheet_id: int) -> HttpResponse:
    return _sheet_page(request, COURSES, sheet_id)


@for_the_desk(Permission.IMPORT_ORDERS)
@require_safe
def orders_sheet(request: PageRequest, sheet_id: int) -> HttpResponse:
    return _sheet_page(request, ORDERS, sheet_id)


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_POST
def members_apply(request: PageRequest, sheet_id: int) -> HttpResponse:
    greeting = _greeting(request) if request.POST.get("tell") else None

    def begin(why: str) -> None:
        start_import(viewer=request.viewer, sheet_id=sheet_id, why=why, greeting=greeting)

    return _begun(request, MEMBERS, sheet_id, begin)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def courses_apply(request: PageRequest, sheet_id: int) -> HttpResponse:
    import_courses(viewer=request.viewer, sheet_id=sheet_id)
    return HttpResponseRedirect(reverse("desk:courses_sheet", args=[sheet_id]))


@for_the_desk(Permission.IMPORT_ORDERS)
@require_POST
def orders_apply(request: PageRequest, sheet_id: int) -> HttpResponse:
    def begin(why: str) -> None:
        start_order_import(viewer=request.viewer, sheet_id=sheet_id, why=why)

    return _begun(request, ORDERS, sheet_id, begin)


def _begun(request: PageRequest, kind: str, sheet_id: int, begin: Callable[[str], None]) -> HttpResponse:
    """Put the import into the queue, once however often it is sent."""
    try:
        begin(request.POST.get("why", ""))
    except Unfit as refusal:
        refused = {"act": "import", "message": refusal.message, "typed": request.POST}
        return _sheet_page(request, kind, sheet_id, refused, status=refusal.status)
    return HttpResponseRedirect(reverse(f"desk:{kind}_sheet", args=[sheet_id]))


def _template(request: PageRequest, kind: str) -> HttpResponseBase:
    said = SAID[kind]
    header = map(str, said.columns.values())
    return csv_download(request, f"{kind}-template.csv", header, [map(str, said.example)])


def _sheet_page(
    request: PageRequest,
    kind: str,
    sheet_id: int,
    refused: Mapping[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    """What the upload would do; once begun, how far it is; then, what became of it."""
    sheet, said = uploads.sheet_of(request.viewer, kind, sheet_id), SAID[kind]
    context: dict[str, object] = {
        "tab": said.tab,
        "said": said,
        "sheet": sheet,
        "asks_why": kind != COURSES,
        "refused": refused or {},
        "urls": {
            "back": reverse(f"desk:import_{kind}"),
            **{
                name: reverse(f"desk:{kind}_{name}", args=[sheet_id]) for name in ("sheet", "apply", "errors")
            },
        },
    }
    if sheet.started_at is None:
        context |= _plan(request, kind, sheet.text)
    elif sheet.finished_at is None:
        context["job"] = Job.objects.filter(pk=sheet.job_id or 0).first()
    else:
        context["figures"] = came_of(kind, sheet.result)
    return render(request, "desk/import_sheet.html", context, status=status)


def _planned(request: PageRequest, kind: str, text: str) -> AnyPlan:
    return plan_orders(text, by=request.viewer.user) if kind == ORDERS else _PLANS[kind](text)


def _plan(request: PageRequest, kind: str, text: str) -> dict[str, object]:
    plan = _planned(request, kind, text)
    names = SAID[kind].columns
    return {
        "plan": plan,
        "figures": to_come(plan),
        "may_tell": isinstance(plan, Plan) and plan.fresh > 0,
        # Who is a member already may still get tags and courses.
        "ready": bool(plan.people if isinstance(plan, Plan) else plan.fresh),
        "errors": [(error, names.get(error.column, "")) for error in plan.errors[:ERRORS_SHOWN]],
        "bad_rows": len({error.line for error in plan.errors}),
        "more_errors": max(0, len(plan.errors) - ERRORS_SHOWN),
    }


def _upload(request: PageRequest, kind: str) -> HttpResponse:
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            sheet = _kept(request, kind)
            return HttpResponseRedirect(reverse(f"desk:{kind}_sheet", args=[sheet]))
        except UnreadableSheet as why:
            refusal = why
    context = {
        "tab": SAID[kind].tab,
        "said": SAID[kind],
        "template_url": reverse(f"desk:{kind}_template"),
        "refusal": refusal,
    }
    return render(request, "desk/import.html", context, status=refusal.status if refusal else 200)


@transaction.atomic
def _kept(request: PageRequest, kind: str) -> int:
    """Keep the file that was sent, unless its columns say nothing; the upload's number. Raises UnreadableSheet."""
    file = request.FILES.get("file")
    if file is None:
        raise UnreadableSheet(pgettext_lazy("import", "Choose a CSV file first."))
    # One byte more than is taken tells that there is too much; the rest isn't read.
    content = file.read(MOST_BYTES + 1)
    sheet = uploads.keep_sheet(viewer=request.viewer, kind=kind, name=file.name or "", content=content)
    _planned(request, kind, sheet.text)
    return sheet.pk


def _greeting(request: PageRequest) -> dict[str, str]:
    """The mail to new members, in the language of whoever imports. `{name}` becomes each one's own."""
    facts = {"academy": academy().name, "link": request.build_absolute_uri(reverse(settings.LOGIN_URL))}
    subject = pgettext("import mail", "Your account at %(academy)s")
    text = pgettext(
        "import mail",
        "Hello {name},\n\n%(academy)s has made an account for you with this e-mail address. Sign in with a code "
        "that is sent here, or set a password by “Forgot password”:\n\n%(link)s\n",
    )
    return {"subject": subject % facts, "text": text % facts}
