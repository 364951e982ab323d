"""Simulated members live the same lives again, go on living, and never twice."""

from datetime import timedelta

import pytest

from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.demo import services
from zhiyue.demo.accounts import ACCOUNTS
from zhiyue.demo.living import town
from zhiyue.demo.models import Seeding
from zhiyue.monitor.models import DailyMeasure
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


def small():
    services.seed(members=25, history_days=6)


def lives():
    return list(
        Event.objects.filter(member__is_simulated=True).order_by("event_id").values_list("event_id", "name")
    )


def break_off_at_the_fourth_day(monkeypatch):
    real, calls = services.write, []

    def breaks(happenings):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(happenings)

    with monkeypatch.context() as patched:
        patched.setattr(services, "write", breaks)
        with pytest.raises(KeyboardInterrupt):
            small()


def test_seeding_fills_the_academy_and_a_second_time_changes_nothing():
    small()
    state = Seeding.objects.get()
    assert state.finished_at is not None
    assert state.done == state.total
    assert Course.objects.published().count() == 46
    assert User.objects.count() == 25 + len(ACCOUNTS)
    assert DailyMeasure.objects.count() >= 6
    before = lives()
    assert before
    small()
    assert lives() == before


def test_a_seeding_broken_off_goes_on_where_it_stopped(monkeypatch):
    break_off_at_the_fourth_day(monkeypatch)
    half = Seeding.objects.get()
    assert half.finished_at is None
    assert half.lived_until < clock.now()
    small()
    broken_off = lives()
    assert Seeding.objects.get().finished_at is not None
    assert len(broken_off) == len(set(broken_off))
    days = set(Event.objects.filter(member__is_simulated=True).values_list("day", flat=True))
    assert len(days) >= 6


def test_members_live_on_until_now_and_each_moment_once(monkeypatch):
    small()
    before = Event.objects.count()
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    written = services.advance()
    assert written > 0
    assert Event.objects.count() == before + written
    assert services.advance() == 0
    assert Event.objects.filter(occurred_at__gt=later).count() == 0


def test_without_a_demo_nothing_lives():
    assert services.advance() == 0
    assert Event.objects.count() == 0


def test_a_day_lived_again_from_the_same_state_is_the_same_day():
    small()
    day = clock.business_day() - timedelta(days=2)
    once = town(before=clock.day_start(day)).live(day)
    again = town(before=clock.day_start(day)).live(day)
    assert once == again
    assert {h.kind for h in once} >= {"page", "view"}


def test_who_joined_in_the_past_that_was_lived_was_seen():
    small()
    since = clock.now() - timedelta(days=5)
    joined = set(User.objects.filter(is_simulated=True, joined_at__gte=since).values_list("pk", flat=True))
    assert joined
    signed_up = Event.objects.filter(name="member.signed_up").values_list("member_id", flat=True)
    assert joined <= set(signed_up)


def test_searches_say_how_much_was_found_and_lead_on_to_a_course():
    services.seed(members=150, history_days=6)
    made = list(Event.objects.filter(name="search.made"))
    assert {bool(event.properties["found"]) for event in made} == {True, False}
    found = {(event.member_id, event.properties["words"]): event.properties["found"] for event in made}
    chosen = list(Event.objects.filter(name="search.chosen"))
    assert chosen
    for event in chosen:
        assert 1 <= event.properties["position"] <= found[event.member_id, event.properties["words"]]
        viewed = Event.objects.filter(
            name="course.viewed", member_id=event.member_id,
            occurred_at__gt=event.occurred_at, occurred_at__lte=event.occurred_at + timedelta(seconds=2),
        )  # fmt: skip
        assert viewed.exists()


def test_members_take_one_edition_of_a_course_and_some_the_english_one():
    services.seed(members=120, history_days=6)
    opened = Event.objects.filter(name="course.viewed", member__is_simulated=True)
    slugs = dict(Course.objects.values_list("pk", "slug"))
    seen = {(member, slugs[course]) for member, course in opened.values_list("member_id", "course_id")}
    english = {(member, slug.removesuffix("-en")) for member, slug in seen if slug.endswith("-en")}
    assert english
    assert not english & seen


def test_a_banned_member_lives_no_more():
    small()
    banned = User.objects.filter(is_simulated=True).exclude(banned_at=None)
    everybody = town(before=clock.now()).lives
    assert banned.exists() and not set(banned.values_list("pk", flat=True)) & set(everybody)


def test_nobody_acts_before_joining_or_reads_what_is_closed():
    small()
    joined = dict(User.objects.values_list("pk", "joined_at"))
    for event in Event.objects.filter(member__is_simulated=True).iterator():
        assert event.occurred_at >= joined[event.member_id]
    owned = set(Enrolment.objects.values_list("user_id", "course_id"))
    free = set(
        Course.objects.filter(lessons__is_free=True)
        .values_list("lessons__pk", flat=True)
        .filter(lessons__is_free=True)
    )
    for event in Event.objects.filter(member__is_simulated=True, name="lesson.opened"):
        assert event.lesson_id in free or (event.member_id, event.course_id) in owned


def test_a_seeding_resumed_days_later_leaves_no_hole(monkeypatch):
    break_off_at_the_fourth_day(monkeypatch)
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    small()
    services.advance()
    days = set(Event.objects.filter(member__is_simulated=True).values_list("day", flat=True))
    first, last = min(days), clock.business_day(later)
    assert {first + timedelta(days=n) for n in range((last - first).days)} <= days
