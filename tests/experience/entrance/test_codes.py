"""In by a code to one's address or phone, out of a forgotten password, and to another address."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.conftest import BROWSER
from tests.experience.entrance.conftest import digits_sent
from tests.factories import PASSWORD
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.services import create_member
from zhiyue.experience.shell import limits
from zhiyue.facilities.notices.delivery import CONSOLE_MAIL
from zhiyue.facilities.notices.models import OutgoingMessage

pytestmark = pytest.mark.django_db

PHONE = "+8613800138000"
ENTER = "/sign-in/code/enter/"


@pytest.fixture
def proved(db) -> User:
    return create_member(
        email="proved@test.example",
        phone=PHONE,
        username="lin",
        password=PASSWORD,
        display_name="小林",
        proved=True,
    )


def ask(client, to, address="/sign-in/code/", field="address"):
    return client.post(address, {field: to, "next": "/learning/"})


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def other_browser() -> Client:
    client = Client(headers={"user-agent": BROWSER})
    client.cookies["zy_language"] = "en"
    return client


@pytest.mark.parametrize(
    "typed", ["138 0013 8000", "+86-138-0013-8000", "008613800138000", "１３８００１３８０００"]
)
def test_a_phone_and_its_code_sign_in(english, proved, typed):
    assert ask(english, typed)["Location"] == ENTER
    assert english.post(ENTER, {"digits": digits_sent(PHONE)})["Location"] == "/learning/"
    assert english.session["_auth_user_id"] == str(proved.pk)
    proved.refresh_from_db()
    assert proved.has_usable_password()
    assert Event.objects.filter(name="member.signed_in", member=proved).count() == 1


def test_an_unknown_address_becomes_an_account_after_its_code_and_a_name(english):
    ask(english, "New@test.example")
    assert english.post(ENTER, {"digits": digits_sent("new@test.example")})["Location"] == "/sign-up/finish/"
    assert not User.objects.exists()
    assert english.post("/sign-up/finish/", {"display_name": "小新"})["Location"] == "/learning/"
    made = User.objects.get()
    assert (made.email, made.display_name, made.has_usable_password()) == ("new@test.example", "小新", False)
    assert made.emailaddress_set.get().verified


def test_from_outside_known_and_unknown_addresses_look_the_same(proved):
    pages = {}
    for to in ("proved@test.example", "nobody@test.example"):
        client = other_browser()
        answer = ask(client, to)
        page = client.get(ENTER).content.decode().replace(to, "…").replace(digits_sent(to), "######")
        token = client.get(ENTER).context["csrf_token"]
        pages[to] = (answer.status_code, answer["Location"], len(page.replace(str(token), "")))
    assert pages["proved@test.example"] == pages["nobody@test.example"]


def test_only_the_keyed_hash_of_a_code_is_kept(english, proved):
    ask(english, PHONE)
    digits = digits_sent(PHONE)
    row = OneTimeCode.objects.get()
    assert digits not in str(row.__dict__)
    assert digits not in str(dict(english.session))


def test_the_subject_of_a_mail_which_the_desk_keeps_says_no_digits(english):
    ask(english, "new@test.example")
    message = OutgoingMessage.objects.get()
    assert message.is_secret
    assert digits_sent("new@test.example") not in message.subject


def test_the_demo_shows_the_digits_to_the_browser_that_asked_and_a_real_academy_never(
    english, proved, settings
):
    settings.EMAIL_BACKEND = CONSOLE_MAIL
    for to in (PHONE, "new@test.example"):
        ask(english, to)
        assert digits_sent(to) in english.get(ENTER).content.decode()
    assert other_browser().get(ENTER).status_code == 302
    settings.ZHIYUE_DEMO = False
    assert digits_sent("new@test.example") not in english.get(ENTER).content.decode()


def test_a_code_is_good_for_five_tries(english, proved):
    ask(english, PHONE)
    right = digits_sent(PHONE)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(4):
        assert "These aren&#x27;t the digits" in english.post(ENTER, {"digits": wrong}).content.decode()
    assert english.post(ENTER, {"digits": wrong})["Location"] == "/sign-in/code/"
    assert english.post(ENTER, {"digits": right})["Location"] == "/sign-in/code/"
    assert not is_in(english)


def test_a_code_that_is_too_old_opens_nothing(english, proved):
    ask(english, PHONE)
    row = OneTimeCode.objects.get()
    OneTimeCode.objects.update(expires_at=row.made_at - timedelta(seconds=1))
    assert english.post(ENTER, {"digits": digits_sent(PHONE)})["Location"] == "/sign-in/code/"
    assert not is_in(english)


def test_a_code_opens_once_and_only_where_it_was_asked_for(english, proved):
    ask(english, PHONE)
    digits = digits_sent(PHONE)
    thief = other_browser()
    thief.post(ENTER, {"digits": digits})
    assert not is_in(thief)
    english.post(ENTER, {"digits": digits})
    assert OneTimeCode.objects.get().spent_at is not None
    english.post("/sign-out/")
    english.post(ENTER, {"digits": digits})
    assert not is_in(english)


@pytest.mark.parametrize("typed", ["12345", "abc", "", "1234567"])
def test_digits_that_are_none_count_as_no_try(english, proved, typed):
    ask(english, PHONE)
    assert 'id="id_digits-error"' in english.post(ENTER, {"digits": typed}).content.decode()
    assert OneTimeCode.objects.get().tries == 0


def test_one_phone_gets_one_message_a_minute(english, proved):
    ask(english, PHONE)
    page = ask(other_browser(), "13800138000")
    assert page.status_code == 429
    assert OutgoingMessage.objects.count() == 1


def test_a_stranger_cannot_use_up_the_codes_of_a_member_in_their_own_browser(english, proved):
    ask(english, PHONE)
    english.post(ENTER, {"digits": digits_sent(PHONE)})
    english.post("/sign-out/")
    assert ask(other_browser(), PHONE).status_code == 429
    assert ask(english, PHONE)["Location"] == ENTER


def test_who_is_banned_is_told_so_and_not_let_in(english, proved):
    User.objects.update(is_active=False)
    ask(english, PHONE)
    assert english.post(ENTER, {"digits": digits_sent(PHONE)})["Location"] == "/account/closed/"
    assert not is_in(english)


def test_the_next_page_is_never_on_another_host(english, proved):
    english.post("/sign-in/code/", {"address": PHONE, "next": "//elsewhere.example/"})
    assert english.post(ENTER, {"digits": digits_sent(PHONE)})["Location"] == "/"


def test_an_address_nobody_proved_loses_the_password_somebody_else_may_know(english, learner):
    ask(english, learner.email)
    english.post(ENTER, {"digits": digits_sent(learner.email)})
    learner.refresh_from_db()
    assert is_in(english)
    assert not learner.has_usable_password()


def test_two_tabs_that_finish_make_one_account(english):
    ask(english, PHONE)
    english.post(ENTER, {"digits": digits_sent(PHONE)})
    other = create_member(phone=PHONE, password=None, display_name="先到", proved=True)
    english.post("/sign-up/finish/", {"display_name": "后到"})
    assert User.objects.get() == other
    assert english.session["_auth_user_id"] == str(other.pk)


def test_a_forgotten_password_is_replaced_and_other_browsers_are_out(english, proved):
    elsewhere = other_browser()
    elsewhere.post("/sign-in/", {"username": "lin", "password": PASSWORD})
    elsewhere.get("/")
    ask(english, "lin", "/password/forgotten/", "username")
    assert english.post(ENTER, {"digits": digits_sent(proved.email)})["Location"] == "/password/new/"
    page = english.post("/password/new/", {"password": "1234567"}).content.decode()
    assert "Too short" in page
    assert not is_in(english)
    assert english.post("/password/new/", {"password": "quiet green river"})["Location"] == "/learning/"
    proved.refresh_from_db()
    assert proved.check_password("quiet green river")
    assert "_auth_user_id" not in elsewhere.session
    assert OutgoingMessage.objects.filter(to=proved.email, subject="Your password was changed").exists()
    english.post("/sign-out/")
    assert (
        english.post("/password/new/", {"password": "another green river"})["Location"]
        == "/password/forgotten/"
    )


def test_for_a_new_password_an_unknown_mailbox_is_told_and_an_unknown_phone_costs_nothing(english):
    for name in ("nobody@test.example", "13900139000", "nobody"):
        limits.limiter.cache_clear()
        assert ask(english, name, "/password/forgotten/", "username")["Location"] == ENTER
        assert "If there is such an account" in english.get(ENTER).content.decode()
    message = OutgoingMessage.objects.get()
    assert message.to == "nobody@test.example"
    assert "no account has it" in message.content["text"]


def change(client, kind, to):
    client.post(f"/settings/{kind}/", {"address": to})


def signed(member) -> Client:
    client = other_browser()
    client.post("/sign-in/", {"username": member.email, "password": PASSWORD})
    return client


def test_another_address_counts_once_its_code_is_entered_and_the_former_one_is_told(proved):
    client = signed(proved)
    change(client, "email", "Other@test.example")
    proved.refresh_from_db()
    assert proved.email == "proved@test.example"
    client.post(ENTER, {"digits": digits_sent("other@test.example")})
    proved.refresh_from_db()
    assert proved.email == "other@test.example"
    assert proved.emailaddress_set.get().email == "other@test.example"
    assert OutgoingMessage.objects.filter(to="proved@test.example").exists()


def test_an_address_of_somebody_else_is_only_told_to_who_proves_it(proved, stranger):
    client = signed(proved)
    change(client, "email", stranger.email)
    assert "Another account" not in client.get(ENTER).content.decode()
    client.post(ENTER, {"digits": digits_sent(stranger.email)})
    proved.refresh_from_db()
    assert proved.email == "proved@test.example"
    assert "Another account has this address" in client.get("/settings/safety/").content.decode()


def test_another_phone_counts_once_its_code_is_entered(proved):
    client = signed(proved)
    change(client, "phone", "139 0013 9000")
    client.post(ENTER, {"digits": digits_sent("+8613900139000")})
    proved.refresh_from_db()
    assert proved.phone == "+8613900139000"


def test_a_new_password_needs_who_sits_there_to_prove_themselves(signed_in, proved):
    client = signed_in(proved)
    assert client.get("/settings/password/")["Location"].startswith("/settings/safety/confirm/")
    assert client.post("/settings/password/", {"password": "quiet green river"}).status_code == 302
    proved.refresh_from_db()
    assert proved.check_password(PASSWORD)


def test_a_new_password_ends_every_other_browser(proved):
    client, elsewhere = signed(proved), signed(proved)
    assert (
        client.post("/settings/password/", {"password": "quiet green river"})["Location"]
        == "/settings/safety/"
    )
    proved.refresh_from_db()
    assert proved.check_password("quiet green river")
    assert is_in(client)
    assert not is_in(elsewhere)


@pytest.mark.parametrize(
    "path", ["/settings/email/", "/settings/phone/", "/settings/password/", "/sign-in/agreements/"]
)
def test_a_visitor_changes_nothing(browser, path):
    assert browser.get(path)["Location"].startswith("/sign-in/?next=")
    assert browser.post(path, {"address": "a@b.example", "password": PASSWORD}).status_code == 302
    assert not OneTimeCode.objects.exists()
