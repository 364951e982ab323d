"""What came of a contest: what counts as shown, chosen and taken up, and what follows from it."""

from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest

from tests.factories import make_member, make_visitor
from tests.recommend.contested import choose, show, slate_of, take_up
from zhiyue.collect import lake
from zhiyue.collect.cleaning import clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import import_history, join_visitor
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.services import import_members
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, Purpose
from zhiyue.core.consent.services import choose as choose_consent
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.registry import schedules
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.engine import bandits
from zhiyue.engine.off_policy import Why
from zhiyue.recommend import live
from zhiyue.recommend.arms import KEPT_DAYS, Untellable, count_all, seen, standings
from zhiyue.recommend.models import ArmDay, Contest, LivePolicy
from zhiyue.recommend.policies import CONTEST
from zhiyue.recommend.showings import days_of_people
from zhiyue.recommend.tasks import count_arms

pytestmark = pytest.mark.django_db


def hour(hours, *, days_ago=1):
    """A moment of a business day."""
    return clock.day_start(clock.business_day() - timedelta(days=days_ago)) + timedelta(hours=hours)


@pytest.fixture
def contest(db):
    """One that has been on for three days."""
    began = hour(0, days_ago=3)
    day = clock.business_day(began).isoformat()
    found = Contest.objects.create(
        policies=["walks", "hybrid"], chances={day: {"walks": 0.5, "hybrid": 0.5}}, began_at=began
    )
    LivePolicy.objects.create(policy="hybrid", contest=found)
    live.forget()
    return found


@pytest.fixture
def reader(learner):
    return Actor(member_id=learner.pk)


def days(contest, n=3):
    today = clock.business_day()
    return list(days_of_people(contest.pk, since=today - timedelta(days=n), until=today))


def told(contest):
    return [(one.policy, one.is_chosen, one.is_taken) for one in days(contest)]


# --- what counts ---


def test_a_day_of_a_person_counts_once_however_often_they_look(contest, reader):
    for at in (9, 10, 11):
        show(reader, hour(at), slate_of("walks", contest=contest.pk, chance=0.25))
    slate = slate_of("walks", contest=contest.pk, chance=0.25)
    show(reader, hour(12), slate)
    choose(reader, hour(12.1), slate, 2)
    take_up(reader, hour(12.2), 2)
    show(reader, hour(9, days_ago=2), slate_of("hybrid", contest=contest.pk, chance=0.75))
    yesterday = clock.business_day() - timedelta(days=1)
    earlier, later = days(contest)
    assert (earlier.day, earlier.policy, earlier.chance) == (yesterday - timedelta(days=1), "hybrid", 0.75)
    assert (earlier.is_chosen, earlier.is_taken) == (False, False)
    assert (later.person, later.day) == (f"m{reader.member_id}", yesterday)
    assert (later.policy, later.chance, later.is_chosen, later.is_taken) == ("walks", 0.25, True, True)


def test_a_day_within_which_the_chance_changed_counts_once_with_the_first(contest, reader):
    """As where an arm stops being trained, and what is drawn stands in for it from then on."""
    first, later = (slate_of("walks", contest=contest.pk, chance=chance) for chance in (0.75, 1.0))
    show(reader, hour(9), first)
    show(reader, hour(11), later)
    choose(reader, hour(11.1), later, 2)
    (only,) = days(contest)
    assert (only.policy, only.chance, only.is_chosen) == ("walks", 0.75, True)


@pytest.mark.parametrize("name", ["course.enrolled", "lesson.opened", "lesson.started"])
def test_what_was_chosen_and_then_begun_on_the_same_day_is_taken_up(contest, reader, name):
    slate = slate_of("walks", contest=contest.pk)
    show(reader, hour(9), slate)
    choose(reader, hour(9.1), slate, 2)
    take_up(reader, hour(23), 2, name)
    assert told(contest) == [("walks", True, True)]


