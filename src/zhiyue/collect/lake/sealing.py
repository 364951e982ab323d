"""Sealing: one day of the log into one file.

Days are sealed when the transactions that recorded in them are over. A day whose events changed after that is read
from the log until it is sealed again. Should an event still miss its file, that is found by count for three days.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from zhiyue.collect.lake import log
from zhiyue.collect.lake.claiming import claimed, is_sealed_name
from zhiyue.collect.lake.places import UNFINISHED, Place, Stored
from zhiyue.collect.lake.reading import days_with_dead_keys, sealed_files
from zhiyue.collect.lake.shapes import GROWING, SEALED_SCHEMA
from zhiyue.collect.models import Event, SealedDay, Subject
from zhiyue.collect.subjects import keys_for
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock

# Who records in a day that isn't over takes no lock on it, so sealing can't wait for what is recorded before midnight
# and committed after it. It comes later instead, by far more than any transaction of ours lasts.
SETTLING = timedelta(minutes=10)
# And should one have lasted longer (a machine put to sleep), the files of this many days are counted against the log.
RECOUNTED_DAYS = 3
# A day that is written to all the time is left open after so many tries; it is read from the log meanwhile.
TRIES = 5
SWEPT_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A day as it was at one revision: its file, whose name nobody knows yet, and keys that only this file uses."""

    revision: int
    file: str
    rows: int
    size: int
    checksum: str
    fresh: list[Subject]


def seal_past_days() -> int:
    """Write every day that ended ten minutes ago or longer and isn't sealed into its Parquet file, and recent days
    again whose file doesn't hold as many events as the log. Returns how many were written. Raises LakeUnreachable."""
    today = clock.business_day(clock.now() - SETTLING)
    here = claimed()
    sealed = sealed_files(here, SealedDay.objects.all())
    due = {day for day in log.unsealed(sealed) if day < today} | _miscounted(today)
    return _seal_all(sorted(due), here)


def compact() -> int:
    """Write those days again whose files still hold events of people who were forgotten. Returns how many.
    Raises LakeUnreachable."""
    here = claimed()
    return _seal_all(days_with_dead_keys(), here)


def seal(*, day: date) -> bool:
    """Write one ended day; readers see the old state or the new one, never half. False where it was changed again
    and again meanwhile: then it stays as it is. Raises LakeUnreachable."""
    return _seal(day, claimed())


def _seal(day: date, here: Place) -> bool:
    SealedDay.objects.bulk_create([SealedDay(day=day)], ignore_conflicts=True)
    return any(_try_to_seal(day, here) for _ in range(TRIES))


def sweep() -> int:
    """Remove files of ours that no day points to any more and that no reader can still hold open. Returns how many.
    What else lies there stays. Raises LakeUnreachable."""
    here = claimed()
    left = left_over(here.files(), before=clock.now() - SWEPT_AFTER)
    for name in left:
        here.delete(name)
    return len(left)


def left_over(lying: Mapping[str, Stored], *, before: datetime) -> list[str]:
    """Those of our files that no day has pointed to since `before`. List them first: what is sealed between the list
    and the look at the ledger is then in neither, or in both."""
    pointed = set(SealedDay.objects.values_list("file", flat=True))
    # A file may be old, and replaced or its day reopened a moment ago.
    just_now = SealedDay.objects.filter(Q(sealed_at__gte=before) | Q(changed_at__gte=before))
    spared = {day.isoformat() for day in just_now.values_list("day", flat=True)}
    return sorted(
        name
        for name, file in lying.items()
        if is_sealed_name(name)
        and name not in pointed
        and file.modified < before
        and name.removeprefix(UNFINISHED)[: len("YYYY-MM-DD")] not in spared
    )


def _seal_all(days: list[date], here: Place) -> int:
    written = 0
    for number, day in enumerate(days, 1):
        written += _seal(day, here)
        progress(done=number, total=len(days), note=day.isoformat())
    return written


def _try_to_seal(day: date, here: Place) -> bool:
    """The file is written before the lock is taken, so that nobody waits for a disk or a network; under the lock it
    is shown only if the day is what was read."""
    draft = _draft(day, here)
    try:
        if _show(day, draft):
            return True
    except IntegrityError:
        # Another day gave somebody their first key meanwhile, or somebody went.
        pass
    if draft.file:
        here.delete(draft.file)
    return False


def _draft(day: date, here: Place) -> _Draft:
    revision = SealedDay.objects.values_list("revision", flat=True).get(day=day)
    events = log.read(Event.objects.filter(day=day))
    if not events.num_rows:
        return _Draft(revision, "", 0, 0, "", [])
    keys, fresh = keys_for(events)
    columns = {"subject": keys} | {name: events[name] for name in SEALED_SCHEMA.names if name != "subject"}
    content = _parquet(pa.table([columns[name] for name in SEALED_SCHEMA.names], schema=SEALED_SCHEMA))
    draft = _Draft(
        revision,
        f"{day}-{uuid4().hex[:8]}.parquet",
        events.num_rows,
        content.size,
        hashlib.sha256(content).hexdigest(),
        fresh,
    )
    here.put(draft.file, content)
    return draft


@transaction.atomic
def _show(day: date, draft: _Draft) -> bool:
    ledger = SealedDay.objects.select_for_update().get(day=day)
    if ledger.revision != draft.revision:
        return False
    Subject.objects.bulk_create(draft.fresh, batch_size=500)
    ledger.rows, ledger.file, ledger.size, ledger.checksum = (
        draft.rows,
        draft.file,
        draft.size,
        draft.checksum,
    )
    ledger.revision, ledger.sealed_at = draft.revision + 1, clock.now()
    ledger.save()
    return True


def _parquet(table: pa.Table) -> pa.Buffer:
    out = pa.BufferOutputStream()
    pq.write_table(
        table,
        out,
        compression="zstd",
        column_encoding=dict.fromkeys(GROWING, "DELTA_BINARY_PACKED"),
        use_dictionary=[name for name in table.column_names if name not in GROWING],
    )
    return out.getvalue()


def _miscounted(today: date) -> set[date]:
    recent = {"day__gte": clock.days_before(today, RECOUNTED_DAYS), "day__lt": today}
    # The files' counts first: a day that is reopened between the two reads is due for sealing anyway.
    in_files = dict(SealedDay.objects.filter(**recent).exclude(file="").values_list("day", "rows"))
    counted = Event.objects.filter(**recent).order_by().values_list("day").annotate(n=Count("pk"))
    in_log = dict(counted)
    return {day for day, rows in in_files.items() if rows != in_log.get(day, 0)}
