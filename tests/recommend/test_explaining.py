"""What `zhiyue recommend train` and `explain` say, and that it is true."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_member
from tests.recommend.teachable import TAUGHT
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.jobs.models import Job
from zhiyue.engine.matrix import profiles
from zhiyue.product.learning.services import save_course, view_course
from zhiyue.recommend import explaining, memory
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.inputs import acts_of
from zhiyue.recommend.kinds import Reason
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import POLICIES, PROFILE
from zhiyue.recommend.selectors import slate, slates
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


def run(*words):
    out, err = StringIO(), StringIO()
    call_command("recommend", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def reader(town):
    """Somebody who looked at two courses."""
    actor = Actor(member_id=make_member("reader@test.example", "读者").pk)
    view_course(actor=actor, course=town[0])
    save_course(actor=actor, course=town[5])
    return actor


@pytest.mark.parametrize("policy", TAUGHT)
def test_the_slate_is_the_one_that_is_served_and_its_parts_add_up(town, reader, policy):
    train_all([policy])
    found = explain(reader, policy=policy, k=5)
    assert [one.shown for one in found.courses] == list(slate(reader, policy=policy, k=5))
    assert (found.acts, found.version) == (2, Artefact.objects.get().version)
    held = memory.newest(policy)
    person = profiles(acts_of(recent_acts(reader), held.course_ids, {}), PROFILE)
    scores = held.pipeline.model.scores(person)[0]
    for one in found.courses:
        code = np.searchsorted(held.course_ids, one.shown.course_id)
        assert set(one.parts) == {part.name for part in POLICIES[policy].parts}
        whole = scores[code] if len(one.parts) > 1 else scores[code] / scores.max()
        assert sum(one.parts.values()) == pytest.approx(whole, abs=1e-4)
        assert {evidence.course_id for evidence in one.evidence} <= {town[0].pk, town[5].pk}


def test_an_act_that_spoke_for_a_course_is_named(town, reader):
    train_all(["content"])
    alike = explain(reader, policy="content", k=3).courses
    assert alike[0].evidence
    assert alike[0].evidence[0].share > 0


def test_what_is_popular_is_shown_for_no_act(town, reader, monkeypatch):
    train_all(["content"])
    alike = explain(reader, policy="content", k=3)
    common = [
        replace(one.shown, reason=Reason("popular")) if n == 0 else one.shown
        for n, one in enumerate(alike.courses)
    ]
    ((found, asked),) = slates(reader, ["content"], k=3)
    monkeypatch.setattr(explaining, "slates", lambda *_, **__: [(replace(found, items=tuple(common)), asked)])

    first, *rest = explain(reader, policy="content", k=3).courses

    assert alike.courses[0].evidence and not first.evidence
    assert [one.evidence for one in rest] == [one.evidence for one in alike.courses[1:]]


def test_before_a_training_and_without_an_act_it_says_so(town):
    make_member("quiet@test.example", "安静", granted=NOTHING)
    out, _ = run("explain", "quiet@test.example", "--k", "2")
    assert out.startswith("hybrid, artefact cold, going by 0 acts (nothing was done")
    assert " 2. " in out and " 3. " not in out


def test_training_says_what_it_trained_and_serves_it(town):
    out, err = run("train", "--policy", "popular", "--policy", "hybrid")
    assert "2 of 2 policies are trained" in out
    assert "160 acts of 40 people on 16 courses" in err
    assert "hybrid: fitted in" in err
    assert set(Artefact.objects.values_list("policy", flat=True)) == {"popular", "hybrid"}
    assert Job.objects.filter(name="recommend.take_in").count() == 1


def test_a_policy_of_which_nothing_can_be_fitted_is_passed_over(db):
    out, err = run("train", "--policy", "content")
    assert "0 of 1 policies are trained" in out
    assert "content: passed over" in err


def test_explaining_a_member_in_words(town, reader):
    run("train")
    out, _ = run("explain", "Reader@test.example", "--k", "3", "--policy", "hybrid")
    assert out.splitlines()[1].startswith(
        "parts: what each gave, from 0 to 1; the score needn't be their sum"
    )
    first = out.splitlines()[3]
    assert first.startswith(" 1. ") and first.endswith("(act)")
    assert "next-items " in out and "content " in out
    assert "data 第 0 课" in out or "poems 第 1 课" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain", "nobody@test.example"], "There is no member with the address"),
        (["explain", "x@test.example", "--k", "0"], "--k is 0; it must be 1 or more."),
        (["explain", "x@test.example", "--policy", "magic"], "There is no policy “magic”."),
        (["train", "--policy", "magic"], "There is no policy “magic”."),
    ],
)
def test_bad_input_says_what_to_do(db, words, said):
    with pytest.raises(CommandError, match=said):
        run(*words)


def test_an_artefact_that_does_not_name_its_parts_is_served_and_told_without_them(town, learner, monkeypatch):
    train_all(["hybrid"])
    actor = Actor(member_id=learner.pk)
    view_course(actor=actor, course=town[0])
    held = memory.newest("hybrid")
    older = replace(held, pipeline=replace(held.pipeline, names=()))
    monkeypatch.setattr(memory, "newest", lambda policy: older)

    told = explain(actor, policy="hybrid", k=4)

    assert len(told.courses) == 4
    assert all(one.parts == {} for one in told.courses)
    assert any(one.evidence for one in told.courses)
