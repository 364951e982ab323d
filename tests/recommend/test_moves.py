"""How a course came to its place: the policy's own score, and each step of re-ranking that moved it from there."""

from datetime import timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command

from tests.factories import make_course, make_member
from tests.recommend.teachable import TAUGHT
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.engine.matrix import profiles
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.interests import choose_interests
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import memory, serve
from zhiyue.recommend.explaining import explain, explain_each
from zhiyue.recommend.explanation import STEPS as WORDS
from zhiyue.recommend.inputs import acts_of
from zhiyue.recommend.moves import STEPS, Move, Placing
from zhiyue.recommend.policies import PROFILE, RERANKING
from zhiyue.recommend.rules import Wish, put_rule
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(town):
    """A member who looked at the first of the data courses."""
    actor = Actor(member_id=make_member("reader@test.example", "读者").pk)
    view_course(actor=actor, course=town[0])
    return actor


def told(actor, k=16, policy="hybrid"):
    """The explained courses by id."""
    return {one.shown.course_id: one for one in explain(actor, policy=policy, k=k).courses}


def own_order(actor, policy="hybrid"):
    """All courses by the model's own score alone, best first, and these scores."""
    held = memory.newest(policy)
    person = profiles(acts_of(recent_acts(actor), held.course_ids, {}), PROFILE)
    scores = dict(zip(held.course_ids.tolist(), held.pipeline.model.scores(person)[0].tolist(), strict=True))
    return sorted(scores, key=lambda pk: (-scores[pk], pk)), scores


def show(viewer, course, kind, **changed):
    begins = clock.now() - timedelta(minutes=1)
    put_rule(
        viewer=viewer,
        wish=Wish(
            kind=kind, course_id=course.pk, **{"slot": "", "why": "Summer", "begins_at": begins, **changed}
        ),
    )


