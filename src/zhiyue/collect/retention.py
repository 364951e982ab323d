"""How long events are kept: each kind for the days that the vocabulary tells, or fewer where a setting says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, Sum

from zhiyue.collect import quarantine, subjects
from zhiyue.collect.consenting import forget_counts
from zhiyue.collect.days import reopen
from zhiyue.collect.lake import oldest_days
from zhiyue.collect.models import Event, Forgotten
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock

# Of events whose kind has left the vocabulary.
UNKNOWN_KEPT_DAYS = 400
COUNTS_KEPT_DAYS = 400
EVENTS_AT_ONCE = 2000
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Keeping:
    """How one kind of event is kept. `oldest` is the first day of which there are any; `last_run` when some went
    last, `gone_last` how many then, `gone_month` in the last thirty days."""

    name: str
    days_kept: int
    oldest: date | None
    last_run: date | None
    gone_last: int
    gone_month: int


def days_kept(name: str) -> int:
    """How many business days events of this kind are kept, the one on which they happened among them."""
    days = KINDS[name].days_kept if name in KINDS else UNKNOWN_KEPT_DAYS
    at_most = settings.ZHIYUE_EVENTS_KEEP_DAYS
    return min(days, at_most) if at_most else days


def goes_on(name: str, day: date) -> date:
    """The business day on which events of this kind that happened on `day` are deleted."""
    return day + timedelta(days=days_kept(name))


def forget_old() -> int:
    """Delete what was kept long enough: events, counts, samples, keys of whom nothing is left. Returns the number of
    events. Broken off, the next run goes on."""
    today = clock.business_day()
    due = list(_due(today))
    gone = 0
    for number, (day, names) in enumerate(due, 1):
        gone += _forget(day, names, today)
        progress(done=number, total=len(due), note=day.isoformat())
    subjects.prune()
    quarantine.expire()
    forget_counts(days=COUNTS_KEPT_DAYS)
    Forgotten.objects.filter(day__lt=clock.days_before(today, COUNTS_KEPT_DAYS)).delete()
    return gone


def overview() -> list[Keeping]:
    """Every kind of the vocabulary, and every other of which there are events, in the order of names.
    Raises LakeUnreachable."""
    oldest = oldest_days()
    since = clock.days_before(clock.business_day(), MONTH_DAYS)
    month = dict(Forgotten.objects.filter(day__gt=since).order_by().values_list("name").annotate(Sum("n")))
    last = dict(Forgotten.objects.order_by().values_list("name").annotate(Max("day")))
    newest = Q()
    for name, day in last.items():
        newest |= Q(name=name, day=day)
    gone = dict(Forgotten.objects.filter(newest).values_list("name", "n")) if last else {}
    return [
        Keeping(
            name, days_kept(name), oldest.get(name), last.get(name), gone.get(name, 0), month.get(name, 0)
        )
        for name in sorted(KINDS.keys() | oldest.keys())
    ]


def _due(today: date) -> Iterable[tuple[date, list[str]]]:
    """Days with the kinds that have been kept long enough, oldest first."""
    shortest = min([UNKNOWN_KEPT_DAYS, *(days_kept(name) for name in KINDS)])
    last = clock.days_before(today, shortest)
    pairs = Event.objects.filter(day__lte=last).order_by("day").values_list("day", "name").distinct()
    by_day: dict[date, list[str]] = {}
    for day, name in pairs:
        if day <= clock.days_before(today, days_kept(name)):
            by_day.setdefault(day, []).append(name)
    return by_day.items()


def _forget(day: date, names: list[str], today: date) -> int:
    gone = 0
    # A batch at a time, each with its day reopened: nobody waits long, and what is read is right after each.
    while batch := _forget_some(day, names, today):
        gone += batch
    return gone


@transaction.atomic
def _forget_some(day: date, names: list[str], today: date) -> int:
    old = Event.objects.filter(day=day, name__in=names).order_by("pk")
    found = dict(old.values_list("pk", "name")[:EVENTS_AT_ONCE])
    if not found:
        return 0
    reopen([day])
    Event.objects.filter(pk__in=list(found)).delete()
    counts: dict[str, int] = {}
    for name in found.values():
        counts[name] = counts.get(name, 0) + 1
    for name, n in sorted(counts.items()):
        before = clock.days_before(today, days_kept(name) - 1)
        Forgotten.objects.bulk_create([Forgotten(day=today, name=name, before=before)], ignore_conflicts=True)
        Forgotten.objects.filter(day=today, name=name).update(n=F("n") + n, before=before)
    return len(found)
