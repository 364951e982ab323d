"""Corrections of interests: kept, taken back, brought along, and gone with what they tell of."""

import pytest
from django.db import IntegrityError, transaction

from tests.factories import PASSWORD, make_course, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning.corrections import (
    UNCORRECTED,
    correct_topic,
    corrected_topics,
    corrections_of,
    course_to_correct,
    disregard_course,
    regard_course,
    unused_courses,
)
from zhiyue.product.learning.interests import choose_interests
from zhiyue.product.learning.models import Correction
from zhiyue.product.learning.privacy import delete_history, delete_visitors_history
from zhiyue.product.learning.selectors import interests_of
from zhiyue.product.learning.services import bring_history, sign_up, view_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(visitor):
    return Actor(visitor=visitor)


@pytest.fixture
def data(course):
    return Topic.objects.get(slug="data")


def told():
    names = ("interest.corrected", "course.disregarded", "course.regarded")
    rows = Event.objects.filter(name__in=names).order_by("pk")
    return [(event.name, event.properties.get("way")) for event in rows]


def test_each_change_is_kept_and_recorded_once(actor, data, course):
    assert corrections_of(actor) == UNCORRECTED
    assert [
        correct_topic(actor=actor, topic=data, way=way) for way in ("less", "less", "more", "none", "none")
    ] == [
        True,
        False,
        True,
        True,
        False,
    ]
    assert [disregard_course(actor=actor, course=course) for _ in range(2)] == [True, False]
    assert unused_courses(actor) == [course]
    assert [regard_course(actor=actor, course=course) for _ in range(2)] == [True, False]
    assert told() == [
        ("interest.corrected", "less"),
        ("interest.corrected", "more"),
        ("interest.corrected", "none"),
        ("course.disregarded", None),
        ("course.regarded", None),
    ]
    assert not Correction.objects.exists()


def test_a_topic_stands_for_its_courses_and_a_course_for_its_editions(actor, data, course):
    english = make_course("intuition-en", topic="data", language="en", edition_of="intuition")
    correct_topic(actor=actor, topic=data, way="less")
    found = corrections_of(actor)
    assert (found.less, found.more) == ({data.pk}, frozenset())
    assert found.courses_of_less == found.silent == {course.pk, english.pk}
    correct_topic(actor=actor, topic=data, way="more")
    assert corrections_of(actor).courses_of_more == {course.pk, english.pk}
    assert corrected_topics(actor) == [(data, "more")]
    disregard_course(actor=actor, course=english)
    assert corrections_of(actor).unused == {course.pk, english.pk}


def test_wanting_less_of_a_topic_and_caring_about_it_exclude_each_other(actor, data):
    choose_interests(actor=actor, topic_slugs=["data"])
    correct_topic(actor=actor, topic=data, way="less")
    assert interests_of(actor) == []
    choose_interests(actor=actor, topic_slugs=["data"])
    assert corrections_of(actor) == UNCORRECTED
    assert interests_of(actor) == [data]


def test_they_are_ones_own_and_nobodys_leave_no_trace(actor, data, course, learner):
    correct_topic(actor=Actor(), topic=data, way="less")
    disregard_course(actor=Actor(), course=course)
    assert not Correction.objects.exists() and told() == []
    correct_topic(actor=actor, topic=data, way="less")
    assert corrections_of(Actor(member_id=learner.pk)) == UNCORRECTED
    assert corrections_of(Actor(visitor=make_visitor())) == UNCORRECTED
    regard_course(actor=Actor(member_id=learner.pk), course=course)
    assert corrections_of(actor).less == {data.pk}


def test_they_hold_without_consent_and_are_not_recorded_then(data, course):
    quiet = Actor(visitor=make_visitor(NOTHING))
    correct_topic(actor=quiet, topic=data, way="less")
    disregard_course(actor=quiet, course=course)
    assert corrections_of(quiet).silent == {course.pk}
    assert told() == []


def test_signing_up_brings_them_along(actor, data, course, visitor):
    correct_topic(actor=actor, topic=data, way="less")
    disregard_course(actor=actor, course=course)
    user = sign_up(email="new@test.example", password=PASSWORD, display_name="新同学", visitor=visitor)
    found = corrections_of(Actor(member_id=user.pk))
    assert (found.less, found.unused) == ({data.pk}, {course.pk})
    assert corrections_of(actor) == UNCORRECTED


def test_where_both_said_something_the_members_stays(actor, data, course, visitor, learner):
    correct_topic(actor=actor, topic=data, way="less")
    correct_topic(actor=Actor(member_id=learner.pk), topic=data, way="more")
    bring_history(user=learner, visitor=visitor)
    assert corrected_topics(Actor(member_id=learner.pk)) == [(data, "more")]
    assert Correction.objects.count() == 1


def test_with_a_history_goes_what_tells_of_it(actor, data, course, learner):
    member = Actor(member_id=learner.pk)
    for one in (actor, member):
        view_course(actor=one, course=course)
        disregard_course(actor=one, course=course)
        correct_topic(actor=one, topic=data, way="more")
    delete_history(user=learner)
    assert (unused_courses(member), unused_courses(actor)) == ([], [course])
    delete_visitors_history(actor=actor)
    assert unused_courses(actor) == []
    assert corrected_topics(actor) == corrected_topics(member) == [(data, "more")]


def test_with_a_member_goes_everything(data, course, learner):
    disregard_course(actor=Actor(member_id=learner.pk), course=course)
    correct_topic(actor=Actor(member_id=learner.pk), topic=data, way="less")
    learner.delete()
    assert not Correction.objects.exists()


def test_only_what_was_ever_out_can_be_corrected(course):
    assert course_to_correct("intuition") == course
    Course.objects.filter(pk=course.pk).update(status=Course.Status.WITHDRAWN)
    assert course_to_correct("intuition") == course
    Course.objects.filter(pk=course.pk).update(status=Course.Status.DRAFT)
    for slug in ("intuition", "nothing"):
        with pytest.raises(Course.DoesNotExist):
            course_to_correct(slug)


@pytest.mark.parametrize("wrong", [{"way": "unused"}, {"way": "less", "with_course": True}, {"way": "much"}])
def test_the_database_holds_no_nonsense(data, course, learner, wrong):
    row = {"topic": data, "way": wrong["way"]} | ({"course": course} if "with_course" in wrong else {})
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.create(user=learner, **row)
    assert not Correction.objects.exists()
