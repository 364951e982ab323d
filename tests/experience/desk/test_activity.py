"""The activity page and its CSV, on measures of real events."""

import csv
import io
import math
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_member, receive
from zhiyue.analyse.weights import ACTIVITY, ACTIVITY_POINTS
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.monitor.services import measure_past_days

pytestmark = pytest.mark.django_db

VIEW = 100 * 0.2 * (1 - math.exp(-1 / 10))


@pytest.fixture
def a_month(operator):
    """The operator and one member who looked at a course on each of the last 32 days, and today."""
    member = make_member("a@test.example")
    User.objects.update(joined_at=clock.now() - timedelta(days=60))
    today = clock.day_start(clock.business_day())
    for days_ago in range(33):
        moment = today - timedelta(days=days_ago, hours=-9) if days_ago else clock.now()
        record("course.viewed", actor=Actor(member_id=member.pk), course_id=1, occurred_at=moment)
    lake.seal_past_days()
    measure_past_days()


def test_it_shows_figures_findings_definition_and_every_weight(read, a_month):
    page = read("/desk/activity/")
    assert "Staff count as members; visitors once they sign up." in page
    assert '<dd class="measure-value">1</dd>\n    <dd class="measure-note">1 in all of yesterday</dd>' in page
    assert "50 % of 2 members" in page
    assert "mostly from: Browsing" in page or "where it was four weeks before" in page
    assert "Of 100 people active in a month, 100 come on an ordinary day" in page
    assert "from 9:00 to 10:00" in page
    assert page.count("<details>") == 3
    assert '<code class="code-name">lesson.progressed</code>' in page
    assert "0.5 a minute" in page
    assert "40 %" in page
    assert "Nothing: every event of the last two weeks was clean." in page


def test_quarantined_events_are_counted_by_reason(read, a_month, visitor):
    receive([{"name": "nonsense"}, {"name": "page.viewed"}], actor=Actor(visitor=visitor), user_agent="bot")
    page = read("/desk/activity/")
    assert "<span>Sent by a robot</span><b>2</b>" in page
    assert "every event of the last two weeks was clean" not in page


def test_the_figures_are_asked_for_alone_and_move_with_what_is_done(read, a_month):
    member = Actor(member_id=User.objects.get(email="a@test.example").pk)
    before = read("/desk/activity/now/")
    assert "<html" not in before
    assert 'hx-get="/desk/activity/now/" hx-trigger="every 15s"' in before
    assert before in read("/desk/activity/")
    record("lesson.finished", actor=member, course_id=1, lesson_id=1)
    # However many look at once, it is measured once in ten seconds.
    assert read("/desk/activity/now/") == before
    cache.clear()
    faded = sum(2 ** (-age / 7) for age in range(28))
    browse = 20 * (1 - math.exp(-faded / ACTIVITY.scales["browse"]))
    points = ACTIVITY_POINTS["lesson.finished"]
    learn = 100 * ACTIVITY.shares["learn"] * (1 - math.exp(-points / ACTIVITY.scales["learn"]))
    assert f'<dd class="measure-value">{browse / 2:.2f}</dd>' in before
    assert f'<dd class="measure-value">{(browse + learn) / 2:.2f}</dd>' in read("/desk/activity/now/")


def test_before_the_first_day_is_over_there_is_no_chart_but_a_way_on(read):
    page = read("/desk/activity/")
    assert "The first day isn't over yet" in page
    assert 'href="/desk/follow/"' in page
    assert "data-chart" not in page


@pytest.mark.parametrize(
    ("asked", "shown"), [("", 60), ("30", 30), ("90", 90), ("7", 60), ("-1", 60), ("x", 60)]
)
def test_the_period_comes_from_the_address_and_nonsense_is_the_usual_one(read, asked, shown):
    page = read("/desk/activity/", days=asked)
    assert f'<a href="?days={shown}" aria-current="page">{shown} days</a>' in page


def test_the_csv_holds_the_daily_series_with_today_last_and_not_ended(desk, a_month):
    answer = desk.get("/desk/activity.csv", {"days": "30"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    today = clock.business_day()
    assert answer["Content-Disposition"] == f'attachment; filename="activity-{today.isoformat()}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert list(rows[0]) == [
        "day", "members", "a", "a_browse", "a_buy", "a_interact", "a_learn", "dau", "wau", "mau", "ended",
    ]  # fmt: skip
    assert [row["day"] for row in rows] == [
        (today - timedelta(days=days_ago)).isoformat() for days_ago in range(29, -1, -1)
    ]
    faded = sum(2 ** (-age / 7) for age in range(28))
    a = 100 * 0.2 * (1 - math.exp(-faded / 10)) / 2
    assert rows[-1] | {"a": "", "a_browse": ""} == {
        "day": today.isoformat(), "members": "2", "a": "", "a_browse": "", "a_buy": "0.000000",
        "a_interact": "0.000000", "a_learn": "0.000000", "dau": "1", "wau": "1", "mau": "1", "ended": "0",
    }  # fmt: skip
    assert float(rows[-1]["a"]) == float(rows[-1]["a_browse"]) == pytest.approx(a, abs=1e-6)
    assert {row["ended"] for row in rows[:-1]} == {"1"}


def test_the_page_asks_the_database_no_more_for_more_days(desk, a_month):
    def queries(days):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert desk.get("/desk/activity/", {"days": days}).status_code == 200
        return len(asked)

    assert queries("30") == queries("90") <= 20
