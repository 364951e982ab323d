"""Showing a lesson to friends, as giver and friend see it."""

import pytest
from django.test import Client

from tests.conftest import BROWSER
from tests.factories import lesson_of
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import GiftOpening, LessonGift
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.models import LessonProgress

pytestmark = pytest.mark.django_db


@pytest.fixture
def giver(signed_in, learner, course):
    grant_course(user=learner, course=course)
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def friend():
    browser = Client(headers={"user-agent": BROWSER})
    browser.cookies["zy_language"] = "en"
    return browser


def link(giver, course):
    answer = giver.post(f"/gifts/make/{course.slug}/two/")
    assert answer.status_code == 302
    return answer["Location"]


def test_a_link_is_made_from_the_lesson_and_handed_on(giver, course):
    assert "Show it to friends" in giver.get(f"/courses/{course.slug}/two/").content.decode()
    assert "Show it to friends" not in giver.get(f"/courses/{course.slug}/one/").content.decode()

    address = link(giver, course)
    page = giver.get(address).content.decode()

    assert f'value="http://testserver{address}"' in page
    assert "3 friends" in page
    assert "0 have opened it." in page
    assert "noindex" in page


def test_a_friend_reads_all_of_it_without_signing_in(giver, course):
    address = link(giver, course)
    browser = friend()
    page = browser.get(address).content.decode()
    assert "小林 shows you a lesson" in page
    assert "3 places are left." in page
    assert not GiftOpening.objects.exists()

    answer = browser.post(f"{address}open/")

    assert answer["Location"] == f"/courses/{course.slug}/two/"
    lesson = browser.get(answer["Location"]).content.decode()
    assert "平均数会骗人" in lesson
    assert "小林 gives you this lesson" in lesson
    assert "It is one of the 4 lessons of its course." in lesson
    assert "Buy · ¥99" in lesson
    assert "Show it to friends" not in lesson
    assert browser.get(f"/courses/{course.slug}/three/").status_code == 403
    assert browser.post(f"/finish/{course.slug}/two/").status_code == 302
    assert LessonProgress.objects.get(visitor__isnull=False).percent == 100
    assert "1 has opened it." in giver.get(address).content.decode()


def test_another_browser_has_its_own_place(giver, course):
    address = link(giver, course)
    first, second = friend(), friend()
    first.post(f"{address}open/")

    assert "平均数会骗人" in first.get(f"/courses/{course.slug}/two/").content.decode()
    assert "gives you this lesson" not in second.get(f"/courses/{course.slug}/two/").content.decode()


def test_one_who_comes_too_late_is_led_to_the_course(giver, course, settings):
    settings.ZHIYUE_GIFT_FRIENDS = 1
    address = link(giver, course)
    friend().post(f"{address}open/")
    late = friend()

    assert "As many friends as the gift was for" in late.get(address).content.decode()
    answer = late.post(f"{address}open/")
    assert answer.status_code == 410
    assert f'href="/courses/{course.slug}/"' in answer.content.decode()
    assert GiftOpening.objects.count() == 1


def test_a_gift_that_is_over_says_so_to_both(giver, course):
    address = link(giver, course)
    LessonGift.objects.update(ends_at=clock.now())

    assert "This gift is over" in friend().get(address).content.decode()
    assert "This link opens nothing any more" in giver.get(address).content.decode()


def test_who_hasnt_the_course_makes_no_link(signed_in, stranger, course):
    browser = signed_in(stranger)
    browser.cookies["zy_language"] = "en"

    page = browser.post(f"/gifts/make/{course.slug}/two/", follow=True).content.decode()

    assert "Only who has the course can show a lesson" in page
    assert not LessonGift.objects.exists()


def test_a_visitor_signs_in_before_making_one(course):
    answer = friend().post(f"/gifts/make/{course.slug}/two/")
    assert answer["Location"].startswith("/sign-in/")


def test_a_wrong_link_is_no_page(course):
    assert friend().get("/gifts/wrong/").status_code == 404
    assert friend().post("/gifts/wrong/open/").status_code == 404


def test_a_program_that_draws_the_link_in_a_chat_opens_nothing(giver, course):
    address = link(giver, course)
    robot = Client(headers={"user-agent": "facebookexternalhit/1.1"})

    assert robot.get(address).status_code == 200
    assert robot.post(f"{address}open/").status_code == 410
    assert not GiftOpening.objects.exists()
    assert lesson_of(course, "two").gifts.count() == 1


def test_the_giver_closes_their_link_for_everybody(giver, course):
    address = link(giver, course)
    browser = friend()
    lesson = browser.post(f"{address}open/")["Location"]
    assert browser.get(lesson).status_code == 200
    assert "Close the link" in giver.get(address).content.decode()
    assert "Close the link" not in browser.get(address).content.decode()

    page = giver.post(f"{address}close/", follow=True).content.decode()

    assert "Closed: the link opens the lesson for nobody any more." in page
    assert "This link opens nothing any more." in page and "Close the link" not in page
    assert browser.get(lesson).status_code == 403
    assert "This gift is over." in friend().post(f"{address}open/").content.decode()
    # Closed again it stays as it is, and another link can be made.
    ended_at = LessonGift.objects.get().ends_at
    giver.post(f"{address}close/")
    assert LessonGift.objects.get().ends_at == ended_at
    assert link(giver, course) != address


def test_nobody_but_the_giver_closes_a_link(giver, course, signed_in, stranger):
    address = link(giver, course)

    assert signed_in(stranger).post(f"{address}close/").status_code == 404
    assert friend().post(f"{address}close/")["Location"].startswith("/sign-in/")
    assert giver.post("/gifts/nothing-here/close/").status_code == 404

    assert LessonGift.objects.get().ends_at > clock.now()


def test_an_address_is_so_many_new_friends_an_hour_at_most(giver, course, settings):
    settings.ZHIYUE_GIFT_FRIENDS = 100
    address = link(giver, course)
    for _ in range(40):
        assert friend().post(f"{address}open/").status_code == 302

    refused = friend().post(f"{address}open/")

    assert refused.status_code == 429 and int(refused["Retry-After"]) > 0
    assert "Too many tries." in refused.content.decode()
    assert GiftOpening.objects.count() == 40
    assert friend().post(f"{address}open/", REMOTE_ADDR="203.0.113.9").status_code == 302
