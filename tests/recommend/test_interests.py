"""What a slate goes by, as the person reads it; corrections, obeyed at once; and the list without any of it."""

from datetime import timedelta

import numpy as np
import pytest

from tests.factories import lesson_of, make_course, make_member, make_visitor
from tests.recommend.teachable import TAUGHT
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, Purpose
from zhiyue.core.consent.services import choose
from zhiyue.core.kit import clock
from zhiyue.engine.matrix import profiles
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.corrections import UNCORRECTED, correct_topic, disregard_course, regard_course
from zhiyue.product.learning.interests import choose_interests
from zhiyue.product.learning.services import finish_lesson, save_course, view_course
from zhiyue.recommend import memory, serve
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.inputs import acts_of
from zhiyue.recommend.interests import interest_profile
from zhiyue.recommend.kinds import Reason
from zhiyue.recommend.policies import MORE, POLICIES, PROFILE
from zhiyue.recommend.selectors import knows, slate
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(town):
    """Somebody who finished a lesson of data, saved a course of poems, and looked at one of coffee last."""
    train_all(["hybrid", "popular"])
    actor = Actor(member_id=make_member("reader@test.example", "读者").pk)
    finish_lesson(user=None, actor=actor, lesson=lesson_of(town[0], "one"))
    record("lesson.finished", actor=actor, course_id=town[0].pk, lesson_id=lesson_of(town[0], "two").pk)
    save_course(actor=actor, course=town[4])
    view_course(actor=actor, course=town[8])
    return actor


def topic(slug):
    return Topic.objects.get(slug=slug)


def shares(actor):
    return {one.topic.slug: one.share for one in interest_profile(actor)}


def because_of(found):
    return {item.reason.course_id for item in found if item.reason.kind == "act"}


def topics_of(found, n=None):
    slug = dict(Course.objects.values_list("pk", "topic__slug"))
    return [slug[item.course_id] for item in found.items[:n]]


def consents_to(actor, granted):
    choose(member_id=actor.member_id, visitor=actor.visitor, granted=granted, way=Choice.Way.SETTINGS)


# --- the profile ---


def test_the_profile_is_what_every_model_is_asked_with(town, reader, monkeypatch):
    correct_topic(actor=reader, topic=topic("poems"), way="more")
    # Their taste turned a fortnight ago: what was before it has next to no say, and none on the page either.
    for day in range(28):
        at = clock.now() - timedelta(days=29 - day)
        course = town[12 + day % 2] if day < 14 else town[4 + day % 2]
        record("course.viewed", actor=reader, course_id=course.pk, occurred_at=at)
    asked = []
    rank = serve.rank
    monkeypatch.setattr(
        serve, "rank", lambda model, who, *a, **k: asked.append(who) or rank(model, who, *a, **k)
    )
    slate(reader)
    found = interest_profile(reader)
    weights = asked[-1].weights  # the first was the artefact that was tried
    held = memory.newest("hybrid")
    used = {
        int(held.course_ids[code]): weight / weights.data.sum()
        for code, weight in zip(weights.indices, weights.data, strict=True)
    }
    assert {c.course_id: pytest.approx(c.share) for one in found for c in one.courses} == used
    assert sum(one.share for one in found) == pytest.approx(1)
    acts = acts_of(recent_acts(reader), held.course_ids, {})
    plain = profiles(acts, PROFILE).weights.toarray()[0]
    before = np.searchsorted(held.course_ids, [town[12].pk, town[13].pk])
    assert sum(plain[before]) / plain.sum() > 0.1 > 0.02 > sum(used[town[n].pk] for n in (12, 13))


def test_each_topic_names_the_acts_that_make_it_the_strongest_first(town, reader):
    found = interest_profile(reader)
    assert [one.topic.slug for one in found] == sorted(shares(reader), key=lambda slug: -shares(reader)[slug])
    data = next(one for one in found if one.topic.slug == "data")
    [course] = data.courses
    assert (course.course_id, dict(course.acts)) == (town[0].pk, {"lesson.finished": 2})
    assert course.last_at == max(
        act.occurred_at for act in recent_acts(reader) if act.course_id == town[0].pk
    )


def test_an_old_act_fades_by_the_half_life_of_interests(town):
    actor, now = Actor(visitor=make_visitor()), clock.now()
    for course, days in ((town[0], 50), (town[4], 20)):
        at = now - timedelta(days=days)
        record("course.viewed", actor=actor, course_id=course.pk, occurred_at=at)
    found = shares(actor)
    # Thirty days apart, another sitting: half the weight, to the power, one course further back.
    older = (0.5 / (1 + PROFILE.session_boost)) ** PROFILE.power * 2**-PROFILE.recency
    assert found == {"poems": pytest.approx(1 / (1 + older)), "data": pytest.approx(older / (1 + older))}


def test_what_was_taken_back_makes_no_interest(town):
    actor = Actor(visitor=make_visitor())
    for event in ("course.saved", "course.unsaved"):
        record(event, actor=actor, course_id=town[0].pk)
    assert interest_profile(actor) == []


