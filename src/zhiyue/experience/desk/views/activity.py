"""How active the academy is, and how that is measured."""

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from zhiyue.analyse.weights import ACTIVITY
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.selectors import quarantine_counts
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.sheets import csv_row
from zhiyue.experience.desk import findings, words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.monitor import selectors as monitor
from zhiyue.monitor.measures import Measure

PERIODS = (30, 60, 90)
USUAL_PERIOD = 60
# However many look at the page at once, today is measured once in so many seconds for its moving part.
MEASURED_FOR_SECONDS = 10
_NOW_KEY = "desk.activity.now"


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def activity(request: PageRequest) -> HttpResponse:
    period = _period(request)
    ended = monitor.ended(period)
    today, rhythm, trouble = _of_the_lake()
    csv_url = f"{reverse('desk:activity_csv')}?days={period}"
    page = {
        "tab": "activity",
        "period": period,
        "periods": PERIODS,
        "trouble": trouble,
        "figures": findings.figures([*ended, today]) if today else [],
        "index_chart": findings.index_chart(ended, today, csv_url=csv_url) if ended else None,
        "people_chart": findings.people_chart(ended, today, csv_url=csv_url) if ended else None,
        "rhythm_chart": findings.rhythm_chart(rhythm) if ended and rhythm else None,
        "definition": ACTIVITY,
        "families": [
            (words.family(f), 100 * ACTIVITY.shares[f], ACTIVITY.scales[f]) for f in findings.FAMILIES
        ],
        "worths": [(words.act(row.event), words.family(row.family), row) for row in monitor.definition()],
        "quarantine": [(words.quarantine_reason(reason), n) for reason, n in quarantine_counts()],
    }
    return render(request, "desk/activity.html", page)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def now(request: PageRequest) -> HttpResponse:
    """The figures alone, which the page asks for again and again."""
    days: list[Measure] | None = cache.get(_NOW_KEY)
    if days is None:
        try:
            days = monitor.daily(2)
        except LakeUnreachable:
            # What stands there stays until it can be measured again.
            return HttpResponse(status=204)
        cache.set(_NOW_KEY, days, MEASURED_FOR_SECONDS)
    return render(request, "desk/parts/figures.html", {"figures": findings.figures(days)})


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def activity_csv(request: PageRequest) -> HttpResponse:
    """The daily series. `ended` is 0 for today, whose day isn't over."""
    days = monitor.daily(_period(request))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="activity-{days[-1].day.isoformat()}.csv"'
    families = sorted(findings.FAMILIES)
    header = ["day", "members", "a", *(f"a_{family}" for family in families), "dau", "wau", "mau", "ended"]
    answer.write(csv_row(header))
    for one in days:
        parts = [f"{one.parts[family]:.6f}" for family in families]
        ended = int(one is not days[-1])
        row = [one.day.isoformat(), one.members, f"{one.a:.6f}", *parts, one.dau, one.wau, one.mau, ended]
        answer.write(csv_row(row))
    return answer


def _of_the_lake() -> tuple[Measure | None, list[list[int]] | None, str]:
    """Today, the rhythm of the week, and why there is neither where the lake can't be read. The rest stands anyway."""
    try:
        return monitor.today(), monitor.rhythm(), ""
    except LakeUnreachable as why:
        return None, None, str(why)


def _period(request: PageRequest) -> int:
    """Days asked for; anything unknown is the usual period."""
    asked = request.GET.get("days", "")
    return int(asked) if asked in {str(period) for period in PERIODS} else USUAL_PERIOD
