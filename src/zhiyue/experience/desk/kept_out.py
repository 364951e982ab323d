"""What the page of the quarantine shows: reasons with their two weeks drawn small, and entries in words."""

import json
from dataclasses import dataclass

from zhiyue.collect.models import Quarantined
from zhiyue.collect.quarantine import TAKEN_IN
from zhiyue.collect.quarantine_acts import KeptOut
from zhiyue.experience.desk import words

BAR_WIDTH, BARS_HEIGHT = 6, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the drawing, in its units."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class ShownReason:
    code: str
    says: words.Words
    total: int
    today: int
    taken_in: int
    sampled: int
    can_replay: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """`can_replay`: it was kept whole and isn't taken in yet. `payload_says`: how much of what was sent is shown."""

    row: Quarantined
    reason: words.Words
    act: words.Words
    outcome: words.Words
    can_replay: bool
    payload_says: words.Words


def shown_reason(found: KeptOut) -> ShownReason:
    most = max(found.by_day)
    bars = []
    for n, count in enumerate(found.by_day):
        # A day on which anything was kept out is seen, however much there was on others.
        height = max(2, round(BARS_HEIGHT * count / most)) if count else 0
        bars.append(Bar(n * (BAR_WIDTH + 1), BARS_HEIGHT - height, height))
    return ShownReason(
        code=found.reason,
        says=words.quarantine_reason(found.reason),
        total=found.total,
        today=found.by_day[-1],
        taken_in=found.taken_in,
        sampled=found.sampled,
        can_replay=found.replayable > 0,
        bars=tuple(bars),
    )


def shown_entry(row: Quarantined) -> ShownEntry:
    return ShownEntry(
        row=row,
        reason=words.quarantine_reason(row.reason),
        act=words.act(row.name),
        outcome=words.outcome(row.outcome) if row.outcome else "",
        can_replay=row.is_whole and row.outcome not in TAKEN_IN,
        payload_says=words.kept_of_payload(row),
    )


def drawn(payload: str) -> str:
    """An entry's JSON with a line for each value; what was cut stays as it is."""
    try:
        return json.dumps(json.loads(payload), ensure_ascii=False, indent=2)
    except ValueError:
        return payload
