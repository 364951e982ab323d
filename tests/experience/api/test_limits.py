"""How much may be asked, what it is counted against, and who is told what is left."""

import pytest
from django.test import Client, override_settings

from zhiyue.core.accounts.models import User

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


def test_guessing_tokens_is_slowed():
    client = Client(headers={"authorization": "Bearer zy_guess"})
    codes = [client.get("/api/v1/me").status_code for _ in range(31)]
    assert codes == [401] * 30 + [429]
