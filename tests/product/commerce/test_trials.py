"""Trying the whole of a course for some days: begun by one tap, over by itself."""

from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NotAllowed, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.errors import AlreadyOwned, NoTrial, TrialOver
from zhiyue.product.commerce.lending.terms import WishedTerms, all_terms, set_terms
from zhiyue.product.commerce.lending.trials import TrialOffer, remind_of_ends, start_trial, trial_offer
from zhiyue.product.commerce.models import CourseTerms, TrialPass
from zhiyue.product.commerce.selectors import (
    Access,
    enrolled_course_ids,
    is_enrolled,
    learners_of,
    may_open,
    readable_course_ids,
)
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.selectors import continue_learning
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    found = make_course("stats", price_fen=19_900)
    CourseTerms.objects.create(course=found, trial_days=7)
    return found


def begun(user, course):
    return start_trial(user=user, course=course, actor=Actor(member_id=user.pk))


def ends_in(trial, **left):
    """As if it had been begun long before."""
    ends = clock.now() + timedelta(**left)
    TrialPass.objects.filter(pk=trial.pk).update(ends_at=ends, started_at=ends - timedelta(days=7))


def test_a_trial_opens_the_whole_course_until_it_ends_by_itself(learner, stranger, course):
    trial = begun(learner, course)

    assert trial.ends_at - trial.started_at == timedelta(days=7)
    lesson = lesson_of(course, "two")
    assert may_open(learner, lesson) == Access(open=True, why="trial", until=trial.ends_at)
    assert may_open(stranger, lesson).why == "enrol"
    assert may_open(learner, lesson_of(course, "four")).why == "unpublished"
    assert readable_course_ids(learner) == {course.pk}
    event = Event.objects.get(name="trial.started")
    assert (event.course_id, event.properties) == (course.pk, {"days": 7})

    ends_in(trial, seconds=-1)

    assert may_open(learner, lesson).why == "enrol"
    assert readable_course_ids(learner) == set()


def test_what_is_tried_is_not_owned(learner, course):
    begun(learner, course)

    assert not is_enrolled(learner, course.pk)
    assert enrolled_course_ids(learner.pk) == set()
    assert learners_of([course.pk]) == {}
    assert may_open(learner, lesson_of(course, "two")).is_lent


def test_a_right_to_a_lesson_is_one_question(learner, course, django_assert_num_queries):
    begun(learner, course)
    lesson = lesson_of(course, "two")

    with django_assert_num_queries(1):
        assert may_open(learner, lesson).why == "trial"
    grant_course(user=learner, course=course)
    with django_assert_num_queries(1):
        assert may_open(learner, lesson) == Access(open=True, why="enrolled")


def test_a_withdrawn_course_is_tried_no_longer(learner, course):
    begun(learner, course)
    course.status = "withdrawn"
    course.save()

    assert may_open(learner, lesson_of(course, "two")).why == "unpublished"
    assert readable_course_ids(learner) == set()


def test_a_second_tap_finds_the_trial_that_runs(learner, course):
    assert begun(learner, course) == begun(learner, course)
    assert Event.objects.filter(name="trial.started").count() == 1


def test_a_course_is_tried_once(learner, stranger, course):
    trial = begun(learner, course)
    ends_in(trial, days=-1)

    with pytest.raises(TrialOver):
        begun(learner, course)
    trial.refresh_from_db()
    assert trial_offer(learner, course) == TrialOffer(7, trial.ends_at)
    assert not trial_offer(learner, course).is_open
    assert trial_offer(stranger, course) == trial_offer(None, course) == TrialOffer(7)


def test_what_offers_no_trial_cant_be_tried(learner, course):
    plain, free = make_course("plain", price_fen=100), make_course("free")
    CourseTerms.objects.create(course=free, trial_days=7)
    course.status = "draft"
    course.save()

    for one in (plain, free, course):
        assert trial_offer(learner, one) == TrialOffer(0)
        with pytest.raises(NoTrial):
            begun(learner, one)
    assert (TrialPass.objects.count(), Event.objects.count()) == (0, 0)


def test_what_is_owned_needs_no_trial(learner, course):
    grant_course(user=learner, course=course)

    with pytest.raises(AlreadyOwned):
        begun(learner, course)
    assert not TrialPass.objects.exists()


def test_a_course_that_is_tried_is_gone_on_with(learner, course):
    begun(learner, course)
    actor = Actor(member_id=learner.pk)
    open_lesson(user=learner, actor=actor, lesson=lesson_of(course, "two"))

    assert [(one.lesson.slug, one.opens) for one in continue_learning(actor)] == [("two", True)]
    ends_in(TrialPass.objects.get(), days=-1)
    assert [one.opens for one in continue_learning(actor)] == [False]


def test_a_day_before_its_end_a_trial_is_reminded_of_once(learner, course):
    trial = begun(learner, course)
    now = clock.now()

    assert remind_of_ends(now=trial.ends_at - timedelta(days=1, seconds=1)) == 0
    ends_in(trial, hours=23)
    assert remind_of_ends(now=now) == 1
    assert remind_of_ends(now=now) == 0

    mail = OutgoingMessage.objects.get()
    trial.refresh_from_db()
    ends = f"{trial.ends_at.astimezone(clock.business_zone()):%Y-%m-%d %H:%M}"
    assert mail.to == learner.email
    assert course.title in mail.subject
    assert ends in mail.content["text"]
    assert "不会扣费" in mail.content["text"]


def test_nobody_is_reminded_who_owns_the_course_or_was_told_at_its_beginning(learner, stranger, course):
    ends_in(begun(learner, course), hours=20)
    grant_course(user=learner, course=course)
    other = make_course("short", price_fen=100)
    CourseTerms.objects.create(course=other, trial_days=1)
    begun(stranger, other)
    silent = make_member("silent@test.example", "小默")
    ends_in(begun(silent, course), hours=20)
    silent.is_active = False
    silent.save()

    assert remind_of_ends(now=clock.now() + timedelta(hours=1)) == 0
    assert not OutgoingMessage.objects.exists()


def viewer(user, *roles):
    return Viewer(user=user, visitor=None, roles=frozenset(roles))


def test_staff_decide_how_long_a_course_may_be_tried(operator, agent, course):
    other = make_course("other", price_fen=100)
    make_course("free")

    with pytest.raises(NotAllowed):
        set_terms(viewer=viewer(agent, "agent"), wishes={course.pk: WishedTerms(3)})
    with pytest.raises(NotAllowed):
        all_terms(viewer(agent, "agent"))
    by = viewer(operator, "operator")
    assert set_terms(viewer=by, wishes={course.pk: WishedTerms(7), other.pk: WishedTerms(14)}) == 1

    assert {one.course: one.terms.trial_days for one in all_terms(by)} == {course: 7, other: 14}
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.before, entry.after) == (
        "course.terms_changed",
        {"trial_days": 0},
        {"trial_days": 14},
    )


@pytest.mark.parametrize("days", [-1, 91])
def test_terms_that_mean_nothing_change_nothing(operator, course, days):
    other = make_course("other", price_fen=100)
    by = viewer(operator, "operator")

    with pytest.raises(Unfit):
        set_terms(viewer=by, wishes={other.pk: WishedTerms(5), course.pk: WishedTerms(days)})
    with pytest.raises(Unfit):
        set_terms(viewer=by, wishes={other.pk: WishedTerms(5), 0: WishedTerms(5)})
    assert CourseTerms.objects.get().trial_days == 7
    assert not AuditEntry.objects.exists()
