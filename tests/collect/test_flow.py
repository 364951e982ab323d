"""The flow: what came in and what didn't, for who may see it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache

from tests.factories import make_visitor, receive
from zhiyue.collect import flow
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, HistoryImport
from zhiyue.collect.services import record
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.fixture
def at_commit(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def page(**more):
    at = clock.now().isoformat()
    return {"id": str(uuid4()), "name": "page.viewed", "at": at, "properties": {"path": "/"}, **more}


def test_an_hour_is_counted_minute_by_minute(viewer, visitor, at_commit):
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    receive([page(), page()], actor=Actor(visitor=visitor), user_agent="Mozilla/5.0")
    earlier = clock.now() - timedelta(minutes=61)
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7, occurred_at=earlier)
    with at_commit():
        record("course.viewed", actor=Actor(visitor=make_visitor(NOTHING)), course_id=7)
    receive([{"rubbish": 1}], actor=Actor(visitor=visitor), user_agent="Mozilla/5.0")
    found = flow.now(viewer)
    assert len(found.minutes) == 60
    assert sum(n for _, n in found.minutes) == 3
    assert found.minutes[-1][1] + found.minutes[-2][1] == 3
    assert {"server": found.today["server"], "browser": 2} == found.today
    assert found.today["server"] in (1, 2)  # an hour ago may have been yesterday
    assert (found.unconsented, found.quarantined) == (1, 1)


def test_an_empty_academy_has_an_empty_flow(viewer):
    found = flow.now(viewer)
    assert (found.stored, found.most, found.newest_at) == (0, 0, None)
    assert [(day.stored, day.unconsented, day.quarantined) for day in flow.by_day(viewer)] == [(0, 0, 0)] * 14


def test_days_are_told_apart(viewer, visitor, at_commit):
    yesterday = clock.now() - timedelta(days=1)
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7, occurred_at=yesterday)
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    refuses = Actor(visitor=make_visitor(NOTHING))
    with at_commit():
        record("course.viewed", actor=refuses, course_id=7)
        record("course.viewed", actor=refuses, course_id=7)
        record("course.saved", actor=refuses, course_id=7)
    *_, before, today = flow.by_day(viewer)
    assert (before.stored, before.unconsented) == (1, 0)
    assert (today.stored, today.unconsented) == (1, 3)
    assert flow.unconsented(viewer) == [("course.viewed", 2), ("course.saved", 1)]
    assert flow.stored_by_kind(viewer) == {"course.viewed": 2}


@pytest.mark.parametrize("ask", [flow.now, flow.by_day, flow.unconsented, flow.stored_by_kind])
@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_strangers_see_none_of_it(stranger, ask, role):
    with pytest.raises(NotAllowed):
        ask(Viewer(user=stranger, visitor=None, roles=frozenset({role})))


def test_the_hour_looks_through_so_many_and_says_when_there_were_more(
    viewer, visitor, django_assert_num_queries, monkeypatch
):
    for _ in range(5):
        record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    assert not flow.now(viewer).is_cut
    monkeypatch.setattr(flow, "NEWEST", 2)
    cache.clear()
    with django_assert_num_queries(6):
        found = flow.now(viewer)
    assert (sum(n for _, n in found.minutes), found.is_cut) == (2, True)


def test_what_a_file_brought_pushes_nothing_out_of_the_hour(viewer, visitor, monkeypatch):
    monkeypatch.setattr(flow, "NEWEST", 3)
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    file = HistoryImport.objects.create(file_name="a.csv", form="csv", started_at=clock.now())
    for _ in range(5):
        event = record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
        Event.objects.filter(pk=event.pk).update(source=file)
    found = flow.now(viewer)
    assert (sum(n for _, n in found.minutes), found.is_cut) == (1, False)


def test_only_what_nothing_else_was_kept_of_is_only_counted(viewer, visitor, at_commit):
    assert flow.only_counted(viewer) == flow.OnlyCounted(unconsented=0, kept_out=0)
    rubbish, nobody = {"rubbish": 1}, Actor(visitor=make_visitor(NOTHING))
    receive([rubbish], actor=Actor(visitor=visitor), user_agent="Mozilla/5.0")
    receive([rubbish], actor=Actor(visitor=visitor), user_agent="curl/8")
    receive([rubbish, rubbish], actor=nobody, user_agent="Mozilla/5.0")
    with at_commit():
        record("course.viewed", actor=nobody, course_id=7)
    assert flow.only_counted(viewer) == flow.OnlyCounted(unconsented=1, kept_out=3)


def test_what_is_only_counted_is_nobody_elses_business(learner):
    with pytest.raises(NotAllowed):
        flow.only_counted(Viewer(user=learner, visitor=None, roles=frozenset()))
