"""What `zhiyue recommend train` and `explain` say, and that it is true."""

import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_course, make_member
from tests.recommend.teachable import TAUGHT
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.jobs.models import Job
from zhiyue.engine.matrix import profiles
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.learning.selectors import going_on
from zhiyue.product.learning.services import open_lesson, save_course, view_course
from zhiyue.recommend import explaining, live, memory
from zhiyue.recommend.contests import assigned, begin_contest
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.inputs import acts_of
from zhiyue.recommend.kinds import Reason
from zhiyue.recommend.live import choose_live_policy
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import POLICIES, PROFILE, SHELF_LENGTH
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


@pytest.fixture
def viewer(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.mark.parametrize("policy", TAUGHT)
def test_the_slate_is_the_one_that_is_served_and_its_parts_add_up(town, reader, policy):
    train_all([policy])
    found = explain(reader, policy=policy, k=5)
    served = slate(reader, policy=policy, k=5, slot="for-you")
    assert [one.shown for one in found.courses] == list(served)
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
    out, err = run("explain", "quiet@test.example", "--k", "2")
    assert "hybrid isn't trained: what most learners begin with answers in its place." in err
    assert out.startswith(
        "popular (stands in for hybrid, which isn't trained), artefact cold, going by 0 acts ("
    )
    assert " 2. " in out and " 3. " not in out


def test_it_tells_the_beginning_of_the_shelf_at_home(town, reader):
    train_all(["hybrid"])
    shelf = [item.course_id for item in slate(reader, slot="for-you")]
    assert len(shelf) == SHELF_LENGTH
    for k, told in (("3", 3), ("12", 12), ("40", 12)):
        out, err = run("explain", "reader@test.example", "--k", k)
        ids = {course.title: course.pk for course in town}
        named = [ids[line[4:].split("  ")[0]] for line in out.splitlines() if re.match(r"[ \d]\d\. ", line)]
        assert named == shelf[:told]
        assert ("has 12 places" in err) == (k == "40")


def test_it_speaks_the_language_that_the_account_keeps(town, reader):
    made = {
        course.pk: make_course(f"{course.slug}-en", title=f"in English {course.pk}", language="en",
                               edition_of=course.slug, days_ago=30)
        for course in town
    }  # fmt: skip
    train_all(["content"])
    assert all(
        one.shown.course_id in {c.pk for c in town} for one in explain(reader, policy="content").courses
    )
    User.objects.filter(pk=reader.member_id).update(language="en")
    found = explain(reader, policy="content")
    assert found.courses and all(
        one.shown.course_id in {c.pk for c in made.values()} for one in found.courses
    )
    out, _ = run("explain", "reader@test.example", "--policy", "content")
    assert "in English" in out and "第" not in out


def test_what_is_offered_to_go_on_with_is_not_told(town, reader):
    train_all(["hybrid"])
    begun = explain(reader, policy="hybrid").courses[0].shown.course_id
    lesson = Lesson.objects.filter(course_id=begun).first()
    Lesson.objects.filter(pk=lesson.pk).update(is_free=True)
    open_lesson(user=User.objects.get(pk=reader.member_id), actor=reader, lesson=lesson)
    assert [entry.course.id for entry in going_on(reader)] == [begun]
    assert begun not in [one.shown.course_id for one in explain(reader, policy="hybrid").courses]


def test_the_first_line_says_which_policy_it_is_and_why(town, reader, viewer):
    train_all(["popular", "ease", "hybrid"])
    assert run("explain", "reader@test.example")[0].startswith("hybrid (the live policy), artefact ")
    assert run("explain", "reader@test.example", "--policy", "ease")[0].startswith("ease (as asked for), ")
    choose_live_policy(viewer=viewer, policy="walks", why="so")
    live.forget()
    told = "hybrid (stands in for walks, which is live and isn't trained), artefact "
    assert run("explain", "reader@test.example")[0].startswith(told)
    begin_contest(viewer=viewer, policies=["popular", "ease"], why="so")
    live.forget()
    drawn = assigned(reader)
    assert drawn.contest is not None
    told = f"{drawn.policy} (drawn by lot for them today, with chance 0.50), artefact "
    assert run("explain", "reader@test.example")[0].startswith(told)


def test_a_policy_that_is_not_trained_is_said_not_to_have_answered(town, reader):
    train_all(["hybrid"])
    out, err = run("explain", "reader@test.example", "--policy", "deep")
    assert "deep isn't trained: what most learners begin with answers in its place." in err
    assert out.startswith("popular (stands in for deep, which isn't trained), artefact cold, ")
    assert "trained" not in run("explain", "reader@test.example", "--policy", "hybrid")[1]
    found = slate(reader, policy="deep")
    assert (found.policy, found.version) == ("popular", "cold")


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
