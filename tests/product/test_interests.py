"""Interests: chosen, changed, brought along; and what they make of a beginner's shelf."""

import pytest

from tests.factories import PASSWORD, lesson_of, make_course, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.interests import choose_interests
from zhiyue.product.learning.models import Interest
from zhiyue.product.learning.selectors import interests_of, numbers_of
from zhiyue.product.learning.services import bring_history, finish_lesson, sign_up, view_course
from zhiyue.recommend.kinds import Reason
from zhiyue.recommend.selectors import slate

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    """Twelve courses of three topics; all learners are at data."""
    return {
        topic: [make_course(f"{topic}-{n}", topic=topic, days_ago=30 + n) for n in range(4)]
        for topic in ("data", "writing", "art")
    }


def chosen(actor):
    return [topic.slug for topic in interests_of(actor)]


def test_choosing_records_each_new_topic_once(town, visitor):
    actor = Actor(visitor=visitor)
    choose_interests(actor=actor, topic_slugs=["writing", "art", "alchemy"])
    choose_interests(actor=actor, topic_slugs=["writing"])
    assert chosen(actor) == ["writing"]
    told = Event.objects.filter(name="interest.chosen").order_by("pk")
    assert sorted(event.properties["topic"] for event in told) == ["art", "writing"]
    choose_interests(actor=actor, topic_slugs=[])
    assert chosen(actor) == []
    assert told.count() == 2


def test_nobody_leaves_no_trace(town):
    assert choose_interests(actor=Actor(), topic_slugs=["art"]) == []
    assert not Interest.objects.exists()
    assert not Event.objects.exists()


def test_a_stranger_has_none_of_them(town, visitor, learner):
    choose_interests(actor=Actor(visitor=visitor), topic_slugs=["art"])
    assert chosen(Actor(member_id=learner.pk)) == []


def test_signing_up_brings_them_along(town, visitor):
    choose_interests(actor=Actor(visitor=visitor), topic_slugs=["art", "data"])
    user = sign_up(email="new@test.example", password=PASSWORD, display_name="新同学", visitor=visitor)
    assert sorted(chosen(Actor(member_id=user.pk))) == ["art", "data"]
    assert chosen(Actor(visitor=visitor)) == []
    assert Interest.objects.count() == 2


def test_what_member_and_visitor_both_chose_is_one(town, visitor, learner):
    choose_interests(actor=Actor(visitor=visitor), topic_slugs=["art", "data"])
    choose_interests(actor=Actor(member_id=learner.pk), topic_slugs=["art"])
    bring_history(user=learner, visitor=visitor)
    assert Interest.objects.filter(user=learner).count() == 2
    assert not Interest.objects.filter(visitor=visitor).exists()


def test_a_beginners_shelf_begins_with_what_they_chose_and_says_so(town, visitor):
    actor = Actor(visitor=visitor)
    before = slate(actor, k=6)
    assert all(item.reason.kind != "interest" for item in before)
    choose_interests(actor=actor, topic_slugs=["writing"])
    after = slate(actor, k=6)
    wished = {course.pk for course in town["writing"]}
    assert {item.course_id for item in after.items[:4]} == wished
    assert {item.reason for item in after.items[:4]} == {
        Reason("interest", topic="主题 writing", topic_en="Topic writing")
    }
    # The rest stays open to what others learn.
    assert [item.reason.kind for item in after.items[4:]] == ["popular", "popular"]
    assert [item.position for item in after] == [1, 2, 3, 4, 5, 6]
    assert len({item.course_id for item in after}) == 6


def test_what_one_owns_is_not_recommended_for_being_wished(town, learner):
    actor = Actor(member_id=learner.pk)
    choose_interests(actor=actor, topic_slugs=["writing"])
    grant_course(user=learner, course=town["writing"][0])
    Event.objects.filter(name="course.enrolled").delete()
    assert town["writing"][0].pk not in {item.course_id for item in slate(actor, k=12)}


def test_the_first_act_says_more_than_the_wish(town, visitor):
    actor = Actor(visitor=visitor)
    choose_interests(actor=actor, topic_slugs=["writing"])
    view_course(actor=actor, course=town["art"][0])
    assert "interest" not in {item.reason.kind for item in slate(actor, k=6)}


def test_the_popular_list_is_the_same_for_everybody(town, visitor):
    actor = Actor(visitor=visitor)
    plain = slate(actor, k=6, policy="popular")
    choose_interests(actor=actor, topic_slugs=["writing"])
    assert slate(actor, k=6, policy="popular") == plain


def test_ones_numbers_are_ones_own(town, learner, stranger):
    lesson = lesson_of(town["data"][0], "one")
    actor = Actor(member_id=learner.pk)
    finish_lesson(user=learner, actor=actor, lesson=lesson)
    mine = numbers_of(actor)
    assert (mine.lessons_read, mine.courses_begun, mine.active_days) == (1, 1, 1)
    theirs = numbers_of(Actor(member_id=stranger.pk))
    assert (theirs.lessons_read, theirs.courses_begun, theirs.active_days) == (0, 0, 0)


def test_interests_count_without_consent_because_they_were_said(town):
    actor = Actor(visitor=make_visitor(NOTHING))
    choose_interests(actor=actor, topic_slugs=["art"])
    view_course(actor=actor, course=town["data"][0])
    assert slate(actor, k=3).items[0].reason.kind == "interest"
    assert not Event.objects.exists()
    assert numbers_of(actor).active_days is None
