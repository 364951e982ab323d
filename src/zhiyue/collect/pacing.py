"""Nobody reads for longer than time goes by: active seconds that browsers tell are held against the clock.

A person's seconds, on all devices and in all lessons together, fill the time before each report one after the other.
What doesn't fit is taken off, and noted as a correction; the event stays.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from math import ceil, floor
from uuid import UUID

from django.db import connection
from django.db.models import Q

from zhiyue.collect.kinds import Actor
from zhiyue.collect.log import LogRow
from zhiyue.collect.selectors import by

PACED = frozenset({"lesson.progressed", "preview.progressed"})
CORRECTION = "seconds_bounded"
# Timers of browsers count whole seconds.
SLACK_SECONDS = 2
# Reports further apart than this have no time in common: one tells of a minute at most.
BESIDE_SECONDS = 300

# Moment and seconds of one report.
Claim = tuple[float, int]


def paced(rows: Sequence[LogRow], *, actor: Actor) -> list[LogRow]:
    """The rows of one person with no more active seconds than went by. Called in the transaction that stores them: of
    one person one batch at a time is weighed. Rows that are stored already are left as they are."""
    told = sorted((row for row in rows if row.name in PACED), key=lambda row: row.occurred_at)
    if not told or actor.is_nobody:
        return list(rows)
    _lock(actor)
    near = _near(actor, told)
    claims = sorted((at.timestamp(), seconds) for _, at, seconds in near if seconds > 0)
    stored = {event_id for event_id, _, _ in near}
    bounded: dict[object, LogRow] = {}
    for row in told:
        if row.event_id in stored:
            continue
        moment, seconds = row.occurred_at.timestamp(), int(row.properties["seconds"])
        fits = fitting(claims, moment, seconds)
        if fits:
            insort(claims, (moment, fits))
        if fits < seconds:
            bounded[row.event_id] = row._replace(
                properties={**row.properties, "seconds": fits}, corrections=(*row.corrections, CORRECTION)
            )
    return [bounded.get(row.event_id, row) for row in rows] if bounded else list(rows)


def fitting(claims: Sequence[Claim], moment: float, seconds: int) -> int:
    """How many of `seconds` before `moment` are still free beside `claims`, which are in order."""
    first = bisect_left(claims, (moment - BESIDE_SECONDS, 0))
    last = bisect_left(claims, (moment + BESIDE_SECONDS, 0))
    near = claims[first:last]
    if not near:
        return seconds
    fits = seconds
    while fits > 0:
        over = _excess(sorted([*near, (moment, fits)]), moment)
        if over <= 0:
            break
        fits -= ceil(over)
    return max(0, floor(fits))


def _excess(claims: Sequence[Claim], moment: float) -> float:
    """By how much the claims overrun the clock, the slack taken off, at `moment` or later. Those before it fit."""
    filled = over = float("-inf")
    for at, seconds in claims:
        filled = max(filled, at - seconds) + seconds
        if at >= moment:
            over = max(over, filled - at - SLACK_SECONDS)
    return over


def _near(actor: Actor, told: Sequence[LogRow]) -> list[tuple[UUID, datetime, int]]:
    """What the person told before of the time beside these reports: event id, moment, seconds."""
    near = Q()
    for start, end in _spans([row.occurred_at for row in told]):
        near |= Q(occurred_at__gte=start, occurred_at__lte=end)
    rows = by(actor).filter(near, name__in=PACED).order_by()
    found = rows.values_list("event_id", "occurred_at", "properties")
    return [(event_id, at, int(properties.get("seconds") or 0)) for event_id, at, properties in found]


def _spans(moments: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Where reports near these lie; what lies close together is one span."""
    beside = timedelta(seconds=BESIDE_SECONDS)
    spans: list[tuple[datetime, datetime]] = []
    for moment in moments:
        if spans and moment - beside <= spans[-1][1]:
            spans[-1] = (spans[-1][0], moment + beside)
        else:
            spans.append((moment - beside, moment + beside))
    return spans


def _lock(actor: Actor) -> None:
    """On SQLite the transaction that is under way already keeps all other writers out."""
    if connection.vendor != "postgresql":
        return
    who = f"m{actor.member_id}" if actor.member_id is not None else f"v{actor.visitor}"
    key = int.from_bytes(blake2b(who.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
