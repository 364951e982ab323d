"""The audit log: what staff did, to whom, what changed and why."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhiyue.core.accounts import trail
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.audit_log import SeekForm, sought
from zhiyue.experience.desk.entries import shown_entries
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.shell.viewers import PageRequest


@for_the_desk(Permission.SEE_AUDIT)
@require_safe
def audit(request: PageRequest) -> HttpResponse:
    form = SeekForm(request.GET)
    entries = trail.entries(request.viewer, sought(form, request.GET))
    page = page_asked(entries, request.GET)
    context = {
        "tab": "audit",
        "form": form,
        "page": page,
        "entries": shown_entries(page.object_list),
        **filters_asked(request.GET),
    }
    return render(request, "desk/audit.html", context)
