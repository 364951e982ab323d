"""Consent and the deleting of one's history through the API."""

import pytest
from django.test import Client

from tests.conftest import BROWSER
from tests.factories import make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, VERSION, Purpose
from zhiyue.core.consent.selectors import granted
from zhiyue.product.learning.services import view_course

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/me/consent"


def put(client, body, **more):
    return client.put(ADDRESS, body, content_type="application/json", **more)


def test_a_member_reads_and_changes_what_they_consent_to(program, learner, stranger):
    client = program(learner)
    told = client.get(ADDRESS).json()
    assert told["granted"] == ["analytics", "personalisation", "messages", "experiments"]
    assert told["version"] == VERSION
    answer = put(client, {"granted": ["messages", "messages"]})
    assert (answer.status_code, answer.json()["granted"]) == (200, ["messages"])
    assert client.get(ADDRESS).json() == answer.json()
    assert Choice.objects.filter(member=learner).latest("pk").way == Choice.Way.API
    assert granted(member_id=stranger.pk, visitor=None) == EVERYTHING


def test_who_was_not_asked_consents_to_nothing(program, new_browser):
    undecided = make_member("undecided@test.example", granted=None)
    nothing = {"granted": [], "version": None, "chosen_at": None}
    assert program(undecided).get(ADDRESS).json() == nothing
    answer = new_browser.get(ADDRESS)
    assert answer.json() == nothing
    assert "private" in answer["Cache-Control"]
    assert "zy_visitor" not in answer.cookies


def test_a_visitor_chooses_and_is_known_again(new_browser):
    answer = put(new_browser, {"granted": ["analytics"]})
    assert "zy_visitor" in answer.cookies
    assert new_browser.get(ADDRESS).json()["granted"] == ["analytics"]
    assert put(new_browser, {"granted": []}).json()["granted"] == []
    assert Choice.objects.values("visitor").distinct().count() == 1


def test_choosing_the_same_again_is_kept_once(program, learner):
    for _ in range(2):
        put(program(learner), {"granted": ["analytics"]})
    assert Choice.objects.filter(member=learner).count() == 2
    assert Event.objects.filter(name="consent.chosen").count() == 1


@pytest.mark.parametrize("body", [{}, {"granted": None}, {"granted": "analytics"}, {"granted": ["all"]}, []])
def test_what_is_no_choice_changes_nothing(program, learner, body):
    answer = put(program(learner), body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert granted(member_id=learner.pk, visitor=None) == EVERYTHING


def test_a_token_needs_its_scope_and_a_session_its_csrf_token(program, learner):
    assert put(program(learner, Scope.ME_READ), {"granted": []}).status_code == 403
    assert program(learner, Scope.ME_READ).delete("/api/v1/me/history").status_code == 403
    careless = Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})
    careless.force_login(learner)
    assert put(careless, {"granted": []}).json()["code"] == "csrf_failed"
    assert granted(member_id=learner.pk, visitor=None) == EVERYTHING


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_neither_chooses_nor_deletes_for_a_visitor(browser, visitor, course, site):
    view_course(actor=Actor(visitor=visitor), course=course)
    foreign = {"sec-fetch-site": site}
    answers = [
        put(browser, {"granted": []}, headers=foreign),
        browser.delete("/api/v1/me/history", headers=foreign),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (403, "permission_denied")
    ] * 2
    assert (granted(member_id=None, visitor=visitor), Event.objects.count()) == (EVERYTHING, 1)
    assert browser.get(ADDRESS, headers=foreign).status_code == 200
    own = {"sec-fetch-site": "same-origin"}
    assert browser.delete("/api/v1/me/history", headers=own).json() == {"deleted": 1}
    assert put(browser, {"granted": []}, headers=own).json()["granted"] == []


def test_a_token_may_be_used_from_any_page(program, learner):
    answer = put(program(learner), {"granted": ["messages"]}, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.json()["granted"]) == (200, ["messages"])


def test_a_program_without_a_token_is_nobody(new_browser):
    robot = Client(headers={"user-agent": "curl/8"})
    assert robot.get(ADDRESS).json()["granted"] == []
    answer = put(robot, {"granted": ["analytics"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "nobody_chose")
    assert not Choice.objects.exists()


def test_a_member_deletes_their_own_history_alone(program, learner, stranger, course):
    for member in (learner, learner, stranger):
        view_course(actor=Actor(member_id=member.pk), course=course)
    answer = program(learner).delete("/api/v1/me/history")
    assert (answer.status_code, answer.json()) == (200, {"deleted": 2})
    assert Event.objects.get().member == stranger
    assert AuditEntry.objects.get().act == "member.history_deleted"


def test_a_visitor_deletes_by_their_key(browser, new_browser, visitor, course):
    view_course(actor=Actor(visitor=visitor), course=course)
    assert new_browser.delete("/api/v1/me/history").json() == {"deleted": 0}
    assert browser.delete("/api/v1/me/history").json() == {"deleted": 1}


def test_refused_personalisation_makes_the_slate_everybodys(program, learner, course):
    view_course(actor=Actor(member_id=learner.pk), course=course)
    put(program(learner), {"granted": ["analytics"]})
    kinds = {
        item["reason"]["kind"] for item in program(learner).get("/api/v1/recommendations").json()["items"]
    }
    assert kinds <= {"popular", "new"}
    assert Purpose.PERSONALISATION not in granted(member_id=learner.pk, visitor=None)
