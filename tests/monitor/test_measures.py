"""The monitor on real events: exact numbers, recomputed when the past changes."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from tests.factories import make_member
from zhiyue.collect import lake
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.monitor import selectors
from zhiyue.monitor.models import DailyMeasure
from zhiyue.monitor.services import measure_past_days

pytestmark = pytest.mark.django_db


def act(user, days_ago=0, name="course.viewed", **about):
    about = about or {"course_id": 1}
    moment = (
        clock.now()
        if not days_ago
        else clock.day_start(clock.business_day()) - timedelta(days=days_ago, hours=-9)
    )
    return record(name, actor=Actor(member_id=user.pk), occurred_at=moment, **about)


@pytest.fixture
def two_members(db):
    users = [make_member("a@test.example"), make_member("b@test.example")]
    User.objects.update(joined_at=clock.now() - timedelta(days=10))
    return users


VIEW = 100 * 0.2 * (1 - math.exp(-1 / 10))


def test_today_counts_members_and_not_visitors(two_members, visitor):
    act(two_members[0])
    record("course.viewed", actor=Actor(visitor=visitor), course_id=1)
    today = selectors.today()
    assert (today.members, today.dau, today.wau, today.mau) == (2, 1, 1, 1)
    assert today.a == pytest.approx(VIEW / 2)
    assert today.parts == {"browse": pytest.approx(VIEW / 2), "buy": 0, "interact": 0, "learn": 0}


def test_past_days_are_measured_once_and_again_when_their_events_change(two_members):
    act(two_members[0], days_ago=3)
    lake.seal_past_days()
    assert measure_past_days() == 3
    assert measure_past_days() == 0
    assert DailyMeasure.objects.earliest("day").a == pytest.approx(VIEW / 2)
    act(two_members[1], days_ago=2)
    lake.seal_past_days()
    assert measure_past_days() == 2
    assert [row.dau for row in DailyMeasure.objects.all()] == [1, 1, 0]
    assert [row.wau for row in DailyMeasure.objects.all()] == [1, 2, 2]


def test_past_days_are_measured_again_when_their_events_change_hands_or_are_forgotten(two_members, visitor):
    act(two_members[0], days_ago=3)
    moment = clock.day_start(clock.business_day()) - timedelta(days=2)
    record("course.viewed", actor=Actor(visitor=visitor), course_id=1, occurred_at=moment)
    lake.seal_past_days()
    measure_past_days()
    assert [row.dau for row in DailyMeasure.objects.all()] == [1, 0, 0]
    join_visitor(visitor=visitor, member_id=two_members[1].pk)
    assert (measure_past_days(), measure_past_days()) == (2, 0)
    assert [row.dau for row in DailyMeasure.objects.all()] == [1, 1, 0]
    forget_person(member_id=two_members[0].pk, visitor=None)
    assert (measure_past_days(), measure_past_days()) == (3, 0)
    assert [row.dau for row in DailyMeasure.objects.all()] == [0, 1, 0]


def test_the_daily_series_ends_with_today_fresh(two_members):
    act(two_members[0], days_ago=1)
    lake.seal_past_days()
    measure_past_days()
    act(two_members[1])
    series = selectors.daily(30)
    assert [one.day for one in series] == [clock.business_day() - timedelta(days=1), clock.business_day()]
    assert [one.dau for one in series] == [1, 1]


def test_a_move_is_the_difference_that_one_act_made(two_members):
    first = act(two_members[0])
    later = act(two_members[0], name="course.saved", course_id=1)
    act(two_members[1])
    move = selectors.move(first)
    assert (move.points, move.family, move.members) == (1.0, "browse", 2)
    assert (move.own_before, move.own_after) == (0, pytest.approx(VIEW))
    assert move.academy_before == pytest.approx(VIEW / 2)
    assert move.academy_after == pytest.approx(VIEW)
    saved = 100 * 0.2 * (1 - math.exp(-2 / 6))
    after = selectors.move(later)
    assert after.academy_after - after.academy_before == pytest.approx(saved / 2)
    assert after.academy_after == pytest.approx(selectors.today().a)


def test_a_visitors_act_moves_nothing(visitor):
    event = record("course.viewed", actor=Actor(visitor=visitor), course_id=1)
    assert selectors.move(event) is None


def test_reading_time_earns_points_by_the_minute(two_members):
    event = act(two_members[0], name="course.viewed")
    Event.objects.filter(pk=event.pk).update(
        name="lesson.progressed", properties={"percent": 10, "seconds": 30}
    )
    event.refresh_from_db()
    assert selectors.move(event).points == 0.25


def test_the_rhythm_leaves_today_out(two_members):
    act(two_members[0])
    act(two_members[0], days_ago=1)
    grid = selectors.rhythm()
    yesterday = clock.business_day() - timedelta(days=1)
    assert sum(map(sum, grid)) == 1
    assert grid[yesterday.weekday()][9] == 1


def test_the_definition_shows_every_weight():
    rows = {row.event: (row.family, row.points, row.per_minute) for row in selectors.definition()}
    assert rows["lesson.finished"] == ("learn", 3.0, False)
    assert rows["lesson.progressed"] == ("learn", 0.5, True)


def test_a_past_day_measured_again_has_the_members_it_had(two_members):
    act(two_members[0], days_ago=3)
    lake.seal_past_days()
    measure_past_days()
    before = list(DailyMeasure.objects.values_list("day", "members", "a"))
    User.objects.filter(pk=two_members[1].pk).update(is_active=False)
    DailyMeasure.objects.all().delete()
    measure_past_days()
    assert list(DailyMeasure.objects.values_list("day", "members", "a")) == before


@pytest.mark.django_db(transaction=True)
def test_pages_that_measure_at_once_do_not_disturb_each_other(two_members):
    event = act(two_members[0])

    def look(_):
        try:
            return selectors.move(event).own_after, selectors.today().a, selectors.rhythm()[0][0]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(look, range(24)))
    assert len(set(seen)) == 1
