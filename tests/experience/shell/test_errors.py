"""What went wrong is said on a designed page, with a way on."""

import json

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import HttpResponseNotAllowed
from django.test import Client, RequestFactory
from django.utils import translation

from tests.conftest import BROWSER
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell import errors, viewers
from zhiyue.experience.shell.limits import TooMany
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
    assert 'id="search-words"' in page.content.decode()
    assert "autofocus" not in page.content.decode()


def test_a_form_without_its_token_is_explained():
    strict = Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})
    strict.cookies["zy_language"] = "en"
    page = strict.post("/sign-out/")
    assert page.status_code == 403
    assert "This form had grown old" in page.content.decode()


@pytest.mark.parametrize("form", ["/sign-in/", "/sign-up/"])
def test_an_old_sign_in_form_sends_a_member_onward(learner, form):
    strict = Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})
    assert strict.post(form, {"next": "/learning/"}).status_code == 403
    strict.force_login(learner)
    assert strict.post(form, {"next": "/learning/"})["Location"] == "/learning/"
    assert strict.post(form, {"next": "//elsewhere.example/"})["Location"] == "/"
    assert strict.post("/sign-out/").status_code == 403


def test_a_failure_page_asks_the_database_nothing(django_assert_num_queries):
    request = RequestFactory().get("/")
    with django_assert_num_queries(0):
        page = errors.server_error(request)
    assert page.status_code == 500
    assert b"data-theme" in page.content


@pytest.mark.parametrize(
    ("handler", "cause", "status", "code"),
    [
        (errors.bad_request, SuspiciousOperation(), 400, "bad_request"),
        (errors.bad_request, RequestDataTooBig(), 413, "too_large"),
        (errors.permission_denied, None, 403, "permission_denied"),
        (errors.not_found, None, 404, "not_found"),
        (errors.csrf_failed, "", 403, "permission_denied"),
    ],
)
def test_programs_are_told_as_json_without_the_database(
    handler, cause, status, code, django_assert_num_queries
):
    with django_assert_num_queries(0):
        answer = handler(RequestFactory().get("/api/v2/courses"), cause)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(answer.content)["code"] == code
    assert json.loads(answer.content)["detail"]


def test_an_address_beside_the_api_is_told_as_json(english):
    answer = english.get("/api/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_programs_are_told_of_a_broken_database_as_json(english):
    def broken(*_):
        raise RuntimeError("The database is gone.")

    english.raise_request_exception = False
    with connection.execute_wrapper(broken):
        answer = english.get("/api/v1/courses")
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")


class BrokenConnection:
    """Every query fails as it does when the database is away."""

    def __call__(self, *_):
        raise OperationalError("no connection")


@pytest.mark.parametrize(("path", "words"), [("/", "resting for a moment"), ("/api/v1/courses", "resting")])
def test_an_unreachable_database_is_a_503_that_says_when_to_try_again(english, path, words):
    english.raise_request_exception = False
    with connection.execute_wrapper(BrokenConnection()):
        answer = english.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert words in answer.content.decode()


def test_a_form_that_is_too_large_is_told_so(english, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    page = english.post("/preferences/theme/", {"theme": "x" * 200})
    assert page.status_code == 413
    assert "larger than the academy takes" in page.content.decode()


def test_a_part_of_a_page_that_is_too_large_is_told_by_a_note_and_the_page_stays(english, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = english.post("/preferences/theme/", {"theme": "x" * 200}, headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (413, "#toasts", "innerHTML")
    page = answer.content.decode()
    assert "What you typed is still here" in page and "<html" not in page


def test_a_refused_form_leads_back_to_its_page(signed_in, learner, course):
    client = signed_in(learner)
    here = f"http://testserver/courses/{course.slug}/"
    page = client.post(f"/enrol/{course.slug}/", headers={"referer": here})
    assert f'href="{here}"' in page.content.decode()
    elsewhere = client.post(f"/enrol/{course.slug}/", headers={"referer": "https://elsewhere.example/"})
    assert "elsewhere.example" not in elsewhere.content.decode()


class Clash(Refused):
    code = "clash"


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (Clash("Somebody was quicker."), 409, "Something changed meanwhile"),
        (TooMany("Too many tries.", retry_after=90), 429, "keeps the academy quick"),
    ],
)
def test_each_refusal_has_words_and_a_way_on(english, refusal, status, words):
    request = RequestFactory().get("/")
    viewers.attach_viewer(request)
    request.htmx, request.session = False, {}
    translation.activate("en")
    page = errors.refused(request, refusal)
    assert page.status_code == status
    assert str(refusal.message) in page.content.decode()
    assert words in page.content.decode()
    assert page.headers.get("Retry-After") == ("90" if status == 429 else None)


def test_a_refusal_is_a_page_with_the_services_own_words(signed_in, learner, course):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    page = client.post(f"/enrol/{course.slug}/")
    assert page.status_code == 402
    assert "This course has a price" in page.content.decode()
    assert not Enrolment.objects.exists()


def test_the_title_of_an_error_page_is_short_and_no_sentence(signed_in, english, operator, course):
    client = signed_in(operator)
    client.cookies["zy_language"] = "en"
    request = RequestFactory().get("/desk/staff/")
    viewers.attach_viewer(request)
    request.htmx, request.session = False, {}
    translation.activate("en")
    titles = {
        errors.refused(request, NotAllowed()): "Not open to you",
        client.post(f"/enrol/{course.slug}/"): "This has to be paid for",
        english.get("/no-such-page/"): "There is no such page",
    }
    for page, title in titles.items():
        text = page.content.decode()
        assert f"<title>{title} · 知跃</title>" in text
        assert f">{title}</h1>" in text


def test_a_refusal_of_a_part_of_a_page_is_a_note(signed_in, learner, course):
    client = signed_in(learner)
    page = client.post(f"/enrol/{course.slug}/", headers={"hx-request": "true"})
    assert (page.status_code, page["HX-Retarget"]) == (402, "#toasts")
    assert "<html" not in page.content.decode()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/save/intuition/", "POST"),
        ("/enrol/intuition/", "POST"),
        ("/preferences/theme/", "POST"),
        ("/sign-out/", "POST"),
        ("/settings/devices/end-others/", "POST"),
        ("/studio/courses/1/publish/now/", "POST"),
        ("/desk/setup/try/mail/", "POST"),
        ("/desk/jobs/1/retry/", "POST"),
    ],
)
def test_an_address_for_buttons_says_so_when_it_is_opened(signed_in, owner, path, allowed):
    client = signed_in(owner)
    client.cookies["zy_language"] = "en"
    page = client.get(path, headers={"referer": f"http://testserver{path}"})
    assert (page.status_code, page["Allow"]) == (405, allowed)
    assert "This can&#x27;t be opened by its address" in page.content.decode()
    assert '<main id="content"' in page.content.decode()


@pytest.mark.parametrize("path", ["/help/", "/settings/", "/healthz"])
def test_sending_to_what_can_only_be_looked_at_is_answered_too(signed_in, learner, path):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    page = client.post(path)
    assert (page.status_code, page["Allow"]) == (405, "GET, HEAD")
    assert "Nothing can be sent here" in page.content.decode()


def test_programs_are_told_of_a_wrong_method_as_json(english):
    answer = english.post("/api/v1/topics")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]
    request = RequestFactory().get("/api/anything")
    answer = errors.method_not_allowed(request, HttpResponseNotAllowed(["POST"]))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert json.loads(answer.content)["code"] == "method_not_allowed"
