"""Is the lake what the log says? A look at everything, and what is known without one."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import Count, Max, Sum
from django.utils.translation import pgettext

from zhiyue.collect.days import give_up
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.lake import log
from zhiyue.collect.lake.claiming import claimed
from zhiyue.collect.lake.places import Place, place
from zhiyue.collect.lake.sealing import SETTLING, SWEPT_AFTER, left_over
from zhiyue.collect.models import Event, LakeCheck, SealedDay
from zhiyue.collect.subjects import key_table
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock

CHECKS_KEPT = 30
FAULTS_KEPT = 100
# What is changed while it is looked at is looked at again.
LOOKS = 3
# A file that nobody points to is swept within an hour and ten minutes.
LEFT_BEHIND = SWEPT_AFTER + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `code` is a short word, `detail` what was found, as figures or a name."""

    day: date | None
    code: str
    detail: str = ""

    @property
    def said(self) -> str:
        return _words(self.code) % {"detail": self.detail}


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day that is read from the log; `why` is a short word."""

    day: date
    why: str

    @property
    def said(self) -> str:
        return _words(self.why)


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of the lake from the ledger; `size` in bytes. `damaged`: days whose file was found damaged since
    the last check, oldest first."""

    place: str
    days_sealed: int
    open_days: tuple[OpenDay, ...]
    size: int
    rows: int
    newest_day: date | None
    newest_seal: datetime | None
    last_check: LakeCheck | None
    damaged: tuple[date, ...]


def report() -> Report:
    """How the lake stands, without looking at its files."""
    sealed = SealedDay.objects.exclude(file="")
    found = sealed.aggregate(
        n=Count("pk"), size=Sum("size"), rows=Sum("rows"), day=Max("day"), at=Max("sealed_at")
    )
    last_check = LakeCheck.objects.order_by("-pk").first()
    damaged = SealedDay.objects.filter(damaged_at__isnull=False)
    if last_check is not None:
        damaged = damaged.filter(damaged_at__gt=last_check.ended_at)
    return Report(
        place=place().shown,
        days_sealed=found["n"],
        open_days=tuple(open_days()),
        size=found["size"] or 0,
        rows=found["rows"] or 0,
        newest_day=found["day"],
        newest_seal=found["at"],
        last_check=last_check,
        damaged=tuple(damaged.order_by("day").values_list("day", flat=True)),
    )


def open_days() -> Iterator[OpenDay]:
    """The days that are read from the log, oldest first, and why."""
    today = clock.business_day()
    settled = clock.business_day(clock.now() - SETTLING)
    known = {row.day: row for row in SealedDay.objects.all()}
    for day in log.unsealed([day for day, row in known.items() if row.file]):
        row = known.get(day)
        if day >= today:
            yield OpenDay(day, "today")
        elif day >= settled:
            yield OpenDay(day, "settling")
        elif row is not None and row.damaged_at is not None and row.damaged_at == row.changed_at:
            yield OpenDay(day, "damaged")
        else:
            yield OpenDay(day, "changed" if row is not None and row.sealed_at else "waiting")


def verify() -> LakeCheck:
    """Read every sealed file from its first byte to its last and hold it against ledger and log. The result is kept.
    A day whose file has a fault is reopened: read from the log, until the next sealing writes it anew.

    Nothing is locked: what was changed meanwhile is looked at again. Raises LakeUnreachable.
    """
    here = claimed()
    started_at = clock.now()
    lying = here.files()
    ledger = list(SealedDay.objects.exclude(file="").order_by("day"))
    keys = key_table()["key"].combine_chunks()
    faults: list[Fault] = []
    rows = size = mended = 0
    for number, row in enumerate(ledger, 1):
        file, found = _look_at(here, row, keys)
        faults += found
        mended += give_up({row.day: file}) if found else 0
        rows, size = rows + row.rows, size + row.size
        progress(done=number, total=len(ledger), note=row.day.isoformat())
    left = left_over(lying, before=started_at - LEFT_BEHIND)
    faults += [Fault(None, "orphan", name) for name in left]
    check = LakeCheck.objects.create(
        started_at=started_at,
        ended_at=clock.now(),
        days=len(ledger),
        rows=rows,
        size=size,
        open_days=[[one.day.isoformat(), one.why] for one in open_days()],
        faults=[
            [one.day.isoformat() if one.day else None, one.code, one.detail] for one in faults[:FAULTS_KEPT]
        ],
        fault_count=len(faults),
        mended=mended,
    )
    old = LakeCheck.objects.order_by("-pk").values_list("pk", flat=True)[CHECKS_KEPT:]
    LakeCheck.objects.filter(pk__in=list(old)).delete()
    return check


