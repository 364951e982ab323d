"""④ Where an act lies, under which key, and until when."""

from dataclasses import dataclass
from datetime import date, datetime

from zhiyue.collect.models import Event, HistoryImport
from zhiyue.collect.whereabouts import whereabouts
from zhiyue.core.kit import clock

KEY_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Keeping:
    """`file` is empty while the day is open in the log. `key` is the head of the key in that file, hexadecimal, empty
    where it couldn't be read. `is_due`: it goes with the next night's deletion."""

    number: int
    day: date
    is_over: bool
    file: str
    sealed_at: datetime | None
    key: str
    days_kept: int
    goes_on: date
    is_due: bool
    source: HistoryImport | None


def keeping(event: Event) -> Keeping:
    where = whereabouts(event)
    return Keeping(
        number=event.pk,
        day=where.day,
        is_over=where.is_over,
        file=where.file,
        sealed_at=where.sealed_at,
        key=f"{where.key:016x}"[:KEY_DIGITS] if where.key is not None else "",
        days_kept=where.days_kept,
        goes_on=where.goes_on,
        is_due=where.goes_on <= clock.business_day(),
        source=where.source,
    )
