"""How the pages name the agreements that one accepts."""

import re

import pytest
from django.utils.html import strip_tags

from zhiyue.core.academy.services import publish_templates
from zhiyue.core.academy.texts import templates

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def texts():
    publish_templates(texts=templates(noted=False))


def words(page):
    found = re.search(r'<div id="id_accepted-words">(.*?)</div>', page.content.decode(), re.DOTALL)
    return strip_tags(found[1])


def test_the_consent_reads_as_one_sentence(browser):
    assert words(browser.get("/sign-up/")) == "我已阅读并同意《用户协议》和《隐私政策》"
    browser.cookies["zy_language"] = "en"
    assert words(browser.get("/sign-up/")) == "I have read and accept 《用户协议》 and 《隐私政策》"


def test_every_agreement_that_is_named_can_be_read(browser):
    page = browser.get("/agreements/terms/").content.decode()
    assert '<a href="/agreements/refund/" rel="noopener noreferrer nofollow">《退款规则》</a>' in page
    foot = page.partition('<footer class="footer">')[2]
    for kind in ("terms", "privacy", "refund"):
        assert f'href="/agreements/{kind}/"' in foot
        assert browser.get(f"/agreements/{kind}/").status_code == 200


def test_the_date_of_a_version_stands_in_its_sentence_without_a_gap(browser):
    page = browser.get("/agreements/terms/").content.decode()
    assert re.search(r"第 1 版，自20\d\d年\d+月\d+日起生效", page)