@pytest.mark.parametrize(
    ("course", "at", "days_ago"),
    [(3, 9.2, 1), (2, 8.9, 1), (2, 0.1, 0)],
    ids=["another course", "before the choice", "on another day"],
)
def test_what_else_was_begun_is_chosen_at_most(contest, reader, course, at, days_ago):
    slate = slate_of("walks", contest=contest.pk)
    show(reader, hour(9), slate)
    choose(reader, hour(9.1), slate, 2)
    take_up(reader, hour(at, days_ago=days_ago), course)
    assert told(contest) == [("walks", True, False)]


def test_who_is_quicker_than_the_eye_was_shown_it_all_the_same(contest, reader):
    choose(reader, hour(9), slate_of("walks", contest=contest.pk), 2)
    assert told(contest) == [("walks", True, False)]


def test_a_choice_of_what_did_not_stand_on_the_slate_is_none(contest, reader):
    slate = slate_of("walks", contest=contest.pk)
    # The choice comes before the slate is told of.
    choose(reader, hour(9), slate, 9)
    show(reader, hour(9.1), slate, courses=(1, 2, 3))
    take_up(reader, hour(9.2), 9)
    assert told(contest) == [("walks", False, False)]
    choose(reader, hour(9.3), slate, 3)
    assert told(contest) == [("walks", True, False)]


def test_a_page_that_is_left_open_over_midnight_is_of_the_day_it_was_made_for(contest, reader):
    slate = slate_of("walks", contest=contest.pk)
    show(reader, hour(23.9, days_ago=3), slate)
    show(reader, hour(0.2, days_ago=2), slate)
    choose(reader, hour(0.3, days_ago=2), slate, 2)
    take_up(reader, hour(0.4, days_ago=2), 2)
    (only,) = days(contest)
    assert only.day == clock.business_day() - timedelta(days=3)
    assert (only.is_chosen, only.is_taken) == (True, True)
    # Also where the day before isn't asked for.
    assert days(contest, n=2) == []


def test_a_page_that_stays_open_for_days_tells_nothing_more_whichever_days_are_asked_for(contest, reader):
    slate = slate_of("walks", contest=contest.pk)
    show(reader, hour(9, days_ago=5), slate)
    for ago in (3, 2, 1):
        show(reader, hour(9, days_ago=ago), slate)
        choose(reader, hour(9.1, days_ago=ago), slate, 2)
        take_up(reader, hour(9.2, days_ago=ago), 2)
    by_window = [[(one.day, one.is_chosen) for one in days(contest, n=n)] for n in range(1, 8)]
    first = [(clock.business_day() - timedelta(days=5), False)]
    assert by_window == [[]] * 4 + [first] * 3


def test_days_are_counted_the_same_when_the_window_has_moved_on(contest, reader, monkeypatch):
    for ago, stays_open in ((3, 2), (2, 1), (1, 1)):
        slate = slate_of("walks", contest=contest.pk)
        show(reader, hour(9, days_ago=ago), slate)
        choose(reader, hour(10, days_ago=stays_open), slate, 2)
        take_up(reader, hour(10.1, days_ago=stays_open), 2)
    count_all()
    counted, now = rows(), clock.now()
    assert sum(row[4] for row in counted) == 3
    for later in (1, 5, 12):
        monkeypatch.setattr(clock, "now", lambda later=later: now + timedelta(days=later))
        choose(reader, clock.now() - timedelta(hours=1), slate, 3)
        count_all()
        assert rows()[: len(counted)] == counted
        assert {row[2:] for row in rows()[len(counted) :]} == {(0, 0, 0)}


def test_what_another_person_does_on_the_same_page_stays_an_event_and_counts_for_nobody(
    contest, reader, visitor
):
    slate = slate_of("walks", contest=contest.pk)
    show(reader, hour(9), slate)
    assert choose(Actor(visitor=visitor), hour(9.1), slate, 2).accepted == 1
    assert [(one.person[0], one.is_chosen) for one in days(contest)] == [("m", False)]


