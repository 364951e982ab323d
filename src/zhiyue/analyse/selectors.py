"""Interest: acts with their weights, of one person fresh from the log, of everybody from the lake."""

from datetime import date, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyue.analyse.kinds import Act, Acts
from zhiyue.analyse.weights import HALF_LIFE_DAYS, INTEREST
from zhiyue.collect import lake
from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import who_grants
from zhiyue.core.kit import clock
from zhiyue.product.learning.corrections import Corrections, corrections_of

__all__ = ["HALF_LIFE_DAYS", "interactions", "recent_acts"]

WINDOW_DAYS = 365
# So many of a person's newest acts a slate goes by: some months of somebody who reads every day, most of them signs of
# reading on. Reading and folding 1,000 takes 7 ms where 200 take 3.
NEWEST_ACTS = 1000


def recent_acts(
    actor: Actor,
    *,
    limit: int = NEWEST_ACTS,
    until_pk: int | None = None,
    corrections: Corrections | None = None,
) -> list[Act]:
    """The newest weighted acts of one person, newest first; up to event `until_pk` where given. None of whoever
    doesn't consent to personalisation now, nor what they did while they didn't; none on what they said isn't to count.
    `corrections` spares asking for these where the caller has them."""
    if Purpose.PERSONALISATION not in granted_by(actor):
        return []
    own = by(actor).serving(Purpose.PERSONALISATION)
    events = own.filter(name__in=list(INTEREST), course_id__isnull=False)
    silent = (corrections_of(actor) if corrections is None else corrections).silent
    if silent:
        events = events.exclude(course_id__in=silent)
    if until_pk is not None:
        events = events.filter(pk__lte=until_pk)
    rows = events.order_by("-occurred_at", "-pk").values_list("pk", "name", "course_id", "occurred_at")[
        :limit
    ]
    return [
        Act(event_pk=pk, event=name, course_id=course, weight=INTEREST[name], occurred_at=at)
        for pk, name, course, at in rows
        if course is not None
    ]


def interactions(*, until: datetime | None = None) -> Acts:
    """Every weighted act of the last year on a course, up to `until` (default: now), oldest first: of those who let
    us recommend by what they do, then and still now."""
    end = until or clock.now()
    since: date = clock.business_day(end - timedelta(days=WINDOW_DAYS))

    def weighted(events: ibis.Table) -> pa.Table:
        return (
            events.filter(
                events.course_id.notnull(),
                events.name.isin(list(INTEREST)),
                events.occurred_at <= ibis.literal(end),
            )
            .order_by(["occurred_at", "id"])
            .select("member_id", "visitor", "name", "course_id", "occurred_at")
            .to_pyarrow()
        )

    table = lake.ask(weighted, purpose=Purpose.PERSONALISATION, since=since)
    table = table.filter(_still_granted(table["member_id"], table["visitor"]))
    keys = pc.coalesce(
        pc.binary_join_element_wise("m", table["member_id"].cast(pa.string()), ""),
        pc.binary_join_element_wise("v", table["visitor"], ""),
    )
    weights = [INTEREST[name] for name in table["name"].to_pylist()]
    return Acts(
        actor_key=np.asarray(keys.to_pylist(), dtype=np.str_),
        course_id=np.asarray(table["course_id"], dtype=np.int64),
        weight=np.asarray(weights, dtype=np.float32),
        occurred_at=np.asarray(table["occurred_at"].to_numpy(), dtype="datetime64[ms]"),
    )


def _still_granted(member_ids: pa.ChunkedArray, visitors: pa.ChunkedArray) -> pa.ChunkedArray:
    """Does the person of each row still let us recommend by what they do?"""
    members, keys = who_grants(Purpose.PERSONALISATION)
    return pc.or_(
        pc.is_in(member_ids, value_set=pa.array(members, pa.int64())),
        pc.is_in(visitors, value_set=pa.array(map(str, keys), pa.string())),
    )
