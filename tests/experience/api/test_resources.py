"""Courses, one's own things, and the manners of all addresses: pages, conditions, keys, problems."""

import json

import pytest

from tests.factories import lesson_of, make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.experience.shell.problems import KINDS, refusals
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.learning.services import finish_lesson

pytestmark = pytest.mark.django_db


def slugs(answer):
    return [item["slug"] for item in answer.json()["items"]]


@pytest.fixture
def five(db):
    return [make_course(f"c{n}", days_ago=n, price_fen=100 * (n % 3)) for n in range(1, 6)]


def test_courses_come_page_by_page_and_back_again(browser, five):
    first = browser.get("/api/v1/courses?page_size=2")
    assert (slugs(first), first.json()["previous"]) == (["c1", "c2"], None)
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    second = browser.get(first.json()["next"])
    third = browser.get(second.json()["next"])
    assert (slugs(second), slugs(third), third.json()["next"]) == (["c3", "c4"], ["c5"], None)
    assert slugs(browser.get(third.json()["previous"])) == ["c3", "c4"]
    back = browser.get(second.json()["previous"])
    assert (slugs(back), back.json()["previous"]) == (["c1", "c2"], None)


def test_a_course_published_meanwhile_moves_nobodys_page(browser, five):
    following = browser.get("/api/v1/courses?page_size=2").json()["next"]
    make_course("newest", days_ago=0)
    assert slugs(browser.get(following)) == ["c3", "c4"]


def test_equal_prices_have_one_order_over_pages(browser, five):
    address, seen = "/api/v1/courses?page_size=1&sort=price", []
    while address:
        answer = browser.get(address)
        seen += slugs(answer)
        address = answer.json()["next"]
    assert seen == ["c3", "c1", "c4", "c2", "c5"]


