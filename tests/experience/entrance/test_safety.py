"""Second factors: set up, asked for at sign-in, used once, never somebody else's."""

import json
import re
import time
from base64 import b64decode
from urllib.parse import quote

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.conftest import BROWSER
from tests.experience.entrance.conftest import age
from tests.factories import PASSWORD
from zhiyue.core.accounts.services import grant
from zhiyue.core.accounts.sessions import sessions_of
from zhiyue.experience.entrance.safety.sealing import SecretUnreadable, seal, unseal

pytestmark = pytest.mark.django_db


def code_of(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def enter():
    """A browser that signs in with name and password, as far as that goes."""

    def start(user, password=PASSWORD, onward="/courses/"):
        client = Client(headers={"user-agent": BROWSER})
        client.cookies["zy_language"] = "en"
        answer = client.post("/sign-in/", {"username": user.email, "password": password, "next": onward})
        return client, answer

    return start


@pytest.fixture
def with_app(learner):
    """The learner with an authenticator app, and its secret."""
    secret = generate_totp_secret()
    TOTP.activate(learner, secret)
    return learner, secret


def is_signed_in(client):
    return "_auth_user_id" in client.session


def set_up_app(client):
    page = client.get("/settings/safety/authenticator/add/")
    secret = client.session["mfa.totp.secret"]
    assert "data:image/svg+xml;base64," in page.content.decode()
    assert " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)) in page.content.decode()
    return secret, client.post("/settings/safety/authenticator/add/", {"code": code_of(secret)})


def test_an_app_is_set_up_and_its_recovery_codes_are_shown_once(
    enter, learner, django_capture_on_commit_callbacks
):
    client, _ = enter(learner)
    with django_capture_on_commit_callbacks(execute=True):
        secret, answer = set_up_app(client)
    assert answer["Location"] == "/settings/safety/recovery-codes/"
    kept = Authenticator.objects.get(user=learner, type="totp").data["secret"]
    assert secret not in kept
    assert get_adapter().decrypt(kept) == secret
    page = client.get(answer["Location"]).content.decode()
    codes = re.findall(r"<li>(\d{4} \d{4})</li>", page)
    assert len(codes) == 10
    file = b64decode(re.search(r"base64,([^\"]+)\" download", page)[1]).decode()
    assert all(code in file for code in codes)
    again = client.get(answer["Location"]).content.decode()
    assert not any(code in again for code in codes)
    assert "10 codes are left" in again
    assert f'data-text="{codes[0]}\n{codes[1]}\n' in page


def test_a_wrong_code_sets_nothing_up_and_keeps_the_key(enter, learner):
    client, _ = enter(learner)
    client.get("/settings/safety/authenticator/add/")
    secret = client.session["mfa.totp.secret"]
    page = client.post("/settings/safety/authenticator/add/", {"code": code_of(secret, steps=40)})
    assert page.status_code == 200
    assert "That didn&#x27;t match" in page.content.decode()
    assert client.session["mfa.totp.secret"] == secret
    assert not Authenticator.objects.exists()


def test_other_browsers_sign_in_again_after_the_first_factor(enter, learner):
    (mine, _), (other, _) = enter(learner), enter(learner)
    set_up_app(mine)
    assert (is_signed_in(mine), is_signed_in(other)) == (True, False)


def test_the_second_step_is_asked_for_and_leads_on(enter, with_app):
    learner, secret = with_app
    client, answer = enter(learner)
    assert answer["Location"] == "/sign-in/second-step/"
    assert not is_signed_in(client)
    assert client.get("/me/").content.decode().count(learner.display_name) == 0
    answer = client.post("/sign-in/second-step/", {"code": code_of(secret)})
    assert answer["Location"] == "/courses/"
    assert is_signed_in(client)


def test_the_second_step_offers_only_what_the_member_has(enter, with_app):
    learner, _ = with_app
    client, _ = enter(learner)
    page = client.get("/sign-in/second-step/").content.decode()
    assert 'name="code"' in page
    assert "Use a passkey" not in page


def test_a_wrong_code_leads_nowhere(enter, with_app):
    learner, secret = with_app
    client, _ = enter(learner)
    page = client.post("/sign-in/second-step/", {"code": code_of(secret, steps=40)})
    assert "That didn&#x27;t match" in page.content.decode()
    assert not is_signed_in(client)


def test_after_five_wrong_codes_even_the_right_one_waits(enter, with_app):
    learner, secret = with_app
    client, _ = enter(learner)
    for _ in range(5):
        client.post("/sign-in/second-step/", {"code": "000000"})
    page = client.post("/sign-in/second-step/", {"code": code_of(secret)}).content.decode()
    assert "Too many tries" in page
    assert not is_signed_in(client)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_counts_once_as_long_as_it_would_be_taken(enter, with_app, steps):
    learner, secret = with_app
    code = code_of(secret, steps)
    first, _ = enter(learner)
    first.post("/sign-in/second-step/", {"code": code})
    assert is_signed_in(first)
    # As another process sees it, which has a cache of its own.
    cache.clear()
    second, _ = enter(learner)
    second.post("/sign-in/second-step/", {"code": code})
    assert not is_signed_in(second)


def test_a_code_older_than_the_one_used_last_opens_nothing(enter, with_app):
    learner, secret = with_app
    for steps, opens in ((0, True), (-1, False), (1, True)):
        client, _ = enter(learner)
        client.post("/sign-in/second-step/", {"code": code_of(secret, steps)})
        assert is_signed_in(client) is opens
    kept = Authenticator.objects.get(user=learner, type="totp")
    assert set(kept.data) == {"secret", "last_step"}


def test_a_recovery_code_opens_once(enter, learner):
    client, _ = enter(learner)
    _, answer = set_up_app(client)
    code = re.search(r"<li>(\d{4} \d{4})</li>", client.get(answer["Location"]).content.decode())[1]
    first, _ = enter(learner)
    first.post("/sign-in/second-step/", {"code": code})
    second, _ = enter(learner)
    second.post("/sign-in/second-step/", {"code": code.replace(" ", "-")})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_the_second_step_alone_opens_nothing(browser, with_app):
    _, secret = with_app
    answer = browser.post("/sign-in/second-step/", {"code": code_of(secret)})
    assert answer.status_code == 302
    assert not is_signed_in(browser)


def test_changes_ask_again_who_it_is_once_time_has_passed(enter, learner):
    client, _ = enter(learner)
    age(client)
    answer = client.get("/settings/safety/authenticator/add/")
    confirm = answer["Location"]
    assert confirm.startswith("/settings/safety/confirm/?next=")
    page = client.post(confirm, {"password": "wrong"})
    assert "That isn&#x27;t your password" in page.content.decode()
    answer = client.post(confirm, {"password": PASSWORD})
    assert answer["Location"] == "/settings/safety/authenticator/add/"
    assert client.get(answer["Location"]).status_code == 200


def test_a_code_of_the_app_is_a_proof_too(enter, with_app):
    learner, secret = with_app
    client, _ = enter(learner)
    client.post("/sign-in/second-step/", {"code": code_of(secret)})
    age(client)
    confirm = "/settings/safety/confirm/code/?next=/settings/safety/"
    page = client.get(confirm).content.decode()
    assert "Is it you?" in page
    assert 'name="code"' in page
    assert 'name="password"' not in page
    # The code of the next half minute: each is good once.
    answer = client.post(confirm, {"code": code_of(secret, 1)})
    assert answer["Location"] == "/settings/safety/"


@pytest.mark.parametrize(
    "path",
    [
        "/settings/safety/authenticator/add/",
        "/settings/safety/passkeys/add/",
        "/settings/safety/recovery-codes/new/",
    ],
)
def test_nothing_is_changed_without_a_proof(enter, learner, path):
    client, _ = enter(learner)
    age(client)
    assert client.post(path, {"code": "000000", "credential": "{}"})["Location"].startswith(
        "/settings/safety/confirm/"
    )
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/settings/password/", {"password": "quiet green river"}),
        ("/settings/email/", {"address": "quiet@river.example"}),
        ("/settings/safety/authenticator/add/", {"code": "quiet-246810"}),
        ("/settings/safety/passkeys/add/", {"name": "x", "credential": "quiet"}),
        ("/settings/safety/recovery-codes/new/", {"more": "quiet"}),
    ],
)
def test_a_form_sent_too_late_is_kept_nowhere_and_filled_in_once_more(enter, learner, path, typed):
    client, _ = enter(learner)
    age(client)
    answer = client.post(path, typed)
    assert answer["Location"] == f"/settings/safety/confirm/?next={quote(path, safe='')}"
    assert "quiet" not in json.dumps(dict(client.session))
    assert "First show that it&#x27;s you" in client.get(answer["Location"]).content.decode()
    assert client.post(answer["Location"], {"password": PASSWORD})["Location"] == path
    learner.refresh_from_db()
    assert (learner.email, learner.check_password(PASSWORD)) == ("learner@test.example", True)
    assert not Authenticator.objects.exists()


