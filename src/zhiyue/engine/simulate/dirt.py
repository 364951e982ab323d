"""What a door for browsers gets besides honest events: robots, clocks that are wrong, batches sent twice, fields that
nobody knows. Raw, as it would arrive; whoever has such a door sends it there."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from zhiyue.engine.simulate.chance import Stream, poisson, uniform
from zhiyue.engine.simulate.parameters import Parameters

BROWSER = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
ROBOTS = (
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Baiduspider/2.0 (+http://www.baidu.com/search/spider.html)",
    "python-requests/2.32.3",
    "",
)
# Of so many batches a day; each kind of dirt is as likely as the others.
_MOST = 200

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A batch as a browser would send it at `received_at`, under a pseudonymous key. `kind` is the truth about it."""

    kind: str
    received_at: datetime
    visitor: UUID
    user_agent: str
    events: tuple[object, ...]


def dirt(
    parameters: Parameters, *, day_start: datetime, day: int, batches: float, paths: Sequence[str] = ("/",)
) -> list[RawBatch]:
    """The dirt of one day, in order of time: Poisson with mean `batches`. The same day, the same dirt."""
    seed = parameters.seed
    count = int(poisson(np.asarray(batches), uniform(seed, Stream.DIRT, day), _MOST)[()])
    found = []
    for number in range(count):
        pick, when, who = (float(uniform(seed, Stream.DIRT, day, number, what)) for what in (1, 2, 3))
        received_at = day_start + timedelta(seconds=int(when * 86_400))
        event = _page(day, number, received_at, paths[int(who * len(paths))])
        name = tuple(KINDS)[int(pick * len(KINDS))]
        found.append(
            KINDS[name](event, received_at, UUID(int=_half(day, number, 7) << 64 | _half(day, number, 8)))
        )
    return sorted(found, key=lambda one: one.received_at)


def _page(day: int, number: int, at: datetime, path: str) -> Event:
    event_id = UUID(int=_half(day, number, 5) << 64 | _half(day, number, 6))
    return {"id": str(event_id), "name": "page.viewed", "at": at.isoformat(), "properties": {"path": path}}


def _half(*words: int) -> int:
    return int(uniform(0, Stream.DIRT, *words) * 2**53)


def _robot(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    agent = ROBOTS[visitor.int % len(ROBOTS)]
    return RawBatch("robot", at, visitor, agent, (event,))


def _clock_ahead(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    late = {**event, "at": (at + timedelta(minutes=5 + visitor.int % 600)).isoformat()}
    return RawBatch("clock_ahead", at, visitor, BROWSER, (late,))


def _clock_behind(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    early = {**event, "at": (at - timedelta(days=8 + visitor.int % 400)).isoformat()}
    return RawBatch("clock_behind", at, visitor, BROWSER, (early,))


def _sent_twice(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    return RawBatch("duplicate", at, visitor, BROWSER, (event, event))


def _unknown_field(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    return RawBatch("unknown_field", at, visitor, BROWSER, ({**event, "referrer": "https://example.com/"},))


def _unknown_event(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    return RawBatch("unknown_event", at, visitor, BROWSER, ({**event, "name": "banner.closed"},))


def _cut_off(event: Event, at: datetime, visitor: UUID) -> RawBatch:
    """What is left of an event where the connection broke."""
    return RawBatch("malformed", at, visitor, BROWSER, (json.dumps(event)[:40],))


KINDS: Mapping[str, Callable[[Event, datetime, UUID], RawBatch]] = {
    "robot": _robot,
    "clock_ahead": _clock_ahead,
    "clock_behind": _clock_behind,
    "duplicate": _sent_twice,
    "unknown_field": _unknown_field,
    "unknown_event": _unknown_event,
    "malformed": _cut_off,
}
