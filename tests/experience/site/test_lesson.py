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
    assert [event.name for event in Event.objects.all()] == ["lesson.started", "lesson.opened"]


def test_a_closed_lesson_says_why_and_offers_a_way_on(english, course):
    page = english.get(f"/courses/{course.slug}/two/")
    text = page.content.decode()
    assert page.status_code == 403
    assert "平均数会骗人" not in text
    assert "sign in to go on" in text
    assert f"/sign-in/?next=/courses/{course.slug}/two/" in text
    assert f'href="/courses/{course.slug}/one/"' in text
    assert not Event.objects.exists()


def test_a_closed_lesson_shows_its_place_what_the_course_is_about_and_what_it_costs(english, course):
    text = english.get(f"/courses/{course.slug}/two/").content.decode()
    assert "Lesson 2 of 4" in text
    assert "第一章" in text
    assert '<span class="price text-xl">¥99</span>' in text
    assert "写给看报表的人。" in text
    assert "看懂数据" in text
    assert f'action="/save/{course.slug}/"' in text
    assert f'href="/courses/{course.slug}/two/" aria-current="page"' in text
    text = text.split("<main")[1]
    assert text.index('class="btn btn-primary btn-roomy" href="/checkout/?offer=') < text.index(
        "/sign-in/?next="
    )


def test_where_nothing_can_be_bought_who_has_no_account_makes_one_first(english, course, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    text = english.get(f"/courses/{course.slug}/two/").content.decode().split("<main")[1]
    assert text.index('class="btn btn-primary btn-roomy" href="/sign-up/?next=') < text.index(
        "/sign-in/?next="
    )


def test_the_way_on_from_the_last_free_lesson_shows_lock_and_price(english, course):
    page = english.get(f"/courses/{course.slug}/one/").content.decode()
    card = page[page.index(f'beside-lesson sm:col-start-2 sm:text-end" href="/courses/{course.slug}/two/"') :]
    card = card[: card.index("</a>")]
    assert "icons.svg#lock" in card
    assert '<span class="price">¥99</span>' in card
    part = english.post(f"/finish/{course.slug}/one/", headers={"hx-request": "true"}).content.decode()
    assert '<span class="price">¥99</span>' in part
    assert "is-next" not in part


def test_for_who_owns_the_course_the_way_on_has_no_lock(signed_in, learner, course):
    grant_course(user=learner, course=course)
    page = signed_in(learner).get(f"/courses/{course.slug}/one/").content.decode()
    assert "beside-lock" not in page


def test_lessons_of_a_free_course_open_by_joining_and_carry_neither_lock_nor_price(english):
    make_course("gift")
    page = english.get("/courses/gift/one/").content.decode()
    assert "Free: opens when you join" in page
    assert page.count("Opens when you join") == 2
    assert "icons.svg#lock" not in page
    closed = english.get("/courses/gift/two/")
    assert closed.status_code == 403
    assert "平均数会骗人" not in closed.content.decode()
    assert "This lesson opens when you join" in closed.content.decode()
    assert "icons.svg#lock" not in closed.content.decode()


def test_a_member_without_the_course_is_not_asked_to_sign_in(signed_in, stranger, course, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
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
    with django_assert_num_queries(19):
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