def test_who_has_signed_in_since_chooses_from_a_visitor_s_page_for_nothing(contest, reader, visitor):
    slate = slate_of("walks", contest=contest.pk)
    show(Actor(visitor=visitor), hour(9), slate)
    join_visitor(visitor=visitor, member_id=reader.member_id)
    assert choose(Actor(member_id=reader.member_id, visitor=visitor), hour(9.1), slate, 2).accepted == 1
    assert [(one.person, one.is_chosen) for one in days(contest)] == [(f"m{reader.member_id}", False)]


def test_what_a_visitor_did_is_the_member_s_they_turn_out_to_be(contest, reader, visitor):
    slate = slate_of("walks", contest=contest.pk)
    show(Actor(visitor=visitor), hour(9), slate)
    choose(Actor(visitor=visitor), hour(9.1), slate, 2)
    join_visitor(visitor=visitor, member_id=reader.member_id)
    take_up(reader, hour(10), 2)
    assert [(one.person, one.is_taken) for one in days(contest)] == [(f"m{reader.member_id}", True)]


def test_who_is_drawn_for_anew_on_signing_in_is_one_person_under_what_they_saw_first(
    contest, reader, visitor
):
    before = slate_of("walks", contest=contest.pk)
    show(Actor(visitor=visitor), hour(9), before)
    join_visitor(visitor=visitor, member_id=reader.member_id)
    after = slate_of("hybrid", contest=contest.pk)
    show(reader, hour(10), after)
    choose(reader, hour(10.1), after, 2)
    assert [(one.person, one.policy, one.is_chosen) for one in days(contest)] == [
        (f"m{reader.member_id}", "walks", False)
    ]


def test_slates_that_were_not_drawn_and_those_of_other_contests_are_left_out(contest, reader):
    show(reader, hour(9), slate_of("walks"))
    show(reader, hour(9), slate_of("walks", contest=contest.pk + 1))
    assert days(contest) == []


def test_robots_and_who_does_not_take_part_are_left_out(contest, reader):
    show(reader, hour(9), slate_of("walks", contest=contest.pk), user_agent="Googlebot/2.1")
    for refused in (Purpose.PERSONALISATION, Purpose.EXPERIMENTS):
        one = Actor(visitor=make_visitor(EVERYTHING & ~refused))
        show(one, hour(9), slate_of("walks", contest=contest.pk))
    assert days(contest) == []


@pytest.mark.parametrize("withdrawn", [Purpose.PERSONALISATION, Purpose.EXPERIMENTS])
def test_who_withdraws_is_left_out_from_then_on(contest, visitor, withdrawn):
    actor = Actor(visitor=visitor)
    show(actor, hour(9), slate_of("walks", contest=contest.pk))
    assert len(days(contest)) == 1
    choose_consent(member_id=None, visitor=visitor, granted=EVERYTHING & ~withdrawn, way=Choice.Way.SETTINGS)
    assert days(contest) == []


def brought(contest, actor, name="slate.shown", *, hours=9.0, course=None, **more):
    """What a file or the simulator tells, as if it were a browser."""
    drawn = {"made_on": clock.business_day(hour(9)).isoformat(), "showing": "x", "contest": contest.pk}
    properties = {"slate": "for-you", "policy": "walks", **drawn, "policy_chance": 0.5, **more}
    told = clean(
        name=name, origin="import", event_id=uuid4(), course_id=course, lesson_id=None,
        properties=properties, occurred_at=hour(hours), received_at=hour(hours),
    )  # fmt: skip
    assert import_history(events=[(told, actor)]) == 1


@pytest.fixture
def invented(db):
    """A simulated member who was shown courses, chose one and took it up."""
    (made,) = import_members(people=[("m1@members.example.com", "周遥", clock.now() - timedelta(days=40))])
    choose_consent(member_id=made.pk, visitor=None, granted=EVERYTHING, way=Choice.Way.BAR)
    return Actor(member_id=made.pk)


