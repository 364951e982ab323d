"""A training serves only where it foretells no worse; what is refused is told, and can be let serve all the same."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from tests.factories import make_course, make_member
from tests.recommend.teachable import TAUGHT, wander
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.monitor.examination import examine
from zhiyue.recommend import checking, live, memory, parts, tasks
from zhiyue.recommend.checking import HOLDS
from zhiyue.recommend.forgetting import ROWS_KEPT
from zhiyue.recommend.kinds import RefusedTraining
from zhiyue.recommend.models import FIGURE, Artefact, LivePolicy
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import take_in, train, train_all
from zhiyue.recommend.trainings import refused_trainings

pytestmark = pytest.mark.django_db
WORSE, BROKEN = Artefact.Refusal.WORSE, Artefact.Refusal.BROKEN


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def trained(faithful):
    """It is live, and the only one that is there."""
    LivePolicy.objects.create(policy="item-neighbours")
    live.forget()
    artefact = train(policy="item-neighbours")
    assert not artefact.refusal
    assert artefact.metrics[FIGURE][0] > 0.7
    return artefact


def shown() -> str:
    memory.forget()
    return slate(Actor(visitor=uuid4()), policy="item-neighbours").version


def finding():
    [found] = [one for one in examine(thorough=False) if one.key == "recommenders"]
    return found


def files() -> set[str]:
    return {path.name for path in (Path(settings.ZHIYUE_DATA_DIR) / "artefacts").iterdir()}


def test_a_training_that_foretells_worse_does_not_serve_and_is_told(faithful, trained, caplog):
    assert (finding().state, finding().said) == ("good", "No training was refused")
    before = files()
    wander(faithful, people=40)

    refused = train(policy="item-neighbours")

    assert refused.refusal == WORSE
    assert refused.metrics[FIGURE][0] < trained.metrics[FIGURE][1]
    assert (refused.path, files()) == ("", before)
    assert shown() == trained.version
    assert "is not let serve: ndcg@10 fell from" in caplog.text
    told = finding()
    assert told.state == "warn"
    assert told.said.startswith(
        f"item-neighbours foretells worse: NDCG@10 fell from {trained.figure:.3f} to {refused.figure:.3f}, "
    )
    assert "--policy NAME --accept" in told.said


def test_a_training_as_good_as_the_last_serves(faithful, trained):
    wander(faithful, people=2)
    artefact = train(policy="item-neighbours")
    assert not artefact.refusal
    # A little worse, which two people of forty explain.
    assert artefact.figure < trained.metrics[FIGURE][1]
    assert shown() == artefact.version


def test_whoever_answers_for_the_academy_may_let_it_serve(faithful, trained):
    wander(faithful, people=40)
    refused = train(policy="item-neighbours")

    accepted = train(policy="item-neighbours", accept=True)

    assert shown() == accepted.version
    assert refused_trainings() == []
    assert finding().state == "good"
    entry = AuditEntry.objects.get(act="recommender.accepted")
    assert (entry.by_name, entry.subject_kind, entry.subject_id) == (
        "console",
        "recommender",
        "item-neighbours",
    )
    assert (entry.before, entry.after) == (
        {FIGURE: trained.metrics[FIGURE]},
        {FIGURE: refused.metrics[FIGURE]},
    )
    # From now on this is what the next is held against.
    assert not train(policy="item-neighbours").refusal


def test_nothing_is_noted_where_nothing_was_given_up(faithful, trained):
    train(policy="item-neighbours", accept=True)
    assert not AuditEntry.objects.filter(act="recommender.accepted").exists()


@pytest.mark.parametrize(
    ("people", "changed"),
    [
        (40, {"measured_at": lambda at: at - HOLDS}),
        (40, {"parts": lambda _: "ease"}),
        (41, {}),
    ],
    ids=["six days old", "of other parts", "of a third fewer acts"],
)
def test_what_does_not_stand_for_this_academy_any_more_refuses_nobody(faithful, trained, people, changed):
    columns = {name: change(getattr(trained, name)) for name, change in changed.items()}
    if columns:
        Artefact.objects.update(**columns)
    wander(faithful, people=people)
    artefact = train(policy="item-neighbours")
    assert not artefact.refusal
    assert artefact.metrics[FIGURE][0] < trained.metrics[FIGURE][1]
    assert shown() == artefact.version


def test_an_artefact_of_a_version_before_is_held_against_by_when_it_was_made(faithful, trained):
    Artefact.objects.update(measured_at=None, parts="", digest="")
    wander(faithful, people=40)
    assert train(policy="item-neighbours").refusal == WORSE
    Artefact.objects.filter(refusal="").update(created_at=clock.now() - HOLDS)
    assert not train(policy="item-neighbours").refusal


def test_with_few_people_to_ask_there_is_nothing_to_hold_against(faithful, trained, monkeypatch):
    wander(faithful, people=40)
    monkeypatch.setattr(checking, "FEWEST_CHECKED", 41)
    artefact = train(policy="item-neighbours")
    assert (artefact.refusal, artefact.metrics) == ("", {})
    # Nor has the next.
    monkeypatch.undo()
    assert not train(policy="item-neighbours").refusal


def at_one_moment(courses, people):
    """So many more members take three courses of a topic each, as a file of whole days would tell it."""
    noon = clock.now() - timedelta(days=30)
    for person in range(people):
        actor = Actor(member_id=make_member(f"day{person}@test.example").pk)
        for step in range(3):
            course = courses[4 * (person % 4) + step]
            record("course.enrolled", actor=actor, course_id=course.pk, occurred_at=noon)


def test_whose_times_do_not_tell_which_course_was_the_newest_is_not_asked_about(faithful, monkeypatch):
    at_one_moment(faithful, 20)
    assert train(policy="popular").metrics["people"] == 40
    # With them there were enough, and it is as where there are few.
    monkeypatch.setattr(checking, "FEWEST_CHECKED", 41)
    assert train(policy="popular").metrics == {}


def test_taking_the_catalogue_in_settles_no_refusal_and_measures_nothing(faithful, trained):
    train(policy="content")
    wander(faithful, people=40)
    refused = train(policy="item-neighbours")
    make_course("new", topic="poems", text="poems")
    assert not take_in()
    newest = Artefact.objects.newest_first("item-neighbours").first()
    assert newest.pk > refused.pk
    assert (newest.measured_at, newest.metrics) == (trained.measured_at, trained.metrics)
    [told] = refused_trainings()
    assert told == RefusedTraining(
        "item-neighbours", refused.created_at, refused.detail, True, trained.figure, refused.figure
    )


def test_of_trainings_that_are_refused_again_and_again_the_newest_three_are_kept(faithful, trained):
    wander(faithful, people=40)
    refused = [train(policy="item-neighbours").pk for _ in range(5)]
    assert list(Artefact.objects.refused().values_list("pk", flat=True)) == refused[:1:-1]
    assert shown() == trained.version


# --- what breaks off ---


class Cracked(Popular):
    """A model with a hole in its numbers."""

    def to_arrays(self):
        return {"score": np.where(self.score > 0.5, np.nan, self.score)}


def stumble(known):
    raise ZeroDivisionError("nobody to divide by")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (stumble, "ZeroDivisionError: nobody to divide by"),
        (
            lambda known: Cracked(known.popular.score),
            "ValueError: “model/0/score” holds a value that isn't finite",
        ),
    ],
    ids=["an exception", "not finite"],
)
def test_a_part_that_breaks_off_refuses_its_policy_and_no_other(faithful, monkeypatch, part, told):
    train_all()
    before = {policy: Artefact.objects.newest_first(policy).first().pk for policy in TAUGHT}
    monkeypatch.setitem(parts.PARTS, "factors", part)

    tasks.train()

    after = {policy: Artefact.objects.newest_first(policy).first().pk for policy in TAUGHT}
    assert {policy for policy in TAUGHT if after[policy] == before[policy]} == {"factors"}
    [refused] = Artefact.objects.refused()
    assert (refused.policy, refused.refusal, refused.detail) == ("factors", BROKEN, told)
    assert finding().said == f"The training of factors broke off: {told}. What was trained before serves on."
    # That isn't a matter of taste: nobody can let it serve.
    assert train(policy="factors", accept=True).refusal == BROKEN
    monkeypatch.undo()
    assert not train(policy="factors").refusal
    assert refused_trainings() == []


# --- the command ---


def run(*words):
    out, err = StringIO(), StringIO()
    call_command("recommend", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_tells_what_was_refused_and_how_to_let_it_serve(faithful, trained):
    wander(faithful, people=40)
    with pytest.raises(CommandError) as refusal:
        run("train", "--policy", "item-neighbours", "--policy", "popular")
    assert refusal.value.returncode == 1
    assert str(refusal.value) == (
        "1 of 2 policies are trained and serve from now on. Refused: item-neighbours. "
        "To let one serve that foretells worse: --policy NAME --accept."
    )
    assert Job.objects.filter(name="recommend.take_in").exists()

    said, heard = run("train", "--policy", "item-neighbours", "--accept")

    assert said == "1 of 1 policies are trained and serve from now on.\n"
    assert "item-neighbours: fitted in" in heard
    assert shown() == Artefact.objects.newest_first("item-neighbours").first().version != trained.version


def test_accepting_has_to_say_what(faithful):
    with pytest.raises(CommandError, match="with --policy NAME") as refusal:
        run("train", "--accept")
    assert refusal.value.returncode == 2
    assert not Artefact.objects.exists()


def test_refusals_end_before_rows_of_people_are_dropped():
    assert timedelta(days=6) == HOLDS
    assert HOLDS + parts.DEAR_EVERY - timedelta(hours=1) <= ROWS_KEPT < timedelta(days=7)
