"""Whom to write to: a link wherever a page sends somebody to the academy, and no such sentence where nobody answers."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache

from tests.factories import PASSWORD, make_course
from zhiyue.core.academy.models import Academy
from zhiyue.experience.site.help import questions

pytestmark = pytest.mark.django_db

LINK = 'href="/help/#contact"'


@pytest.fixture
def english(browser):
    browser.cookies["zy_language"] = "en"
    return browser


@pytest.fixture
def write_to():
    def put(contact):
        Academy.objects.update_or_create(pk=1, defaults={"name": "知跃", "support_contact": contact})
        cache.clear()

    return put


@pytest.fixture
def closed_doors(english, signed_in, learner, settings):
    """Pages whose reader can't go on by themselves, for nothing can be paid online: each as a function that gets it."""
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    make_course("intuition", price_fen=9900)
    member = signed_in(learner)
    member.cookies["zy_language"] = "en"
    pages = [
        lambda: english.get("/courses/intuition/"),
        lambda: english.get("/courses/intuition/two/"),
        lambda: member.get("/courses/intuition/two/"),
        lambda: member.get("/settings/privacy/"),
        lambda: english.get("/help/"),
    ]
    return lambda: [page().content.decode() for page in pages]


def test_whoever_can_not_go_on_is_led_to_the_contact(closed_doors, write_to):
    write_to("help@academy.example")
    *doors, help_page = closed_doors()
    for page in doors:
        assert LINK in page
    assert 'id="contact"' in help_page
    assert 'href="mailto:help@academy.example"' in help_page


def test_with_no_contact_nobody_is_sent_to_one(closed_doors):
    for page in closed_doors():
        assert "#contact" not in page
        assert 'id="contact"' not in page
        assert "on request" not in page


def test_the_second_step_says_who_can_help_where_somebody_can(browser, learner, write_to):
    TOTP.activate(learner, generate_totp_secret())
    browser.cookies["zy_language"] = "en"
    browser.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    assert "Lost the device" not in browser.get("/sign-in/second-step/").content.decode()
    write_to("400-800-1234")
    page = browser.get("/sign-in/second-step/").content.decode()
    assert "Lost the device" in page
    assert LINK in page


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("help@academy.example", "mailto:help@academy.example"),
        ("400-800-1234", "tel:4008001234"),
        ("+86 138 0013 8000", "tel:+8613800138000"),
        ("https://academy.example/contact", "https://academy.example/contact"),
        ("微信 zhiyue-help", ""),
        ("help@academy.example?bcc=x@y.example", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_contact_is_a_link_where_a_tap_can_follow_it(contact, link, english, write_to):
    assert Academy(support_contact=contact).support_link == link
    write_to(contact)
    foot = english.get("/").content.decode().partition('<footer class="footer">')[2]
    assert ("Write to us:" in foot) == bool(contact)
    assert (f'href="{link}"' in foot) == bool(link)


@pytest.mark.parametrize("language", questions.LANGUAGES)
def test_the_help_drops_the_sentences_about_the_contact_and_no_answer(language):
    full = questions.read(language, with_contact=True)
    short = questions.read(language, with_contact=False)
    answers = [
        [one.answer for section in sections for one in section.questions] for sections in (full, short)
    ]
    assert sum("#contact" in one for one in answers[0]) == 3
    assert not any("#contact" in one for one in answers[1])
    assert all(answers[1])
    assert len(answers[0]) == len(answers[1])
