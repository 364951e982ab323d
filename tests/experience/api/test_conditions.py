"""Reading again what may not have changed, and changing only what was read."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def test_what_somebody_has_already_is_not_sent_again(browser, course):
    answer = browser.get("/api/v1/courses/intuition")
    again = browser.get("/api/v1/courses/intuition", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    course.title = "另一个"
    course.save()
    assert (
        browser.get("/api/v1/courses/intuition", headers={"if-none-match": answer["ETag"]}).status_code == 200
    )
    head = browser.head("/api/v1/courses/intuition")
    assert (head.status_code, head.content) == (200, b"")


def test_a_list_that_was_read_already_still_leads_on(browser):
    make_course("a", days_ago=1), make_course("b", days_ago=2)
    first = browser.get("/api/v1/courses?page_size=1")
    again = browser.get("/api/v1/courses?page_size=1", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again["Link"]) == (304, first["Link"])
    assert set(again["Vary"].split(", ")) == set(first["Vary"].split(", "))
    assert "Content-Type" not in again


@pytest.mark.parametrize("address", ["/api/v1/recommendations", "/api/v1/courses/a/similar"])
def test_recommendations_that_did_not_change_are_not_sent_again_that_day(browser, monkeypatch, address):
    make_course("a", days_ago=1), make_course("b", days_ago=2)
    moment = clock.day_start(clock.business_day()) + timedelta(hours=12)
    monkeypatch.setattr(clock, "now", lambda: moment)
    first = browser.get(address)
    known = {"if-none-match": first["ETag"]}
    again = browser.get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    # Each answer is a showing of its own all the same.
    assert browser.get(address).json()["slate"] != first.json()["slate"]
    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(days=1))
    assert browser.get(address, headers=known).status_code == 200


def test_another_list_of_recommendations_is_sent(browser):
    make_course("a", days_ago=1)
    first = browser.get("/api/v1/recommendations")
    make_course("b", days_ago=2)
    assert browser.get("/api/v1/recommendations", headers={"if-none-match": first["ETag"]}).status_code == 200


def test_the_etag_is_of_what_is_told_and_not_of_how_it_was_asked(learner, program):
    client = program(learner)
    plain = client.get("/api/v1/me")
    for accept in ("application/json; indent=4", "application/json;indent=1;q=0.9", "*/*", "application/*"):
        answer = client.get("/api/v1/me", headers={"accept": accept})
        assert (answer.content, answer["ETag"]) == (plain.content, plain["ETag"])
        read = {"accept": accept, "if-match": answer["ETag"]}
        changed = client.patch("/api/v1/me", {"bio": ""}, "application/json", headers=read)
        assert (changed.status_code, changed["ETag"]) == (200, plain["ETag"])


def test_a_profile_changed_elsewhere_is_not_overwritten(learner, program):
    client = program(learner)
    read = client.get("/api/v1/me")["ETag"]
    changed = client.patch("/api/v1/me", {"bio": "一"}, "application/json", headers={"if-match": read})
    assert changed.status_code == 200
    answer = client.patch("/api/v1/me", {"bio": "二"}, "application/json", headers={"if-match": read})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert User.objects.get(pk=learner.pk).bio == "一"
    newer = {"if-match": changed["ETag"]}
    assert client.patch("/api/v1/me", {"bio": "三"}, "application/json", headers=newer).status_code == 200
