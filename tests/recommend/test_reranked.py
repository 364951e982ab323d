"""Slates as they are shown: near-duplicates, what comes first, level, what was given back, new courses by lot."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.factories import make_course, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.engine.kinds import Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.product.catalogue.models import Course, Likeness
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.services import dismiss_course, view_course
from zhiyue.recommend import memory, serve
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.kinds import Reason
from zhiyue.recommend.moves import Move
from zhiyue.recommend.policies import RERANKING
from zhiyue.recommend.reranking import Lot, Person
from zhiyue.recommend.selectors import similar, slate
from zhiyue.recommend.services import train, train_all
from zhiyue.recommend.traits import Traits

pytestmark = pytest.mark.django_db


def ids(found):
    return [item.course_id for item in found.items]


@pytest.fixture
def reader(town, visitor):
    """A visitor who looked at the first of the data courses."""
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[0])
    return actor


def place_of(found, course):
    return ids(found).index(course.pk)


# --- what a model keeps of courses ---


def test_a_model_keeps_topics_teachers_levels_and_what_comes_first_of_originals(courses):
    english = make_course("data-0-en", language="en", edition_of="data-0")
    english.prerequisites.set([courses[1]])
    courses[0].prerequisites.set([courses[1], courses[2]])
    Course.objects.filter(pk=courses[3].pk).update(level="advanced")
    Likeness.objects.create(course=courses[4], other=courses[5], share=0.9)
    Likeness.objects.create(course=courses[5], other=english, share=0.6)
    Likeness.objects.create(course=courses[6], other=courses[7], share=RERANKING.twins_from - 0.01)
    aside = Likeness.objects.create(course=courses[8], other=courses[9], share=1.0)
    Likeness.objects.filter(pk=aside.pk).update(dismissed_at=clock.now(), dismissed_why="two volumes")
    train(policy="hybrid")

    traits = memory.newest("hybrid").pipeline.traits

    # In the order of ids: data 0 to 3, poems, coffee, money; the edition is its original.
    assert len(traits.twins) == 16
    assert traits.topic.tolist() == [1] * 4 + [3] * 4 + [0] * 4 + [2] * 4
    assert set(traits.groups[1].tolist()) == {0}
    assert traits.level.tolist() == [0, 0, 0, 2] + [0] * 12
    assert traits.needs == {0: (1, 2)}
    assert traits.twins.tolist() == [0, -1, -1, -1, 0, 0] + [-1] * 10


# --- near-duplicates ---


def test_courses_that_are_nearly_the_same_never_share_a_list(reader, town):
    train_all()
    both = {town[1].pk, town[2].pk}
    assert both <= set(ids(slate(reader, k=12)))

    Likeness.objects.create(course=town[1], other=town[2], share=0.8)
    train_all()

    for k in (4, 12, 16):
        assert len(both & set(ids(slate(reader, k=k)))) == 1
    assert town[2].pk not in ids(similar(town[1].pk))


# --- what comes first ---


def test_what_is_better_taken_first_takes_the_place_and_says_so(reader, town):
    train_all()
    before = slate(reader, k=6)
    late = next(course for course in town if course.pk == before.items[0].course_id)
    early = next(course for course in town if course.pk not in ids(before) and course != town[0])
    late.prerequisites.set([early])
    train_all()

    found = slate(reader, k=6)

    assert ids(found)[:2] == [early.pk, late.pk]
    assert found.items[0].reason == Reason("prerequisite", course_id=late.pk)
    assert found.items[1].reason == before.items[0].reason
    assert found.items[0].score == found.items[1].score
    # What is everybody's list stays as it is.
    assert {item.reason.kind for item in slate(reader, policy="popular").items} == {"popular"}


def test_of_ten_courses_two_at_most_are_there_for_what_builds_on_them(reader, town):
    train_all()
    wanted = ids(slate(reader, k=5))
    others = [course for course in town[1:] if course.pk not in wanted]
    for late, early in zip(wanted, others, strict=False):
        Course.objects.get(pk=late).prerequisites.set([early])
    train_all()

    found = slate(reader, k=10)

    assert len(found.items) == 10
    assert [item.reason.kind for item in found.items].count("prerequisite") == 2
    # The first two that were wanted have theirs before them, the others wait.
    assert ids(found)[:4] == [others[0].pk, wanted[0], others[1].pk, wanted[1]]


def test_what_was_only_looked_at_comes_first_all_the_same(reader, town):
    """What a person met already is kept from the list, but as long as they didn't take it, it is what comes first."""
    train_all(["hybrid"])
    late = next(course for course in town if course.pk == ids(slate(reader))[0])
    late.prerequisites.set([town[0]])
    train_all(["hybrid"])

    found = ids(slate(reader, k=16))
    at = found.index(town[0].pk)
    assert at < 15 and found[at + 1] == late.pk


