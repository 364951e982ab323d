"""Reads of the monitor: today computed as asked, past days from their measures."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

import ibis
import pyarrow as pa

from zhiyue.analyse.weights import ACTIVITY, ACTIVITY_POINTS, ACTIVITY_POINTS_PER_MINUTE
from zhiyue.collect import lake
from zhiyue.collect.models import Event
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.accounts.selectors import member_count
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.engine import activity
from zhiyue.engine.drift.academy import WhyNot
from zhiyue.monitor.measures import Measure, measure, points_table
from zhiyue.monitor.models import DailyMeasure, TasteMeasure


@dataclass(frozen=True, slots=True)
class TopicMoved:
    """A topic's share of all choices before and after a change, and the difference with its 95 % interval."""

    topic: str
    before: float
    after: float
    change: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class TasteChange:
    """What learners care about changed on `day`, which lies between `earliest` and `latest` (95 %). `variation`: share
    of choices that are others now; `divergence`: Jensen–Shannon, in bits; each with its 95 % interval. `chance`: how
    often so much is seen where nothing changed. `topics`: those that rose most first."""

    day: date
    earliest: date
    latest: date
    chance: float
    variation: tuple[float, float, float]
    divergence: tuple[float, float, float]
    topics: tuple[TopicMoved, ...]


@dataclass(frozen=True, slots=True)
class TasteFound:
    """Half a year of what learners chose, ended with `day`. `weeks`: first day and how many choices fell on each topic
    (slugs). `why_not`: why no change could be looked for, else empty."""

    day: date
    people: int
    topics: tuple[str, ...]
    weeks: tuple[tuple[date, tuple[int, ...]], ...]
    changes: tuple[TasteChange, ...]
    why_not: WhyNot
    half_life_days: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """What one event did to one member's activity and to the academy's, today; in points of 100."""

    points: float
    family: str
    own_before: float
    own_after: float
    academy_before: float
    academy_after: float
    members: int


@dataclass(frozen=True, slots=True)
class Worth:
    """One row of the weight table: points an event, or a minute of it."""

    event: str
    family: str
    meaning: str
    points: float
    per_minute: bool


def today() -> Measure:
    """Today so far."""
    return measure([clock.business_day()])[0]


def daily(days: int = 90) -> list[Measure]:
    """The last `days` measured days, oldest first, today last and fresh. Days never measured are absent.
    Raises LakeUnreachable."""
    current = today()
    return [*ended(days), current]


def ended(days: int = 90) -> list[Measure]:
    """Those of the last `days` measured days that are over, oldest first, as they were measured: no lake is read."""
    current = clock.business_day()
    rows = DailyMeasure.objects.filter(day__gte=current - timedelta(days=days - 1), day__lt=current)
    return [
        Measure(day=r.day, members=r.members, a=r.a, parts=r.parts, dau=r.dau, wau=r.wau, mau=r.mau)
        for r in rows
    ]


def rhythm(weeks: int = 4) -> list[list[int]]:
    """Events by weekday (7 rows, Monday first) and hour (24 columns) of the business zone, over whole past weeks.
    Raises LakeUnreachable."""
    end = clock.business_day()
    grid = [[0] * 24 for _ in range(7)]

    def counted(events: ibis.Table) -> pa.Table:
        return activity.rhythm(events.filter(events.day < end, events.member_id.notnull())).to_pyarrow()

    rows = lake.ask(counted, purpose=Purpose.ANALYTICS, since=end - timedelta(days=7 * weeks)).to_pylist()
    for row in rows:
        grid[row["weekday"]][row["hour"]] = row["events"]
    return grid


def taste_found() -> TasteFound | None:
    """What learners care about and since when, as it was last found; None before the first time."""
    row = TasteMeasure.objects.order_by("-day").first()
    if row is None:
        return None
    return TasteFound(
        day=row.day,
        people=row.people,
        topics=tuple(row.topics),
        weeks=tuple((date.fromisoformat(first), tuple(counts)) for first, *counts in row.weeks),
        changes=tuple(
            TasteChange(
                day=date.fromisoformat(told["day"]),
                earliest=date.fromisoformat(told["earliest"]),
                latest=date.fromisoformat(told["latest"]),
                chance=told["chance"],
                variation=tuple(told["variation"]),
                divergence=tuple(told["divergence"]),
                topics=tuple(TopicMoved(*cells) for cells in told["rises"]),
            )
            for told in row.changes
        ),
        why_not=cast(WhyNot, row.why_not),
        half_life_days=row.half_life_days,
    )


def definition() -> list[Worth]:
    """The weight table behind A, as the desk shows it."""
    rows = [(name, worth, False) for name, worth in ACTIVITY_POINTS.items()]
    rows += [(name, worth, True) for name, worth in ACTIVITY_POINTS_PER_MINUTE.items()]
    return [
        Worth(name, KINDS[name].family, KINDS[name].meaning, worth, per_minute)
        for name, worth, per_minute in rows
    ]


def move(event: Event) -> Move | None:
    """What `event` changed in today's A. None where it is a visitor's, or may not be counted: neither is in A."""
    if event.member_id is None or Purpose.ANALYTICS not in Purpose(event.purposes):
        return None
    as_of = clock.business_day()
    after = _own_activity(event.member_id, as_of, until_pk=event.pk)
    before = _own_activity(event.member_id, as_of, until_pk=event.pk - 1)
    people = max(member_count(), 1)
    academy_now = measure([as_of])[0].a
    # Later events of the same member are part of the academy's A now, and of neither state here.
    latest = _own_activity(event.member_id, as_of, until_pk=None)
    academy_after = academy_now - (latest - after) / people
    return Move(
        points=_points(event),
        family=KINDS[event.name].family if event.name in KINDS else "",
        own_before=before,
        own_after=after,
        academy_before=academy_after - (after - before) / people,
        academy_after=academy_after,
        members=people,
    )


def _points(event: Event) -> float:
    if event.name in ACTIVITY_POINTS_PER_MINUTE:
        return float(ACTIVITY_POINTS_PER_MINUTE[event.name] * event.properties.get("seconds", 0) / 60)
    return ACTIVITY_POINTS.get(event.name, 0.0)


def _own_activity(member_id: int, as_of: date, *, until_pk: int | None) -> float:
    """a_i of one member, from the log, with the same expression that the whole academy is measured with."""
    own = Event.objects.serving(Purpose.ANALYTICS).filter(
        member_id=member_id, day__gt=as_of - timedelta(days=ACTIVITY.window_days), day__lte=as_of
    )
    if until_pk is not None:
        own = own.filter(pk__lte=until_pk)
    rows = list(own.values_list("name", "properties", "day"))
    if not rows:
        return 0.0
    events = pa.table(
        {
            "name": [name for name, _, _ in rows],
            "member_id": pa.array([member_id] * len(rows), pa.int64()),
            "seconds": pa.array([props.get("seconds") for _, props, _ in rows], pa.int32()),
            "day": pa.array([day for _, _, day in rows], pa.date32()),
        }
    )
    asked = ibis.memtable(pa.table({"as_of": pa.array([as_of], pa.date32())}))
    per_day = activity.user_days(ibis.memtable(events), points_table())
    # A connection of its own: ibis's default one is shared by threads and not safe there.
    engine = ibis.duckdb.connect()
    try:
        found = engine.to_pyarrow(activity.member_activity(per_day, asked, ACTIVITY)).to_pylist()
    finally:
        engine.disconnect()
    return float(found[0]["a"]) if found else 0.0