def test_editions_are_one_course(town):
    english = make_course("data-0-en", topic="data", language="en", edition_of="data-0")
    actor = Actor(visitor=make_visitor())
    view_course(actor=actor, course=english)
    view_course(actor=actor, course=town[0])
    [one] = interest_profile(actor)
    assert [(course.course_id, dict(course.acts)) for course in one.courses] == [
        (town[0].pk, {"course.viewed": 2})
    ]
    disregard_course(actor=actor, course=english)
    assert interest_profile(actor) == []
    regard_course(actor=actor, course=town[0])
    assert shares(actor) == {"data": 1}


def test_a_stranger_has_none_of_it(town, reader, stranger):
    correct_topic(actor=reader, topic=topic("poems"), way="more")
    assert interest_profile(Actor(member_id=stranger.pk)) == []
    assert interest_profile(Actor()) == []
    assert slate(Actor(member_id=stranger.pk)).items == slate(Actor(visitor=make_visitor())).items


# --- corrections ---


def test_a_topic_wanted_less_is_no_reason_any_more_and_comes_last(town, reader):
    before = slate(reader)
    assert town[0].pk in because_of(before) and "data" in topics_of(before)
    correct_topic(actor=reader, topic=topic("data"), way="less")
    after = slate(reader)
    assert town[0].pk not in because_of(slate(reader, k=16))
    # Twelve courses, four of which are of the topic, two met before: ten come first.
    assert "data" not in topics_of(after, 10)
    assert "data" not in shares(reader)
    correct_topic(actor=reader, topic=topic("data"), way="none")
    assert slate(reader).items == before.items


@pytest.mark.parametrize("policy", [name for name, policy in POLICIES.items() if policy.is_varied])
def test_every_policy_obeys_less_and_a_course_not_to_be_used(town, reader, policy):
    train_all([policy])
    correct_topic(actor=reader, topic=topic("data"), way="less")
    disregard_course(actor=reader, course=town[4])
    found = slate(reader, policy=policy, k=16)
    assert not {item.reason.course_id for item in found} & {town[0].pk, town[4].pk}
    assert "data" not in topics_of(found, 10)


def test_more_of_a_topic_raises_its_share_and_its_courses(town, reader):
    before, found = shares(reader), slate(reader)
    correct_topic(actor=reader, topic=topic("data"), way="more")
    after = shares(reader)
    assert after["data"] / after["poems"] == pytest.approx(MORE * before["data"] / before["poems"])
    places = [n for n, slug in enumerate(topics_of(found)) if slug == "data"]
    raised = [n for n, slug in enumerate(topics_of(slate(reader))) if slug == "data"]
    assert (len(raised), -sum(raised[: len(places)])) > (len(places), -sum(places))


def test_a_course_not_to_be_used_is_no_reason_from_the_next_slate_on(town, reader):
    assert town[4].pk in because_of(slate(reader))
    disregard_course(actor=reader, course=town[4])
    assert town[4].pk not in because_of(slate(reader, k=16))
    assert "poems" not in shares(reader)
    # Nor is it suggested for it.
    assert town[4].pk not in {item.course_id for item in slate(reader, k=12)}
    view_course(actor=reader, course=town[4])
    assert "poems" not in shares(reader)
    regard_course(actor=reader, course=town[4])
    assert "poems" in shares(reader)


def test_the_explanation_goes_by_the_same_corrected_profile(town, reader):
    correct_topic(actor=reader, topic=topic("poems"), way="more")
    disregard_course(actor=reader, course=town[0])
    found = explain(reader)
    assert [one.shown for one in found.courses] == list(slate(reader))
    assert found.acts == 2
    named = {evidence.course_id for one in found.courses for evidence in one.evidence}
    assert named == {town[4].pk, town[8].pk}


def test_the_popular_list_stays_everybodys(town, reader):
    before = slate(reader, policy="popular", k=16)
    correct_topic(actor=reader, topic=topic("data"), way="less")
    assert slate(reader, policy="popular", k=16) == before


def test_more_of_a_topic_counts_like_a_chosen_one_before_the_first_act(town):
    train_all(["hybrid"])
    actor = Actor(visitor=make_visitor())
    assert not knows(actor)
    correct_topic(actor=actor, topic=topic("money"), way="more")
    assert knows(actor)
    found = slate(actor, k=6)
    assert topics_of(found, 4) == ["money"] * 4
    assert found.items[0].reason == Reason("interest", topic="主题 money", topic_en="Topic money")


# --- switched off ---


def test_switched_off_no_act_counts_and_switched_on_again_they_all_do(town, reader):
    personal = slate(reader)
    consents_to(reader, EVERYTHING & ~Purpose.PERSONALISATION)
    other = Actor(member_id=make_member("quiet@test.example", granted=Purpose(0)).pk)
    assert slate(reader, k=16).items == slate(other, k=16).items
    assert interest_profile(reader) == []
    consents_to(reader, EVERYTHING)
    assert slate(reader).items == personal.items