def test_what_comes_first_rises_a_few_places_and_what_needs_it_falls_behind_it(reader, town):
    train_all(["hybrid"])
    before = {one.shown.course_id: one for one in explain(reader, policy="hybrid", k=16).courses}
    late, early = ({one.placing.place: pk for pk, one in before.items()}[place] for place in (1, 12))
    Course.objects.get(pk=late).prerequisites.set([early])
    train_all(["hybrid"])

    found = {one.shown.course_id: one for one in explain(reader, policy="hybrid", k=16).courses}

    place = found[early].shown.position
    assert found[early].placing.place == 12
    assert place >= 12 - RERANKING.variety.most_rise
    assert found[late].shown.position == place + 1
    assert found[late].placing.place == 1
    assert found[late].placing.moves[-1] == Move("waited", place + 1)
    # A list that ends above shows neither.
    assert {early, late}.isdisjoint(ids(slate(reader, k=4)))


def test_who_took_it_or_does_not_want_it_is_not_sent_back_to_it(town, learner, visitor):
    late, early = town[1], town[6]
    late.prerequisites.set([early])
    train_all()
    member, refuser = Actor(member_id=learner.pk), Actor(visitor=visitor)
    for actor in (member, refuser):
        view_course(actor=actor, course=town[0])
        assert place_of(slate(actor, k=16), early) < place_of(slate(actor, k=16), late)
    grant_course(user=learner, course=early)
    dismiss_course(actor=refuser, course=early)

    for actor in (member, refuser):
        found = slate(actor, k=16)
        assert early.pk not in ids(found)
        assert late.pk in ids(found)
        assert "prerequisite" not in {item.reason.kind for item in found.items}


# --- level ---


def test_a_course_two_levels_off_what_was_taken_goes_down(town, learner, visitor):
    beginner, looker = Actor(member_id=learner.pk), Actor(visitor=visitor)
    grant_course(user=learner, course=town[0])
    view_course(actor=looker, course=town[0])
    train_all()
    first = {actor: slate(actor, k=16).items[0] for actor in (beginner, looker)}
    hard = first[beginner].course_id
    assert first[looker].course_id == hard
    scores = {actor: first[actor].score for actor in first}

    Course.objects.filter(pk=hard).update(level="intermediate")
    train_all()
    assert slate(beginner, k=16).items[0].score == pytest.approx(scores[beginner])
    Course.objects.filter(pk=hard).update(level="advanced")
    train_all()

    # Looking at a course says nothing of a level.
    assert slate(looker, k=16).items[0].course_id == hard
    assert slate(looker, k=16).items[0].score == pytest.approx(scores[looker])
    found = slate(beginner, k=16)
    assert ids(found)[0] != hard
    assert hard in ids(found)


# --- what was given back ---


def test_a_course_whose_money_went_back_is_not_offered_for_half_a_year(town, learner):
    train_all()
    actor = Actor(member_id=learner.pk)
    english = make_course("data-2-en", language="en", edition_of="data-2")

    def refunded(course, days_ago):
        told = {"order": 1, "amount_fen": 19900, "occurred_at": clock.now() - timedelta(days=days_ago)}
        record("order.refunded", actor=actor, course_id=course.pk, **told)

    refunded(town[1], RERANKING.refund_days + 1)
    refunded(english, RERANKING.refund_days - 1)

    for policy in ("hybrid", "popular"):
        found = ids(slate(actor, k=16, policy=policy))
        assert town[1].pk in found
        assert not {town[2].pk, english.pk} & set(found)
    assert town[2].pk in ids(slate(Actor(visitor=make_visitor()), k=16))


