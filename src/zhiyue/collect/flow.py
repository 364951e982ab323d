"""What comes in and what doesn't: events stored, refused by consent, kept out by cleaning; today live, and by day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Sum
from django.db.models.functions import TruncMinute

from zhiyue.collect.models import ConsentCount, Event, QuarantineCount
from zhiyue.collect.quarantine import DAYS, ROBOT
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock

MINUTES = 60
# So many of the newest events are looked through for the minutes: a page that asks every few seconds costs the same in
# an academy of any size.
NEWEST = 20_000
ORIGINS_KEPT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Now:
    """This hour, minute by minute (oldest first), when the newest event came, and today so far by origin.

    `is_cut`: more came in this hour than is looked through, and the first minutes are missing.
    """

    minutes: tuple[tuple[datetime, int], ...]
    newest_at: datetime | None
    today: dict[str, int]
    unconsented: int
    quarantined: int
    is_cut: bool = False

    @property
    def stored(self) -> int:
        return sum(self.today.values())

    @property
    def most(self) -> int:
        return max((n for _, n in self.minutes), default=0)


@dataclass(frozen=True, slots=True)
class Day:
    """One business day: events stored, not stored for want of consent, kept out by cleaning."""

    day: date
    stored: int
    unconsented: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class OnlyCounted:
    """Acts of today of which nothing was kept but the number: without consent, and kept out by cleaning (robots',
    nobody's, people's who don't consent to analysis, and what the day's sample had no room for)."""

    unconsented: int
    kept_out: int


def now(viewer: Viewer) -> Now:
    """The flow at this moment. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    moment = clock.now()
    today = clock.business_day(moment)
    begin = moment.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    # What files brought doesn't count, nor push out what does.
    live = Event.objects.filter(source=None).order_by("-pk")
    oldest = live.values_list("occurred_at", flat=True)[NEWEST - 1 : NEWEST].first()
    told = Event.objects.filter(pk__in=live.values("pk")[:NEWEST], occurred_at__gte=begin)
    counted = told.order_by().annotate(minute=TruncMinute("occurred_at")).values_list("minute")
    by_minute = dict(counted.annotate(n=Count("pk")))
    minutes = [begin + timedelta(minutes=n) for n in range(MINUTES)]
    return Now(
        minutes=tuple((minute, by_minute.get(minute, 0)) for minute in minutes),
        newest_at=newest_at(viewer),
        today=_origins(today),
        unconsented=_sum(ConsentCount, today),
        quarantined=_sum(QuarantineCount, today),
        is_cut=oldest is not None and oldest > begin,
    )


def _origins(day: date) -> dict[str, int]:
    """Counted anew every few seconds, however many pages ask."""
    key = f"collect.origins.{day}"
    found = cache.get(key)
    if not isinstance(found, dict):
        rows = Event.objects.filter(day=day).order_by().values_list("origin").annotate(n=Count("pk"))
        found = dict(rows)
        cache.set(key, found, ORIGINS_KEPT_SECONDS)
    return found


def newest_at(viewer: Viewer) -> datetime | None:
    """When the newest event came. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    return Event.objects.order_by("-pk").values_list("recorded_at", flat=True).first()


def only_counted(viewer: Viewer) -> OnlyCounted:
    """What of today is a number and no more. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    today = clock.business_day()
    counts = QuarantineCount.objects.filter(day=today).values_list("reason", "n", "kept")
    return OnlyCounted(
        unconsented=_sum(ConsentCount, today),
        kept_out=sum(n if reason == ROBOT else n - kept for reason, n, kept in counts),
    )


def by_day(viewer: Viewer, *, days: int = DAYS) -> list[Day]:
    """The last `days` business days, today last. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    today = clock.business_day()
    since = clock.days_before(today, days - 1)
    stored = Event.objects.filter(day__gte=since).order_by().values_list("day").annotate(n=Count("pk"))
    kept, refused, out = dict(stored), _sums(ConsentCount, since), _sums(QuarantineCount, since)
    listed = [clock.days_before(today, n) for n in reversed(range(days))]
    return [Day(day, kept.get(day, 0), refused.get(day, 0), out.get(day, 0)) for day in listed]


def unconsented(viewer: Viewer, *, days: int = DAYS) -> list[tuple[str, int]]:
    """How many events of each kind weren't stored for want of consent, most first. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    since = clock.days_before(clock.business_day(), days - 1)
    counts: Counter[str] = Counter()
    for name, n in ConsentCount.objects.filter(day__gte=since).values_list("name", "n"):
        counts[name] += n
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def stored_by_kind(viewer: Viewer, *, days: int = 28) -> dict[str, int]:
    """How many events of each kind were stored in the last `days` business days. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    since = clock.days_before(clock.business_day(), days - 1)
    return dict(Event.objects.filter(day__gte=since).order_by().values_list("name").annotate(n=Count("pk")))


def _sum(table: type[ConsentCount] | type[QuarantineCount], day: date) -> int:
    return table._default_manager.filter(day=day).aggregate(n=Sum("n"))["n"] or 0


def _sums(table: type[ConsentCount] | type[QuarantineCount], since: date) -> dict[date, int]:
    rows = table._default_manager.filter(day__gte=since).order_by().values_list("day")
    return dict(rows.annotate(total=Sum("n")))
