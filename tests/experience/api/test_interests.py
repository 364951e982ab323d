"""What suggestions go by, over the API: read, corrected, switched off; one's own alone."""

import pytest
from django.test import Client

from tests.factories import make_course
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, Purpose
from zhiyue.core.consent.selectors import granted
from zhiyue.product.catalogue.models import Course
from zhiyue.product.learning.models import Correction, Interest
from zhiyue.product.learning.services import save_course, view_course
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/me/interests"
NOTHING = {"is_used": True, "interests": [], "less": [], "more": [], "unused": [], "chosen": []}


@pytest.fixture
def reader(learner):
    """The learner looked at data and saved art; there is more of both."""
    for topic in ("data", "art"):
        for n in range(3):
            make_course(f"{topic}-{n}", topic=topic)
    actor = Actor(member_id=learner.pk)
    view_course(actor=actor, course=Course.objects.get(slug="data-0"))
    save_course(actor=actor, course=Course.objects.get(slug="art-0"))
    train_all(["hybrid"])
    return learner


def patch(client, body, **more):
    return client.patch(ADDRESS, body, content_type="application/json", **more)


def correct(client, body, **more):
    return client.post(f"{ADDRESS}/corrections", body, content_type="application/json", **more)


def reasons(client):
    items = client.get("/api/v1/recommendations").json()["items"]
    return {item["reason"]["course_id"] for item in items if item["reason"]["kind"] == "act"}


def test_it_tells_topics_with_shares_and_the_acts_that_make_them(program, reader):
    told = program(reader).get(ADDRESS).json()
    assert {one["topic"]: one["courses"][0]["acts"] for one in told["interests"]} == {
        "data": {"course.viewed": 1},
        "art": {"course.saved": 1},
    }
    assert sum(one["share"] for one in told["interests"]) == pytest.approx(1)
    assert told["interests"][0]["courses"][0]["last_at"].endswith("Z")
    assert {name: told[name] for name in NOTHING if name != "interests"} == {
        name: value for name, value in NOTHING.items() if name != "interests"
    }


def test_corrections_are_obeyed_by_the_next_slate(program, reader):
    client = program(reader)
    art, data = (Course.objects.get(slug=f"{topic}-0").pk for topic in ("art", "data"))
    assert {art, data} <= reasons(client)
    assert correct(client, {"topic": "art", "verdict": "less"}).status_code == 204
    assert correct(client, {"topic": "art", "verdict": "less"}).status_code == 204
    assert correct(client, {"course": "data-0", "verdict": "unused"}).status_code == 204
    assert reasons(client) == set()
    told = client.get(ADDRESS).json()
    assert (told["interests"], told["less"], told["unused"]) == ([], ["art"], ["data-0"])
    correct(client, {"topic": "art", "verdict": "more"})
    correct(client, {"course": "data-0", "verdict": "none"})
    assert client.get(ADDRESS).json()["more"] == ["art"]
    assert {art, data} <= reasons(client)


def test_switched_off_nothing_counts_and_topics_are_chosen_in_the_same_place(program, reader):
    client = program(reader)
    answer = patch(client, {"is_used": False, "chosen": ["art", "alchemy"]})
    assert answer.status_code == 200
    assert answer.json() == {**NOTHING, "is_used": False, "chosen": ["art"]}
    assert client.get(ADDRESS).json() == answer.json()
    assert granted(member_id=reader.pk, visitor=None) == EVERYTHING & ~Purpose.PERSONALISATION
    assert Choice.objects.filter(member=reader).latest("pk").way == Choice.Way.API
    assert reasons(client) == set()
    assert patch(client, {"is_used": True}).json()["chosen"] == ["art"]
    assert len(reasons(client)) == 2
    assert patch(client, {}).json()["is_used"] is True


