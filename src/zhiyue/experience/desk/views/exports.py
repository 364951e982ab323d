"""Tables that staff take away: members, and the audit log. Each is noted with how much it held."""

from django.http import HttpResponseBase, QueryDict
from django.views.decorators.http import require_POST

from zhiyue.core.accounts import staff, trail
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.audit_log import SeekForm, sought
from zhiyue.experience.desk.entries import TABLE_HEADER, table_row
from zhiyue.experience.desk.member_table import header, known_columns, lines
from zhiyue.experience.desk.members import FindForm, found
from zhiyue.experience.desk.views.members import chosen, list_page
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest


@for_the_desk(Permission.EXPORT_MEMBERS)
@require_POST
def members_csv(request: PageRequest) -> HttpResponseBase:
    """The members that are ticked, or where none is, all that the list shows on all its pages."""
    asked = QueryDict(request.POST.get("asked", ""))
    some = bool(request.POST.getlist("member"))
    members = chosen(request, asked) if some else found(request.viewer, FindForm(asked, request.viewer))
    keys = known_columns(request.POST.getlist("column"))
    try:
        members = staff.export_members(viewer=request.viewer, members=members, columns=keys)
    except Unfit as why:
        return list_page(request, asked, {"export": why.message}, status=why.status)
    name = f"members-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, header(keys), lines(request.viewer, members, keys))


@for_the_desk(Permission.SEE_AUDIT)
@require_POST
def audit_csv(request: PageRequest) -> HttpResponseBase:
    """The entries that the page shows, on all its pages."""
    asked = QueryDict(request.POST.get("asked", ""))
    entries = trail.note_export(viewer=request.viewer, sought=sought(SeekForm(asked), asked))
    name = f"audit-{clock.business_day().isoformat()}.csv"
    rows = (table_row(entry) for entry in entries.iterator(chunk_size=500))
    return csv_download(request, name, TABLE_HEADER, rows)
