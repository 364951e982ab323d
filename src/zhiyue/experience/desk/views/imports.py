"""Tables brought in: upload, a look at what would happen, and the import. Members, and outlines of courses."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.columns import MEMBER_COLUMNS
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.importing import RowError
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.sheets import MOST_BYTES, UnreadableSheet
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.importing import COURSE_COLUMNS, import_courses, plan_courses
from zhiyue.product.commerce.import_queue import start_import
from zhiyue.product.commerce.importing import plan_members

ERRORS_SHOWN = 100
MEMBERS, COURSES = UploadedSheet.Kind.MEMBERS, UploadedSheet.Kind.COURSES
_MEMBER_TEMPLATE = ("name", "email", "phone", "username", "tags", "courses")
_EXAMPLE = {
    MEMBERS: [
        pgettext_lazy("import example", "Xiao Lin"),
        "xiaolin@example.com",
        "13800138000",
        "xiaolin",
        "",
        "",
    ],
    COURSES: [
        pgettext_lazy("import example", "Statistics for readers of reports"),
        "",
        "",
        pgettext_lazy("import example", "Averages"),
        pgettext_lazy("import example", "Why an average deceives"),
        "8",
        pgettext_lazy("import example", "yes"),
        "",
    ],
}


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: PageRequest) -> HttpResponse:
    return _upload(request, MEMBERS)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_http_methods(["GET", "HEAD", "POST"])
def courses(request: PageRequest) -> HttpResponse:
    return _upload(request, COURSES)


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_safe
def members_template(request: PageRequest) -> HttpResponseBase:
    header = [MEMBER_COLUMNS[key] for key in _MEMBER_TEMPLATE]
    return csv_download(request, "members-template.csv", map(str, header), [map(str, _EXAMPLE[MEMBERS])])


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def courses_template(request: PageRequest) -> HttpResponseBase:
    header = map(str, COURSE_COLUMNS.values())
    return csv_download(request, "courses-template.csv", header, [map(str, _EXAMPLE[COURSES])])


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_safe
def members_sheet(request: PageRequest, sheet_id: int) -> HttpResponse:
    return _members_page(request, sheet_id)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def courses_sheet(request: PageRequest, sheet_id: int) -> HttpResponse:
    sheet = uploads.sheet_of(request.viewer, COURSES, sheet_id)
    context: dict[str, object] = {"tab": "import_courses", "sheet": sheet}
    if sheet.started_at is None:
        plan = plan_courses(sheet.text)
        context |= {"plan": plan, **_errors(plan.errors, COURSE_COLUMNS), "ready": bool(plan.fresh)}
    return render(request, "desk/import_sheet.html", context)


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_POST
def members_apply(request: PageRequest, sheet_id: int) -> HttpResponse:
    """Put the import into the queue, once however often it is sent."""
    greeting = _greeting(request) if request.POST.get("tell") else None
    why = request.POST.get("why", "")
    try:
        start_import(viewer=request.viewer, sheet_id=sheet_id, why=why, greeting=greeting)
    except Unfit as refusal:
        refused = {"act": "import", "message": refusal.message, "typed": request.POST}
        return _members_page(request, sheet_id, refused, status=refusal.status)
    return HttpResponseRedirect(reverse("desk:members_sheet", args=[sheet_id]))


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def courses_apply(request: PageRequest, sheet_id: int) -> HttpResponse:
    import_courses(viewer=request.viewer, sheet_id=sheet_id)
    return HttpResponseRedirect(reverse("desk:courses_sheet", args=[sheet_id]))


def _members_page(
    request: PageRequest, sheet_id: int, refused: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """What the upload would do; once begun, how far it is; then, what became of it."""
    sheet = uploads.sheet_of(request.viewer, MEMBERS, sheet_id)
    context: dict[str, object] = {"tab": "members", "sheet": sheet, "refused": refused or {}}
    if sheet.started_at is None:
        plan = plan_members(sheet.text)
        context |= {"plan": plan, **_errors(plan.errors, MEMBER_COLUMNS), "ready": bool(plan.people)}
    elif sheet.finished_at is None:
        context["job"] = Job.objects.filter(pk=sheet.job_id or 0).first()
    return render(request, "desk/import_sheet.html", context, status=status)


def _upload(request: PageRequest, kind: str) -> HttpResponse:
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            sheet = _kept(request, kind)
            return HttpResponseRedirect(reverse(f"desk:{kind}_sheet", args=[sheet.pk]))
        except UnreadableSheet as why:
            refusal = why
    context = {
        "tab": "members" if kind == MEMBERS else "import_courses",
        "kind": kind,
        "columns": [MEMBER_COLUMNS[key] for key in _MEMBER_TEMPLATE]
        if kind == MEMBERS
        else COURSE_COLUMNS.values(),
        "template_url": reverse(f"desk:{kind}_template"),
        "refusal": refusal,
    }
    return render(request, "desk/import.html", context, status=refusal.status if refusal else 200)


@transaction.atomic
def _kept(request: PageRequest, kind: str) -> UploadedSheet:
    """Keep the file that was sent, unless its columns say nothing. Raises UnreadableSheet."""
    file = request.FILES.get("file")
    if file is None:
        raise UnreadableSheet(pgettext_lazy("import", "Choose a CSV file first."))
    # One byte more than is taken tells that there is too much; the rest isn't read.
    content = file.read(MOST_BYTES + 1)
    sheet = uploads.keep_sheet(viewer=request.viewer, kind=kind, name=file.name or "", content=content)
    if kind == MEMBERS:
        plan_members(sheet.text)
    else:
        plan_courses(sheet.text)
    return sheet


def _errors(errors: list[RowError], names: Mapping[str, object]) -> dict[str, object]:
    return {
        "errors": [(error, names.get(error.column, "")) for error in errors[:ERRORS_SHOWN]],
        "bad_rows": len({error.line for error in errors}),
        "more_errors": max(0, len(errors) - ERRORS_SHOWN),
    }


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