def test_a_choice_made_elsewhere_in_between_is_not_overwritten(program, reader):
    client = program(reader)
    read = client.get(ADDRESS)
    assert patch(client, {"chosen": ["data"]}, headers={"If-Match": read["ETag"]}).status_code == 200
    late = patch(client, {"chosen": ["art"], "is_used": False}, headers={"If-Match": read["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert [one.topic.slug for one in Interest.objects.filter(user=reader)] == ["data"]
    assert Purpose.PERSONALISATION in granted(member_id=reader.pk, visitor=None)
    now = client.get(ADDRESS)
    assert patch(client, {"chosen": ["art"]}, headers={"If-Match": now["ETag"]}).status_code == 200


def test_a_stranger_reads_and_changes_nothing_of_it(program, reader, stranger, new_browser):
    assert program(stranger).get(ADDRESS).json() == NOTHING
    correct(program(stranger), {"topic": "art", "verdict": "less"})
    assert program(reader).get(ADDRESS).json()["less"] == []
    assert new_browser.get(ADDRESS).json() == {**NOTHING, "is_used": False}
    assert "private" in new_browser.get(ADDRESS)["Cache-Control"]


def test_a_visitor_corrects_and_is_known_again(new_browser, reader):
    assert "zy_visitor" not in new_browser.get(ADDRESS).cookies
    assert "zy_visitor" in correct(new_browser, {"topic": "art", "verdict": "less"}).cookies
    assert new_browser.get(ADDRESS).json()["less"] == ["art"]


def test_a_token_needs_its_scope(program, reader):
    assert program(reader, Scope.ME_WRITE).get(ADDRESS).status_code == 403
    assert patch(program(reader, Scope.ME_READ), {"is_used": False}).status_code == 403
    assert correct(program(reader, Scope.ME_READ), {"topic": "art", "verdict": "less"}).status_code == 403
    assert granted(member_id=reader.pk, visitor=None) == EVERYTHING
    assert not Correction.objects.exists()


def test_another_sites_page_changes_nothing(browser, reader):
    foreign = {"sec-fetch-site": "cross-site"}
    assert patch(browser, {"is_used": False}, headers=foreign).status_code == 403
    assert correct(browser, {"topic": "art", "verdict": "less"}, headers=foreign).status_code == 403
    assert not Correction.objects.exists()


def test_a_program_without_a_token_is_nobody(reader):
    robot = Client(headers={"user-agent": "curl/8"})
    assert robot.get(ADDRESS).json()["interests"] == []
    assert patch(robot, {"is_used": True}).json()["code"] == "nobody_chose"
    assert patch(robot, {"chosen": ["art"]}).json()["chosen"] == []
    assert correct(robot, {"topic": "art", "verdict": "less"}).status_code == 204
    assert not Correction.objects.exists() and not Interest.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"verdict": "less"},
        {"topic": "art"},
        {"topic": "art", "verdict": "unused"},
        {"course": "art-0", "verdict": "more"},
        {"topic": "art", "course": "art-0", "verdict": "none"},
        {"topic": "nothing", "verdict": "less"},
        {"course": "nothing", "verdict": "unused"},
        {"topic": "art", "verdict": "much"},
        {"topic": None, "verdict": "less"},
    ],
)
def test_what_is_no_correction_changes_nothing(program, reader, body):
    answer = correct(program(reader), body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not Correction.objects.exists()


@pytest.mark.parametrize("body", [[], {"is_used": "perhaps"}, {"chosen": "art"}, {"chosen": [None]}])
def test_what_is_no_change_changes_nothing(program, reader, body):
    assert patch(program(reader), body).status_code == 400
    assert granted(member_id=reader.pk, visitor=None) == EVERYTHING


def test_a_correction_sent_again_with_its_key_is_done_once(program, reader):
    client, key = program(reader), {"idempotency-key": "a"}
    assert correct(client, {"topic": "art", "verdict": "less"}, headers=key).status_code == 204
    correct(client, {"topic": "art", "verdict": "none"})
    again = correct(client, {"topic": "art", "verdict": "less"}, headers=key)
    assert again["Idempotency-Replayed"] == "true"
    assert not Correction.objects.exists()