@pytest.fixture
def viewer(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


# --- what holds for every slate ---


@pytest.mark.parametrize("policy", TAUGHT)
def test_each_course_is_led_from_its_own_place_to_the_one_it_has(reader, town, policy):
    train_all([policy])
    order, scores = own_order(reader, policy)
    unmet = [pk for pk in order if pk != town[0].pk and scores[pk] > 0]
    for one in told(reader, policy=policy).values():
        placing = one.placing
        places = [placing.place, *(move.place for move in placing.moves)]
        assert places[-1] == one.shown.position
        assert all(before != after for before, after in pairwise(places))
        course = one.shown.course_id
        if scores[course] > 0:
            assert placing.score == pytest.approx(scores[course])
        else:
            assert placing.score is None
        if course in unmet and policy != "popular":
            assert placing.place == unmet.index(course) + 1


def test_the_list_that_is_everybodys_is_moved_by_nothing_but_what_was_met(reader, town):
    train_all(["popular"])
    steps = {move.step for one in told(reader, policy="popular").values() for move in one.placing.moves}
    assert steps <= {"met"}


def test_before_a_training_there_is_no_score_to_tell(reader):
    assert all(one.placing is None for one in told(reader).values())


def test_serving_asks_for_none_of_it(reader, monkeypatch):
    train_all(["hybrid"])
    monkeypatch.setattr(serve, "stages", None)
    assert slate(reader, k=6).items
    with pytest.raises(TypeError):
        explain(reader, policy="hybrid", k=6)


# --- each step ---


def test_what_is_better_taken_first_is_told_from_where_it_was_lifted(reader, town):
    train_all()
    before = told(reader)
    first = next(one for one in before.values() if one.shown.position == 1)
    late = Course.objects.get(pk=first.shown.course_id)
    early = next(course for course in town if before.get(course.pk) and before[course.pk].placing.place == 7)
    late.prerequisites.set([early])
    train_all()

    found = told(reader, k=6)

    placing = found[early.pk].placing
    assert placing.place == before[early.pk].placing.place
    assert placing.moves[-1] == placing.most == Move("before", 1)
    assert placing.score != found[early.pk].shown.score == found[late.pk].shown.score
    assert found[late.pk].placing.moves[-1] == Move("passed", 2)


def test_a_new_course_is_told_from_where_the_lot_lifted_it(reader, town):
    young = make_course("young", topic="law", days_ago=2)
    train_all()
    found = told(reader, k=6)

    one = found[young.pk]
    assert one.shown.reason.kind == "exploration" and one.shown.position == RERANKING.explore_place
    assert one.placing.place > RERANKING.explore_place
    assert one.placing.most == Move("drawn", RERANKING.explore_place)
    below = [one for one in found.values() if one.shown.position > RERANKING.explore_place]
    assert below
    for other in below:
        assert other.placing.moves[-1].place == other.shown.position
        assert other.placing.moves[-1].step in ("passed", "variety")


@pytest.mark.parametrize(("factor", "way"), [(0.5, 1), (2.0, -1)])
def test_a_rule_is_told_with_what_it_moved(reader, town, viewer, factor, way):
    train_all()
    plain = told(reader)
    course = next(
        Course.objects.get(pk=pk)
        for pk, one in plain.items()
        if one.placing.place == 2 and one.placing.score is not None
    )
    show(viewer, course, "weigh", factor=factor)

    placing = told(reader)[course.pk].placing

    assert placing.place == 2
    assert placing.score == plain[course.pk].placing.score
    [by_rules] = [move for move in placing.moves if move.step == "rules"] or [None]
    assert by_rules is not None and (by_rules.place - 2) * way > 0


def test_a_level_that_does_not_fit_is_told(town, learner):
    actor = Actor(member_id=learner.pk)
    grant_course(user=learner, course=town[0])
    train_all()
    first = next(pk for pk, one in told(actor).items() if one.placing.place == 1)
    Course.objects.filter(pk=first).update(level="advanced")
    train_all()

    placing = told(actor)[first].placing

    assert placing.place == 1
    [lowered] = [move for move in placing.moves if move.step == "level"]
    assert lowered.place > 1


def test_a_pin_is_told_and_what_gave_way_to_it(reader, town, viewer):
    train_all()
    plain = told(reader, k=6)
    outside = next(course for course in town[1:] if course.pk not in plain)
    show(viewer, outside, "pin", slot="for-you", place=2, ends_at=clock.now() + timedelta(days=7))

    found = told(reader, k=6)

    pinned = found[outside.pk]
    assert pinned.shown.reason.kind == "pinned" and pinned.placing.place > 2
    assert pinned.placing.moves == (Move("pinned", 2),)
    second = next(pk for pk, one in plain.items() if one.shown.position == 2)
    assert found[second].placing.moves[-1] == Move("passed", 3)


def test_a_topic_that_fills_the_list_is_held_back_and_others_come_up(reader, town):
    """Data fills the first places by its scores; of six places it gets two."""
    train_all()
    found = told(reader, k=6)
    lifted = [one for one in found.values() if one.placing.moves and one.placing.moves[-1].step == "variety"]
    assert lifted
    assert any(one.placing.place > one.shown.position for one in lifted)
    whole = told(reader, k=15)
    data = [whole[course.pk] for course in town[1:4]]
    assert sum(one.shown.position <= 6 for one in found.values() if one in data) <= 2


def test_what_was_met_already_stands_behind_all_else(reader, town):
    train_all()
    one = told(reader)[town[0].pk]
    assert one.shown.position == 16
    assert one.placing.place < 16
    assert one.placing.moves[0] == Move("met", 16)


def test_topics_that_a_beginner_chose_and_what_is_new_are_told(town):
    actor = Actor(member_id=make_member("new@test.example", "新人").pk)
    choose_interests(actor=actor, topic_slugs=["money"])
    young = make_course("young", topic="data", days_ago=1)
    train_all()
    found = told(actor, k=6)
    assert found[young.pk].placing.moves[0].step == "new"
    steps = {
        one.placing.moves[0].step
        for one in found.values()
        if one.shown.reason.kind == "interest" and one.placing.moves
    }
    assert steps == {"topic"}


def test_the_step_that_brought_it_furthest_is_the_one_that_is_named():
    assert Placing(0.5, 3, ()).most is None
    moves = (Move("novelty", 5), Move("variety", 3), Move("drawn", 4))
    # From 5 to 3 is furthest up, from 3 to 5 furthest down; back where it began nothing is named.
    assert Placing(0.5, 6, moves).most == moves[1]
    assert Placing(0.5, 3, moves).most == moves[0]
    assert Placing(0.5, 4, moves).most is None


# --- in words ---


def test_the_command_tells_own_scores_and_steps(reader, town):
    train_all()
    late = Course.objects.get(pk=next(pk for pk, one in told(reader).items() if one.shown.position == 1))
    early = next(
        course for course in town[1:] if course != late and told(reader)[course.pk].placing.place == 7
    )
    late.prerequisites.set([early])
    train_all()
    out = StringIO()
    call_command("recommend", "explain", "reader@test.example", "--k", "6", stdout=out)
    place = told(reader, k=6)[early.pk].placing.place
    said = out.getvalue()
    assert f"    by its own score place {place}; " in said
    assert f"; before “{late.title}”, which needs it: place 1" in said


def test_every_step_has_its_words():
    assert set(WORDS) | {"before", "variety"} == set(STEPS)


def test_slates_of_several_policies_are_each_led_by_their_own_scores(reader):
    train_all()
    for found in explain_each(reader, list(TAUGHT), k=4):
        order = sorted(found.courses, key=lambda one: one.placing.place)
        scores = [one.placing.score for one in order if one.placing.score is not None]
        assert scores == sorted(scores, reverse=True)
