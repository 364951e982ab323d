"""Interest: acts with their weights, of one person fresh from the log, of everybody from the lake."""

from datetime import date, datetime, timedelta

import ibis
import numpy as np

from zhiyue.analyse.kinds import Act, Acts
from zhiyue.analyse.weights import HALF_LIFE_DAYS, INTEREST
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.core.kit import clock

__all__ = ["HALF_LIFE_DAYS", "interactions", "recent_acts"]

WINDOW_DAYS = 365


def recent_acts(actor: Actor, *, limit: int = 200, until_pk: int | None = None) -> list[Act]:
    """The newest weighted acts of one person, newest first; up to event `until_pk` where given."""
    events = by(actor).filter(name__in=list(INTEREST), course_id__isnull=False)
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
    """Every weighted act of the last year on a course, up to `until` (default: now), oldest first."""
    end = until or clock.now()
    since: date = clock.business_day(end - timedelta(days=WINDOW_DAYS))
    with lake.events(since=since) as events:
        table = (
            events.filter(
                events.course_id.notnull(),
                events.name.isin(list(INTEREST)),
                events.occurred_at <= ibis.literal(end),
            )
            .order_by(["occurred_at", "id"])
            .select("member_id", "visitor", "name", "course_id", "occurred_at")
            .to_pyarrow()
        )
    keys = [
        f"m{member}" if member is not None else f"v{visitor}"
        for member, visitor in zip(table["member_id"].to_pylist(), table["visitor"].to_pylist(), strict=True)
    ]
    weights = [INTEREST[name] for name in table["name"].to_pylist()]
    return Acts(
        actor_key=np.asarray(keys, dtype=np.str_),
        course_id=np.asarray(table["course_id"], dtype=np.int64),
        weight=np.asarray(weights, dtype=np.float32),
        occurred_at=np.asarray(table["occurred_at"].to_numpy(), dtype="datetime64[ms]"),
    )
