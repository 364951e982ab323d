"""Where one event lies, under which key, and until when."""

from dataclasses import dataclass
from datetime import date, datetime

from zhiyue.collect import lake, retention
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.models import Event, HistoryImport, SealedDay
from zhiyue.core.kit import clock


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`file` is that of its sealed day, empty while the day is read from the log. `key` is the person's in that file;
    None where there is no file, or where it can't be read now. `goes_on` is the day on which the event is deleted."""

    day: date
    is_over: bool
    file: str
    sealed_at: datetime | None
    key: int | None
    days_kept: int
    goes_on: date
    source: HistoryImport | None


def whereabouts(event: Event) -> Whereabouts:
    """Where an event lies. The file of a sealed day is looked into for its key."""
    is_over = event.day < clock.business_day()
    sealed = SealedDay.objects.filter(day=event.day).exclude(file="").first() if is_over else None
    return Whereabouts(
        day=event.day,
        is_over=is_over,
        file=sealed.file if sealed else "",
        sealed_at=sealed.sealed_at if sealed else None,
        key=_key(sealed, event) if sealed else None,
        days_kept=retention.days_kept(event.name),
        goes_on=retention.goes_on(event.name, event.day),
        source=event.source,
    )


def _key(sealed: SealedDay, event: Event) -> int | None:
    try:
        return lake.key_in(sealed, event_id=event.pk)
    except LakeUnreachable:
        # A bucket that doesn't answer, or a day that was sealed anew a moment ago: where the event lies is known, its
        # key there is not.
        return None
