"""Planted drift as a line of text says it, for settings."""

import re
from datetime import date

from zhiyue.engine.simulate.parameters import Turn, Wave

_ENTRY = re.compile(
    r"(?P<what>[\w-]+?)(?P<strength>[+-]\d+(\.\d+)?)?@(?P<day>\d{4}-\d\d-\d\d)(/(?P<percent>\d+)%)?"
)
TURN = "turn"
EXAMPLE = "ai+2@2026-08-01, life-1@2026-08-01/40%, turn@2026-09-01/10%"


def planted(text: str) -> tuple[tuple[Wave, ...], tuple[Turn, ...]]:
    """Waves and turns of a text such as EXAMPLE: from 1 August 2026 on everybody's interest in the topic `ai` rises by
    2 (in logits, within a fortnight), that of 40 % in `life` falls by 1; on 1 September 10 % turn to other interests.

    Raises ValueError that says which entry can't be read.
    """
    waves: list[Wave] = []
    turns: list[Turn] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        found = _ENTRY.fullmatch(entry)
        if found is None or (found["strength"] is None) != (found["what"] == TURN):
            raise ValueError(f"“{entry}” can't be read; write drift as: {EXAMPLE}")
        try:
            day = date.fromisoformat(found["day"]).toordinal()
            share = int(found["percent"] or 100) / 100
            if found["what"] == TURN:
                turns.append(Turn(day, share))
            else:
                waves.append(Wave(day, found["what"], float(found["strength"]), share=share))
        except ValueError as problem:
            raise ValueError(f"“{entry}”: {problem}") from None
    return tuple(waves), tuple(turns)
