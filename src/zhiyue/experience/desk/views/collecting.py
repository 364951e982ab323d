"""What is collected: the flow of events, what was not kept and why, the lake, how long things stay, imports."""

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.collect import flow, lake, retention
from zhiyue.collect.asking import verify_soon
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.importing import undoing
from zhiyue.collect.selectors import brought_by_no_file
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.sheets import csv_row
from zhiyue.experience.desk import collected, words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest

IMPORTS_SHOWN = 20
OPEN_SHOWN = 5
KEPT_FOR_SECONDS = 300
_KEPT_KEY = "desk.collecting.kept"


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def collecting(request: PageRequest) -> HttpResponse:
    days = flow.by_day(request.viewer)
    page = {
        "tab": "collecting",
        "now": _now(request),
        "chart": collected.chart(days, csv_url=reverse("desk:collecting_csv")),
        **_lake(),
        **_kept(),
        "unconsented": [(words.act(name), n) for name, n in flow.unconsented(request.viewer)],
        "imports": [
            (one, words.import_state(one.state))
            for one in undoing.imports(request.viewer, limit=IMPORTS_SHOWN)
        ],
        "may_run": request.viewer.may(Permission.RUN_JOBS),
    }
    return render(request, "desk/collecting.html", page)


def _now(request: PageRequest) -> collected.ToldNow:
    flowing = flow.now(request.viewer)
    simulated = brought_by_no_file(clock.business_day()) if settings.ZHIYUE_DEMO else 0
    return collected.told_now(flowing, simulated=simulated)


def _lake() -> dict[str, object]:
    report = lake.report()
    return {
        "lake": report,
        "open_days": report.open_days[-OPEN_SHOWN:],
        "open_more": max(0, len(report.open_days) - OPEN_SHOWN),
        "check": report.last_check,
        "faults": lake.faults_of(report.last_check) if report.last_check else [],
    }


def _kept() -> dict[str, object]:
    """How long things stay; where the lake can't be read, why. It changes once a night, and asks for every day."""
    kept: list[retention.Keeping] | None = cache.get(_KEPT_KEY)
    if kept is None:
        try:
            kept = retention.overview()
        except LakeUnreachable as why:
            return {"kept": [], "kept_trouble": str(why)}
        cache.set(_KEPT_KEY, kept, KEPT_FOR_SECONDS)
    return {"kept": [(words.act(one.name), one) for one in kept if one.oldest], "kept_trouble": ""}


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def verify_lake(request: PageRequest) -> HttpResponse:
    verify_soon(viewer=request.viewer)
    messages.success(
        request, pgettext("lake", "Every file is looked at in the background; the result stands here.")
    )
    return HttpResponseRedirect(f"{reverse('desk:collecting')}#lake")


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def now(request: PageRequest) -> HttpResponse:
    """The moving part of the page alone."""
    return render(request, "desk/parts/flow.html", {"now": _now(request)})


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def collecting_csv(request: PageRequest) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="collecting.csv"'
    answer.write(csv_row(["day", "stored", "unconsented", "quarantined"]))
    for one in flow.by_day(request.viewer):
        answer.write(csv_row([one.day.isoformat(), one.stored, one.unconsented, one.quarantined]))
    return answer


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def events(request: PageRequest) -> HttpResponse:
    """The table of events: what may be recorded at all, and how often it was."""
    stored = flow.stored_by_kind(request.viewer)
    rows = [collected.told_kind(kind, stored.get(kind.name, 0)) for kind in KINDS.values()]
    return render(request, "desk/events.html", {"tab": "collecting", "families": collected.by_family(rows)})


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def undo_import(request: PageRequest, import_id: int) -> HttpResponse:
    gone = undoing.undo_on_the_desk(viewer=request.viewer, import_id=import_id)
    said = ngettext("%(n)s event was taken out again.", "%(n)s events were taken out again.", gone)
    messages.success(
        request, said % {"n": f"{gone:,}"} if gone else pgettext("import", "It had brought nothing.")
    )
    return HttpResponseRedirect(f"{reverse('desk:collecting')}#imports")
