"""Theme and language are the server's to write, so nothing flashes."""

import pytest

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.selectors import language_of

pytestmark = pytest.mark.django_db


def test_a_chosen_theme_is_written_into_the_next_page(browser):
    assert 'data-theme="auto"' in browser.get("/me/").content.decode()
    response = browser.post("/preferences/theme/", {"theme": "dark", "next": "/me/"})
    assert (response.status_code, response["Location"]) == (302, "/me/")
    assert 'data-theme="dark"' in browser.get("/me/").content.decode()


def test_an_unknown_theme_changes_nothing(browser):
    browser.post("/preferences/theme/", {"theme": '"><script>'})
    assert "zy_theme" not in browser.cookies
    browser.cookies["zy_theme"] = '"><script>'
    assert 'data-theme="auto"' in browser.get("/me/").content.decode()


def test_the_way_back_never_leads_to_another_host(browser):
    response = browser.post("/preferences/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})
    assert response["Location"] == "/"


def test_chinese_comes_first_and_english_on_request(browser):
    assert '<html lang="zh-hans"' in browser.get("/me/").content.decode()
    browser.post("/preferences/language/", {"language": "en", "next": "/me/"})
    assert '<html lang="en"' in browser.get("/me/").content.decode()


def test_a_member_who_chooses_a_language_has_it_kept_with_the_account(browser, signed_in, learner):
    browser.post("/preferences/language/", {"language": "en", "next": "/me/"})
    assert not User.objects.exclude(language="").exists()
    member = signed_in(learner)
    member.post("/preferences/language/", {"language": "xx", "next": "/me/"})
    assert language_of(learner.pk) == "zh-hans"
    member.post("/preferences/language/", {"language": "en", "next": "/me/"})
    assert (language_of(learner.pk), language_of(None)) == ("en", "zh-hans")
