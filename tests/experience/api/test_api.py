"""Events, recommendations and activity: what the API takes, what it answers, whom it refuses."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client, override_settings

from tests.conftest import BROWSER
from tests.factories import lesson_of, make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import ConsentCount, Event, Quarantined
from zhiyue.collect.services import record
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.kit import clock
from zhiyue.product.learning.models import LessonProgress
from zhiyue.recommend import live
from zhiyue.recommend.contests import assigned
from zhiyue.recommend.models import Contest, LivePolicy
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


def told(name="page.viewed", **more):
    return {
        "id": str(uuid4()),
        "name": name,
        "at": clock.now().isoformat(),
        "properties": {"path": "/"},
        **more,
    }


def send(client, events, **headers):
    return client.post("/api/v1/events", {"events": events}, content_type="application/json", headers=headers)


def test_events_belong_to_whom_the_session_says(learner, signed_in):
    answer = send(signed_in(learner), [told()])
    assert (answer.status_code, answer.json()) == (
        202,
        {"accepted": 1, "duplicates": 0, "unconsented": 0, "refused": []},
    )
    assert Event.objects.get().member_id == learner.pk


def test_a_visitor_keeps_one_key_over_batches(browser):
    send(browser, [told()])
    send(browser, [told()])
    assert len(set(Event.objects.values_list("visitor", flat=True))) == 1
    assert Event.objects.filter(member=None).count() == 2


def test_nobody_claims_an_enrolment_or_anothers_progress(learner, signed_in, course):
    closed = lesson_of(course, "two")
    answer = send(
        signed_in(learner),
        [
            {**told("course.enrolled", course_id=course.pk), "properties": {}},
            told("lesson.progressed", course_id=course.pk, lesson_id=closed.pk)
            | {"properties": {"percent": 99, "seconds": 9}},
            {**told(), "member_id": 1},
        ],
    )
    assert answer.json()["accepted"] == 0
    assert [r["reason"] for r in answer.json()["refused"]] == [
        "wrong_origin",
        "lesson_closed",
        "unknown_property",
    ]
    assert (Event.objects.count(), Quarantined.objects.count()) == (0, 3)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("{}", 400),
        ('{"events": []}', 400),
        ('{"events": {}}', 400),
        ('{"events": "x"}', 400),
        ('{"events": [{}], "sent_at": "yesterday"}', 400),
        ('{"events": [{"name": "page.viewed", "name": "order.paid"}]}', 400),
        ('{"events": [{"id": NaN}]}', 400),
        ('{"events": [{"id": ' + "9" * 5000 + "}]}", 400),
        (b'{"events": ["\xff"]}', 400),
    ],
)
def test_a_body_that_is_no_batch_is_a_clear_400(browser, body, status):
    answer = browser.post("/api/v1/events", body, content_type="application/json")
    assert answer.status_code == status
    assert set(answer.json()) >= {"code", "detail"}
    assert Event.objects.count() == 0


@pytest.mark.parametrize("levels", [7, 100_000], ids=["a level too many", "past what Python can read"])
def test_json_nested_too_deeply_is_a_clear_400(browser, levels):
    body = '{"events":' + "[" * levels + "[]" + "]" * levels + "}"
    answer = browser.post("/api/v1/events", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert Event.objects.count() == 0


def test_json_as_deep_as_allowed_is_read(browser):
    body = '{"events":' + "[" * 6 + "[]" + "]" * 6 + "}"
    answer = browser.post("/api/v1/events", body, content_type="application/json")
    assert [r["reason"] for r in answer.json()["refused"]] == ["malformed"]


def test_a_numbers_digits_and_half_a_letter_are_refused_alone(browser):
    """As JSON may hold them, and no database may."""
    body = (
        """{"events": [
        {"id": "a", "name": "\\ud800"}, {"id": "a", "name": "\\u0000"}, {"id": 1e999}, {"id": """
        + "9" * 400
        + "}]}"
    )
    answer = browser.post("/api/v1/events", body, content_type="application/json")
    reasons = [one["reason"] for one in answer.json()["refused"]]
    assert (answer.status_code, reasons) == (202, ["malformed"] * 4)
    assert Quarantined.objects.count() == 4


def test_the_senders_clock_sets_the_moments_of_a_batch_right(browser, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    theirs = now + timedelta(hours=8)
    event = {"id": str(uuid4()), "name": "page.viewed", "properties": {"path": "/"}}
    batch = {
        "sent_at": theirs.isoformat(),
        "events": [{**event, "at": (theirs - timedelta(minutes=1)).isoformat()}],
    }
    assert browser.post("/api/v1/events", batch, content_type="application/json").json()["accepted"] == 1
    [stored] = Event.objects.all()
    assert (stored.occurred_at, stored.corrections) == (now - timedelta(minutes=1), ["clock_shifted"])


def test_the_table_of_events_is_everybodys_to_read(browser):
    items = {one["name"]: one for one in browser.get("/api/v1/events/kinds").json()["items"]}
    assert items.keys() == KINDS.keys()
    assert items["slate.chosen"]["properties"][-1] == {
        "name": "propensity",
        "type": "number",
        "least": 1e-9,
        "most": 1.0,
        "required": False,
        "choices": [],
        "along": "",
    }
    assert (items["message.sent"]["serves"], items["order.paid"]["is_necessary"]) == (["messages"], True)
    assert items["lesson.progressed"]["origins"] == ["browser", "import"]


def test_a_body_too_large_is_a_413(browser):
    body = '{"events":["' + "x" * 256_000 + '"]}'
    answer = browser.post("/api/v1/events", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["detail"]
    assert Event.objects.count() == 0


@pytest.mark.parametrize(("spare", "status"), [(0, 202), (1, 413)])
def test_a_batch_may_have_256_kilobytes(browser, spare, status):
    body = '{"events":["' + "x" * (256_000 + spare - 15) + '"]}'
    assert len(body) == 256_000 + spare
    assert browser.post("/api/v1/events", body, content_type="application/json").status_code == status


def test_a_batch_too_large_is_a_413(browser):
    answer = send(browser, [told() for _ in range(101)])
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    assert Event.objects.count() == 0


def test_another_site_may_not_send_events(browser):
    assert send(browser, [told()], **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert Event.objects.count() == 0


def test_a_form_is_not_taken_for_a_batch(browser):
    assert browser.post("/api/v1/events", {"events": "x"}).status_code == 415


def test_programs_get_no_key_and_leave_no_event():
    client = Client(headers={"user-agent": "curl/8"})
    answer = send(client, [told()])
    assert [r["reason"] for r in answer.json()["refused"]] == ["robot"]
    assert Event.objects.count() == 0
    assert "zy_visitor" not in client.cookies


def test_too_many_events_in_a_minute_are_a_429(browser):
    browser.get("/")
    with override_settings(ZHIYUE_EVENTS_PER_MINUTE=3):
        assert send(browser, [told(), told()]).status_code == 202
        answer = send(browser, [told(), told()])
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert Event.objects.count() == 2


def test_a_429_says_when_to_send_again(browser):
    browser.get("/")
    with override_settings(ZHIYUE_EVENTS_PER_MINUTE=3):
        send(browser, [told(), told(), told()])
        answer = send(browser, [told()])
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 120


def test_a_batch_too_large_is_not_counted(browser):
    with override_settings(ZHIYUE_EVENTS_PER_MINUTE=3):
        assert send(browser, [told() for _ in range(101)]).status_code == 413
        assert send(browser, [told(), told(), told()]).status_code == 202


def test_without_a_cookie_all_of_an_address_are_one_person(django_capture_on_commit_callbacks):
    def fresh(address):
        client = Client(headers={"user-agent": BROWSER}, REMOTE_ADDR=address)
        answer = send(client, [told(), told()])
        assert "zy_visitor" not in answer.cookies
        return answer.status_code

    with (
        override_settings(ZHIYUE_EVENTS_PER_MINUTE=3),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert fresh("192.0.2.1") == 202
        assert fresh("192.0.2.1") == 429
        assert fresh("192.0.2.2") == 202
    # Nobody of them has consented: what they told is counted, and no more.
    assert Event.objects.count() == 0
    assert ConsentCount.objects.get().n == 4


def test_with_cookies_people_behind_one_address_are_counted_each_for_themselves():
    with override_settings(ZHIYUE_EVENTS_PER_MINUTE=3):
        for _ in range(3):
            client = Client(headers={"user-agent": BROWSER})
            client.post("/consent/", {"choice": "all"})
            assert send(client, [told(), told()]).status_code == 202


def test_a_slate_has_courses_with_reasons(browser):
    make_course("a"), make_course("b")
    slate = browser.get("/api/v1/recommendations?k=2").json()
    items = slate["items"]
    told_back = {
        "slate": slate["slate"],
        "policy": slate["policy"],
        "courses": [item["course"]["id"] for item in items],
        "propensities": [item["propensity"] for item in items],
    }
    entry = {
        "id": str(uuid4()),
        "name": "slate.shown",
        "at": clock.now().isoformat(),
        "properties": told_back,
    }
    elsewhere = make_course("c").pk
    batch = [
        entry,
        {**entry, "properties": {**told_back, "slate": "for-me"}},
        {**entry, "properties": {**told_back, "courses": [told_back["courses"][0], elsewhere]}},
    ]
    assert send(browser, batch).json()["refused"] == [
        {"position": n, "reason": "forged_slate"} for n in (1, 2)
    ]
    assert Event.objects.get(name="slate.shown").properties["slate"] == "for-me"
    assert {item["course"]["slug"] for item in items} == {"a", "b"}
    assert [item["position"] for item in items] == [1, 2]
    assert all(item["reason"]["words"] for item in items)
    assert {item["description"] for item in items} == {"写给看报表的人。"}


def test_the_shelf_that_is_everybody_s_is_asked_for_by_its_slot(browser):
    make_course("a"), make_course("b")
    slate = browser.get("/api/v1/recommendations?slot=popular").json()
    assert slate["policy"] == "popular"
    assert [(item["policy"], item["propensity"]) for item in slate["items"]] == [("popular", 1.0)] * 2
    train_all(["hybrid"])
    named = browser.get("/api/v1/recommendations?slot=popular&policy=hybrid").json()
    assert {item["policy"] for item in named["items"]} == {"hybrid"}


def test_a_policy_that_is_not_trained_is_never_what_recommended(browser):
    make_course("a"), make_course("b")
    train_all(["hybrid"])
    told = browser.get("/api/v1/recommendations?policy=ease").json()
    assert (told["policy"], told["version"]) == ("popular", "cold")
    assert {item["policy"] for item in told["items"]} == {"popular"}
    _, signed_policy, *_ = signing.Signer(salt="zhiyue.collect.slates").unsign_object(told["slate"])
    assert signed_policy == "popular"


def test_what_may_be_asked_for_is_said_where_it_was_asked_wrongly(browser):
    wrong = browser.get("/api/v1/recommendations?slot=magic&policy=magic").json()["errors"]
    said = {one["parameter"]: one["detail"] for one in wrong}
    assert "for-you, popular" in said["slot"]
    assert "magic" in said["policy"] and ", ".join(POLICIES) in said["policy"]


def test_where_policies_are_tried_by_lot_the_chance_of_the_one_that_was_drawn_is_told(program, learner):
    for slug in ("a", "b"):
        record("course.enrolled", actor=Actor(member_id=learner.pk), course_id=make_course(slug).pk)
    make_course("c")
    train_all(["popular", "walks"])
    client = program(learner)

    def told():
        live.forget()
        answer = client.get("/api/v1/recommendations?policy=popular").json()
        assert answer["policy_chance"] == 1
        answer = client.get("/api/v1/recommendations").json()
        return answer["policy"], answer["policy_chance"]

    LivePolicy.objects.create(policy="walks")
    assert told() == ("walks", 1)
    day = clock.business_day().isoformat()
    contest = Contest.objects.create(
        policies=["popular", "walks"], chances={day: {"popular": 0.25, "walks": 0.75}}
    )
    LivePolicy.objects.update(contest=contest)
    by = assigned(Actor(member_id=learner.pk))
    assert told() == (by.policy, {"popular": 0.25, "walks": 0.75}[by.policy])
    shape = json.loads(client.get("/api/schema/?format=json").content)
    described = shape["components"]["schemas"]["SlateShape"]["properties"]["policy_chance"]
    assert described["description"].startswith("The chance with which this policy was drawn for who asks")


@pytest.mark.parametrize("query", ["k=0", "k=41", "k=x", "policy=magic", "slot=magic"])
def test_a_slate_that_cannot_be_is_a_clear_400(browser, query):
    answer = browser.get(f"/api/v1/recommendations?{query}")
    assert answer.status_code == 400
    assert [wrong["parameter"] for wrong in answer.json()["errors"]] == [query.split("=")[0]]


def test_what_was_collected_is_for_operators(browser, learner, operator, signed_in, visitor):
    assert browser.get("/api/v1/collected").status_code == 401
    assert signed_in(learner).get("/api/v1/collected").status_code == 403
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    told = signed_in(operator).get("/api/v1/collected?days=2").json()
    assert [day["stored"] for day in told["items"]] == [0, 1]
    assert told["items"][1]["day"] == clock.business_day().isoformat()
    assert told["newest_at"]
    assert signed_in(operator).get("/api/v1/collected?days=15").status_code == 400


def test_activity_is_for_operators(browser, learner, operator, signed_in):
    assert browser.get("/api/v1/activity").status_code == 401
    assert signed_in(learner).get("/api/v1/activity").status_code == 403
    [today] = signed_in(operator).get("/api/v1/activity?days=7").json()["items"]
    assert (today["day"], today["members"]) == (str(clock.business_day()), 2)
    assert signed_in(operator).get("/api/v1/activity?days=0").status_code == 400


def test_healthz_says_that_all_is_well(browser):
    answer = browser.get("/healthz")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version", "database", "sqlite_version", "queue_lag_seconds"}


def test_a_place_in_a_lesson_is_kept_for_no_key_that_nobody_brings_again(new_browser, course):
    free = lesson_of(course, "one")
    read = told("lesson.progressed", course_id=course.pk, lesson_id=free.pk)
    read["properties"] = {"percent": 40, "seconds": 9}
    assert send(new_browser, [read]).status_code == 202
    assert not LessonProgress.objects.exists()
    new_browser.get(f"/courses/{course.slug}/one/")
    # Without consent nothing is recorded; the place is the service itself.
    assert send(new_browser, [read | {"id": str(uuid4())}]).json()["accepted"] == 0
    assert LessonProgress.objects.get().percent == 40
    assert not Event.objects.exists()