@pytest.mark.parametrize("cursor", ["x", "W10:abc", "%F0%93%A7%A9", "a" * 400])
def test_a_bad_cursor_is_a_clear_400(browser, five, cursor):
    answer = browser.get(f"/api/v1/courses?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_cursor_of_another_order_is_a_clear_400(browser, five):
    following = browser.get("/api/v1/courses?page_size=2").json()["next"]
    assert browser.get(f"{following}&sort=price").json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("topic=life", ["b"]),
        ("price=free", ["b"]),
        ("price=paid", ["a"]),
        ("level=advanced", []),
        ("teacher=he-mu", ["a", "b"]),
        ("form=course&language=zh-hans", ["a", "b"]),
        ("topic=life&price=paid", []),
    ],
)
def test_filters_narrow_the_list(browser, query, found):
    make_course("a", topic="data", price_fen=100, days_ago=1), make_course("b", topic="life", days_ago=2)
    assert slugs(browser.get(f"/api/v1/courses?{query}")) == found


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("topic=nowhere", "topic"),
        ("level=hard", "level"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("pagesize=5", "pagesize"),
        ("level=beginner&level=advanced", "level"),
    ],
)
def test_a_wrong_parameter_is_named(browser, course, query, parameter):
    answer = browser.get(f"/api/v1/courses?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [wrong["parameter"] for wrong in answer.json()["errors"]] == [parameter]


def test_a_course_has_its_outline(browser, course):
    told = browser.get("/api/v1/courses/intuition").json()
    assert (told["teacher_slug"], told["lesson_count"], told["published_lesson_count"]) == ("he-mu", 4, 3)
    [chapter] = told["chapters"]
    assert [(one["slug"], one["is_free"], one["is_written"]) for one in chapter["lessons"]] == [
        ("one", True, True),
        ("two", False, True),
        ("three", False, True),
        ("four", False, False),
    ]
    assert told["published_at"].endswith("Z")
    assert "平均数" not in json.dumps(told, ensure_ascii=False)


def test_lists_cost_the_same_however_long(browser, django_assert_num_queries):
    make_course("a")
    browser.get("/api/v1/courses")
    with django_assert_num_queries(2):
        browser.get("/api/v1/courses")
    for n in range(5):
        make_course(f"b{n}")
    with django_assert_num_queries(2):
        assert len(slugs(browser.get("/api/v1/courses"))) == 6


def test_a_profile_is_changed_in_part(learner, program):
    answer = program(learner).patch("/api/v1/me", {"bio": " 读书 的人 "}, "application/json")
    assert (answer.json()["bio"], answer.json()["display_name"]) == ("读书 的人", "小林")
    learner.refresh_from_db()
    assert learner.bio == "读书 的人"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"display_name": ""}, "#/display_name"),
        ({"display_name": "x" * 41}, "#/display_name"),
        ({"display_name": "\u3164"}, "#/display_name"),
        ({"display_name": "官方客服"}, "#/display_name"),
        ({"display_name": "a" + "\u0301" * 39}, "#/display_name"),
        ({"email": "x@test.example"}, "#/email"),
        ({"bio": "x" * 121}, "#/bio"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(learner, program, body, pointer):
    answer = program(learner).patch("/api/v1/me", body, "application/json")
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (400, [pointer])
    learner.refresh_from_db()
    assert (learner.display_name, learner.bio) == ("小林", "")


def test_joining_a_free_course(learner, program):
    make_course("free")
    client = program(learner)
    first = client.post("/api/v1/me/courses", {"course": "free"}, "application/json")
    again = client.post("/api/v1/me/courses", {"course": "free"}, "application/json")
    assert (first.status_code, again.status_code) == (201, 200)
    [mine] = client.get("/api/v1/me/courses").json()["items"]
    assert (mine["course"]["slug"], mine["source"], mine["percent"], mine["last_opened_at"]) == (
        "free",
        "free",
        0,
        None,
    )


def test_a_course_with_a_price_is_not_joined(learner, course, program):
    answer = program(learner).post("/api/v1/me/courses", {"course": "intuition"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (402, "payment_required")
    assert not Enrolment.objects.exists()


def test_progress_is_told_by_course_and_lesson(learner, program):
    course = make_course("free")
    client = program(learner)
    client.post("/api/v1/me/courses", {"course": "free"}, "application/json")
    finish_lesson(user=learner, actor=Actor(member_id=learner.pk), lesson=lesson_of(course, "one"))
    [mine] = client.get("/api/v1/me/courses").json()["items"]
    assert (mine["finished_lessons"], mine["percent"]) == (1, 33)
    [row] = client.get("/api/v1/me/progress?course=free").json()["items"]
    assert (row["course"], row["lesson"], row["percent"]) == ("free", "one", 100)
    assert client.get("/api/v1/me/progress?course=other").json()["items"] == []


def test_the_list_is_put_on_and_taken_off(learner, course, program):
    client = program(learner)
    assert [client.put("/api/v1/me/saved/intuition").status_code for _ in range(2)] == [204, 204]
    assert [one["course"]["slug"] for one in client.get("/api/v1/me/saved").json()["items"]] == ["intuition"]
    assert client.delete("/api/v1/me/saved/intuition").status_code == 204
    assert client.get("/api/v1/me/saved").json()["items"] == []
    assert list(Event.objects.order_by("pk").values_list("name", flat=True)) == [
        "course.saved",
        "course.unsaved",
    ]


@pytest.mark.parametrize(
    ("method", "address", "more", "status", "code"),
    [
        ("get", "/api/v1/nothing", {}, 404, "not_found"),
        ("get", "/api/nothing", {}, 404, "not_found"),
        ("get", "/api/v1/courses/", {}, 404, "not_found"),
        ("post", "/api/v1/topics", {}, 405, "method_not_allowed"),
        ("get", "/api/v1/topics", {"headers": {"accept": "text/html"}}, 406, "not_acceptable"),
        (
            "post",
            "/api/v1/events",
            {"data": "x", "content_type": "text/plain"},
            415,
            "unsupported_media_type",
        ),
        ("post", "/api/v1/events", {"data": "{", "content_type": "application/json"}, 400, "parse_error"),
        (
            "post",
            "/api/v1/events",
            {"data": "x" * 2_000_000, "content_type": "application/json"},
            413,
            "too_large",
        ),
    ],
)
def test_every_error_has_one_shape(browser, method, address, more, status, code):
    answer = getattr(browser, method)(address, **more)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    told = answer.json()
    assert set(told) >= {"type", "title", "status", "detail", "code", "instance"}
    assert (told["type"], told["status"], told["code"], told["instance"]) == (
        f"/api/docs/problems/#{code}",
        status,
        code,
        address,
    )


def test_the_page_about_problems_names_each(browser):
    page = browser.get("/api/docs/problems/").content.decode()
    for code in [*KINDS, *(refusal.code for refusal in refusals())]:
        assert f'id="{code}"' in page


def test_options_name_the_methods(browser):
    answer = browser.options("/api/v1/me")
    assert (answer.status_code, answer["Allow"]) == (204, "GET, PATCH, HEAD, OPTIONS")


def test_the_root_leads_on(browser):
    told = browser.get("/api/v1/").json()
    assert told["courses"] == "http://testserver/api/v1/courses"
    assert "me:write" in told["scopes"]


def test_words_find_courses(browser, course):
    told = browser.get("/api/v1/search?q=intuition").json()
    assert [found["slug"] for found in told["courses"]] == ["intuition"]
    assert browser.get("/api/v1/search").status_code == 400


def test_a_course_tells_its_other_editions(browser, course):
    edition = make_course("intuition-en", language="en", edition_of=course.slug)
    make_course("other-en", language="en", days_ago=-2)
    there, back = (browser.get(f"/api/v1/courses/{slug}").json() for slug in (course.slug, "intuition-en"))
    assert there["editions"] == [{"id": edition.pk, "slug": "intuition-en", "language": "en"}]
    assert back["editions"] == [{"id": course.pk, "slug": course.slug, "language": "zh-hans"}]
