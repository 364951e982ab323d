"""The lake: past days as sealed Parquet, open days from the event log, read as one table by DuckDB.

`events()` is what every analysis reads; `day` and `hour` in it are those of the business zone.
Days are sealed when the transactions that recorded in them are over. A day whose events changed after that is read
from the log until it is sealed again. Should an event still miss its file, that is found by count for three days.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from ibis.backends.duckdb import Backend

from zhiyue.collect.models import Event, SealedDay
from zhiyue.core.kit import clock

# Who records in a day that isn't over takes no lock on it, so sealing can't wait for what is recorded before midnight
# and committed after it. It comes later instead, by far more than any transaction of ours lasts.
SETTLING = timedelta(minutes=10)
# And should one have lasted longer (a machine put to sleep), the files of this many days are counted against the log.
RECOUNTED_DAYS = 3

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("member_id", pa.int64()),
        ("visitor", pa.string()),
        ("course_id", pa.int64()),
        ("lesson_id", pa.int64()),
        ("seconds", pa.int32()),
        ("occurred_at", pa.timestamp("ms", tz="UTC")),
        ("day", pa.date32()),
        ("hour", pa.int8()),
    ]
)


@contextmanager
def events(*, since: date | None = None) -> Iterator[ibis.Table]:
    """The events of business days on and after `since` (default: all) with the columns of SCHEMA."""
    connection = ibis.duckdb.connect()
    try:
        yield _scan(connection, since)
    finally:
        connection.disconnect()


def seal_past_days() -> int:
    """Write every day that ended ten minutes ago or longer and isn't sealed into its Parquet file, and recent days
    again whose file doesn't hold as many events as the log. Returns how many were written."""
    today = clock.business_day(clock.now() - SETTLING)
    days = set(Event.objects.filter(day__lt=today).order_by().values_list("day", flat=True).distinct())
    due = days - set(_sealed(SealedDay.objects.all())) | _miscounted(today)
    for day in sorted(due):
        seal(day=day)
    return len(due)


def seal(*, day: date) -> None:
    """Write one ended day; readers see the old state or the new one, never half."""
    SealedDay.objects.bulk_create([SealedDay(day=day)], ignore_conflicts=True)
    with transaction.atomic():
        ledger = SealedDay.objects.select_for_update().get(day=day)
        table = _from_log(Event.objects.filter(day=day))
        name = f"{day}-{uuid4().hex[:8]}.parquet"
        unfinished = _folder() / f".{name}"
        pq.write_table(table, unfinished, compression="zstd")
        unfinished.rename(_folder() / name)
        ledger.rows, ledger.file, ledger.sealed_at = table.num_rows, name, clock.now()
        ledger.save()


def sweep() -> int:
    """Remove files that no day points to any more and that no reader can still hold open. Returns how many."""
    kept = set(SealedDay.objects.values_list("file", flat=True))
    hour_ago = clock.now().timestamp() - 3600
    old = [f for f in _folder().glob("*.parquet") if f.name not in kept and f.stat().st_mtime < hour_ago]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def _folder() -> Path:
    folder = Path(settings.ZHIYUE_DATA_DIR) / "lake"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _scan(connection: Backend, since: date | None) -> ibis.Table:
    log = Event.objects.all()
    ledger = SealedDay.objects.all()
    if since is not None:
        log, ledger = log.filter(day__gte=since), ledger.filter(day__gte=since)
    # In this order and without a lock: the log keeps sealed days too, so a day that is sealed between the two
    # reads is read from it, and one that is reopened is read as it was a moment ago.
    sealed = _sealed(ledger)
    still_open = _from_log(log.exclude(day__in=list(sealed)))
    connection.con.register("open_days", still_open)
    table = connection.table("open_days")
    if sealed:
        files = [str(_folder() / file) for file in sealed.values()]
        table = connection.read_parquet(files, table_name="sealed_days").union(table)
    return table


def _sealed(ledger: QuerySet[SealedDay]) -> dict[date, str]:
    """The file of each sealed day; a day whose file was lost counts as open and is sealed again."""
    named = ledger.exclude(file="").values_list("day", "file")
    return {day: file for day, file in named if (_folder() / file).exists()}


def _miscounted(today: date) -> set[date]:
    recent = {"day__gte": clock.days_before(today, RECOUNTED_DAYS), "day__lt": today}
    # The files' counts first: a day that is reopened between the two reads is due for sealing anyway.
    in_files = dict(SealedDay.objects.filter(**recent).exclude(file="").values_list("day", "rows"))
    counted = Event.objects.filter(**recent).order_by().values_list("day").annotate(n=Count("pk"))
    in_log = dict(counted)
    return {day for day, rows in in_files.items() if rows != in_log.get(day, 0)}


def _from_log(log: QuerySet[Event]) -> pa.Table:
    rows = log.order_by("pk").values_list(
        "pk", "name", "member_id", "visitor", "course_id", "lesson_id", "properties", "occurred_at", "day"
    )
    columns: list[list[object]] = [[] for _ in SCHEMA]
    zone = clock.business_zone()
    for pk, name, member, visitor, course, lesson, properties, occurred_at, day in rows.iterator(
        chunk_size=5000
    ):
        seconds = properties.get("seconds")
        key = str(visitor) if visitor else None
        hour = occurred_at.astimezone(zone).hour
        values = (pk, name, member, key, course, lesson, seconds, occurred_at, day, hour)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return pa.table(
        [pa.array(column, type=f.type) for column, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
