"""The live policy: who may choose it, what follows it, and what serves where it can't."""

import logging

import pytest

from tests.factories import make_member
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import live
from zhiyue.recommend.errors import UnknownPolicy
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.live import choose_live_policy, live_choice, live_policy, serving_policy
from zhiyue.recommend.models import Artefact, LivePolicy
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def chooser(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.fixture
def choose(chooser, django_capture_on_commit_callbacks):
    def act(policy, why="试一试"):
        with django_capture_on_commit_callbacks(execute=True):
            return choose_live_policy(viewer=chooser, policy=policy, why=why)

    return act


def test_the_default_is_live_until_somebody_chooses(chooser):
    assert live_policy() == "hybrid"
    choice = live_choice(chooser)
    assert (choice.policy, choice.serving, choice.chosen_at, choice.by) == ("hybrid", "hybrid", None, "")
    assert choice.trained == frozenset()


def test_slates_that_name_no_policy_follow_the_choice(town, choose, chooser):
    train_all(["hybrid", "content"])
    reader = Actor(member_id=make_member("reader@test.example").pk)
    view_course(actor=reader, course=town[0])
    assert slate(reader).policy == "hybrid"
    assert choose("content") is True
    assert (slate(reader).policy, explain(reader).policy) == ("content", "content")
    assert slate(reader) == slate(reader, policy="content")
    assert slate(reader, policy="hybrid").policy == "hybrid"
    choice = live_choice(chooser)
    assert (choice.policy, choice.by, choice.trained) == ("content", "苏运", {"hybrid", "content"})


def test_the_choice_is_noted_with_before_and_after_and_the_same_again_is_nothing(choose, operator):
    assert choose("ease", why="  比 混合 准 ") is True
    assert choose("ease") is False
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by_id, entry.before, entry.after, entry.why) == (
        "recommendation.chosen",
        operator.pk,
        {"policy": "hybrid"},
        {"policy": "ease"},
        "比 混合 准",
    )
    row = LivePolicy.objects.get()
    assert (row.policy, row.chosen_by) == ("ease", operator)


@pytest.mark.parametrize("role", ["", "learner", "creator", "agent"])
def test_nobody_else_chooses_or_looks(stranger, role):
    if role:
        grant(user=stranger, role=role)
    viewer = Viewer(user=stranger, visitor=None, roles=frozenset({role} - {""}))
    for refused in (
        lambda: choose_live_policy(viewer=viewer, policy="ease", why="我要"),
        lambda: live_choice(viewer),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert not LivePolicy.objects.exists()
    assert not AuditEntry.objects.exists()


def test_what_is_no_policy_or_without_a_reason_is_refused(choose):
    with pytest.raises(UnknownPolicy):
        choose("magic")
    with pytest.raises(Unfit):
        choose("ease", why="  ")
    assert not LivePolicy.objects.exists()
    assert not AuditEntry.objects.exists()


def test_an_unknown_stored_name_falls_back_with_a_line_in_the_log(town, visitor, caplog):
    LivePolicy.objects.create(policy="gone", chosen_at=clock.now())
    with caplog.at_level(logging.WARNING, logger="zhiyue.recommend.live"):
        assert live_policy() == "hybrid"
        assert slate(Actor(visitor=visitor)).version == "cold"
    assert [record.getMessage() for record in caplog.records] == [
        "There is no policy “gone”, which was chosen; “hybrid” serves."
    ]


def test_until_it_is_trained_the_default_serves(town, visitor, choose, chooser):
    choose("ease")
    # Nothing is trained: what most begin with answers, under its own name.
    assert (slate(Actor(visitor=visitor)).policy, serving_policy()) == ("popular", "ease")
    train_all(["hybrid"])
    assert (slate(Actor(visitor=visitor)).policy, serving_policy()) == ("hybrid", "hybrid")
    assert (live_choice(chooser).policy, live_choice(chooser).serving) == ("ease", "hybrid")
    train_all(["ease"])
    assert slate(Actor(visitor=visitor)).policy == "ease"


def test_a_policy_of_which_every_training_was_refused_is_not_trained(town, chooser):
    train_all(["hybrid", "walks"])
    Artefact.objects.filter(policy="walks").update(refusal=Artefact.Refusal.BROKEN, path="")

    assert live_choice(chooser).trained == {"hybrid"}


def test_the_table_is_asked_once_a_second_so_that_every_process_follows(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(live, "CHECK_SECONDS", 1.0)
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    assert live_policy() == "hybrid"
    # As another process does: this one hears of it from the table alone.
    LivePolicy.objects.create(policy="ease", chosen_at=clock.now())
    now[0] += 0.99
    with django_assert_num_queries(0):
        assert live_policy() == "hybrid"
    now[0] += 0.02
    with django_assert_num_queries(2):
        assert live_policy() == "ease"
