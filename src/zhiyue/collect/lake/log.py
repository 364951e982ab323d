"""The event log as an Arrow table. Values leave the database as text and numbers and get their types all at once:
row by row in Python that takes several times as long."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

import duckdb
import pyarrow as pa
from django.conf import settings
from django.db.models import Max, Min, TextField
from django.db.models.functions import Cast

from zhiyue.collect.lake.shapes import SCHEMA
from zhiyue.collect.models import Event, EventQuerySet

ROWS_AT_ONCE = 20_000
# Past so many years (an import with a wrong date in it) the days are asked for instead of counted up.
CALENDAR_DAYS = 5000

_RAW = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("member_id", pa.int64()),
        ("visitor", pa.string()),
        ("course_id", pa.int64()),
        ("lesson_id", pa.int64()),
        ("properties", pa.string()),
        ("origin", pa.string()),
        ("purposes", pa.int16()),
        ("occurred_at", pa.string()),
        ("recorded_at", pa.string()),
        ("day", pa.string()),
    ]
)

# A moment without a zone is SQLite's way to keep UTC.
_TYPED = """
SELECT
    id, name, member_id,
    CASE WHEN member_id IS NULL THEN CAST(CAST(visitor AS UUID) AS VARCHAR) END AS visitor,
    course_id, lesson_id,
    TRY_CAST(properties ->> '$.seconds' AS INTEGER) AS seconds,
    TRY_CAST(properties ->> '$.percent' AS TINYINT) AS percent,
    properties, origin, purposes,
    CAST(occurred_at AS TIMESTAMPTZ) AS occurred_at,
    CAST(recorded_at AS TIMESTAMPTZ) AS recorded_at,
    CAST(day AS DATE) AS day,
    CAST(hour(timezone(?, CAST(occurred_at AS TIMESTAMPTZ))) AS TINYINT) AS hour
FROM raw
ORDER BY occurred_at, id
"""


def read(log: EventQuerySet) -> pa.Table:
    """The events of `log` with the columns of SCHEMA, in the order of time."""
    raw = pa.Table.from_batches(_batches(log), schema=_RAW)
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("raw", raw)
        typed = connection.execute(_TYPED, [settings.ZHIYUE_TIME_ZONE]).to_arrow_table()
    finally:
        connection.close()
    return typed.cast(SCHEMA, safe=False)


def unsealed(sealed: Collection[date], *, since: date | None = None) -> list[date]:
    """The days on and after `since` that hold events and aren't among `sealed`, oldest first.

    Found by asking for each day of the calendar that could be one: few are open, and the events are many.
    """
    return [day for day in _candidates(sealed, since) if Event.objects.filter(day=day).exists()]


def of_days(log: EventQuerySet, *, but: Collection[date], since: date | None) -> EventQuerySet:
    """The events of `log` on and after `since` whose days aren't among `but`."""
    # Named one by one, the days are found by their index; with the sealed ones excluded, every row would be looked at.
    return log.filter(day__in=_candidates(but, since))


def _candidates(sealed: Collection[date], since: date | None) -> list[date]:
    found = Event.objects.aggregate(first=Min("day"), last=Max("day"))
    first, last = found["first"], found["last"]
    if first is None:
        return []
    first = max(first, since or first)
    if (last - first).days > CALENDAR_DAYS:
        kept = Event.objects.filter(day__gte=first).order_by("day").values_list("day", flat=True)
        return [day for day in kept.distinct() if day not in sealed]
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day not in sealed]


def _batches(log: EventQuerySet) -> Iterator[pa.RecordBatch]:
    rows = (
        log.order_by()
        .values_list(
            "pk",
            "name",
            "member_id",
            Cast("visitor", TextField()),
            "course_id",
            "lesson_id",
            Cast("properties", TextField()),
            "origin",
            "purposes",
            Cast("occurred_at", TextField()),
            Cast("recorded_at", TextField()),
            Cast("day", TextField()),
        )
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    batch: list[tuple[object, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield _batch(batch)
            batch = []
    if batch:
        yield _batch(batch)


def _batch(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch(
        [pa.array(column, type=field.type) for column, field in zip(columns, _RAW, strict=True)], schema=_RAW
    )
