"""Visitors carry a key of their own, robots none, and signing out leaves none behind."""

from uuid import UUID

import pytest
from django.test import Client

from zhiyue.collect.models import Event

pytestmark = pytest.mark.django_db


def test_the_first_page_gives_a_visitor_a_key(browser):
    cookie = browser.get("/courses/").cookies["zy_visitor"]
    assert UUID(cookie.value).version == 4
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "zy_visitor" not in browser.get("/courses/").cookies


def test_what_is_no_page_gives_no_key(browser):
    assert "zy_visitor" not in browser.get("/no-such-page/").cookies
    assert "zy_visitor" not in browser.get("/healthz").cookies


def test_a_robot_gets_no_key_and_leaves_no_trace(course):
    robot = Client(headers={"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    response = robot.get(f"/courses/{course.slug}/")
    assert response.status_code == 200
    assert "zy_visitor" not in response.cookies
    assert not Event.objects.exists()


def test_a_forged_key_is_replaced(browser):
    browser.cookies["zy_visitor"] = "not-a-key"
    assert UUID(browser.get("/courses/").cookies["zy_visitor"].value).version == 4


def test_after_signing_out_the_browser_belongs_to_somebody_else(browser, learner):
    browser.get("/courses/")
    before = browser.cookies["zy_visitor"].value
    browser.force_login(learner)
    assert browser.post("/sign-out/").cookies["zy_visitor"].value == ""
    assert browser.get("/me/").cookies["zy_visitor"].value != before


@pytest.mark.parametrize("page", ["/", "/me/", "/learning/", "/no-such-page/", "/api/v1/slate"])
def test_what_a_member_sees_is_kept_by_no_cache(signed_in, learner, page):
    answer = signed_in(learner).get(page)
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_what_a_visitor_sees_says_nothing_of_caches(browser):
    assert "Cache-Control" not in browser.get("/")