def faults_of(check: LakeCheck) -> list[Fault]:
    """The faults that a check found, the first hundred of them."""
    return [
        Fault(date.fromisoformat(day) if day else None, code, detail) for day, code, detail in check.faults
    ]


def _look_at(here: Place, row: SealedDay, keys: pa.Array) -> tuple[str, list[Fault]]:
    """The file of one day and its faults. Sealed anew or reopened meanwhile, it is whatever it is now."""
    looked, faults = row.file, list[Fault]()
    for _ in range(LOOKS):
        looked, faults = row.file, list(_faults(here, row, keys))
        if not faults:
            break
        now = SealedDay.objects.filter(day=row.day).exclude(file="").first()
        if now is None:
            return "", []
        row, keys = now, key_table()["key"].combine_chunks()
    return looked, faults


def _faults(here: Place, row: SealedDay, keys: pa.Array) -> Iterator[Fault]:
    try:
        content = here.read(row.file)
    except LakeUnreachable as why:
        if row.file not in here.files():
            yield Fault(row.day, "missing", row.file)
            return
        if not here.is_local:
            raise
        yield Fault(row.day, "unreadable", str(why)[:200])
        return
    if content.size != row.size:
        yield Fault(row.day, "size", f"{content.size} ≠ {row.size}")
    if hashlib.sha256(content).hexdigest() != row.checksum:
        yield Fault(row.day, "checksum", row.file)
    try:
        table = pq.read_table(pa.BufferReader(content), columns=["id", "subject", "day"])
    except (OSError, ValueError, KeyError, pa.ArrowException) as why:
        yield Fault(row.day, "unreadable", str(why)[:200])
        return
    if table.num_rows != row.rows:
        yield Fault(row.day, "rows", f"{table.num_rows} ≠ {row.rows}")
    if pc.unique(table["day"]).to_pylist() != [row.day]:
        yield Fault(row.day, "other_day", row.file)
    # What was forgotten after the day was sealed still lies in the file, and is nobody's.
    kept = table.filter(pc.is_in(table["subject"], value_set=keys))
    in_file = (kept.num_rows, pc.sum(kept["id"]).as_py() or 0)
    in_log = Event.objects.filter(day=row.day).aggregate(n=Count("pk"), ids=Sum("pk"))
    if in_file != (in_log["n"], int(in_log["ids"] or 0)):
        yield Fault(row.day, "log", f"{in_file[0]} ≠ {in_log['n']}")


def _words(code: str) -> str:
    return {
        "missing": pgettext("lake fault", "The file %(detail)s is missing; the day is read from the log."),
        "size": pgettext(
            "lake fault", "The file isn't as long as it was when it was sealed: %(detail)s bytes."
        ),
        "checksum": pgettext("lake fault", "%(detail)s isn't what was sealed: its checksum is another."),
        "unreadable": pgettext("lake fault", "The file can't be read: %(detail)s"),
        "rows": pgettext("lake fault", "The file doesn't hold the rows that the ledger tells: %(detail)s."),
        "other_day": pgettext("lake fault", "%(detail)s holds events of another day."),
        "log": pgettext("lake fault", "The file doesn't hold the events of the log: %(detail)s."),
        "orphan": pgettext("lake fault", "Nobody points to the file %(detail)s, and it wasn't swept."),
        "today": pgettext("open day", "It is today."),
        "settling": pgettext("open day", "It has just ended."),
        "waiting": pgettext("open day", "It waits to be sealed."),
        "damaged": pgettext("open day", "Its file was damaged; it waits to be sealed again."),
        "changed": pgettext(
            "open day", "Events came or went after it was sealed; it waits to be sealed again."
        ),
    }[code]
