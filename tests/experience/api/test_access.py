"""Who may ask what: tokens with scopes, sessions with CSRF, strangers."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.conftest import BROWSER
from tests.factories import make_course
from zhiyue.core.academy.services import accept_agreements, publish_templates
from zhiyue.core.accounts.models import PersonalToken
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.kit import clock
from zhiyue.experience.shell.problems import KINDS
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.models import SavedCourse

pytestmark = pytest.mark.django_db

MINE = [
    "/api/v1/me",
    "/api/v1/me/courses",
    "/api/v1/me/progress",
    "/api/v1/me/saved",
    "/api/v1/activity",
    "/api/v1/collected",
]


@pytest.mark.parametrize("address", MINE)
def test_visitors_are_asked_who_they_are(browser, address):
    answer = browser.get(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_token_is_its_member(learner, program):
    answer = program(learner, Scope.ME_READ).get("/api/v1/me")
    assert (answer.status_code, answer.json()["email"]) == (200, "learner@test.example")
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert "zy_visitor" not in answer.cookies


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("/api/v1/courses", Scope.CATALOGUE_READ),
        ("/api/v1/courses/intuition", Scope.CATALOGUE_READ),
        ("/api/v1/topics", Scope.CATALOGUE_READ),
        ("/api/v1/teachers", Scope.CATALOGUE_READ),
        ("/api/v1/search?q=x", Scope.CATALOGUE_READ),
        ("/api/v1/courses/intuition/lessons/one", Scope.LESSONS_READ),
        ("/api/v1/recommendations", Scope.RECOMMENDATIONS_READ),
        ("/api/v1/courses/intuition/similar", Scope.RECOMMENDATIONS_READ),
        ("/api/v1/me", Scope.ME_READ),
        ("/api/v1/me/courses", Scope.ME_READ),
        ("/api/v1/me/progress", Scope.ME_READ),
        ("/api/v1/me/saved", Scope.ME_READ),
        ("/api/v1/activity", Scope.ACTIVITY_READ),
        ("/api/v1/collected", Scope.ACTIVITY_READ),
    ],
)
def test_a_token_opens_what_its_scope_says_and_nothing_else(operator, course, program, address, scope):
    assert program(operator, scope).get(address).status_code == 200
    others = [other for other in Scope if other is not scope]
    answer = program(operator, *others).get(address)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert f'scope="{scope.value}"' in answer["WWW-Authenticate"]


def test_a_token_that_may_read_may_not_write(learner, course, program):
    reader = program(learner, *[scope for scope in Scope if not scope.endswith("write")])
    assert reader.put("/api/v1/me/saved/intuition").status_code == 403
    assert reader.delete("/api/v1/me/saved/intuition").status_code == 403
    assert reader.patch("/api/v1/me", {"bio": "x"}, "application/json").status_code == 403
    assert reader.post("/api/v1/me/courses", {"course": "x"}, "application/json").status_code == 403
    assert reader.post("/api/v1/events", {"events": [{}]}, "application/json").status_code == 403
    assert (SavedCourse.objects.count(), Enrolment.objects.count()) == (0, 0)


def test_a_scope_opens_no_more_than_the_role(learner, program):
    answer = program(learner, Scope.ACTIVITY_READ).get("/api/v1/activity")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_bad_token_is_not_made_good_by_a_session(learner, signed_in):
    client = signed_in(learner)
    answer = client.get("/api/v1/me", headers={"authorization": "Bearer zy_wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_of_token_and_session_the_token_counts(learner, stranger, signed_in, program):
    key = program(stranger).defaults["HTTP_AUTHORIZATION"]
    answer = signed_in(learner).get("/api/v1/me", headers={"authorization": key})
    assert answer.json()["email"] == "stranger@test.example"


def test_a_token_in_an_address_opens_nothing(learner, program):
    key = program(learner).defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert Client().get(f"/api/v1/me?access_token={key}").status_code == 401
    assert Client().get(f"/api/v1/courses?access_token={key}").status_code == 400


def test_an_expired_token_is_told_so(learner, program):
    client = program(learner)
    PersonalToken.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.get("/api/v1/me").json()["code"] == "invalid_token"


def test_a_session_needs_its_csrf_token_and_a_program_none(learner, course, program):
    strict = Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})
    strict.force_login(learner)
    answer = strict.put("/api/v1/me/saved/intuition")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert not SavedCourse.objects.exists()
    strict.cookies["zy_csrf"] = "c" * 32
    assert strict.put("/api/v1/me/saved/intuition", headers={"x-csrftoken": "c" * 32}).status_code == 204
    assert program(learner).delete("/api/v1/me/saved/intuition").status_code == 204


def test_nobody_sees_anothers_courses_and_list(learner, stranger, course, program):
    grant_course(user=learner, course=course)
    program(learner).put("/api/v1/me/saved/intuition")
    own, others = program(learner), program(stranger)
    for address in ("/api/v1/me/courses", "/api/v1/me/saved"):
        assert len(own.get(address).json()["items"]) == 1
        assert others.get(address).json()["items"] == []


def test_drafts_and_scheduled_courses_are_for_nobody_else(browser, learner, program):
    course = make_course("later", days_ago=-3)
    for client in (browser, program(learner)):
        assert client.get("/api/v1/courses").json()["items"] == []
        assert client.get("/api/v1/courses/later").status_code == 404
        assert client.get("/api/v1/courses/later/similar").status_code == 404
        assert client.get("/api/v1/courses/later/lessons/one").status_code == 404
        assert client.get("/api/v1/teachers").json()["items"] == []
    assert program(learner).put("/api/v1/me/saved/later").status_code == 404
    assert not SavedCourse.objects.filter(course=course).exists()


def test_a_closed_lesson_says_why_and_shows_no_text(browser, learner, course, program):
    visitor = browser.get("/api/v1/courses/intuition/lessons/two")
    assert (visitor.status_code, visitor.json()["code"], visitor.json()["why"]) == (
        403,
        "lesson_closed",
        "sign_in",
    )
    member = program(learner).get("/api/v1/courses/intuition/lessons/two")
    assert (member.status_code, member.json()["why"]) == (403, "enrol")
    assert program(learner).get("/api/v1/courses/intuition/lessons/four").json()["why"] == "unpublished"
    assert "平均数" not in visitor.content.decode() + member.content.decode()
    grant_course(user=learner, course=course)
    told = program(learner).get("/api/v1/courses/intuition/lessons/two").json()
    assert (told["body"], told["access"], told["previous"], told["next"]) == (
        "平均数会骗人。",
        "enrolled",
        "one",
        "three",
    )


@pytest.mark.parametrize("by", ["token", "session"])
def test_what_waits_for_agreements_waits_here_too(learner, program, signed_in, by):
    make_course("free")
    [terms] = publish_templates(texts=[("terms", "用户协议", "正文")])
    client = program(learner) if by == "token" else signed_in(learner)
    answers = [
        client.post("/api/v1/me/courses", {"course": "free"}, "application/json"),
        client.patch("/api/v1/me", {"bio": "别的"}, "application/json"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "agreements_pending")] * 2
    assert "/sign-in/agreements/" in str(KINDS["agreements_pending"].advice)
    learner.refresh_from_db()
    assert (Enrolment.objects.count(), learner.bio) == (0, "")
    # Reading goes on.
    assert client.get("/api/v1/me").status_code == client.get("/api/v1/courses/free").status_code == 200
    assert client.put("/api/v1/me/saved/free").status_code == 204
    accept_agreements(user=learner, agreement_ids=[terms.pk])
    assert client.post("/api/v1/me/courses", {"course": "free"}, "application/json").status_code == 201
    assert client.patch("/api/v1/me", {"bio": "别的"}, "application/json").status_code == 200


def test_a_members_program_tells_events_in_their_name(learner, course, program):
    event = {
        "id": "6f1c9c1e-0c0f-4c1e-9b1e-0d7a3b1c2d3e",
        "name": "page.viewed",
        "at": clock.now().isoformat(),
        "properties": {"path": "/"},
    }
    answer = program(learner).post("/api/v1/events", {"events": [event]}, "application/json")
    assert answer.json() == {"accepted": 1, "duplicates": 0, "unconsented": 0, "refused": []}
