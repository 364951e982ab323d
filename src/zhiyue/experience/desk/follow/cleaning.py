"""③ What cleaning made of an act."""

from dataclasses import dataclass
from datetime import timedelta

from zhiyue.collect.models import Event
from zhiyue.collect.pacing import PACED
from zhiyue.collect.vocabulary import KINDS
from zhiyue.experience.desk import words
from zhiyue.experience.desk.follow.acting import is_simulated


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What was looked at. `clock` and `reading` tell what was corrected of when it was, and of how much was read;
    `is_reading`: the act tells of reading at all. `delay_ms` lies between the act and its arrival, None where no
    browser told it. `is_history`: brought in by a file, or, with `is_simulated`, by nobody."""

    in_vocabulary: bool
    is_member: bool
    clock: tuple[words.Words, ...]
    reading: tuple[words.Words, ...]
    is_reading: bool
    delay_ms: int | None
    is_history: bool
    is_simulated: bool


def cleaning(event: Event) -> Cleaning:
    delay = event.recorded_at - event.occurred_at
    clock = tuple(words.correction(code) for code in event.corrections if code.startswith("clock"))
    return Cleaning(
        in_vocabulary=event.name in KINDS,
        is_member=event.member_id is not None,
        clock=clock,
        reading=tuple(words.correction(code) for code in event.corrections if not code.startswith("clock")),
        is_reading=event.name in PACED,
        delay_ms=max(0, round(delay / timedelta(milliseconds=1))) if event.origin == "browser" else None,
        is_history=event.origin == "import",
        is_simulated=is_simulated(event),
    )
