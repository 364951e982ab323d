"""Contests of policies: who begins and ends one, who gets which policy, and with which chance."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.factories import make_member, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, Purpose
from zhiyue.core.kit import clock
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import live
from zhiyue.recommend.contests import Assigned, assigned, begin_contest, end_contest
from zhiyue.recommend.errors import ContestRefused, UnknownPolicy
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.live import choose_live_policy, live_choice
from zhiyue.recommend.models import Artefact, Contest, LivePolicy
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db
ARMS = ["hybrid", "walks", "content"]


@pytest.fixture
def chooser(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.fixture
def begin(chooser, django_capture_on_commit_callbacks):
    def act(policies=ARMS, why="看哪个好"):
        with django_capture_on_commit_callbacks(execute=True):
            return begin_contest(viewer=chooser, policies=policies, why=why)

    return act


@pytest.fixture
def back_off(chooser, django_capture_on_commit_callbacks):
    def act():
        with django_capture_on_commit_callbacks(execute=True):
            return end_contest(viewer=chooser)

    return act


def trained(*policies):
    for policy in policies:
        Artefact.objects.create(
            policy=policy,
            version="v",
            created_at=clock.now(),
            interactions=1,
            items=1,
            fit_seconds=0.1,
            path="gone",
        )


def with_chances(contest, days):
    Contest.objects.filter(pk=contest.pk).update(chances=days)
    live.forget()


# --- beginning and ending ---


def test_nothing_is_drawn_until_somebody_begins(visitor):
    assert assigned(Actor(visitor=visitor)) == Assigned("hybrid", None, 1.0)


def test_a_contest_begins_with_equal_chances_and_is_noted(begin, operator):
    trained(*ARMS)
    contest = begin(["content", "walks", "hybrid"], why="  看 哪个 好 ")
    today = clock.business_day().isoformat()
    # In the order of the table of policies.
    assert contest.policies == ["walks", "content", "hybrid"]
    assert contest.chances == {today: pytest.approx({"walks": 1 / 3, "content": 1 / 3, "hybrid": 1 / 3})}
    assert (contest.began_by, contest.ended_at) == (operator, None)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by_id, entry.subject_id, entry.after, entry.why) == (
        "contest.begun",
        operator.pk,
        str(contest.pk),
        {"policies": ["walks", "content", "hybrid"]},
        "看 哪个 好",
    )
    # Nobody chose a policy by that.
    choice = live_choice(Viewer(user=operator, visitor=None, roles=frozenset({"operator"})))
    assert (choice.policy, choice.chosen_at) == ("hybrid", None)


def test_ending_it_takes_no_reason_and_gives_everybody_the_live_policy_back(begin, back_off, visitor):
    trained(*ARMS)
    contest = begin()
    assert assigned(Actor(visitor=visitor)).contest == contest.pk
    assert back_off() is True
    assert assigned(Actor(visitor=visitor)) == Assigned("hybrid")
    assert Contest.objects.get().ended_at is not None
    entry = AuditEntry.objects.latest("pk")
    assert (entry.act, entry.before, entry.after) == (
        "contest.ended",
        {"policies": contest.policies},
        {"policy": "hybrid"},
    )
    assert back_off() is False
    assert AuditEntry.objects.count() == 2
    # The next one is another contest.
    assert begin().pk > contest.pk


def test_making_a_policy_live_ends_the_contest(begin, chooser, django_capture_on_commit_callbacks, visitor):
    trained(*ARMS)
    contest = begin()
    with django_capture_on_commit_callbacks(execute=True):
        # It is live already, but not for everybody.
        assert choose_live_policy(viewer=chooser, policy="hybrid", why="够了") is True
    assert assigned(Actor(visitor=visitor)) == Assigned("hybrid")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.before, entry.after) == (
        {"policy": "hybrid", "policies": contest.policies},
        {"policy": "hybrid"},
    )
    assert Contest.objects.get().ended_at is not None
    assert choose_live_policy(viewer=chooser, policy="hybrid", why="够了") is False


@pytest.mark.parametrize("role", ["", "learner", "creator", "agent"])
def test_nobody_else_begins_or_ends_one(stranger, begin, role):
    trained(*ARMS)
    begin()
    if role:
        grant(user=stranger, role=role)
    viewer = Viewer(user=stranger, visitor=None, roles=frozenset({role} - {""}))
    for refused in (
        lambda: begin_contest(viewer=viewer, policies=ARMS, why="我要"),
        lambda: end_contest(viewer=viewer),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert (Contest.objects.get().ended_at, AuditEntry.objects.count()) == (None, 1)


@pytest.mark.parametrize(
    ("policies", "why", "problem"),
    [
        (["hybrid", "magic"], "试", UnknownPolicy),
        (["hybrid"], "试", ContestRefused),
        (["hybrid", "hybrid"], "试", ContestRefused),
        (["hybrid", "walks", "content", "ease", "popular"], "试", ContestRefused),
        (["hybrid", "factors"], "试", ContestRefused),
        (ARMS, "  ", Unfit),
    ],
)
def test_what_cannot_be_a_contest_is_refused_and_writes_nothing(begin, policies, why, problem):
    trained("hybrid", "walks", "content", "ease", "popular")
    with pytest.raises(problem):
        begin(policies, why)
    assert not Contest.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not LivePolicy.objects.exists()


def test_a_second_contest_waits_for_the_end_of_the_first(begin):
    trained(*ARMS)
    begin()
    with pytest.raises(ContestRefused):
        begin(["hybrid", "walks"])
    assert Contest.objects.count() == 1


# --- who gets what ---


def test_only_who_lets_us_recommend_and_takes_part_in_trials_is_drawn_for(begin):
    trained(*ARMS)
    contest = begin()
    drawn = {
        purposes: assigned(Actor(visitor=make_visitor(purposes))).contest
        for purposes in (
            EVERYTHING,
            Purpose.PERSONALISATION | Purpose.EXPERIMENTS,
            Purpose.PERSONALISATION,
            EVERYTHING & ~Purpose.PERSONALISATION,
            NOTHING,
        )
    }
    assert list(drawn.values()) == [contest.pk, contest.pk, None, None, None]
    assert assigned(Actor()) == Assigned("hybrid")
    assert assigned(Actor(visitor=uuid4(), granted=NOTHING)) == Assigned("hybrid")


def test_a_policy_stays_a_person_s_all_day_and_is_drawn_anew_the_next(begin, learner):
    trained(*ARMS)
    begin()
    actor, morning = Actor(member_id=learner.pk), clock.day_start(clock.business_day() + timedelta(days=3))
    days = [
        {assigned(actor, morning + timedelta(days=day, hours=hour)).policy for hour in (0, 12, 23.9)}
        for day in range(30)
    ]
    assert {len(policies) for policies in days} == {1}
    assert set.union(*days) == set(ARMS)


def test_each_policy_is_drawn_as_often_as_its_chance_says(begin):
    trained(*ARMS)
    today = clock.business_day().isoformat()
    with_chances(begin(), {today: {"hybrid": 0.6, "walks": 0.3, "content": 0.1}})
    found = [assigned(Actor(visitor=uuid4(), granted=EVERYTHING)) for _ in range(3000)]
    assert {(one.policy, round(one.chance, 9)) for one in found} == {
        ("hybrid", 0.6),
        ("walks", 0.3),
        ("content", 0.1),
    }
    counted = Counter(one.policy for one in found)
    for policy, chance in (("hybrid", 0.6), ("walks", 0.3), ("content", 0.1)):
        assert counted[policy] / 3000 == pytest.approx(chance, abs=4 * 0.5 / 3000**0.5)


def test_a_day_has_the_chances_that_were_written_last_before_it(begin, learner):
    trained(*ARMS)
    contest = begin()
    first = clock.business_day()
    with_chances(
        contest,
        {
            first.isoformat(): {"hybrid": 1.0, "walks": 0.0},
            (first + timedelta(days=2)).isoformat(): {"hybrid": 0.0, "walks": 1.0},
        },
    )
    actor = Actor(member_id=learner.pk)
    by_day = [assigned(actor, clock.day_start(first + timedelta(days=day))).policy for day in range(4)]
    assert by_day == ["hybrid", "hybrid", "walks", "walks"]
    # Before it began the live one served.
    assert assigned(actor, clock.day_start(first - timedelta(days=1))) == Assigned("hybrid")


def test_what_stands_in_for_an_untrained_policy_has_the_chance_of_both(town, begin, visitor):
    train_all(["hybrid", "content"])
    trained("walks")
    today = clock.business_day().isoformat()
    with_chances(begin(), {today: {"hybrid": 0.5, "walks": 0.3, "content": 0.2}})
    Artefact.objects.filter(policy="walks").delete()
    found = {assigned(Actor(visitor=uuid4(), granted=EVERYTHING)) for _ in range(60)}
    assert {(one.policy, round(one.chance, 9)) for one in found} == {("hybrid", 0.8), ("content", 0.2)}


# --- slates ---


def test_slates_that_name_no_policy_are_made_by_the_one_drawn(town, begin):
    train_all(ARMS)
    today = clock.business_day().isoformat()
    contest = begin()
    with_chances(contest, {today: {"content": 0.75, "walks": 0.25}})
    readers = [Actor(member_id=make_member(f"r{n}@test.example").pk) for n in range(8)]
    policies = set()
    for reader in readers:
        view_course(actor=reader, course=town[0])
        drawn, found = assigned(reader), slate(reader)
        assert (found.policy, found.contest, found.policy_chance) == (drawn.policy, contest.pk, drawn.chance)
        assert found.items == slate(reader, policy=drawn.policy).items
        assert explain(reader).policy == drawn.policy
        policies.add(found.policy)
        named = slate(reader, policy="hybrid")
        assert (named.policy, named.contest, named.policy_chance) == ("hybrid", None, 1.0)
    assert policies == {"content", "walks"}


def test_a_list_that_no_policy_made_is_no_policy_s_work(town, begin, learner):
    trained(*ARMS)
    begin()
    reader = Actor(member_id=learner.pk)
    view_course(actor=reader, course=town[0])
    assert assigned(reader).contest is not None
    found = slate(reader)
    assert (found.version, found.contest, found.policy_chance) == ("cold", None, 1.0)
    assert found.items


def test_every_process_hears_of_a_contest_within_a_second(
    monkeypatch, visitor, django_assert_num_queries, begin
):
    trained(*ARMS)
    monkeypatch.setattr(live, "CHECK_SECONDS", 1.0)
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    actor = Actor(visitor=visitor, granted=EVERYTHING)
    assert assigned(actor).contest is None
    # As another process does: this one hears of it from the table alone.
    today = clock.business_day().isoformat()
    contest = Contest.objects.create(policies=["hybrid"], chances={today: {"hybrid": 1.0}})
    LivePolicy.objects.create(policy="walks", contest=contest)
    now[0] += 0.99
    with django_assert_num_queries(0):
        assert assigned(actor).contest is None
    now[0] += 0.02
    with django_assert_num_queries(2):
        assert assigned(actor) == Assigned("hybrid", contest.pk, 1.0)
