"""The page of tokens: the key shown once, one's own tokens only, and nobody makes one in an open browser."""

import re

import pytest
from django.test import Client

from tests.conftest import BROWSER
from tests.factories import PASSWORD
from zhiyue.core.accounts.models import PersonalToken
from zhiyue.core.accounts.tokens import MOST_TOKENS, Scope, make_token

pytestmark = pytest.mark.django_db

WANTED = {"name": "阅读统计", "scopes": ["me:read", "catalogue:read"], "expires": "90"}


@pytest.fixture
def fresh(learner) -> Client:
    """A browser in which the learner signed in a moment ago."""
    client = Client(headers={"user-agent": BROWSER})
    client.cookies["zy_language"] = "en"
    answer = client.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def test_visitors_are_led_to_sign_in(browser):
    assert browser.get("/settings/tokens/")["Location"].startswith("/sign-in/?next=")


def test_the_key_is_shown_once_and_works(fresh, learner):
    page = fresh.post("/settings/tokens/", WANTED)
    key = re.search(r"zy_[\w-]{40,}", page.content.decode())[0]
    token = PersonalToken.objects.get()
    assert (token.user, token.name, token.scopes) == (learner, "阅读统计", ["catalogue:read", "me:read"])
    assert (token.expires_at - token.made_at).days in (89, 90)
    assert "no-store" in page["Cache-Control"]
    again = fresh.get("/settings/tokens/").content.decode()
    assert key not in again
    assert token.prefix in again
    answer = Client(headers={"authorization": f"Bearer {key}"}).get("/api/v1/me")
    assert answer.json()["email"] == learner.email


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["everything"]}, {"expires": "1"}, {"name": "x" * 41}]
)
def test_a_form_that_cannot_be_keeps_what_was_typed(fresh, wrong):
    page = fresh.post("/settings/tokens/", {**WANTED, **wrong}).content.decode()
    assert "field-error" in page
    assert 'value="me:read"' in page
    assert not PersonalToken.objects.exists()


def test_whoever_found_an_open_browser_is_asked_who_they_are(signed_in, learner):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    assert "Show that it&#x27;s me" in client.get("/settings/tokens/").content.decode().replace(
        "it's", "it&#x27;s"
    )
    page = client.post("/settings/tokens/", WANTED).content.decode()
    assert "阅读统计" in page
    assert "/settings/safety/confirm/?next=/settings/tokens/" in page
    assert not PersonalToken.objects.exists()


def test_a_scope_that_the_role_does_not_open_is_not_offered(fresh):
    assert Scope.ACTIVITY_READ.value not in fresh.get("/settings/tokens/").content.decode()
    fresh.post("/settings/tokens/", {**WANTED, "scopes": ["activity:read"]})
    assert not PersonalToken.objects.exists()


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("learner", set()),
        ("agent", {"sales:read"}),
        ("operator", {"activity:read", "sales:read", "sales:write"}),
    ],
)
def test_scopes_of_staff_are_offered_to_whom_they_open_something(request, role, offered):
    user = request.getfixturevalue(role)
    client = Client(headers={"user-agent": BROWSER})
    client.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    page = client.get("/settings/tokens/").content.decode()
    found = set(re.findall(r'value="([a-z]+:[a-z]+)"', page))
    assert found & {"activity:read", "sales:read", "sales:write"} == offered
    assert "me:read" in found


def test_one_token_too_many_is_refused_with_words(fresh, learner):
    for _ in range(MOST_TOKENS):
        make_token(user=learner, name="x", scopes=["me:read"])
    assert "You have 20 tokens" in fresh.post("/settings/tokens/", WANTED).content.decode()
    assert PersonalToken.objects.count() == MOST_TOKENS


def test_a_member_ends_their_own_token_and_nobody_elses(signed_in, learner, stranger):
    token, _ = make_token(user=learner, name="x", scopes=["me:read"])
    address = f"/settings/tokens/{token.pk}/end/"
    assert signed_in(stranger).post(address).status_code == 404
    assert signed_in(learner).get(address).status_code == 405
    assert PersonalToken.objects.get().ended_at is None
    assert signed_in(learner).post(address)["Location"] == "/settings/tokens/"
    assert PersonalToken.objects.get().ended_at is not None


def test_a_long_list_costs_no_more_queries(signed_in, learner, django_assert_max_num_queries):
    client = signed_in(learner)
    client.get("/settings/tokens/")
    for n in range(10):
        make_token(user=learner, name=f"Nr. {n}", scopes=["me:read"])
    with django_assert_max_num_queries(12):
        assert client.get("/settings/tokens/").content.decode().count("zy_") == 10
