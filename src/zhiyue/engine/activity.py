"""The activity index A and the counts around it, as ibis expressions: the same on DuckDB and on Spark.

Nothing here knows which events exist; their points come in as a table.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
from ibis import _


@dataclass(frozen=True, slots=True)
class Definition:
    """How a member's activity is computed. Dimensionless but for the days.

    `shares` (sum 1) says how much each family of events counts, `scales` at how many points a family is worth
    63 % of its share; points fade by half every `half_life_days` and are forgotten after `window_days`.
    """

    version: str
    shares: Mapping[str, float]
    scales: Mapping[str, float]
    window_days: int = 28
    half_life_days: float = 7.0

    def __post_init__(self) -> None:
        if abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError("The shares of an activity definition must sum to 1.")
        if self.shares.keys() != self.scales.keys() or min(self.scales.values()) <= 0:
            raise ValueError("Every family needs a share and a positive scale.")


def user_days(events: ibis.Table, points: ibis.Table) -> ibis.Table:
    """Points per member, day and family.

    events   (name, member_id, seconds, day), one row an event; those without a member or without points are left out
    points   (name, family, points, per_minute): points an event, or a minute of its `seconds` where `per_minute`
    returns  (member_id, day, family, points)
    """
    amount = ibis.ifelse(_.per_minute, _.seconds.fill_null(0) / 60.0, 1.0)
    return (
        events.filter(_.member_id.notnull())
        .join(points, "name")
        .mutate(earned=_.points * amount)
        .group_by("member_id", "day", "family")
        .agg(points=_.earned.sum())
    )


def member_activity(days_of_members: ibis.Table, days: ibis.Table, definition: Definition) -> ibis.Table:
    """a_i of every member with points in the window, for each asked day.

        p_f(d) = Σ_{d-window < t ≤ d} points_f(t) · 2^{-(d-t)/half_life}
        a_i(d) = 100 · Σ_f share_f · (1 − exp(−p_f(d) / scale_f))

    days_of_members  as `user_days` returns it
    days             (as_of): the days asked for
    returns          (as_of, member_id, one column a family, a); each family's column is its part of a, in points of 100
    Source: docs/algorithms/activity-index.md
    """
    window = ibis.literal(definition.window_days)
    asked = days.join(
        days_of_members,
        [days.as_of >= days_of_members.day, days.as_of.delta(days_of_members.day, unit="day") < window],
    )
    age = asked.as_of.delta(asked.day, unit="day").cast("float64")
    faded = asked.mutate(faded=asked.points * (ibis.literal(2.0) ** (-age / definition.half_life_days)))
    families = sorted(definition.shares)
    sums = faded.group_by("as_of", "member_id").agg(
        **{f: faded.faded.sum(where=faded.family == f).fill_null(0.0) for f in families}
    )
    parts = sums.mutate(
        **{
            f: 100.0 * definition.shares[f] * (1.0 - (-sums[f] / definition.scales[f]).exp())
            for f in families
        }
    )
    total = parts[families[0]]
    for family in families[1:]:
        total = total + parts[family]
    return parts.mutate(a=total)


def activity_index(
    per_member: ibis.Table, members: ibis.Table, days: ibis.Table, definition: Definition
) -> ibis.Table:
    """A = mean of a_i over every member who had joined by the end of the day; who did nothing counts as 0.

    per_member  as `member_activity` returns it
    members     (member_id, joined_day)
    days        (as_of)
    returns     (as_of, members, a, one column a family), A in points of 100, 0 where nobody had joined
    """
    families = sorted(definition.shares)
    joined = (
        days.left_join(members, days.as_of >= members.joined_day)
        .group_by("as_of")
        .agg(members=_.member_id.count())
    )
    known = per_member.join(members, "member_id").filter(_.as_of >= _.joined_day)
    sums = known.group_by("as_of").agg(a=known.a.sum(), **{f: known[f].sum() for f in families})
    both = joined.left_join(sums, "as_of")
    size = both.members.nullif(0)
    return both.select(
        "as_of", "members", **{column: (both[column] / size).fill_null(0.0) for column in ("a", *families)}
    ).order_by("as_of")


def active_users(days_of_members: ibis.Table, days: ibis.Table, *, window_days: int) -> ibis.Table:
    """Distinct members with points in the `window_days` days that end on each asked day: DAU 1, WAU 7, MAU 28.

    returns  (as_of, active), exact, 0 where nobody was active
    """
    within = days.left_join(
        days_of_members,
        [days.as_of >= days_of_members.day, days.as_of.delta(days_of_members.day, unit="day") < window_days],
    )
    return within.group_by("as_of").agg(active=_.member_id.nunique()).order_by("as_of")


def rhythm(events: ibis.Table) -> ibis.Table:
    """Events by weekday (0 Monday) and hour of the business zone.

    events   (day, hour)
    returns  (weekday, hour, events); cells without an event are absent
    """
    return (
        events.group_by(weekday=_.day.day_of_week.index(), hour=_.hour)
        .agg(events=_.count())
        .order_by(["weekday", "hour"])
    )
