"""All courses, one course, saving and joining."""

import pytest

from tests.factories import make_course
from zhiyue.collect.models import Event
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.models import SavedCourse

pytestmark = pytest.mark.django_db


def test_courses_stand_under_their_topics(english):
    make_course("one", topic="data")
    make_course("two", topic="writing")
    page = english.get("/courses/").content.decode()
    assert "Topic data" in page
    assert "课程 two" in page
    only = english.get("/courses/", {"topic": "writing"}).content.decode()
    assert "课程 two" in only
    assert "课程 one" not in only
    assert english.get("/courses/", {"topic": "nothing"}).status_code == 404


def test_the_number_of_queries_for_all_courses_is_constant(english, django_assert_num_queries):
    make_course("one")
    english.get("/courses/")
    with django_assert_num_queries(4):
        english.get("/courses/")
    for number in range(12):
        make_course(f"more-{number}", topic=f"topic-{number % 3}")
    with django_assert_num_queries(4):
        english.get("/courses/")


def test_a_course_shows_what_is_free_closed_and_coming(english, course):
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "4 lessons, 3 ready to read" in page
    assert "¥99" in page
    assert page.count('aria-label="closed"') == 2
    assert page.count("Coming") == 1
    assert f'href="/courses/{course.slug}/four/"' not in page
    assert Event.objects.get().name == "course.viewed"


def test_a_course_that_can_not_be_paid_here_has_no_button_to_buy(english, course):
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "Paying online isn" in page
    assert "Read a free lesson" in page
    assert f'action="/enrol/{course.slug}/"' not in page


def test_a_member_who_owns_a_course_sees_it_open(signed_in, learner, course, django_assert_num_queries):
    grant_course(user=learner, course=course)
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    page = client.get(f"/courses/{course.slug}/").content.decode()
    assert "Yours" in page
    assert "Paying online" not in page
    assert 'aria-label="closed"' not in page
    with django_assert_num_queries(18):
        client.get(f"/courses/{course.slug}/")


def test_saving_works_without_a_script_and_twice_is_once(english, course):
    assert english.post(f"/save/{course.slug}/", {"saved": "1"}).status_code == 302
    english.post(f"/save/{course.slug}/", {"saved": "1"})
    assert SavedCourse.objects.count() == 1
    assert Event.objects.filter(name="course.saved").count() == 1
    assert course.title in english.get("/learning/").content.decode()
    english.post(f"/save/{course.slug}/", {"saved": "0"})
    assert not SavedCourse.objects.exists()


def test_saving_in_place_answers_with_the_button_and_a_note(english, course):
    part = english.post(
        f"/save/{course.slug}/", {"saved": "1"}, headers={"hx-request": "true"}
    ).content.decode()
    assert 'aria-pressed="true"' in part
    assert 'name="saved" value="0"' in part
    assert "<html" not in part


def test_a_member_joins_a_free_course(signed_in, learner):
    course = make_course("gift")
    client = signed_in(learner)
    assert client.post("/enrol/gift/")["Location"] == "/courses/gift/"
    assert Enrolment.objects.get().course == course


def test_a_visitor_who_wants_to_join_signs_up_first(english):
    make_course("gift")
    assert english.post("/enrol/gift/")["Location"] == "/sign-up/?next=%2Fcourses%2Fgift%2F"
    assert not Enrolment.objects.exists()


def test_an_unknown_course_is_no_page(english):
    assert english.get("/courses/nothing/").status_code == 404
    assert english.post("/save/nothing/", {"saved": "1"}).status_code == 404
