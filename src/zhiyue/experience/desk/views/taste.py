"""What learners care about, and since when."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from zhiyue.analyse.weights import HALF_LIFE_DAYS
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.sheets import csv_row
from zhiyue.experience.desk import tastes
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.monitor import selectors as monitor


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def taste(request: PageRequest) -> HttpResponse:
    found = monitor.taste_found()
    page: dict[str, object] = {"tab": "taste", "found": found, "usual_half_life": HALF_LIFE_DAYS}
    if found is not None and found.people:
        names = tastes.topic_names()
        page |= {
            "chart": tastes.chart(found, names, csv_url=reverse("desk:taste_csv")),
            # The newest first, as it is read.
            "changes": [tastes.told(change, names) for change in reversed(found.changes)],
        }
    return render(request, "desk/taste.html", page)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def taste_csv(request: PageRequest) -> HttpResponse:
    """Choices by week and topic (slug)."""
    found = monitor.taste_found()
    name = f"taste-{found.day.isoformat()}.csv" if found is not None else "taste.csv"
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.write(csv_row(["week", *(found.topics if found is not None else ())]))
    for first, counts in found.weeks if found is not None else ():
        answer.write(csv_row([first.isoformat(), *counts]))
    return answer
