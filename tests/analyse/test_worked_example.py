"""The page on the activity index shows the weights as they are, and numbers that the code computes."""

import re
from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from zhiyue.analyse.weights import ACTIVITY, ACTIVITY_POINTS, ACTIVITY_POINTS_PER_MINUTE
from zhiyue.collect.vocabulary import KINDS
from zhiyue.engine import activity
from zhiyue.monitor.measures import points_table

PAGE = (Path(__file__).resolve().parents[2] / "docs/algorithms/activity-index.md").read_text(encoding="utf-8")
DAY = date(2026, 3, 10)
LIN, CHEN, WANG = 1, 2, 3
ACTS = [
    *[("page.viewed", LIN, None, 0)] * 5,
    ("course.viewed", LIN, None, 0),
    ("lesson.opened", LIN, None, 0),
    *[("lesson.progressed", LIN, 10, 0)] * 36,
    ("lesson.finished", LIN, None, 0),
    ("course.saved", LIN, None, 0),
    ("course.enrolled", LIN, None, 7),
    *[("lesson.finished", CHEN, None, 14)] * 4,
]


def measured(*days_after):
    names, members, seconds, days_before = zip(*ACTS, strict=True)
    events = pa.table(
        {
            "name": names,
            "member_id": pa.array(members, pa.int64()),
            "seconds": pa.array(seconds, pa.int32()),
            "day": pa.array([DAY - timedelta(days=n) for n in days_before], pa.date32()),
        }
    )
    days = ibis.memtable(
        pa.table({"as_of": pa.array([DAY + timedelta(days=n) for n in days_after], pa.date32())})
    )
    joined = pa.array([DAY - timedelta(days=60)] * 3, pa.date32())
    members_table = ibis.memtable(
        pa.table({"member_id": pa.array([LIN, CHEN, WANG], pa.int64()), "joined_day": joined})
    )
    per_day = activity.user_days(ibis.memtable(events), points_table())
    per_member = activity.member_activity(per_day, days, ACTIVITY)
    index = activity.activity_index(per_member, members_table, days, ACTIVITY)
    return per_member.to_pyarrow().to_pylist(), index.to_pyarrow().to_pylist()


def test_the_worked_example_is_what_the_code_computes():
    people, [academy] = measured(0)
    by_member = {row["member_id"]: row for row in people}
    families = ("browse", "buy", "learn", "interact", "a")
    assert [round(by_member[LIN][name], 2) for name in families] == [3.63, 7.87, 11.81, 5.67, 28.98]
    assert [round(by_member[CHEN][name], 2) for name in families] == [0, 0, 5.57, 0, 5.57]
    assert WANG not in by_member
    assert round(academy["a"], 2) == 11.52
    assert sum(academy[name] for name in families[:4]) == pytest.approx(academy["a"])


def test_the_page_shows_these_numbers():
    _, index = measured(0, 1, 7, 14, 28)
    after = [f"{row['a']:.2f}" for row in index]
    assert after == ["11.52", "10.59", "6.24", "2.76", "0.00"]
    for number in (*after[:4], "3.63", "7.87", "11.81", "5.67", "28.98", "5.57"):
        assert number in PAGE


def test_the_page_shows_every_weight():
    rows = re.findall(
        r"^\| *(\w*) *\| *([\d.]*) *\| *(\d*) *\| `([\w.]+)` \| ([\d.]+)( a minute)? \|$", PAGE, re.MULTILINE
    )
    family, shares, scales, points = "", {}, {}, {}
    for name, share, scale, event, worth, per_minute in rows:
        family = name or family
        if name:
            shares[name], scales[name] = float(share), float(scale)
        points[event, bool(per_minute)] = float(worth)
        assert KINDS[event].family == family
    assert (shares, scales) == (ACTIVITY.shares, ACTIVITY.scales)
    events = {(event, False): worth for event, worth in ACTIVITY_POINTS.items()}
    assert points == events | {(event, True): worth for event, worth in ACTIVITY_POINTS_PER_MINUTE.items()}
