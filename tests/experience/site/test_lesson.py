"""Reading: what opens, what doesn't and why, and finishing."""

import pytest

from tests.factories import make_course
from zhiyue.collect.models import Event
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.models import LessonProgress

pytestmark = pytest.mark.django_db


def test_a_stranger_reads_a_free_lesson(english, course):
    page = english.get(f"/courses/{course.slug}/one/")
    assert page.status_code == 200
    assert "<p>平均数会骗人。</p>" in page.content.decode()
    assert Event.objects.get().name == "lesson.opened"


def test_a_closed_lesson_says_why_and_offers_a_way_on(english, course):
    page = english.get(f"/courses/{course.slug}/two/")
    text = page.content.decode()
    assert page.status_code == 403
    assert "平均数会骗人" not in text
    assert "sign in to go on" in text
    assert f"/sign-in/?next=/courses/{course.slug}/two/" in text
    assert f'href="/courses/{course.slug}/one/"' in text
    assert not Event.objects.exists()


def test_a_member_without_the_course_is_not_asked_to_sign_in(signed_in, stranger, course):
    client = signed_in(stranger)
    client.cookies["zy_language"] = "en"
    page = client.get(f"/courses/{course.slug}/two/")
    assert page.status_code == 403
    assert "Paying online isn" in page.content.decode()
    assert f"/sign-in/?next=/courses/{course.slug}/two/" not in page.content.decode()


def test_a_lesson_that_is_only_announced_says_so_to_its_owner_too(signed_in, learner, course):
    grant_course(user=learner, course=course)
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    page = client.get(f"/courses/{course.slug}/four/")
    assert page.status_code == 403
    assert "still being written" in page.content.decode()


def test_reading_asks_a_constant_number_of_queries(signed_in, learner, course, django_assert_num_queries):
    grant_course(user=learner, course=course)
    client = signed_in(learner)
    client.get(f"/courses/{course.slug}/two/")
    with django_assert_num_queries(20):
        client.get(f"/courses/{course.slug}/two/")


def test_finishing_without_a_script_leads_to_the_next_open_lesson(signed_in, learner, course):
    grant_course(user=learner, course=course)
    client = signed_in(learner)
    assert client.post(f"/finish/{course.slug}/one/")["Location"] == f"/courses/{course.slug}/two/"
    assert LessonProgress.objects.get(user=learner).finished_at


def test_finishing_the_last_free_lesson_leads_back_to_the_course(english, course):
    assert english.post(f"/finish/{course.slug}/one/")["Location"] == f"/courses/{course.slug}/"


def test_finishing_in_place_shows_the_next_lesson(english):
    make_course("gift")
    part = english.post("/finish/gift/one/", headers={"hx-request": "true"}).content.decode()
    assert "Read. Well done." in part
    assert 'href="/courses/gift/two/"' in part
    assert "<html" not in part


def test_a_closed_lesson_can_not_be_finished(english, course):
    assert english.post(f"/finish/{course.slug}/two/").status_code == 403
    assert not LessonProgress.objects.exists()
    assert not Event.objects.exists()
