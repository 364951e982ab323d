"""In which zone the days of the log were counted, and counting them again after that changed."""

from datetime import date

from django.conf import settings
from django.db import transaction

from zhiyue.collect.days import reopen
from zhiyue.collect.models import Event, Logbook, SealedDay, current_zone
from zhiyue.core.kit import clock

EVENTS_AT_ONCE = 5000


def other_zone() -> str:
    """The zone in which days were counted so far, where it isn't that of the settings; else nothing."""
    counted = Logbook.objects.exclude(time_zone=settings.ZHIYUE_TIME_ZONE).values_list("time_zone", flat=True)
    return counted.first() or ""


def recount() -> int:
    """Put every event under its day in the zone of the settings, and reopen every sealed day, for their hours change
    too. Returns how many events changed their day. Broken off, the next run begins again and does the rest."""
    changed, newest = 0, 0
    while rows := list(
        Event.objects.filter(pk__gt=newest)
        .order_by("pk")
        .values_list("pk", "occurred_at", "day")[:EVENTS_AT_ONCE]
    ):
        newest = rows[-1][0]
        moved: dict[date, list[int]] = {}
        left: set[date] = set()
        for pk, occurred_at, day in rows:
            if (right := clock.business_day(occurred_at)) != day:
                moved.setdefault(right, []).append(pk)
                left.add(day)
        changed += _move(moved, left)
    with transaction.atomic():
        reopen(SealedDay.objects.values_list("day", flat=True))
        Logbook.objects.update_or_create(pk=1, defaults={"time_zone": current_zone()})
    return changed


@transaction.atomic
def _move(moved: dict[date, list[int]], left: set[date]) -> int:
    reopen(left | moved.keys())
    return sum(Event.objects.filter(pk__in=pks).update(day=day) for day, pks in sorted(moved.items()))
