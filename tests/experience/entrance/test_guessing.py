"""Trying passwords is slow work, and nobody is locked out by a stranger."""

import pytest
from django.contrib.auth import hashers
from django.test import Client

from tests.conftest import BROWSER
from tests.factories import PASSWORD
from zhiyue.core.accounts.models import OneTimeCode, User

pytestmark = pytest.mark.django_db


def at(address):
    client = Client(headers={"user-agent": BROWSER}, REMOTE_ADDR=address)
    client.cookies["zy_language"] = "en"
    return client


def guess(client, email, password="a wrong one"):
    return client.post("/sign-in/", {"username": email, "password": password})


def fail(client, email, times):
    assert {guess(client, email).status_code for _ in range(times)} == {200}


def test_after_ten_failures_even_the_right_password_waits(learner):
    client = at("192.0.2.1")
    fail(client, learner.email, 10)
    page = guess(client, learner.email.upper(), PASSWORD)
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= 600
    assert "Too many tries. Try again in" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_past_the_limit_no_password_is_hashed(learner, monkeypatch):
    client = at("192.0.2.1")
    fail(client, learner.email, 10)

    def hashed(*_, **__):
        raise AssertionError("The password was hashed.")

    monkeypatch.setattr(hashers, "verify_password", hashed)
    monkeypatch.setattr(User, "set_password", hashed)
    assert guess(client, learner.email).status_code == 429


def test_a_stranger_elsewhere_locks_nobody_out(learner):
    fail(at("192.0.2.1"), learner.email, 10)
    assert guess(at("192.0.2.2"), learner.email, PASSWORD).status_code == 302


def test_one_address_tries_few_passwords_on_many_accounts(learner):
    client = at("192.0.2.1")
    for n in range(30):
        fail(client, f"someone-{n}@test.example", 1)
    assert guess(client, learner.email, PASSWORD).status_code == 429
    assert guess(at("192.0.2.2"), learner.email, PASSWORD).status_code == 302


def test_fifty_failures_from_everywhere_leave_codes_and_known_browsers(learner):
    own = at("192.0.2.200")
    assert guess(own, learner.email, PASSWORD).status_code == 302
    own.post("/sign-out/")
    for n in range(5):
        fail(at(f"192.0.2.{n}"), learner.email, 10)
    page = guess(at("192.0.2.99"), learner.email, PASSWORD)
    assert page.status_code == 429
    assert "Sign in with a code" in page.content.decode()
    assert guess(own, learner.email, PASSWORD).status_code == 302
    assert at("192.0.2.99").post("/sign-in/code/", {"address": learner.email}).status_code == 302


def test_right_passwords_count_for_nothing(learner):
    for _ in range(31):
        assert guess(at("192.0.2.1"), learner.email, PASSWORD).status_code == 302


def test_a_form_that_is_not_filled_in_counts_for_nothing(learner):
    client = at("192.0.2.1")
    fail(client, "", 11)
    fail(client, learner.email, 10)


def test_one_address_makes_twenty_accounts_in_an_hour():
    def sign_up(n, address="192.0.2.1"):
        form = {"display_name": "小北", "address": f"bei-{n}@test.example", "password": PASSWORD}
        return at(address).post("/sign-up/", form)

    assert {sign_up(n).status_code for n in range(20)} == {302}
    page = sign_up(20)
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= 7200
    assert "Too many tries. Try again in" in page.content.decode()
    assert OneTimeCode.objects.count() == 20
    assert sign_up(21, "192.0.2.2").status_code == 302
