"""Trying a course from its page and from a closed lesson."""

from datetime import timedelta

import pytest

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import CourseTerms, TrialPass

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(course):
    CourseTerms.objects.create(course=course, trial_days=7)
    return course


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def test_one_tap_on_a_closed_lesson_opens_it(client, course):
    address = f"/courses/{course.slug}/two/"
    closed = client.get(address).content.decode()
    assert "Try the whole course for 7 days" in closed
    assert "nothing is charged" in closed

    answer = client.post(f"/try/{course.slug}/", {"next": address})

    assert answer["Location"] == address
    page = client.get(address).content.decode()
    assert "You are trying the whole course until" in page
    assert "平均数会骗人" in page
    assert "Buy · ¥99" in page


def test_the_course_page_says_until_when_it_is_tried_and_sells_it_all_the_same(client, course):
    assert client.get(f"/courses/{course.slug}/").content.decode().count("Try the whole course") == 2
    client.post(f"/try/{course.slug}/")

    page = client.get(f"/courses/{course.slug}/").content.decode()

    assert "You are trying the whole course until" in page
    assert "Try the whole course for" not in page
    assert "Buy · ¥99" in page
    assert ">Yours<" not in page


def test_a_trial_that_is_over_says_so(client, learner, course):
    client.post(f"/try/{course.slug}/")
    past = clock.now() - timedelta(days=2)
    TrialPass.objects.update(started_at=past - timedelta(days=7), ends_at=past)

    page = client.get(f"/courses/{course.slug}/two/").content.decode()
    assert "Your trial ended on" in page
    assert "Try the whole course" not in page
    again = client.post(f"/try/{course.slug}/", follow=True).content.decode()
    assert "You have tried this before" in again
    assert TrialPass.objects.count() == 1


def test_a_visitor_signs_up_and_comes_back(english, course):
    address = f"/courses/{course.slug}/two/"
    assert "Try the whole course for 7 days" in english.get(address).content.decode()

    answer = english.post(f"/try/{course.slug}/", {"next": address})

    assert answer["Location"] == f"/sign-up/?next=%2Fcourses%2F{course.slug}%2Ftwo%2F"
    assert not TrialPass.objects.exists()


def test_the_way_back_stays_on_the_academy(client, course):
    answer = client.post(f"/try/{course.slug}/", {"next": "https://elsewhere.example/"})
    assert answer["Location"] == f"/courses/{course.slug}/"
