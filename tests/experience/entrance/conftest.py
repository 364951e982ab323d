"""A visitor's browser in English, what was sent to whom, and how long ago somebody proved who they are."""

import re

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpResponse
from django.test import Client

from tests.factories import PASSWORD
from zhiyue.facilities.notices.models import OutgoingMessage


@pytest.fixture
def english(browser: Client) -> Client:
    browser.cookies["zy_language"] = "en"
    return browser


FORM = {"display_name": "小北", "address": "bei@test.example", "password": PASSWORD}
ENTER = "/sign-in/code/enter/"


def digits_sent(to: str) -> str:
    """The six digits of the newest message to an address or phone."""
    message = OutgoingMessage.objects.filter(to=to).latest("pk")
    return message.content.get("code") or re.findall(r"\b\d{6}\b", message.content["text"])[0]


def sign_up(client: Client, form: dict[str, str]) -> HttpResponse:
    """Both steps: the form, and the code that it sends."""
    client.post("/sign-up/", form)
    return client.post(ENTER, {"digits": digits_sent(form["address"])})


def age(client: Client, seconds: int = 3600) -> None:
    """As if the last proof of who sits there were that long ago."""
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()
