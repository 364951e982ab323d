"""Opening, reading, finishing, saving, going on; and what a visitor brings along when they join."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import BROWSER
from tests.factories import PASSWORD, lesson_of, make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.selectors import quarantine_counts
from zhiyue.collect.slates import signed
from zhiyue.core.accounts.errors import EmailTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning import receiving, selectors, services
from zhiyue.product.learning.errors import LessonClosed
from zhiyue.product.learning.kinds import PastProgress
from zhiyue.product.learning.models import LessonProgress, SavedCourse
from zhiyue.product.learning.places import keep_place
from zhiyue.product.learning.receiving import receive_from_browser

pytestmark = pytest.mark.django_db


def names():
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def read(lesson, percent, *, seconds=10, ago=0):
    return {
        "id": str(uuid4()),
        "name": "lesson.progressed",
        "at": (clock.now() - timedelta(seconds=ago)).isoformat(),
        "course_id": lesson.course_id,
        "lesson_id": lesson.pk,
        "properties": {"percent": percent, "seconds": seconds},
    }


def test_a_closed_lesson_leaves_no_trace(course, stranger):
    lesson, actor = lesson_of(course, "two"), Actor(member_id=stranger.pk)
    for act in (services.open_lesson, services.finish_lesson):
        with pytest.raises(LessonClosed):
            act(user=stranger, actor=actor, lesson=lesson)
    assert (LessonProgress.objects.count(), names()) == (0, [])


def test_finishing_twice_is_one_finish(course, learner):
    actor, lesson = Actor(member_id=learner.pk), lesson_of(course, "one")
    assert services.finish_lesson(user=learner, actor=actor, lesson=lesson) is True
    assert services.finish_lesson(user=learner, actor=actor, lesson=lesson) is False
    assert names() == ["lesson.finished"]


def test_progress_never_goes_back(course, learner):
    actor, lesson = Actor(member_id=learner.pk), lesson_of(course, "one")
    for percent in (30, 80, 40, 900):
        keep_place(actor, lesson.pk, percent)
        keep_place(actor, lesson.pk, -5)
    assert LessonProgress.objects.get().percent == 100


def test_saving_and_unsaving_are_acts_only_when_they_change_something(course, visitor):
    actor = Actor(visitor=visitor)
    assert services.save_course(actor=actor, course=course) is True
    assert services.save_course(actor=actor, course=course) is False
    assert selectors.saved_course_ids(actor) == [course.pk]
    assert services.unsave_course(actor=actor, course=course) is True
    assert services.unsave_course(actor=actor, course=course) is False
    assert names() == ["course.saved", "course.unsaved"]


def test_what_is_not_for_somebody_is_said_once_and_taken_back_once(course, visitor):
    actor = Actor(visitor=visitor)
    assert services.dismiss_course(actor=actor, course=course) is True
    assert services.dismiss_course(actor=actor, course=course) is False
    assert selectors.dismissed_course_ids(actor) == [course.pk]
    assert services.restore_course(actor=actor, course=course) is True
    assert services.restore_course(actor=actor, course=course) is False
    assert names() == ["course.dismissed", "course.restored"]
    assert services.dismiss_course(actor=Actor(), course=course) is False
    course.status = Course.Status.DRAFT
    with pytest.raises(NotOffered):
        services.dismiss_course(actor=actor, course=course)


def test_what_is_not_for_a_visitor_is_not_for_the_member_they_become(course, learner, visitor):
    services.dismiss_course(actor=Actor(visitor=visitor), course=course)
    services.dismiss_course(actor=Actor(member_id=learner.pk), course=course)
    services.note_sign_in(user=learner, visitor=visitor)
    assert selectors.dismissed_course_ids(Actor(member_id=learner.pk)) == [course.pk]
    assert selectors.dismissed_course_ids(Actor(visitor=visitor)) == []


def test_continue_names_the_lesson_left_off_in(course, learner):
    grant_course(user=learner, course=course)
    actor = Actor(member_id=learner.pk)
    services.finish_lesson(user=learner, actor=actor, lesson=lesson_of(course, "one"))
    services.open_lesson(user=learner, actor=actor, lesson=lesson_of(course, "two"))
    keep_place(actor, lesson_of(course, "two").pk, 40)
    [going] = selectors.continue_learning(actor)
    assert (going.lesson.slug, going.percent, going.finished_lessons, going.course_percent) == (
        "two",
        40,
        1,
        33,
    )


def test_continue_goes_to_the_next_unfinished_lesson_and_then_to_none(course, learner):
    grant_course(user=learner, course=course)
    actor = Actor(member_id=learner.pk)
    services.finish_lesson(user=learner, actor=actor, lesson=lesson_of(course, "one"))
    assert selectors.continue_learning(actor)[0].lesson.slug == "two"
    for slug in ("two", "three"):
        services.finish_lesson(user=learner, actor=actor, lesson=lesson_of(course, slug))
    [done] = selectors.continue_learning(actor)
    assert (done.lesson, done.course_percent) == (None, 100)
    assert selectors.finished_course_ids(actor) == {course.pk}


def test_a_visitor_brings_everything_along_at_sign_up(course, visitor):
    actor = Actor(visitor=visitor)
    services.open_lesson(user=None, actor=actor, lesson=lesson_of(course, "one"))
    keep_place(actor, lesson_of(course, "one").pk, 60)
    services.save_course(actor=actor, course=course)
    user = services.sign_up(email="new@test.example", password=PASSWORD, display_name="新", visitor=visitor)
    member = Actor(member_id=user.pk)
    assert selectors.saved_course_ids(member) == [course.pk]
    assert LessonProgress.objects.get(user=user).percent == 60
    assert Event.objects.exclude(member_id=user.pk).count() == 0
    assert selectors.saved_course_ids(actor) == []


def test_at_sign_in_the_further_progress_stays(course, learner, visitor):
    mine, theirs = Actor(member_id=learner.pk), Actor(visitor=visitor)
    lesson = lesson_of(course, "one")
    keep_place(mine, lesson.pk, 70)
    services.save_course(actor=mine, course=course)
    keep_place(theirs, lesson.pk, 20)
    services.finish_lesson(user=None, actor=theirs, lesson=lesson)
    services.save_course(actor=theirs, course=course)
    services.note_sign_in(user=learner, visitor=visitor)
    progress = LessonProgress.objects.get()
    assert (progress.user_id, progress.percent, progress.finished_at is not None) == (learner.pk, 100, True)
    assert SavedCourse.objects.count() == 1


def test_a_sign_up_that_fails_moves_nothing(course, learner, visitor):
    services.save_course(actor=Actor(visitor=visitor), course=course)
    with pytest.raises(EmailTaken):
        services.sign_up(email=learner.email, password=PASSWORD, display_name="二", visitor=visitor)
    assert User.objects.count() == 1
    assert selectors.saved_course_ids(Actor(visitor=visitor)) == [course.pk]


def test_reading_told_by_a_browser_moves_the_place_only_where_the_lesson_opens(course, stranger):
    actor = Actor(member_id=stranger.pk)
    batch = [
        read(lesson_of(course, "one"), 30, ago=10),
        read(lesson_of(course, "one"), 55),
        read(lesson_of(course, "two"), 90),
    ]
    receipt = receive_from_browser(batch=batch, user=stranger, actor=actor, user_agent=BROWSER)
    assert (receipt.accepted, receipt.refused) == (2, ((2, "lesson_closed"),))
    assert list(LessonProgress.objects.values_list("lesson__slug", "percent")) == [("one", 55)]


def test_reading_told_of_a_lesson_under_a_false_course_is_refused(course, stranger):
    other = make_course("other")
    entry = read(lesson_of(course, "one"), 30) | {"course_id": other.pk}
    receipt = receive_from_browser(
        batch=[entry], user=stranger, actor=Actor(member_id=stranger.pk), user_agent=BROWSER
    )
    assert receipt.refused == ((0, "unknown_lesson"),)


def test_a_false_course_is_refused_after_the_lesson_was_told_under_its_own(course, stranger):
    lesson, other = lesson_of(course, "one"), make_course("other")
    receipt = receive_from_browser(
        batch=[read(lesson, 30), read(lesson, 90) | {"course_id": other.pk}],
        user=stranger,
        actor=Actor(member_id=stranger.pk),
        user_agent=BROWSER,
    )
    assert (receipt.accepted, receipt.refused) == (1, ((1, "unknown_lesson"),))
    assert LessonProgress.objects.get().percent == 30


def showing(*course_ids):
    return {
        "id": str(uuid4()),
        "name": "slate.shown",
        "at": clock.now().isoformat(),
        "properties": {
            "slate": signed("home", policy="popular", courses=course_ids),
            "policy": "popular",
            "courses": list(course_ids),
        },
    }


def test_a_slate_shows_courses_that_are_out_and_each_once(course, learner):
    other, drawer = make_course("other"), make_course("drawer")
    Course.objects.filter(pk=drawer.pk).update(status=Course.Status.WITHDRAWN)
    batch = [
        showing(course.pk, other.pk),
        showing(course.pk, 2**40),
        showing(drawer.pk),
        showing(course.pk, other.pk, course.pk),
        showing(other.pk),
    ]
    with CaptureQueriesContext(connection) as asked:
        receipt = receive_from_browser(
            batch=batch, user=learner, actor=Actor(member_id=learner.pk), user_agent=BROWSER
        )
    assert receipt.refused == ((1, "unknown_course"), (2, "unknown_course"), (3, "doubled_course"))
    assert [event.properties["courses"] for event in Event.objects.order_by("pk")] == [
        [course.pk, other.pk],
        [other.pk],
    ]
    assert len([one for one in asked if 'FROM "catalogue_course"' in one["sql"]]) == 1


def choose(course, n):
    return {
        "id": str(uuid4()),
        "name": "slate.chosen",
        "at": clock.now().isoformat(),
        "course_id": course.pk,
        "properties": {
            "slate": signed("home", policy="popular", courses=[course.pk]),
            "policy": "popular",
            "position": n,
        },
    }


@pytest.mark.django_db(transaction=True)
def test_a_batch_asks_for_each_course_and_right_once_and_before_it_writes(course, learner):
    grant_course(user=learner, course=course)
    lesson = lesson_of(course, "two")
    batch = [read(lesson, n, ago=600 - 10 * n) for n in range(1, 61)] + [
        choose(course, n) for n in range(1, 41)
    ]
    asked, told = [], []

    def note(execute, sql, params, many, context):
        (told if connection.in_atomic_block else asked).append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        receipt = receive_from_browser(
            batch=batch, user=learner, actor=Actor(member_id=learner.pk), user_agent=BROWSER
        )
    assert (receipt.accepted, LessonProgress.objects.get().percent) == (100, 60)
    assert [sql.split(" FROM ")[1].split()[0] for sql in asked if sql.lstrip("(").startswith("SELECT")] == [
        '"consent_choice"', '"catalogue_lesson"', '"commerce_enrolment"', '"catalogue_course"',
    ]  # fmt: skip
    tables = ("catalogue", "commerce")
    assert not [sql for sql in told if any(f'"{table}_' in sql for table in tables)]
    assert len(asked) + len(told) <= 18  # with what the database needs to begin and end


@pytest.mark.django_db(transaction=True)
def test_a_batch_and_the_place_are_stored_together_or_not_at_all(course, learner, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(receiving, "keep_place", fail)
    batch = [read(lesson_of(course, "one"), 30), {}]
    with pytest.raises(ZeroDivisionError):
        receive_from_browser(batch=batch, user=learner, actor=Actor(member_id=learner.pk), user_agent=BROWSER)
    assert (Event.objects.count(), quarantine_counts(), LessonProgress.objects.count()) == (0, [], 0)


def test_imported_progress_keeps_the_further_of_both(course, learner):
    lesson = lesson_of(course, "one")
    early, late = clock.now().replace(microsecond=1), clock.now().replace(microsecond=2)
    services.import_progress(rows=[PastProgress(Actor(learner.pk), lesson.pk, 60, None, early)])
    services.import_progress(rows=[PastProgress(Actor(learner.pk), lesson.pk, 100, late, late)])
    services.import_progress(rows=[PastProgress(Actor(learner.pk), lesson.pk, 10, None, early)])
    row = LessonProgress.objects.get()
    assert (row.percent, row.finished_at, row.opened_at) == (100, late, late)


def test_a_course_that_is_not_out_is_put_on_no_list_and_its_page_is_no_behaviour(course, learner):
    course.status = Course.Status.DRAFT
    with pytest.raises(NotOffered):
        services.save_course(actor=Actor(member_id=learner.pk), course=course)
    services.view_course(actor=Actor(member_id=learner.pk), course=course)
    assert (SavedCourse.objects.count(), Event.objects.count()) == (0, 0)
