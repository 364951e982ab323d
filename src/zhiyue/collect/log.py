"""The one writer of the event log in bulk: rows under the unique key of their ids, and past days read anew.

No model objects here: a row is a tuple in the order of the columns, and a statement takes them all.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from zhiyue.collect.cleaning import Cleaned
from zhiyue.collect.days import reopen
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.purposes import Purpose

# From so many rows on PostgreSQL is told by COPY, into a table of their own.
COPY_FROM = 500
# So many go to SQLite, or through COPY, at once: what is in memory in the database's own form.
AT_ONCE = 20_000


class LogRow(NamedTuple):
    """An event as the table has it."""

    event_id: UUID
    name: str
    member_id: int | None
    visitor: UUID | None
    course_id: int | None
    lesson_id: int | None
    properties: Any
    origin: str
    occurred_at: datetime
    recorded_at: datetime
    day: date
    corrections: Sequence[str]
    purposes: int
    source_id: int | None = None


_COLUMNS = ", ".join(LogRow._fields)
_TYPES = {
    "event_id": "uuid",
    "name": "text",
    "member_id": "bigint",
    "visitor": "uuid",
    "course_id": "bigint",
    "lesson_id": "bigint",
    "properties": "jsonb",
    "origin": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "day": "date",
    "corrections": "jsonb",
    "purposes": "smallint",
    "source_id": "bigint",
}
_TABLE = Event._meta.db_table
_ONCE = "ON CONFLICT (event_id) DO NOTHING"
_FROM_JSON = (
    f"INSERT INTO {_TABLE} ({_COLUMNS}) SELECT {_COLUMNS} FROM json_to_recordset(%s) AS told ("  # noqa: S608
    + ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
    + f") {_ONCE}"
)
# JSON arrives as text: told in PostgreSQL's own binary form a row costs a quarter of what it does as words.
_STAGE_TYPES = {name: "text" if kind == "jsonb" else kind for name, kind in _TYPES.items()}
_STAGE = f"{_TABLE}_stage"
_MAKE_STAGE = (
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGE} ("
    + ", ".join(f"{name} {kind}" for name, kind in _STAGE_TYPES.items())
    + ") ON COMMIT DELETE ROWS"
)
_COPY = f"COPY {_STAGE} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_FROM_STAGE = (
    f"INSERT INTO {_TABLE} ({_COLUMNS}) SELECT "  # noqa: S608
    + ", ".join(f"{name}::{kind}" for name, kind in _TYPES.items())
    + f" FROM {_STAGE} {_ONCE}"
)
_SQLITE = f"INSERT INTO {_TABLE} ({_COLUMNS}) VALUES ({', '.join(['%s'] * len(_TYPES))}) {_ONCE}"  # noqa: S608
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str).encode


def row_of(
    cleaned: Cleaned,
    *,
    actor: Actor,
    origin: str,
    received_at: datetime,
    purposes: Purpose,
    zone: ZoneInfo,
) -> LogRow:
    """`zone` is the academy's, which whoever makes many rows asks for once."""
    return LogRow(
        cleaned.event_id,
        cleaned.kind.name,
        actor.member_id,
        # Beside a member it would lead to what the same browser did as a visitor, whether or not they let that join.
        actor.visitor if actor.member_id is None else None,
        cleaned.course_id,
        cleaned.lesson_id,
        cleaned.properties,
        origin,
        cleaned.occurred_at,
        received_at,
        cleaned.occurred_at.astimezone(zone).date(),
        cleaned.corrections,
        int(purposes),
    )


@transaction.atomic(savepoint=False)
def append(rows: Sequence[LogRow]) -> int:
    """Store rows whose event id is new; the unique key decides, so two at once can't both store one. Returns how many
    were new."""
    if not rows:
        return 0
    reopen({row.day for row in rows})
    new = 0
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        with connection.cursor() as cursor:
            if connection.vendor != "postgresql":
                cursor.executemany(_SQLITE, [_for_sqlite(row) for row in some])
            elif len(some) < COPY_FROM:
                # A third of what fourteen arrays cost both sides.
                cursor.execute(_FROM_JSON, [_encode([row._asdict() for row in some])])
            else:
                _stage(cursor, some)
            new += cursor.rowcount
    return new


def _stage(cursor: Any, rows: Sequence[LogRow]) -> None:
    cursor.execute(_MAKE_STAGE)
    # Rows of an earlier call in this transaction.
    cursor.execute(f"TRUNCATE {_STAGE}")
    with cursor.copy(_COPY) as copy:
        copy.set_types(list(_STAGE_TYPES.values()))
        for row in rows:
            copy.write_row(_for_postgresql(row))
    cursor.execute(_FROM_STAGE)


def _for_postgresql(row: LogRow) -> tuple[object, ...]:
    properties, corrections = row[6], row[11]
    return (
        *row[:6],
        _encode(properties) if properties else "{}",
        *row[7:11],
        _encode(corrections) if corrections else "[]",
        *row[12:],
    )


def _for_sqlite(row: LogRow) -> tuple[str | int | None, ...]:
    """As Django's fields write them: UUIDs as hexadecimal digits, moments in UTC without their zone."""
    visitor, properties, corrections = row[3], row[6], row[11]
    return (
        row[0].hex,
        row[1],
        row[2],
        visitor.hex if visitor else None,
        row[4],
        row[5],
        _encode(properties) if properties else "{}",
        row[7],
        _utc(row[8]),
        _utc(row[9]),
        row[10].isoformat(),
        _encode(corrections) if corrections else "[]",
        row[12],
        row[13],
    )


def _utc(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ")
