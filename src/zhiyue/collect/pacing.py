"""Nobody reads for longer than time goes by: active seconds that browsers tell are held against the clock.

A person's seconds, on all devices and in all lessons together, fill the time before each report one after the other.
What doesn't fit is taken off, and noted as a correction; the event stays. Of what isn't stored nothing is left to hold
later reports against: whoever keeps something of it keeps up to when the person's time is spent, too.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import ceil, floor
from typing import NamedTuple

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


class Paced(NamedTuple):
    """Rows with no more seconds than went by, those that will be stored and those that won't; up to `spent_until` the
    person's time is spent by reports that aren't stored."""

    rows: list[LogRow]
    unstored: list[LogRow]
    spent_until: datetime | None


def paced(
    rows: Sequence[LogRow],
    unstored: Sequence[LogRow] = (),
    *,
    actor: Actor,
    spent_until: datetime | None = None,
) -> Paced:
    """The rows of one person with no more active seconds than went by. None of them is stored yet, and `lock` keeps
    the person's other batches waiting."""
    told = sorted(
        (
            (row, is_stored)
            for some, is_stored in ((rows, True), (unstored, False))
            for row in some
            if row.name in PACED
        ),
        key=lambda one: one[0].occurred_at,
    )
    if not told:
        return Paced(list(rows), list(unstored), spent_until)
    claims = sorted(_near(actor, [row for row, _ in told]))
    spent = spent_until.timestamp() if spent_until is not None else float("-inf")
    bounded: dict[int, LogRow] = {}
    for row, is_stored in told:
        moment, seconds = row.occurred_at.timestamp(), int(row.properties["seconds"])
        fits = _since(spent, moment, seconds)
        fits = fitting(claims, moment, fits) if fits else 0
        if fits:
            insort(claims, (moment, fits))
            if not is_stored:
                spent = max(spent, moment - fits) + fits
        if fits < seconds:
            bounded[id(row)] = row._replace(
                properties={**row.properties, "seconds": fits}, corrections=(*row.corrections, CORRECTION)
            )
    return Paced(
        [bounded.get(id(row), row) for row in rows],
        [bounded.get(id(row), row) for row in unstored],
        datetime.fromtimestamp(spent, UTC) if spent > float("-inf") else None,
    )


def _since(spent: float, moment: float, seconds: int) -> int:
    """How many of `seconds` before `moment` came after `spent`."""
    if spent <= moment - seconds:
        return seconds
    return max(0, min(seconds, floor(moment + SLACK_SECONDS - spent)))


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


def _near(actor: Actor, told: Sequence[LogRow]) -> list[Claim]:
    """What the person told before of the time beside these reports."""
    near = Q()
    for start, end in _spans([row.occurred_at for row in told]):
        near |= Q(occurred_at__gte=start, occurred_at__lte=end)
    rows = by(actor).filter(near, name__in=PACED).order_by()
    claims = (
        (at.timestamp(), int(properties.get("seconds") or 0))
        for at, properties in rows.values_list("occurred_at", "properties")
    )
    return [(moment, seconds) for moment, seconds in claims if seconds > 0]


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


def lock(actor: Actor) -> None:
    """Of one person one batch at a time is weighed, until the transaction ends. On SQLite the transaction that is
    under way already keeps all other writers out."""
    if connection.vendor != "postgresql":
        return
    key = int.from_bytes(blake2b(actor.key.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