def test_turning_the_app_off_takes_the_codes_along_and_is_told_by_mail(
    enter, with_app, django_capture_on_commit_callbacks
):
    learner, secret = with_app
    client, _ = enter(learner)
    client.post("/sign-in/second-step/", {"code": code_of(secret)})
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/settings/safety/authenticator/")
    assert answer["Location"] == "/settings/safety/"
    assert not Authenticator.objects.exists()
    _, answer = enter(learner)
    assert answer["Location"] == "/courses/"


def test_somebody_elses_passkey_is_as_if_it_were_not_there(enter, learner, stranger):
    theirs = Authenticator.objects.create(
        user=stranger, type="webauthn", data={"name": "Theirs", "credential": {}}
    )
    client, _ = enter(learner)
    assert "Theirs" not in client.get("/settings/safety/passkeys/").content.decode()
    for path in (f"/settings/safety/passkeys/{theirs.pk}/", f"/settings/safety/passkeys/{theirs.pk}/remove/"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"name": "Mine"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.data["name"] == "Theirs"


_WHOLE = {"id": "AA", "rawId": "AA", "type": "public-key"}
_SIGNED = {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA", "userHandle": "MQ"}
_STRANGE = (
    "", "not json", "[]", "7", "{}", '{"id": 1}', '{"response": {"userHandle": null}}',
    '{"response": {"userHandle": "MQ"}}', '{"response": []}', json.dumps(_WHOLE | {"response": {}}),
    json.dumps(_WHOLE | {"response": _SIGNED}),
)  # fmt: skip


@pytest.mark.parametrize("credential", _STRANGE)
def test_a_credential_no_browser_made_is_answered_with_words(enter, browser, learner, credential):
    browser.get("/sign-in/passkey/", headers={"Accept": "application/json"})
    answer = browser.post("/sign-in/passkey/", {"credential": credential, "next": "/courses/"})
    assert answer["Location"] == "/sign-in/?next=%2Fcourses%2F"
    assert not is_signed_in(browser)
    client, _ = enter(learner)
    client.get("/settings/safety/passkeys/add/")
    page = client.post("/settings/safety/passkeys/add/", {"name": "x", "credential": credential})
    assert page.status_code == 200
    assert 'class="notice notice-bad"' in page.content.decode()
    assert not Authenticator.objects.exists()


def test_the_last_way_in_can_not_be_removed(signed_in, learner):
    learner.set_unusable_password()
    learner.save()
    key = Authenticator.objects.create(user=learner, type="webauthn", data={"name": "Only", "credential": {}})
    client = signed_in(learner)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time()}]
    session["account_authentication_methods_user"] = str(learner.pk)
    session.save()
    client.cookies["zy_language"] = "en"
    page = client.post(f"/settings/safety/passkeys/{key.pk}/remove/")
    assert page.status_code == 409
    assert "This is your last way in" in page.content.decode()
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_a_banned_member_is_out_at_once(enter, learner):
    client, _ = enter(learner)
    type(learner).objects.filter(pk=learner.pk).update(is_active=False)
    assert client.get("/settings/").status_code == 302


