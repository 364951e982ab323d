"""Reading: what opens, what doesn't and why, and finishing."""

import pytest

from tests.factories import make_course
from zhiyue.collect.models import Event
from zhiyue.product.catalogue.models import Lesson
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


def test_the_size_of_text_is_kept_in_a_cookie_and_written_by_the_server(english, course):
    address = f"/courses/{course.slug}/one/"
    page = english.get(address).content.decode()
    assert 'data-text-size="m"' in page
    assert 'value="s" data-step="-1"' in page
    assert 'value="l" data-step="1"' in page
    answer = english.post("/preferences/text-size/", {"size": "xl", "next": address})
    assert (answer.status_code, answer["Location"]) == (302, address)
    page = english.get(address).content.decode()
    assert 'data-text-size="xl"' in page
    assert 'value="" data-step="1" aria-label="Larger text" disabled' in page


@pytest.mark.parametrize("size", ["", "huge", "m; Path=/"])
def test_a_size_that_does_not_exist_changes_nothing(english, course, size):
    answer = english.post("/preferences/text-size/", {"size": size, "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
    assert "zy_text" not in english.cookies
    english.cookies["zy_text"] = "huge"
    assert 'data-text-size="m"' in english.get(f"/courses/{course.slug}/one/").content.decode()


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("video", "配套文字。", "This lesson is a video"),
        ("audio", "", "nothing goes with this recording in writing"),
    ],
)
def test_a_recording_says_that_its_player_comes(english, course, kind, body, words):
    Lesson.objects.filter(course=course, slug="one").update(kind=kind, media="lessons/one.mp4", body=body)
    page = english.get(f"/courses/{course.slug}/one/").content.decode()
    assert words.replace("'", "&#x27;") in page or words in page
    assert ("配套文字" in page) == bool(body)
    assert "lessons/one.mp4" not in page


def test_only_free_lessons_of_published_courses_are_for_search_engines(english, course):
    assert "noindex" not in english.get(f"/courses/{course.slug}/one/").content.decode()
    assert "noindex" in english.get(f"/courses/{course.slug}/two/").content.decode()
