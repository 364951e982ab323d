"""What the pages of signing up and of the code say, and how they help a thumb on a phone."""

from datetime import timedelta

import pytest

from tests.factories import PASSWORD
from zhiyue.core.accounts.services import create_member
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

ENTER = "/sign-in/code/enter/"


def test_signing_up_offers_a_code_before_it_asks_for_a_password(english):
    page = english.get("/sign-up/?next=/learning/").content.decode()
    offer, _, form = page.partition('name="display_name"')
    assert 'href="/sign-in/code/?next=/learning/"' in offer
    assert "No password? Use a code" in offer
    assert 'name="password"' in form


@pytest.mark.parametrize("path", ["/sign-up/", "/sign-in/code/"])
def test_where_only_mail_is_sent_the_keyboard_is_that_for_addresses(english, settings, path):
    settings.ZHIYUE_SMS_PROVIDER = "none"
    page = english.get(path).content.decode()
    assert 'inputmode="email"' in page
    assert 'autocomplete="email"' in page
    settings.ZHIYUE_SMS_PROVIDER = "console"
    page = english.get(path).content.decode()
    assert 'inputmode="email"' not in page
    assert 'autocomplete="username"' in page


def test_without_a_script_no_button_shows_the_password(english):
    page = english.get("/sign-up/").content.decode()
    button = page.partition('aria-label="Show the password"')
    assert button[1]
    assert 'aria-controls="id_password" aria-pressed="false"' in button[0]
    assert button[2].partition(">")[0].endswith("hidden")


def test_the_page_of_the_code_counts_until_another_may_be_sent(english, monkeypatch):
    english.post("/sign-in/code/", {"address": "13800138000"})
    page = english.get(ENTER).content.decode()
    assert "138 **** 8000" in page
    assert "+86" not in page
    assert "Use another phone or address" in page
    assert 'data-words="Another code in {n} s"' in page
    assert any(f'data-seconds="{n}"' in page for n in (60, 59, 58))
    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    page = english.get(ENTER).content.decode()
    assert "data-seconds" not in page
    assert "Send another code" in page


def test_without_phones_only_another_address_is_offered(english, settings):
    settings.ZHIYUE_SMS_PROVIDER = "none"
    english.post("/sign-in/code/", {"address": "new@test.example"})
    page = english.get(ENTER).content.decode()
    assert "Use another address" in page
    assert "new@test.example" in page


def test_ones_own_number_stands_whole_and_in_groups(english):
    create_member(
        email="lin@test.example", phone="+8613800138000", password=PASSWORD, display_name="小林", proved=True
    )
    english.post("/sign-in/", {"username": "lin@test.example", "password": PASSWORD})
    assert "138 0013 8000" in english.get("/settings/safety/").content.decode()
    assert 'value="138 0013 8000"' in english.get("/settings/phone/").content.decode()