def test_a_changed_password_ends_other_sessions(enter, learner):
    client, _ = enter(learner)
    learner.set_password("another long one")
    learner.save()
    assert client.get("/settings/").status_code == 302
    assert sessions_of(learner) == []
    enter(learner, "another long one")
    assert UserSession.objects.filter(user=learner).count() == 1


@pytest.mark.parametrize("role", ["creator", "agent", "operator", "owner"])
def test_required_staff_set_up_an_app_and_go_on(settings, enter, learner, role):
    settings.ZHIYUE_STAFF_SECOND_FACTOR = "required"
    grant(user=learner, role=role)
    client, _ = enter(learner, onward="/")
    page = client.get("/settings/safety/second-factor/?next=/learning/").content.decode()
    assert "Your role opens other people" in page
    assert 'href="/learning/"' in page
    assert "Your role waits for a second step" in client.get("/settings/").content.decode()
    set_up_app(client)
    assert client.get("/settings/safety/second-factor/?next=/learning/")["Location"] == "/learning/"
    assert "Your role waits" not in client.get("/settings/").content.decode()


def test_sealed_secrets_differ_each_time_and_open_only_with_the_key(settings):
    assert seal("secret") != seal("secret")
    sealed = seal("secret")
    assert unseal(sealed) == "secret"
    settings.SECRET_KEY = "another"
    with pytest.raises(SecretUnreadable):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = ["not-secret-change-me"]
    assert unseal(sealed) == "secret"


def test_after_a_change_of_the_secret_key_no_code_is_right_and_words_say_why(settings, enter, with_app):
    learner, secret = with_app
    client, _ = enter(learner)
    data = Authenticator.objects.get(user=learner).data
    Authenticator.objects.filter(user=learner).update(data=data | {"secret": "gAAAAAB-not-ours"})
    page = client.post("/sign-in/second-step/", {"code": code_of("")})
    assert page.status_code == 409
    assert "can&#x27;t be read any more" in page.content.decode()
    assert not is_signed_in(client)
    assert mail.outbox == [] or secret not in mail.outbox[0].body
