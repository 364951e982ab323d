"""Joins the lake, the members and the engine's expressions on DuckDB. No tables are written here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa

from zhiyue.analyse.weights import ACTIVITY, ACTIVITY_POINTS, ACTIVITY_POINTS_PER_MINUTE
from zhiyue.collect import lake
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.accounts.selectors import joined
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.engine import activity

MONTH_DAYS = 28
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Measure:
    """One day. A and its parts (by family) in points of 100; members and active users are people."""

    day: date
    members: int
    a: float
    parts: dict[str, float]
    dau: int
    wau: int
    mau: int


def measure(days: Sequence[date]) -> list[Measure]:
    """Measure each of `days`, computed in one pass over the events their windows reach back to.
    Raises LakeUnreachable."""
    if not days:
        return []
    since = min(days) - timedelta(days=max(ACTIVITY.window_days, MONTH_DAYS))
    asked = pa.table({"as_of": pa.array(sorted(set(days)), pa.date32())})

    def measured(events: ibis.Table) -> tuple[list[dict[str, Any]], dict[int, dict[date, int]]]:
        # On the connection of these events: ibis's default one is shared by threads and not safe there.
        engine = events.get_backend()
        # Kept in memory once; four expressions read it.
        per_day = ibis.memtable(engine.to_pyarrow(activity.user_days(events, points_table())))
        as_of = ibis.memtable(asked)
        per_member = activity.member_activity(per_day, as_of, ACTIVITY)
        index = activity.activity_index(per_member, members_table(), as_of, ACTIVITY)
        rows = engine.to_pyarrow(index).to_pylist()
        active = {
            window: {
                row["as_of"]: row["active"]
                for row in engine.to_pyarrow(
                    activity.active_users(per_day, as_of, window_days=window)
                ).to_pylist()
            }
            for window in (1, WEEK_DAYS, MONTH_DAYS)
        }
        return rows, active

    rows, active = lake.ask(measured, purpose=Purpose.ANALYTICS, since=since)
    return [
        Measure(
            day=row["as_of"],
            members=row["members"],
            a=row["a"],
            parts={family: row[family] for family in sorted(ACTIVITY.shares)},
            dau=active[1][row["as_of"]],
            wau=active[WEEK_DAYS][row["as_of"]],
            mau=active[MONTH_DAYS][row["as_of"]],
        )
        for row in rows
    ]


def points_table() -> ibis.Table:
    """The weights of analysis in the shape the engine asks for."""
    rows = [(name, worth, False) for name, worth in ACTIVITY_POINTS.items()]
    rows += [(name, worth, True) for name, worth in ACTIVITY_POINTS_PER_MINUTE.items()]
    return ibis.memtable(
        pa.table(
            {
                "name": [name for name, _, _ in rows],
                "family": [KINDS[name].family for name, _, _ in rows],
                "points": pa.array([worth for _, worth, _ in rows], pa.float64()),
                "per_minute": [per_minute for _, _, per_minute in rows],
            }
        )
    )


def members_table() -> ibis.Table:
    people = list(joined().values_list("pk", "joined_at"))
    return ibis.memtable(
        pa.table(
            {
                "member_id": pa.array([pk for pk, _ in people], pa.int64()),
                "joined_day": pa.array([clock.business_day(at) for _, at in people], pa.date32()),
            }
        )
    )
