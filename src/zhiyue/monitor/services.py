"""Writes the measures of ended days, and again whichever day's events changed since."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Min

from zhiyue.analyse.weights import ACTIVITY
from zhiyue.collect.models import Event, SealedDay
from zhiyue.core.kit import clock
from zhiyue.monitor.measures import Measure, measure
from zhiyue.monitor.models import DailyMeasure


def measure_past_days() -> int:
    """Measure every ended day that was not, under today's definition, or whose window changed. Returns how many.

    Computed before the transaction begins, which on SQLite keeps other writers out.
    """
    start = _stale_from()
    if start is None:
        return 0
    yesterday = clock.business_day() - timedelta(days=1)
    days = [start + timedelta(days=n) for n in range((yesterday - start).days + 1)]
    # Noted before the events are read: what comes while they are read makes the day stale again.
    moment = clock.now()
    found = measure(days)
    _keep(found, moment)
    return len(found)


@transaction.atomic
def _keep(found: list[Measure], moment: datetime) -> None:
    DailyMeasure.objects.bulk_create(
        [_row(one, moment) for one in found],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["definition", "members", "a", "parts", "dau", "wau", "mau", "computed_at"],
        batch_size=200,
    )


def _row(one: Measure, moment: datetime) -> DailyMeasure:
    return DailyMeasure(
        day=one.day,
        definition=ACTIVITY.version,
        members=one.members,
        a=one.a,
        parts=one.parts,
        dau=one.dau,
        wau=one.wau,
        mau=one.mau,
        computed_at=moment,
    )


def _stale_from() -> date | None:
    """The first ended day that needs measuring; None where none does.

    A day's measure reads the window before it, so everything from the first changed day on is measured again.
    """
    today = clock.business_day()
    first = Event.objects.filter(day__lt=today).aggregate(day=Min("day"))["day"]
    if first is None:
        return None
    current = DailyMeasure.objects.filter(definition=ACTIVITY.version, day__lt=today)
    measured = dict(current.values_list("day", "computed_at"))
    changed = [
        day
        for day, *moments in SealedDay.objects.values_list("day", "sealed_at", "changed_at")
        if (known := [at for at in moments if at]) and (day not in measured or max(known) > measured[day])
    ]
    missing = [
        first + timedelta(days=n)
        for n in range((today - first).days)
        if first + timedelta(days=n) not in measured
    ]
    return min([*changed, *missing], default=None)
