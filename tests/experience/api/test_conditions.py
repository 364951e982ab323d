"""Reading again what may not have changed, and changing only what was read."""

import pytest

from tests.factories import make_course
from zhiyue.core.accounts.models import User

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