# --- new courses ---


@pytest.fixture
def young(reader, town):
    """Three courses that have just come out, and models that know them."""
    new = [
        make_course(f"young-{n}", topic=topic, days_ago=2) for n, topic in enumerate(("law", "tea", "art"))
    ]
    train_all()
    return new


def drawn(found):
    return [item for item in found.items if item.reason.kind == "exploration"]


def test_one_place_of_six_is_drawn_among_new_courses_with_its_chance(reader, young):
    found = slate(reader, k=6)

    (one,) = drawn(found)
    assert one.position == RERANKING.explore_place
    assert one.course_id in [course.pk for course in young]
    assert 0 < one.propensity < 1
    assert [item.propensity for item in found.items if item is not one] == [1.0] * 5
    assert slate(reader, k=6) == found
    assert [item.score for item in found.items] == sorted((item.score for item in found.items), reverse=True)


def test_another_day_another_draw(reader, young):
    shown = [slate(reader, k=6, at=clock.now() + timedelta(days=day)) for day in range(27)]

    chances = {one.course_id: one.propensity for found in shown for one in drawn(found)}
    # Nothing is known of any of the three, so each has a third of the chance.
    assert 1 < len(chances) <= 3
    assert set(chances) <= {course.pk for course in young}
    assert list(chances.values()) == pytest.approx([1 / 3] * len(chances))
    # The rest of the list leaves nothing to chance.
    assert (
        len({tuple(item.course_id for item in found.items if drawn(found)[0] is not item) for found in shown})
        == 1
    )
    # Nothing is new for ever.
    assert drawn(slate(reader, k=6, at=clock.now() + timedelta(days=RERANKING.explore_days))) == []


def test_each_is_drawn_as_often_as_its_chance_says():
    """Six known courses, and four new ones of which a little is known of one."""
    scores = np.asarray([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.2, 0, 0, 0], dtype=np.float32)
    known = Popular(scores)
    topics = Traits.of_topics(np.arange(10))
    pipeline = Pipeline(known, known, topics)
    nobody = Profiles(csr_array((1, 10), dtype=np.float32), np.asarray([NOTHING]))
    pool, times = np.arange(6, 10), 4000
    won, said = Counter(), {}
    for seed in range(times):
        person = Person(lot=Lot(pool, seed))
        found = serve.rank(pipeline, nobody, csr_array((1, 10)), 6, people=[person])
        (place,) = np.flatnonzero(found.drawn[0])
        won[int(found.items[0, place])] += 1
        said[int(found.items[0, place])] = float(found.chances[0, place])
        assert place == RERANKING.explore_place - 1
        assert np.delete(found.items[0], place).tolist() == [0, 1, 2, 3, 4]
    floor = RERANKING.explore_floor
    expected = np.asarray([0.2 + floor, floor, floor, floor]) / (0.2 + 4 * floor)
    assert [said[code] for code in pool] == pytest.approx(expected.tolist())
    for code in pool.tolist():
        assert won[code] / times == pytest.approx(said[code], abs=4 * 0.5 / times**0.5)


@pytest.mark.parametrize("asked", [{"k": 5}, {"policy": "popular"}, {"slot": "explore"}])
def test_nothing_is_drawn_in_short_lists_nor_in_everybodys_nor_in_the_order_of_all(reader, young, asked):
    found = slate(reader, **{"k": 12, **asked})

    assert drawn(found) == []
    assert {item.propensity for item in found.items} == {1.0}


def test_nothing_is_drawn_for_whom_nothing_is_known(young):
    assert drawn(slate(Actor(visitor=make_visitor()), k=12)) == []


def test_what_builds_on_something_else_is_not_drawn(reader, young, town):
    for course in young:
        course.prerequisites.set([town[3]])
    train_all()

    assert drawn(slate(reader, k=6)) == []


def test_what_is_like_a_course_leaves_nothing_to_chance(young, town):
    assert {item.propensity for item in similar(town[0].pk)} == {1.0}
