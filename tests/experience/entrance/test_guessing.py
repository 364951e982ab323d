"""Trying passwords is slow work, and nobody is locked out by a stranger."""

import pytest
from django.contrib.auth import hashers
from django.test import Client

from tests.conftest import BROWSER
from tests.factories import PASSWORD
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.services import create_member
from zhiyue.experience.entrance import guessing
from zhiyue.facilities.notices.models import OutgoingMessage

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


def attack(member, networks=10):
    """Five failures of each network are its own; fifty beyond them are what all networks share."""
    for n in range(networks):
        fail(at(f"198.51.100.{n}"), member.email, 10)


def test_past_fifty_failures_from_everywhere_codes_and_known_browsers_open(learner):
    own = at("192.0.2.200")
    assert guess(own, learner.email, PASSWORD).status_code == 302
    own.post("/sign-out/")
    attack(learner)
    stranger = at("192.0.2.99")
    fail(stranger, learner.email, 5)
    page = guess(stranger, learner.email, PASSWORD)
    assert page.status_code == 429
    assert "Sign in with a code" in page.content.decode()
    assert guess(own, learner.email, PASSWORD).status_code == 302
    assert at("192.0.2.99").post("/sign-in/code/", {"address": learner.email}).status_code == 302


def test_a_member_with_a_new_browser_gets_in_while_strangers_hammer(learner):
    attack(learner)
    home = at("192.0.2.7")
    fail(home, learner.email, 4)
    assert guess(home, learner.email, PASSWORD).status_code == 302
    assert home.session["_auth_user_id"] == str(learner.pk)


def test_what_is_kept_for_a_network_comes_back_with_the_right_password(learner):
    attack(learner)
    for _ in range(6):
        assert guess(at("192.0.2.7"), learner.email, PASSWORD).status_code == 302


def test_many_addresses_of_one_ipv6_network_have_one_share(learner):
    attack(learner)
    for n in range(5):
        fail(at(f"2001:db8:1:{n}::1"), learner.email, 1)
    assert guess(at("2001:db8:1:9::1"), learner.email, PASSWORD).status_code == 429
    assert guess(at("2001:db8:2::1"), learner.email, PASSWORD).status_code == 302


def ask(client, to):
    return client.post("/sign-in/code/", {"address": to}).status_code


@pytest.fixture
def patient(monkeypatch):
    """As if a minute went by between two codes: what is counted by the minute isn't counted."""
    monkeypatch.setattr(guessing, "_CODES", guessing._CODES[1:])


def test_a_stranger_elsewhere_spends_no_codes_of_a_member_with_a_new_browser(learner, patient):
    stranger = at("198.51.100.1")
    assert [ask(stranger, learner.email) for _ in range(6)] == [302] * 5 + [429]
    home = at("192.0.2.7")
    assert [ask(home, learner.email) for _ in range(6)] == [302] * 5 + [429]


def test_no_mailbox_is_flooded_from_however_many_networks(learner, patient):
    own = at("192.0.2.200")
    assert guess(own, learner.email, PASSWORD).status_code == 302
    own.post("/sign-out/")
    answers = [ask(at(f"198.51.100.{n}"), learner.email) for n in range(41)]
    assert answers == [302] * 40 + [429]
    assert OutgoingMessage.objects.count() == 40
    page = at("192.0.2.9").post("/sign-in/code/", {"address": learner.email})
    assert page.status_code == 429
    assert "Sign in with a password" in page.content.decode()
    assert ask(own, learner.email) == 302, "their own browser has codes that nobody else spends"


def test_a_phone_gets_twenty_messages_a_day_from_strangers(settings, learner, patient):
    settings.ZHIYUE_SMS_PROVIDER = "console"
    create_member(phone="+8613800138000", password=None, display_name="小林", proved=True)
    answers = [ask(at(f"198.51.100.{n % 4}"), "138 0013 8000") for n in range(20)]
    assert answers == [302] * 20
    assert ask(at("192.0.2.7"), "138 0013 8000") == 429
    assert OutgoingMessage.objects.count() == 20


def test_a_fifth_of_all_messages_is_left_for_browsers_of_members(settings, learner):
    settings.ZHIYUE_SMS_PROVIDER, settings.ZHIYUE_SMS_PER_HOUR = "console", 5
    member = create_member(phone="+8613800138000", password=PASSWORD, display_name="小林", proved=True)
    own = at("192.0.2.200")
    assert guess(own, "13800138000", PASSWORD).status_code == 302
    own.post("/sign-out/")
    answers = [ask(at("198.51.100.1"), f"1390013900{n}") for n in range(5)]
    assert answers == [302] * 4 + [429]
    assert ask(own, member.phone) == 302


def test_who_is_signed_in_sends_codes_to_others_no_more_often_than_strangers_do(learner, stranger, patient):
    """However many browsers they make known to themselves."""
    answers = []
    for _ in range(6):
        client = at("192.0.2.7")
        guess(client, stranger.email, PASSWORD)
        answers.append(client.post("/settings/email/", {"address": learner.email}).status_code)
    assert answers == [302] * 5 + [429]


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


