"""Visitors carry a key of their own once something is kept for them, robots none; signing out leaves none behind."""

from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client

from tests.factories import make_visitor
from zhiyue.collect.models import Event
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import VISITOR_HOLDS_DAYS
from zhiyue.experience.shell.viewers import VISITOR_COOKIE, signed_key
from zhiyue.product.learning.models import Interest, LessonProgress, SavedCourse

pytestmark = pytest.mark.django_db


def key_in(answer):
    return answer.cookies[VISITOR_COOKIE].value.partition(":")[0]


@pytest.mark.parametrize(
    "page", ["/", "/courses/", "/courses/intuition/", "/search/?q=x", "/me/", "/privacy/", "/no-such-page/"]
)
def test_looking_at_pages_gives_no_key(new_browser, course, page):
    assert VISITOR_COOKIE not in new_browser.get(page).cookies


def test_a_choice_gives_a_visitor_a_key(new_browser):
    answer = new_browser.post("/consent/", {"choice": "necessary"})
    cookie = answer.cookies[VISITOR_COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["max-age"] == VISITOR_HOLDS_DAYS * 24 * 3600
    assert str(Choice.objects.get().visitor) == key_in(answer)
    assert VISITOR_COOKIE not in new_browser.post("/consent/", {"choice": "all"}).cookies


def test_what_the_academy_keeps_for_a_visitor_gives_them_a_key(new_browser, course):
    saved = new_browser.post(f"/save/{course.slug}/", {"saved": "1"})
    assert str(SavedCourse.objects.get().visitor) == key_in(saved)


def test_a_lesson_opened_gives_a_key_and_a_closed_one_none(new_browser, course):
    assert VISITOR_COOKIE not in new_browser.get(f"/courses/{course.slug}/two/").cookies
    opened = new_browser.get(f"/courses/{course.slug}/one/")
    assert str(LessonProgress.objects.get().visitor) == key_in(opened)


def test_interests_chosen_give_a_key_and_none_chosen_none(new_browser, course):
    assert VISITOR_COOKIE not in new_browser.post("/welcome/", {}).cookies
    chosen = new_browser.post("/welcome/", {"topic": "data"})
    assert str(Interest.objects.get().visitor) == key_in(chosen)


def test_taking_off_what_was_never_saved_gives_no_key(new_browser, course):
    assert VISITOR_COOKIE not in new_browser.post(f"/save/{course.slug}/", {"saved": "0"}).cookies


def test_members_need_no_key(signed_in, learner, course):
    assert VISITOR_COOKIE not in signed_in(learner).post(f"/save/{course.slug}/", {"saved": "1"}).cookies


def test_a_robot_gets_no_key_and_leaves_no_trace(course):
    robot = Client(headers={"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    response = robot.get(f"/courses/{course.slug}/one/")
    assert response.status_code == 200
    assert VISITOR_COOKIE not in response.cookies
    assert not Event.objects.exists()
    assert not LessonProgress.objects.exists()


@pytest.mark.parametrize("invented", ["nonsense", "unsigned", "altered", "elsewhere", "empty"])
def test_a_key_that_we_did_not_sign_is_ignored_and_replaced(new_browser, course, invented):
    theirs = make_visitor()
    genuine = signed_key(theirs)
    new_browser.cookies[VISITOR_COOKIE] = {
        "nonsense": "not-a-key",
        "unsigned": str(theirs),
        "altered": genuine.replace(str(theirs), str(uuid4())),
        "elsewhere": signing.TimestampSigner(salt="another").sign(str(theirs)),
        "empty": "",
    }[invented]
    assert b"consent-bar" in new_browser.get("/courses/").content
    saved = new_browser.post(f"/save/{course.slug}/", {"saved": "1"})
    assert key_in(saved) not in ("", str(theirs))


def test_a_key_is_over_when_its_choice_is(browser, monkeypatch):
    assert b"consent-bar" not in browser.get("/courses/").content
    later = signing.time.time() + (VISITOR_HOLDS_DAYS + 1) * 24 * 3600
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert b"consent-bar" in browser.get("/courses/").content


def test_after_signing_out_the_browser_belongs_to_somebody_else(browser, visitor, learner, course):
    browser.force_login(learner)
    assert browser.post("/sign-out/").cookies[VISITOR_COOKIE].value == ""
    assert b"consent-bar" in browser.get("/courses/").content
    assert key_in(browser.post("/consent/", {"choice": "all"})) != str(visitor)


@pytest.mark.parametrize("page", ["/", "/me/", "/learning/", "/no-such-page/", "/api/v1/recommendations"])
def test_what_a_member_sees_is_kept_by_no_cache(signed_in, learner, page):
    answer = signed_in(learner).get(page)
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_what_a_visitor_sees_says_nothing_of_caches(browser):
    assert "Cache-Control" not in browser.get("/")
