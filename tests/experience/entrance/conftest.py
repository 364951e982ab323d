"""A visitor's browser in English, and what was sent to whom."""

import re

import pytest
from django.test import Client

from zhiyue.facilities.notices.models import OutgoingMessage


@pytest.fixture
def english(browser: Client) -> Client:
    browser.cookies["zy_language"] = "en"
    return browser


def digits_sent(to: str) -> str:
    """The six digits of the newest message to an address or phone."""
    message = OutgoingMessage.objects.filter(to=to).latest("pk")
    return message.content.get("code") or re.findall(r"\b\d{6}\b", message.content["text"])[0]
