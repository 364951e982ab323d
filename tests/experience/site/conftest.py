"""A visitor's browser in English: the words of the code itself."""

import pytest
from django.test import Client


@pytest.fixture
def english(browser: Client) -> Client:
    browser.cookies["zy_language"] = "en"
    return browser
