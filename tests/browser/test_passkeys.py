"""A passkey in a real browser, with a virtual authenticator: made, used to sign in, and refused to strangers."""

import re

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


@pytest.fixture
def home(academy: str) -> str:
    """The academy by its name: browsers make no passkey for a bare address."""
    return academy.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(open_browser: Open, home: str) -> Page:
    context = open_browser()
    context.add_cookies([{"name": "zy_language", "value": "en", "url": home}])
    return context.new_page()


def plug_in(page: Page, *, verified: bool = True) -> tuple[CDPSession, str]:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def keys_of(session: CDPSession, authenticator: str) -> list[dict[str, object]]:
    found = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    return list(found["credentials"])


def sign_in(page: Page, home: str, email: str) -> None:
    page.goto(f"{home}/sign-in/")
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", "zhiyue-demo")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(r"localhost:\d+/$"))


def sign_out(page: Page, home: str) -> None:
    page.goto(f"{home}/settings/")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(re.compile(r"localhost:\d+/$"))


def test_a_passkey_is_made_and_signs_in(page: Page, home: str) -> None:
    session, authenticator = plug_in(page)
    sign_in(page, home, "agent@example.com")
    page.goto(f"{home}/settings/safety/passkeys/add/")
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/settings/safety/recovery-codes/")
    (key,) = keys_of(session, authenticator)
    assert (key["isResidentCredential"], key["rpId"]) == (True, "localhost")
    page.goto(f"{home}/settings/safety/passkeys/")
    expect(page.locator(".settings-body li")).to_have_count(1)
    sign_out(page, home)

    page.goto(f"{home}/sign-in/?next=/settings/profile/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile(r"localhost:\d+/settings/profile/$"))
    assert keys_of(session, authenticator)[0]["signCount"] > key["signCount"]
    sign_out(page, home)

    # With the password alone one stands before the second step, and the passkey is one.
    page.goto(f"{home}/sign-in/")
    page.fill("input[name=username]", "agent@example.com")
    page.fill("input[name=password]", "zhiyue-demo")
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/sign-in/second-step/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile(r"localhost:\d+/$"))
    sign_out(page, home)

    # A finger that isn't the owner's signs nobody in, and says so.
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.goto(f"{home}/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Nothing happened: it was cancelled")).to_be_visible()
    assert "/sign-in/" in page.url
