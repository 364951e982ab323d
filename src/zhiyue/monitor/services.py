"""Writes the measures of ended days, and again whichever day's events changed since; and what taste was found."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min

from zhiyue.analyse.weights import ACTIVITY
from zhiyue.collect.models import Event, SealedDay
from zhiyue.core.kit import clock
from zhiyue.engine.drift.academy import Change
from zhiyue.engine.evaluate import Estimate
from zhiyue.monitor.measures import Measure, measure
from zhiyue.monitor.models import DailyMeasure, TasteMeasure
from zhiyue.monitor.taste import Taste, taste


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


def find_taste() -> bool:
    """Look for changes of taste once for each ended day; whether it was done now. Raises LakeUnreachable."""
    yesterday = clock.business_day() - timedelta(days=1)
    if TasteMeasure.objects.filter(day__gte=yesterday).exists():
        return False
    moment = clock.now()
    _keep_taste(taste(), moment)
    return True


@transaction.atomic
def _keep_taste(found: Taste, moment: datetime) -> None:
    TasteMeasure.objects.exclude(day=found.day).delete()
    TasteMeasure.objects.update_or_create(
        day=found.day,
        defaults={
            "first_day": found.first_day,
            "people": found.people,
            "topics": list(found.topics),
            "weeks": [
                [week.isoformat(), *(int(n) for n in counts)]
                for week, counts in zip(found.weeks, found.counts, strict=True)
            ],
            "changes": [_told(found, change) for change in found.found],
            "why_not": found.why_not,
            "half_life_days": found.half_life_days,
            "computed_at": moment,
        },
    )


def _told(found: Taste, change: Change) -> dict[str, Any]:
    day, earliest, latest = (
        (found.first_day + timedelta(days=n)).isoformat()
        for n in (change.day, change.earliest, change.latest)
    )
    return {
        "day": day,
        "earliest": earliest,
        "latest": latest,
        "chance": change.chance,
        "divergence": _interval(change.divergence),
        "variation": _interval(change.variation),
        "rises": [
            [found.topics[rise.topic], rise.before, rise.after, *_interval(rise.change)]
            for rise in change.rises
        ],
    }


def _interval(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


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
