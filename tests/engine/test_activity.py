"""The activity index, worked by hand, and the properties it must have."""

import math
from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyue.engine import activity
from zhiyue.engine.activity import Definition

DAY = date(2026, 3, 10)
TWO = Definition(
    version="t",
    shares={"browse": 0.4, "learn": 0.6},
    scales={"browse": 2.0, "learn": 5.0},
    window_days=7,
    half_life_days=2.0,
)
POINTS = ibis.memtable(
    pa.table(
        {
            "name": ["view", "finish", "read"],
            "family": ["browse", "learn", "learn"],
            "points": [1.0, 3.0, 0.5],
            "per_minute": [False, False, True],
        }
    )
)


def events(*rows):
    """(name, member, seconds, days before DAY)"""
    columns = list(zip(*rows, strict=True)) or [[], [], [], []]
    return ibis.memtable(
        pa.table(
            {
                "name": pa.array(columns[0], pa.string()),
                "member_id": pa.array(columns[1], pa.int64()),
                "seconds": pa.array(columns[2], pa.int32()),
                "day": pa.array([DAY - timedelta(days=d) for d in columns[3]], pa.date32()),
                "hour": pa.array([9] * len(columns[0]), pa.int8()),
            }
        )
    )


def days(*before):
    return ibis.memtable(
        pa.table({"as_of": pa.array([DAY - timedelta(days=d) for d in before], pa.date32())})
    )


def members(**joined_days_before):
    return ibis.memtable(
        pa.table(
            {
                "member_id": pa.array([int(name[1:]) for name in joined_days_before], pa.int64()),
                "joined_day": pa.array(
                    [DAY - timedelta(days=d) for d in joined_days_before.values()], pa.date32()
                ),
            }
        )
    )


def rows(table):
    return table.to_pyarrow().to_pylist()


def test_points_are_summed_per_member_day_and_family_and_minutes_count():
    found = rows(
        activity.user_days(
            events(
                ("view", 1, None, 0),
                ("view", 1, None, 0),
                ("read", 1, 30, 0),
                ("finish", 2, None, 1),
                ("signed_in", 1, None, 0),
                ("view", None, None, 0),
            ),
            POINTS,
        )
    )
    assert {(r["member_id"], r["day"], r["family"], r["points"]) for r in found} == {
        (1, DAY, "browse", 2.0),
        (1, DAY, "learn", 0.25),
        (2, DAY - timedelta(days=1), "learn", 3.0),
    }


def test_a_i_is_what_the_formula_says():
    per_day = activity.user_days(
        events(("view", 1, None, 0), ("finish", 1, None, 2), ("view", 1, None, 7)), POINTS
    )
    [row] = rows(activity.member_activity(per_day, days(0), TWO))
    # browse: 1 point today (the view seven days ago is outside the window); learn: 3 points, one half-life old.
    browse = 100 * 0.4 * (1 - math.exp(-1 / 2))
    learn = 100 * 0.6 * (1 - math.exp(-1.5 / 5))
    assert row["browse"] == pytest.approx(browse, abs=1e-12)
    assert row["learn"] == pytest.approx(learn, abs=1e-12)
    assert row["a"] == pytest.approx(browse + learn, abs=1e-12)


def test_a_is_the_mean_over_everybody_who_had_joined():
    per_day = activity.user_days(events(("view", 1, None, 0), ("view", 2, None, 0)), POINTS)
    per_member = activity.member_activity(per_day, days(0, 3), TWO)
    index = rows(activity.activity_index(per_member, members(m1=5, m2=0, m3=0, m4=-1), days(0, 3), TWO))
    one = 100 * 0.4 * (1 - math.exp(-1 / 2))
    assert [(r["as_of"], r["members"]) for r in index] == [(DAY - timedelta(days=3), 1), (DAY, 3)]
    assert index[0]["a"] == 0
    assert index[1]["a"] == pytest.approx(2 * one / 3, abs=1e-12)
    assert index[1]["a"] == pytest.approx(index[1]["browse"] + index[1]["learn"], abs=1e-12)


def test_an_academy_without_members_or_events_has_a_zero():
    per_member = activity.member_activity(activity.user_days(events(), POINTS), days(0), TWO)
    assert [r["a"] for r in rows(activity.activity_index(per_member, members(m1=-3), days(0), TWO))] == [0]
    assert [
        r["active"]
        for r in rows(activity.active_users(activity.user_days(events(), POINTS), days(0), window_days=7))
    ] == [0]


def test_active_users_are_distinct_and_windows_end_on_the_day():
    per_day = activity.user_days(
        events(
            ("view", 1, None, 0),
            ("finish", 1, None, 0),
            ("view", 2, None, 6),
            ("view", 3, None, 7),
            ("view", 4, None, 27),
            ("view", 5, None, 28),
        ),
        POINTS,
    )
    counts = {
        w: [r["active"] for r in rows(activity.active_users(per_day, days(0), window_days=w))]
        for w in (1, 7, 28)
    }
    assert counts == {1: [1], 7: [2], 28: [4]}


def test_the_rhythm_counts_by_weekday_and_hour():
    assert rows(
        activity.rhythm(events(("view", 1, None, 0), ("view", 2, None, 7), ("view", 2, None, 1)))
    ) == [
        {"weekday": 0, "hour": 9, "events": 1},
        {"weekday": 1, "hour": 9, "events": 2},
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["view", "finish", "read"]),
            st.integers(1, 4),
            st.integers(0, 60),
            st.integers(0, 9),
        ),
        max_size=25,
    )
)
def test_a_i_lies_in_0_to_100_and_one_more_act_never_lowers_it(acts):
    def a(rows_):
        per_day = activity.user_days(events(*rows_), POINTS)
        return {r["member_id"]: r["a"] for r in rows(activity.member_activity(per_day, days(0), TWO))}

    before, after = a(acts), a([*acts, ("finish", 1, None, 0)])
    assert all(0 <= value <= 100 for value in after.values())
    assert after[1] > before.get(1, 0.0)
    assert {m: v for m, v in after.items() if m != 1} == pytest.approx(
        {m: v for m, v in before.items() if m != 1}
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"shares": {"browse": 0.5}, "scales": {"browse": 1.0}},
        {"shares": {"browse": 1.0}, "scales": {"learn": 1.0}},
        {"shares": {"browse": 1.0}, "scales": {"browse": 0.0}},
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError):
        Definition(version="x", **wrong)
