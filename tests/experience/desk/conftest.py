"""The operator's browser, in English."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from zhiyue.core.accounts.models import User

Read = Callable[..., str]


@pytest.fixture
def desk(signed_in: Callable[[User], Client], operator: User) -> Client:
    client = signed_in(operator)
    client.cookies["zy_language"] = "en"
    return client


@pytest.fixture
def read(desk: Client) -> Read:
    """A page of the desk as its reader sees it: apostrophes and quotation marks as such."""

    def page(address: str, **asked: object) -> str:
        return unescape(desk.get(address, asked).content.decode())

    return page