PHONE = "+8613800138000"
AS_WRITTEN = ("13800138000", "+86 138 0013 8000", "008613800138000", "138-0013-8000")


def forget(client, name):
    return client.post("/password/forgotten/", {"username": name}).status_code


@pytest.fixture
def lin(settings):
    """Somebody with an address, a phone and a user name."""
    settings.ZHIYUE_SMS_PROVIDER = "console"
    return create_member(
        email="lin@test.example",
        phone=PHONE,
        username="lin",
        password=PASSWORD,
        display_name="小林",
        proved=True,
    )


def both(lin, act, names):
    """What a stranger is answered for names of a member and, after these are nobody's any more, once again."""
    theirs = [act(at("192.0.2.1"), name) for name in names]
    User.objects.filter(pk=lin.pk).delete()
    return theirs, [act(at("192.0.2.2"), name) for name in names]


@pytest.mark.parametrize("names", [AS_WRITTEN, ("lin", " LIN "), ("lin@test.example", "LIN@Test.example ")])
def test_a_forgotten_password_is_asked_for_once_a_minute_whoever_is_called_that(lin, names):
    theirs, nobodys = both(lin, forget, names)
    assert theirs == nobodys == [302] + [429] * (len(names) - 1)


@pytest.mark.parametrize("names", [AS_WRITTEN[:2], ("lin", "LIN"), ("lin@test.example", "LIN@test.example")])
def test_wrong_passwords_are_counted_by_what_was_typed_whoever_is_called_that(lin, names):
    def tries(client, name):
        return [guess(client, name).status_code for _ in range(6)]

    theirs, nobodys = both(lin, tries, names)
    assert theirs == nobodys == [[200] * 6, [200] * 4 + [429] * 2]


@pytest.mark.parametrize(
    "ways", [("address", "name"), ("name", "address"), ("phone", "name"), ("name", "phone")]
)
def test_no_limit_tells_which_address_or_phone_belongs_to_a_user_name(lin, ways):
    """A code to one of them, then a new password by another: the answers are those for two people."""
    acts = {
        "address": lambda: ask(at("192.0.2.1"), lin.email),
        "phone": lambda: ask(at("192.0.2.1"), lin.phone),
        "name": lambda: forget(at("192.0.2.1"), "lin"),
    }
    assert [acts[way]() for way in ways] == [302, 302]


def test_wrong_passwords_do_not_tell_which_names_belong_together(lin):
    stranger = at("192.0.2.1")
    fail(stranger, "lin", 10)
    assert guess(stranger, "lin").status_code == 429
    assert guess(stranger, lin.email).status_code == 200


def test_past_all_messages_of_the_hour_a_user_name_is_answered_as_ever_and_nothing_leaves(settings, lin):
    settings.ZHIYUE_SMS_PER_HOUR = 1
    User.objects.filter(pk=lin.pk).update(email=None)
    assert ask(at("198.51.100.1"), "13900139000") == 302
    stranger = at("192.0.2.1")
    answers = [forget(stranger, "lin"), forget(at("192.0.2.2"), "nobody")]
    assert answers == [302, 302]
    assert OutgoingMessage.objects.get().to == "+8613900139000"
    waiting = OneTimeCode.objects.filter(purpose="reset").order_by("pk")
    assert [(code.to, code.user) for code in waiting] == [("lin", None), ("nobody", None)]
    assert "If there is such an account" in stranger.get("/sign-in/code/enter/").content.decode()


def test_a_code_for_a_user_name_is_sent_again_where_it_was_sent_first(lin, patient):
    client = at("192.0.2.1")
    forget(client, "Lin")
    assert client.post("/sign-in/code/again/").status_code == 302
    assert [one.to for one in OutgoingMessage.objects.all()] == [lin.email] * 2
    assert "the account “Lin”" in client.get("/sign-in/code/enter/").content.decode()


def test_a_user_name_asks_for_twenty_codes_a_day_and_shows_no_more_of_its_mailbox(lin, patient):
    answers = [forget(at(f"198.51.100.{n}"), "lin") for n in range(21)]
    assert answers == [302] * 20 + [429]
    assert ask(at("192.0.2.7"), lin.email) == 302


def test_a_new_password_goes_by_mail_to_a_user_name_in_capitals_and_by_sms_to_a_phone(lin, patient):
    for name in ("LIN", "138 0013 8000", "lin@test.example"):
        forget(at("192.0.2.1"), name)
    assert [one.to for one in OutgoingMessage.objects.order_by("pk")] == [lin.email, lin.phone, lin.email]


def test_a_member_whom_no_message_reaches_looks_like_nobody(lin):
    User.objects.filter(pk=lin.pk).update(email=None, phone=None)
    assert forget(at("192.0.2.1"), "lin") == 302
    assert not OutgoingMessage.objects.exists()
    assert OneTimeCode.objects.get().user is None
