"""Simulated members before the shelves of a contest: who is shown what, under which policy, and that it counts."""

from datetime import datetime, timedelta

import pytest

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.core.kit import clock
from zhiyue.demo import contest as past
from zhiyue.demo import services
from zhiyue.demo.consents import granted_by
from zhiyue.demo.living import town
from zhiyue.demo.models import Shelf
from zhiyue.demo.roster import members
from zhiyue.demo.telling import SLATE_POLICY
from zhiyue.engine.simulate.kinds import Kind
from zhiyue.recommend import live
from zhiyue.recommend.arms import count_all, standings
from zhiyue.recommend.contests import assigned, end_contest
from zhiyue.recommend.models import ArmDay, Artefact, Contest, LivePolicy
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


def seeded(*, people=60, history_days=6):
    services.seed(members=people, history_days=history_days)
    live.forget()


@pytest.fixture
def short_past(monkeypatch):
    """The contest began three days ago, whatever else is short."""
    monkeypatch.setattr(past, "DAYS", 3)
    monkeypatch.setattr(past, "FEWEST_DAYS", 6)


@pytest.fixture
def shown():
    def found(contest):
        return Event.objects.filter(name="slate.shown", properties__contest=contest.pk).order_by("pk")

    return found


def test_the_demo_s_past_holds_a_contest_that_was_counted_each_night(short_past, shown, settings):
    seeded(people=120)
    contest = Contest.objects.get()
    first = clock.business_day() - timedelta(days=3)
    assert (clock.business_day(contest.began_at), contest.ended_at) == (first, None)
    assert live.standing().contest == contest.pk
    entry = AuditEntry.objects.get(act="contest.begun")
    assert entry.why
    # Written when the demo was filled, it says since when.
    assert clock.business_day(datetime.fromisoformat(entry.after["begins_at"])) == first
    # Chances of each day were decided in the night before the last.
    days = [(first + timedelta(days=n)).isoformat() for n in range(5)]
    assert sorted(contest.chances) == [days[0], *days[2:]]
    # Who was shown its shelves takes part, got the policy of the lot, and was counted.
    events = list(shown(contest))
    assert events
    figures = {figure.member_id: figure for figure in members()}
    for event in events:
        told, actor = event.properties, Actor(member_id=event.member_id, granted=EVERYTHING)
        assert granted_by(figures[event.member_id]) == EVERYTHING
        by = assigned(actor, event.occurred_at)
        assert (told["policy"], told["policy_chance"]) == (by.policy, pytest.approx(by.chance))
        assert told["made_on"] == event.day.isoformat()
    ended = {(one.member_id, one.day) for one in events if one.day < clock.business_day()}
    assert sum(ArmDay.objects.values_list("shown", flat=True)) == len(ended) > 0
    viewer = past.operator()
    assert standings(viewer).simulated == len({member for member, _ in ended})
    # Without a demo the same log counts nobody.
    settings.ZHIYUE_DEMO = False
    count_all()
    assert sum(ArmDay.objects.values_list("shown", flat=True)) == 0
    assert standings(viewer).simulated == 0


def test_where_nobody_would_count_the_past_holds_no_contest(short_past, settings):
    settings.ZHIYUE_DEMO = False
    seeded()
    assert not Contest.objects.exists() and not Shelf.objects.exists()


def test_a_short_past_holds_no_contest():
    seeded()
    assert not Contest.objects.exists()
    assert set(
        Event.objects.filter(name="slate.shown", origin="import").values_list("properties__policy", flat=True)
    ) == {SLATE_POLICY}


def test_a_shelf_is_kept_while_the_day_lasts_whatever_is_trained_meanwhile(short_past):
    seeded(people=120)
    day = clock.business_day()

    def lived():
        services._lived.clear()
        here = town(day=day)
        acts = here.live(day).acts
        at = acts.kind == Kind.SLATE
        return acts.slates[acts.slate[at]].tolist(), acts.person[at].tolist()

    before, kept = lived(), list(Shelf.objects.filter(day=day).order_by("pk").values())
    assert kept
    Artefact.objects.all().delete()
    train_all(["popular"])
    LivePolicy.objects.update(policy="popular")
    live.forget()
    assert lived() == before
    assert list(Shelf.objects.filter(day=day).order_by("pk").values()) == kept
    # Shelves of the days before the last are nobody's business any more.
    assert Shelf.objects.filter(day__lt=day - timedelta(days=2)).count() == 0


def test_when_it_ends_shelves_are_drawn_by_charm_again(
    short_past, shown, django_capture_on_commit_callbacks, monkeypatch
):
    seeded(people=120)
    contest = Contest.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        end_contest(viewer=past.operator())
    before, now = shown(contest).count(), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=2))
    assert services.advance() > 0
    assert shown(contest).count() == before
    later = Event.objects.filter(name="slate.shown", origin="import", occurred_at__gt=now)
    assert {event.properties["policy"] for event in later} == {SLATE_POLICY}


def test_a_seeding_that_breaks_off_in_the_contest_goes_on_with_it(short_past, monkeypatch):
    real = past.count_the_night_after

    def breaks(day):
        if day == clock.business_day() - timedelta(days=2):
            raise KeyboardInterrupt
        real(day)

    with monkeypatch.context() as patched:
        patched.setattr(past, "count_the_night_after", breaks)
        with pytest.raises(KeyboardInterrupt):
            seeded(people=120)
    assert Contest.objects.count() == 1
    seeded(people=120)
    contest = Contest.objects.get()
    assert contest.ended_at is None
    assert contest.days.values("day").distinct().count() == 3
    assert AuditEntry.objects.filter(act="contest.begun").count() == 1