def live_a_little(contest, actor):
    brought(contest, actor, courses=[1, 2])
    brought(contest, actor, "slate.chosen", hours=9.1, course=2, position=2, propensity=1)
    take_up(actor, hour(9.2), 2)


def test_what_files_and_the_simulator_bring_is_left_out(contest, reader, invented, settings):
    settings.ZHIYUE_DEMO = False
    for actor in (reader, invented):
        live_a_little(contest, actor)
    assert days(contest) == []


def test_where_lives_are_simulated_what_simulated_members_do_counts_and_is_called_so(
    contest, reader, invented, chooser, settings
):
    settings.ZHIYUE_DEMO = True
    for actor in (reader, invented):
        live_a_little(contest, actor)
    (only,) = days(contest)
    assert (only.person, only.policy) == (f"m{invented.member_id}", "walks")
    assert (only.chance, only.is_chosen, only.is_taken) == (0.5, True, True)
    count_all()
    found = standings(chooser)
    assert (found.simulated, sum(arm.shown for arm in found.arms)) == (1, 1)
    # Beside people, of whom nothing of the kind is said.
    show(reader, hour(10), slate_of("hybrid", contest=contest.pk))
    count_all()
    found = standings(chooser)
    assert (found.simulated, sum(arm.shown for arm in found.arms)) == (1, 2)


def test_in_production_nobody_is_simulated(contest, invented, chooser, settings):
    settings.ZHIYUE_DEMO, settings.ZHIYUE_ENVIRONMENT = True, "production"
    live_a_little(contest, invented)
    assert days(contest) == []
    count_all()
    assert standings(chooser).simulated == 0


# --- counting ---


def rows():
    columns = ("day", "policy", "shown", "chosen", "taken")
    return list(ArmDay.objects.order_by("day", "policy").values_list(*columns))


def a_day(contest, days_ago, policy, *, shown, chosen=0, taken=0, chance=0.5):
    for n in range(shown):
        actor = Actor(visitor=make_visitor())
        slate = slate_of(policy, contest=contest.pk, chance=chance)
        show(actor, hour(9, days_ago=days_ago), slate)
        if n < chosen:
            choose(actor, hour(9.1, days_ago=days_ago), slate, 2)
        if n < taken:
            take_up(actor, hour(9.2, days_ago=days_ago), 2)


def test_ended_days_are_counted_by_policy_and_again_the_same(contest):
    a_day(contest, 3, "walks", shown=4, chosen=2, taken=1)
    a_day(contest, 2, "hybrid", shown=3, chosen=3, taken=2)
    a_day(contest, 0, "hybrid", shown=1)
    count_all()
    today = clock.business_day()
    first, second, third = (today - timedelta(days=n) for n in (3, 2, 1))
    expected = [
        (first, "hybrid", 0, 0, 0), (first, "walks", 4, 2, 1),
        (second, "hybrid", 3, 3, 2), (second, "walks", 0, 0, 0),
        (third, "hybrid", 0, 0, 0), (third, "walks", 0, 0, 0),
    ]  # fmt: skip
    assert rows() == expected
    chances = Contest.objects.get().chances
    # From the lake the same as from the log.
    lake.seal_past_days()
    count_all()
    assert rows() == expected
    assert Contest.objects.get().chances == chances


def test_what_is_told_late_is_counted_when_it_has_come(contest):
    count_all()
    assert {row[2] for row in rows()} == {0}
    a_day(contest, 3, "walks", shown=2, chosen=1)
    count_all()
    assert (clock.business_day() - timedelta(days=3), "walks", 2, 1, 0) in rows()


