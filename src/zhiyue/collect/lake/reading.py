"""Reading the lake: what every analysis begins with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import duckdb
import ibis
from django.db.models import QuerySet

from zhiyue.collect.lake import log
from zhiyue.collect.lake.claiming import require_ours
from zhiyue.collect.lake.mending import Found, again, damage_found
from zhiyue.collect.lake.places import Place, place
from zhiyue.collect.lake.shapes import SCHEMA, SEALED_SCHEMA
from zhiyue.collect.models import Event, SealedDay
from zhiyue.collect.subjects import key_table
from zhiyue.core.consent.purposes import Purpose

_BY_KEY = ", ".join(
    f"k.{column}" if column in ("member_id", "visitor") else f"s.{column}" for column in SCHEMA.names
)
_SEALED = f"SELECT {_BY_KEY} FROM sealed_days s JOIN subjects k ON k.key = s.subject"  # noqa: S608 - columns
_OPEN = f"SELECT {', '.join(SCHEMA.names)} FROM open_days"  # noqa: S608 - columns


def ask(question: Callable[[ibis.Table], Found], *, purpose: Purpose, since: date | None = None) -> Found:
    """What `question` finds in the `events`. It is asked again where a file turns out to be damaged, so it reads all
    that it needs before it returns, and changes nothing. Raises LakeUnreachable."""

    def once() -> Found:
        with events(purpose=purpose, since=since) as table:
            return question(table)

    return again(once)


@contextmanager
def events(*, purpose: Purpose, since: date | None = None) -> Iterator[ibis.Table]:
    """The events that may be used for `purpose`, of business days on and after `since` (default: all), with the
    columns of SCHEMA. What is sealed under a key that nobody stands behind any more is left out.

    Raises LakeUnreachable; LakeDamaged where a file was damaged and reading once more goes without it, as `ask` does.
    """
    here = place()
    connection = ibis.duckdb.connect()
    try:
        with damage_found(here, _show(connection.con, here, purpose, since)):
            yield connection.table("events")
    finally:
        connection.disconnect()


def oldest_days() -> dict[str, date]:
    """The oldest day that is kept of each kind of event, whatever it may be used for. Raises LakeUnreachable."""
    return again(_oldest_days)


def _oldest_days() -> dict[str, date]:
    here = place()
    connection = duckdb.connect()
    try:
        with damage_found(here, _show(connection, here, None, None)):
            rows = connection.execute("SELECT name, min(day) FROM events GROUP BY name").fetchall()
    finally:
        connection.close()
    return dict(rows)


def _show(
    connection: duckdb.DuckDBPyConnection, here: Place, purpose: Purpose | None, since: date | None
) -> list[SealedDay]:
    """Lay the view `events` into `connection`. Returns the days whose files it reads."""
    in_log = Event.objects.all() if purpose is None else Event.objects.serving(purpose)
    ledger = SealedDay.objects.all()
    if since is not None:
        ledger = ledger.filter(day__gte=since)
    # In this order and without a lock: the log keeps sealed days too, so a day that is sealed between the reads is
    # read from it, and one that is reopened is read as it was a moment ago. Keys come after the files that use them.
    used = _whole(here, ledger)
    sealed = {row.day: row.file for row in used}
    keys = key_table() if sealed else None
    open_days = log.read(log.of_days(in_log, but=sealed, since=since))
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("open_days", open_days)
    shown = _OPEN
    if sealed:
        connection.register("sealed_days", here.dataset(list(sealed.values()), SEALED_SCHEMA))
        connection.register("subjects", keys)
        serves = "" if purpose is None else f" WHERE s.purposes & {int(purpose)} <> 0"
        shown = f"{_SEALED}{serves} UNION ALL {_OPEN}"
    connection.execute(f"CREATE VIEW events AS {shown}")
    return used


def sealed_files(here: Place, ledger: QuerySet[SealedDay]) -> dict[date, str]:
    """The file of each sealed day; a day whose file was lost or cut counts as open and is sealed again."""
    return {row.day: row.file for row in _whole(here, ledger)}


def broken_files() -> list[str]:
    """Files of sealed days that are missing, or not as long as they were. Raises LakeUnreachable, even where nothing
    is sealed yet, and where the place isn't ours."""
    here = place()
    require_ours(here)
    return [row.file for row, is_whole in _looked_for(here, SealedDay.objects.all()) if not is_whole]


def _whole(here: Place, ledger: QuerySet[SealedDay]) -> list[SealedDay]:
    return [row for row, is_whole in _looked_for(here, ledger) if is_whole]


def _looked_for(here: Place, ledger: QuerySet[SealedDay]) -> list[tuple[SealedDay, bool]]:
    named = list(ledger.exclude(file="").order_by("day"))
    lying = here.files()
    return [(row, row.file in lying and lying[row.file].size == row.size) for row in named]


def days_with_dead_keys() -> list[date]:
    """Sealed days that hold events of a key nobody stands behind any more. Raises LakeUnreachable."""
    return again(_days_with_dead_keys)


def _days_with_dead_keys() -> list[date]:
    here = place()
    used = _whole(here, SealedDay.objects.all())
    if not used:
        return []
    keys = key_table()
    connection = duckdb.connect()
    try:
        connection.register("sealed_days", here.dataset([row.file for row in used], SEALED_SCHEMA))
        connection.register("subjects", keys.select(["key"]))
        with damage_found(here, used):
            rows = connection.execute(
                "SELECT DISTINCT s.day FROM sealed_days s ANTI JOIN subjects k ON k.key = s.subject ORDER BY 1"
            ).fetchall()
    finally:
        connection.close()
    return [day for (day,) in rows]
