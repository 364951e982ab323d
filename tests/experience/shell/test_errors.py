"""What went wrong is said on a designed page, with a way on."""

import pytest
from django.test import Client, RequestFactory

from tests.conftest import BROWSER
from zhiyue.experience.shell import errors
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.fixture
def english(browser):
    browser.cookies["zy_language"] = "en"
    return browser


def test_an_unknown_address_leads_on_to_the_courses(english):
    page = english.get("/no-such-page/")
    assert page.status_code == 404
    assert "There is no such page" in page.content.decode()
    assert 'href="/courses/"' in page.content.decode()


def test_a_form_without_its_token_is_explained():
    strict = Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})
    strict.cookies["zy_language"] = "en"
    page = strict.post("/sign-out/")
    assert page.status_code == 403
    assert "This form had grown old" in page.content.decode()


def test_a_failure_page_asks_the_database_nothing(django_assert_num_queries):
    request = RequestFactory().get("/")
    with django_assert_num_queries(0):
        page = errors.server_error(request)
    assert page.status_code == 500
    assert b"data-theme" in page.content


def test_a_refusal_is_a_page_with_the_services_own_words(signed_in, learner, course):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    page = client.post(f"/enrol/{course.slug}/")
    assert page.status_code == 402
    assert "This course has a price" in page.content.decode()
    assert not Enrolment.objects.exists()


def test_a_refusal_of_a_part_of_a_page_is_a_note(signed_in, learner, course):
    client = signed_in(learner)
    page = client.post(f"/enrol/{course.slug}/", headers={"hx-request": "true"})
    assert (page.status_code, page["HX-Retarget"]) == (402, "#toasts")
    assert "<html" not in page.content.decode()
