"""At a bare address, where browsers refuse passkeys, no page offers one."""

import pytest

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

NOTICE = "Browsers make passkeys only for a host name."
PAGES = {
    "/settings/safety/passkeys/": 'href="/settings/safety/passkeys/add/"',
    "/settings/safety/passkeys/add/": 'data-passkey="create"',
    "/settings/safety/second-factor/": 'href="/settings/safety/passkeys/add/"',
}


@pytest.fixture
def at(browser):
    """The page at an address, as asked of a host."""
    browser.cookies["zy_language"] = "en"
    return lambda path, host: browser.get(path, headers={"host": host}).content.decode()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000"])
def test_a_passkey_is_offered_at_a_name_alone(at, browser, learner, path, host):
    browser.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    page = at(path, host)
    is_name = host.startswith("localhost")
    assert (PAGES[path] in page) == is_name
    assert (NOTICE in page) != is_name
    assert ("Recommended" in page) == (is_name and "second-factor" in path)


@pytest.mark.parametrize(("host", "is_offered"), [("127.0.0.1", False), ("localhost", True)])
def test_the_sign_in_page_offers_a_passkey_at_a_name_alone(at, host, is_offered):
    assert ("Sign in with a passkey" in at("/sign-in/", host)) == is_offered
