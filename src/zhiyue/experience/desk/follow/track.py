"""The latest acts in the order in which they came, those that cleaning kept out among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from zhiyue.collect.models import Event, Quarantined
from zhiyue.experience.desk import words
from zhiyue.experience.desk.follow.acting import icon_of, is_today, name_of


@dataclass(frozen=True, slots=True)
class Passing:
    """One act of the track; `pk` is that of the event, or of the entry in quarantine. `refused` is the reason for
    which it was kept out, empty where it was stored."""

    pk: int
    asked: Literal["event", "refused"]
    icon: str
    says: words.Words
    who: str
    at: datetime
    is_today: bool
    refused: words.Words


def track(events: Sequence[Event], kept_out: Sequence[Quarantined], *, length: int) -> list[Passing]:
    """The newest `length` of both, newest first."""
    came = [
        *((event.recorded_at, 1, event.pk, _stored(event)) for event in events),
        *((row.received_at, 0, row.pk, _refused(row)) for row in kept_out),
    ]
    came.sort(key=lambda one: one[:3], reverse=True)
    return [passing for _, _, _, passing in came[:length]]


def _stored(event: Event) -> Passing:
    return Passing(
        pk=event.pk,
        asked="event",
        icon=icon_of(event.name),
        says=words.act(event.name),
        who=name_of(event),
        at=event.occurred_at,
        is_today=is_today(event.occurred_at),
        refused="",
    )


def _refused(row: Quarantined) -> Passing:
    return Passing(
        pk=row.pk,
        asked="refused",
        icon="ban",
        says=words.act(row.name),
        who=name_of(row),
        at=row.received_at,
        is_today=is_today(row.received_at),
        refused=words.quarantine_reason(row.reason),
    )