def test_the_chances_of_tomorrow_follow_and_those_of_today_stay(contest):
    a_day(contest, 2, "walks", shown=40, chosen=20, taken=12)
    a_day(contest, 2, "hybrid", shown=40, chosen=20, taken=3)
    before = dict(contest.chances)
    count_all()
    contest.refresh_from_db()
    tomorrow = clock.business_day() + timedelta(days=1)
    assert {day: chances for day, chances in contest.chances.items() if day != tomorrow.isoformat()} == before
    kept = 0.5 ** (3 / CONTEST.half_life_days)
    counts = bandits.Counts(np.asarray([12.0, 3.0]) * kept, np.asarray([28.0, 37.0]) * kept)
    expected = bandits.chances(CONTEST, counts)
    assert list(contest.chances[tomorrow.isoformat()]) == ["walks", "hybrid"]
    assert list(contest.chances[tomorrow.isoformat()].values()) == pytest.approx(expected.tolist(), abs=1e-9)
    assert expected[0] > 0.85 and expected[1] >= CONTEST.least_share
    live.forget()
    assert live.standing().chances_on(clock.business_day()) == {"walks": 0.5, "hybrid": 0.5}
    assert seen(contest, tomorrow).successes.tolist() == pytest.approx(counts.successes.tolist())


def test_a_good_day_speaks_for_none_of_equal_policies_whoever_had_the_larger_share_on_it(contest):
    for days_ago, walks, taken in ((3, 0.5, 1), (2, 0.75, 4)):
        for policy, chance in (("walks", walks), ("hybrid", 1 - walks)):
            shown = round(8 * chance)
            of_them = taken * shown // 4
            a_day(contest, days_ago, policy, shown=shown, chosen=of_them, taken=of_them, chance=chance)
    # On the second of the days the policy changed its chance within the day.
    a_day(contest, 2, "walks", shown=2, chosen=2, taken=2, chance=1.0)
    count_all()
    told = {(row.day, row.policy): row.chance for row in ArmDay.objects.filter(shown__gt=0)}
    first, second = (clock.business_day() - timedelta(days=ago) for ago in (3, 2))
    assert told == {
        (first, "walks"): 0.5, (first, "hybrid"): 0.5, (second, "walks"): pytest.approx(0.8),
        (second, "hybrid"): 0.25,
    }  # fmt: skip
    counts = seen(contest, clock.business_day())
    kept = {day: 0.5 ** (ago / CONTEST.half_life_days) for day, ago in ((first, 3), (second, 2))}
    weight, hits = (
        kept[first] * n * 2 + kept[second] * m for n, m in ((4, 2 / 0.25), (1, 2 / 0.25))
    )  # fmt: skip
    assert counts.successes[1] / (counts.successes[1] + counts.failures[1]) == pytest.approx(hits / weight)


def test_chances_are_remembered_for_a_while(contest):
    past = {f"2020-01-{day:02}": {"walks": 0.5, "hybrid": 0.5} for day in range(1, 32)}
    Contest.objects.update(chances={**past, **contest.chances})
    count_all()
    kept = Contest.objects.get().chances
    assert len(kept) == KEPT_DAYS
    assert (clock.business_day() + timedelta(days=1)).isoformat() in kept


def test_an_ended_contest_is_counted_to_its_end_and_decides_nothing_more(contest):
    a_day(contest, 2, "walks", shown=2)
    Contest.objects.update(ended_at=hour(12, days_ago=2))
    LivePolicy.objects.update(contest=None)
    count_all()
    assert [row[:3] for row in rows() if row[2]] == [(clock.business_day() - timedelta(days=2), "walks", 2)]
    assert max(row[0] for row in rows()) == clock.business_day() - timedelta(days=2)
    assert Contest.objects.get().chances == contest.chances


def test_what_stands_in_for_an_arm_is_counted_for_none(contest):
    a_day(contest, 2, "popular", shown=2)
    count_all()
    assert {row[2] for row in rows()} == {0}


def test_the_job_counts_each_night(contest):
    assert str(schedules()["recommend.count_arms"].timing) == "daily 03:10"
    enqueue(count_arms)
    run_due()
    assert Job.objects.get(name="recommend.count_arms").state == Job.State.DONE
    assert len(rows()) == 6


# --- how they stand ---


