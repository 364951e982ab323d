"""Long texts as the audit log keeps them: how long, which, and where they differ. The log is for good, so a lesson
saved a hundred times mustn't be kept in it a hundred times."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import takewhile
from typing import Any

Fields = dict[str, Any] | None

# Names, subtitles and reasons are shorter: they are kept whole.
WHOLE_UP_TO = 500
EXCERPT = 200


def told(before: Fields, after: Fields) -> tuple[Fields, Fields]:
    """Both sides of an entry, each long text in them told by a few facts: `characters`, `sha256` of its UTF-8,
    `from` (the character, counted from 1, where the two begin to differ) and `reads`, what stands there."""
    old, new = dict(before or {}), dict(after or {})
    for name in {**old, **new}:
        was, became = _text(old.get(name)), _text(new.get(name))
        if max(len(was), len(became)) > WHOLE_UP_TO:
            start, end = _same(was, became)
            for side, text in ((old, was), (new, became)):
                if isinstance(side.get(name), str):
                    side[name] = _facts(text, start, end)
    return (old if before is not None else None, new if after is not None else None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _same(one: str, other: str) -> tuple[int, int]:
    """How many characters are the same at the beginning and at the end. Linear, whatever an author sends: a true diff
    isn't."""
    start = _alike(zip(one, other, strict=False))
    return start, _alike(zip(reversed(one[start:]), reversed(other[start:]), strict=False))


def _alike(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _facts(text: str, start: int, end: int) -> dict[str, object]:
    changed = text[start : len(text) - end]
    return {
        "characters": len(text),
        "sha256": sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        "from": start + 1,
        "reads": changed if len(changed) <= EXCERPT else changed[:EXCERPT] + "…",
    }
