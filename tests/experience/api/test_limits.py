"""How much may be asked, what it is counted against, and who is told what is left."""

from time import time

import pytest
from django.test import Client, override_settings

from tests.conftest import BROWSER
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.shell.limits import limiter

pytestmark = pytest.mark.django_db


def test_too_many_requests_are_a_429_with_the_time_to_wait(browser):
    with override_settings(ZHIYUE_API_PER_MINUTE_VISITOR=2):
        first = browser.get("/api/v1/topics")
        assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("2", "1")
        browser.get("/api/v1/topics")
        answer = browser.get("/api/v1/topics")
    assert (answer.status_code, answer.json()["code"], answer["RateLimit-Remaining"]) == (
        429,
        "too_many",
        "0",
    )
    assert 1 <= int(answer["Retry-After"]) <= 120


def test_each_token_has_limits_of_its_own(learner, program):
    one, other = program(learner), program(learner)
    with override_settings(ZHIYUE_API_PER_MINUTE_MEMBER=1):
        assert one.get("/api/v1/me").status_code == 200
        assert one.get("/api/v1/me").status_code == 429
        assert other.get("/api/v1/me").status_code == 200
    assert User.objects.count() == 1


def within_a_minute(ask):
    """What `ask` gets; once more, from nothing counted, where the clock went on to the next minute meanwhile."""
    minute = time() // 60
    answers = ask()
    if time() // 60 == minute:
        return answers
    limiter().storage.reset()
    return ask()


@pytest.mark.parametrize("address", ["/api/v1/me", "/api/v1/courses", "/api/v1/events", "/api/v1/nothing"])
def test_a_wrong_token_says_how_many_guesses_are_left(learner, address):
    client = Client(headers={"authorization": "Bearer zy_guess"})
    answers = within_a_minute(lambda: [client.post(address) for _ in range(31)])
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert {answer["RateLimit-Limit"] for answer in answers} == {"30"}
    left = [int(answer["RateLimit-Remaining"]) for answer in answers]
    assert left == [*range(29, -1, -1), 0]
    assert int(answers[-1]["Retry-After"]) >= 1


def test_whatever_is_answered_says_what_is_left(browser, course):
    read = browser.get("/api/v1/courses")
    answers = {
        200: read,
        304: browser.get("/api/v1/courses", headers={"if-none-match": read["ETag"]}),
        400: browser.get("/api/v1/courses?x=1"),
        401: browser.get("/api/v1/me"),
        404: browser.get("/api/v1/nothing"),
        405: browser.post("/api/v1/topics"),
        406: browser.get("/api/v1/topics", headers={"accept": "text/html"}),
    }
    assert [answer.status_code for answer in answers.values()] == list(answers)
    assert {answer["RateLimit-Limit"] for answer in answers.values()} == {"120"}
    assert [int(one["RateLimit-Remaining"]) for one in answers.values()] == list(range(119, 112, -1))


def test_what_a_member_is_refused_counts_for_the_member(learner, course, program):
    strict = Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})
    strict.force_login(learner)
    for client, code in ((strict, "csrf_failed"), (program(learner, Scope.ME_READ), "insufficient_scope")):
        answer = client.put("/api/v1/me/saved/intuition")
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("300", "299")


def test_events_say_nothing_of_requests(browser):
    answer = browser.post("/api/v1/events", {"events": []}, "application/json")
    assert not {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} & set(answer.headers)