def test_switched_off_the_list_is_popular_new_and_of_several_topics(town, reader):
    fresh = [make_course(f"fresh-{n}", topic=slug, days_ago=1) for n, slug in enumerate(("data", "money"))]
    train_all(["hybrid"])
    consents_to(reader, Purpose.ANALYTICS)
    found = slate(reader)
    kinds = [item.reason.kind for item in found]
    assert set(kinds) == {"popular", "new"}
    assert {item.course_id for item in found if item.reason.kind == "new"} == {one.pk for one in fresh}
    # They stand where they are seen.
    assert kinds[4:6] == ["new", "new"]
    assert len(found.items) == len({item.course_id for item in found}) == 12
    assert max(topics_of(found).count(slug) for slug in set(topics_of(found))) <= 5
    assert [item.position for item in found] == list(range(1, 13))
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


def test_what_is_new_takes_its_share_of_such_a_list_and_no_more(town):
    for n in range(5):
        make_course(f"fresh-{n}", topic=f"topic-{n}", days_ago=1)
    train_all(["hybrid"])
    actor = Actor(visitor=make_visitor())
    choose_interests(actor=actor, topic_slugs=["money"])
    kinds = [item.reason.kind for item in slate(actor)]
    assert kinds == ["interest"] * 4 + ["new"] * 2 + ["popular"] * 6


def test_switched_off_what_was_said_still_counts(town, reader):
    consents_to(reader, Purpose.ANALYTICS)
    choose_interests(actor=reader, topic_slugs=["money"])
    correct_topic(actor=reader, topic=topic("coffee"), way="less")
    found = slate(reader, k=6)
    assert {item.reason.kind for item in found.items[:4]} == {"interest"}
    assert topics_of(found, 4) == ["money"] * 4
    assert "coffee" not in topics_of(slate(reader, k=12))


@pytest.mark.parametrize("policy", POLICIES)
def test_switched_off_nobody_is_shown_what_they_own(town, reader, policy):
    train_all([policy])
    grant_course(user=User.objects.get(pk=reader.member_id), course=town[3])
    choose_interests(actor=reader, topic_slugs=["data"])
    consents_to(reader, Purpose.ANALYTICS)
    assert town[3].pk not in {item.course_id for item in slate(reader, k=16, policy=policy)}


def test_uncorrected_the_profile_is_the_plain_fold(town, reader):
    held = memory.newest("hybrid")
    plain = profiles(acts_of(recent_acts(reader, corrections=UNCORRECTED), held.course_ids, {}), PROFILE)
    data = plain.weights.data
    assert sorted(shares(reader).values()) == pytest.approx(sorted(data / data.sum()))


# --- like-minded people ---


@pytest.mark.parametrize("policy", ["user-neighbours", "clusters"])
def test_policies_that_work_by_people_say_how_many_like_minded_ones(town, reader, policy):
    train_all([policy])
    found = slate(reader, policy=policy)
    by_people = [item.reason for item in found if item.reason.kind == "people"]
    assert by_people and "act" not in {item.reason.kind for item in found}
    assert {reason.course_id for reason in by_people} <= {town[0].pk, town[4].pk, town[8].pk}
    held = memory.newest(policy)
    rows = held.pipeline.model.people
    for item in found:
        if item.reason.kind == "people":
            code = int(held.course_ids.searchsorted(item.course_id))
            everybody = int((rows[:, [code]] > 0).sum())
            assert item.reason.learners is None or 3 <= item.reason.learners <= everybody


def test_the_number_is_of_those_who_share_a_course(courses):
    """Four learners share a course with the reader and have another besides; five have the other alone with a third."""
    for n in range(9):
        member = Actor(member_id=make_member(f"n{n}@test.example").pk)
        for course in (courses[0], courses[5]) if n < 4 else (courses[9], courses[5]):
            record("course.enrolled", actor=member, course_id=course.pk)
    train_all(["user-neighbours"])
    reader = Actor(visitor=make_visitor())
    view_course(actor=reader, course=courses[0])
    first = slate(reader, policy="user-neighbours").items[0]
    assert first.course_id == courses[5].pk
    assert first.reason == Reason("people", event="course.viewed", course_id=courses[0].pk, learners=4)


def test_so_few_that_it_would_tell_of_one_are_not_counted(courses):
    for n in range(2):
        member = Actor(member_id=make_member(f"n{n}@test.example").pk)
        for course in (courses[0], courses[5]):
            record("course.enrolled", actor=member, course_id=course.pk)
    for n in range(3):
        member = Actor(member_id=make_member(f"m{n}@test.example").pk)
        for course in (courses[9], courses[10]):
            record("course.enrolled", actor=member, course_id=course.pk)
    train_all(["user-neighbours"])
    reader = Actor(visitor=make_visitor())
    view_course(actor=reader, course=courses[0])
    first = slate(reader, policy="user-neighbours").items[0]
    assert (first.course_id, first.reason.kind, first.reason.learners) == (courses[5].pk, "people", None)


@pytest.mark.parametrize("policy", sorted(set(TAUGHT) - {"user-neighbours", "clusters", "popular"}))
def test_other_policies_name_the_act_that_gave_most(town, reader, policy):
    train_all([policy])
    kinds = {item.reason.kind for item in slate(reader, policy=policy)}
    assert "people" not in kinds and "act" in kinds