@pytest.fixture
def chooser(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


def test_the_standings_tell_what_was_seen_believed_and_shared(contest, chooser):
    a_day(contest, 2, "walks", shown=40, chosen=20, taken=15)
    a_day(contest, 1, "hybrid", shown=40, chosen=25, taken=9)
    count_all()
    found = standings(chooser)
    assert (found.contest, found.counted_until, found.is_enough) == (
        contest.pk,
        clock.business_day() - timedelta(days=1),
        True,
    )
    best, other = found.arms
    assert (best.policy, best.shown, best.chosen, best.taken, best.share) == ("walks", 40, 20, 15, 0.5)
    assert (other.policy, other.shown, other.chosen, other.taken) == ("hybrid", 40, 25, 9)
    believed = bandits.believed(CONTEST, seen(contest, clock.business_day() + timedelta(days=1)))
    assert (best.mean, best.low, best.high, best.best) == tuple(
        column[0] for column in (believed.mean, believed.low, believed.high, believed.best)
    )
    assert best.best + other.best == pytest.approx(1)


def told_of(contest, **people):
    valued = {
        policy: {"people": n, "why": "few-rewarded", "figures": {"rewarded": 3, "fewest": 20}}
        for policy, n in people.items()
    }
    Contest.objects.filter(pk=contest.pk).update(valued={"policies": valued})


def test_few_days_or_nothing_taken_up_are_not_enough(contest, chooser):
    assert standings(chooser).is_enough is False
    told_of(contest, walks=30, hybrid=30)
    day = clock.business_day() - timedelta(days=1)
    for policy in contest.policies:
        ArmDay.objects.create(contest=contest, day=day, policy=policy, shown=33, chosen=10, taken=9)
    assert standings(chooser).is_enough is False
    ArmDay.objects.update(taken=11, chosen=11)
    assert standings(chooser).is_enough is True
    ArmDay.objects.filter(policy="walks").update(shown=29)
    assert standings(chooser).is_enough is False


def test_many_days_of_few_people_and_days_of_long_ago_are_not_enough(contest, chooser):
    day = clock.business_day() - timedelta(days=1)
    for policy in contest.policies:
        ArmDay.objects.create(contest=contest, day=day, policy=policy, shown=50, chosen=40, taken=30)
    told_of(contest, walks=30, hybrid=29)
    assert standings(chooser).is_enough is False
    told_of(contest, walks=30, hybrid=30)
    found = standings(chooser)
    assert found.is_enough is True
    told = [(arm.people, arm.alone, arm.untellable) for arm in found.arms]
    assert told == 2 * [(30, None, Untellable(Why.FEW_REWARDED, {"rewarded": 3, "fewest": 20}))]
    # A half-life later no more than half of it is believed.
    ArmDay.objects.update(day=day - timedelta(days=int(CONTEST.half_life_days)))
    later = standings(chooser)
    assert max(arm.seen for arm in later.arms) < 25
    assert later.is_enough is False


def test_the_people_of_each_policy_are_counted_once(contest, reader, visitor, chooser):
    for ago in (3, 2, 1):
        show(reader, hour(9, days_ago=ago), slate_of("walks", contest=contest.pk))
    show(Actor(visitor=visitor), hour(9), slate_of("walks", contest=contest.pk))
    count_all()
    assert {arm.policy: arm.people for arm in standings(chooser).arms} == {"walks": 2, "hybrid": 0}


def test_without_a_contest_there_are_no_standings_and_strangers_see_none(db, chooser, stranger):
    assert standings(chooser) is None
    with pytest.raises(NotAllowed):
        standings(Viewer(user=stranger, visitor=None))


def test_a_member_of_the_cast_is_shown_slates_of_the_contest_end_to_end(contest, reader):
    """What a page signs is what is counted."""
    other = Actor(member_id=make_member("other@test.example").pk)
    for actor in (reader, other):
        show(actor, hour(9), slate_of("hybrid", contest=contest.pk, chance=0.9))
    assert [one.chance for one in days(contest)] == [0.9, 0.9]
