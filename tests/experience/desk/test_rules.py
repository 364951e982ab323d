"""The desk's page of rules about recommendations."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_course
from zhiyue.core.accounts.services import grant
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend.models import Rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def courses(db):
    return [make_course(f"data-{n}", title=f"Course {n}") for n in range(3)]


def typed(days):
    """A moment as a browser sends it: the academy's clock, without a zone."""
    return f"{(clock.now() + timedelta(days=days)).astimezone(clock.business_zone()):%Y-%m-%dT%H:%M}"


def test_a_rule_is_made_listed_and_ended(desk, read, courses):
    assert "Shelves go by what learners do, and nothing else." in read("/desk/rules/")
    until = typed(3)
    answer = desk.post(
        "/desk/rules/make/pin/",
        {"course": courses[1].pk, "place": "2", "slot": "popular", "ends_at": until, "why": "New term"},
    )
    assert (answer.status_code, answer["Location"]) == (302, "/desk/rules/")
    row = Rule.objects.get()
    assert (row.kind, row.course_id, row.place, row.slot, row.why) == (
        "pin",
        courses[1].pk,
        2,
        "popular",
        "New term",
    )
    assert f"{row.ends_at.astimezone(clock.business_zone()):%Y-%m-%dT%H:%M}" == until
    page = read("/desk/rules/")
    assert "The rule about “Course 1” is kept." in page
    assert "Pinned to place 2" in page
    assert "New term" in page

    assert desk.post(f"/desk/rules/{row.pk}/end/")["Location"] == "/desk/rules/"
    assert "ended early" in read("/desk/rules/")
    row.refresh_from_db()
    assert row.ended_at is not None


def test_each_kind_takes_what_it_needs(desk, read, courses):
    desk.post("/desk/rules/make/weigh/", {"course": courses[0].pk, "factor": "1.5", "why": "Well made"})
    desk.post("/desk/rules/make/never/", {"course": courses[2].pk, "slot": "for-you", "why": "Being mended"})

    assert list(Rule.objects.order_by("pk").values_list("kind", "factor", "place", "slot", "ends_at")) == [
        ("weigh", 1.5, None, "", None),
        ("never", None, None, "for-you", None),
    ]
    page = read("/desk/rules/")
    assert "Score × 1.5" in page
    assert "Never recommended" in page


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        ("pin", {"ends_at": "soon"}, "Write day and time as in 2026-12-01 09:00."),
        ("pin", {"ends_at": ""}, "Fill this in."),
        ("pin", {"ends_at": typed(-1)}, "The end must lie after the beginning, and after now."),
        ("pin", {"ends_at": typed(200)}, "A pin needs an end, 90 days after its beginning at the latest."),
        ("pin", {"place": "99"}, "Give 12 or less."),
        ("pin", {"course": "0"}, "Choose one of the courses that are out."),
        ("pin", {"course": "x\x00"}, "Choose one of the courses that are out."),
        ("pin", {"slot": ""}, "Choose the shelf: a pin stands on one of them."),
        ("pin", {"why": "a"}, "Write 3 to 300 characters"),
        ("weigh", {"factor": "nan"}, "Write a number, such as 12.5."),
        ("weigh", {"factor": "1"}, "Give a factor from 0.5 to 2.0"),
        ("weigh", {"factor": "9"}, "Give 2.0 or less."),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(desk, courses, kind, changed, said):
    good = {"course": courses[0].pk, "slot": "for-you", "ends_at": typed(3), "why": "A good reason"}
    good |= {"place": "1"} if kind == "pin" else {"factor": "2"}

    answer = desk.post(f"/desk/rules/make/{kind}/", {**good, **changed})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert "The rule wasn&#x27;t kept." in page or "The rule wasn't kept." in page
    assert page.count("<details") - page.count('<details class="panel deed p-4" open') >= 2
    if "why" not in changed:
        assert 'value="A good reason"' in page
    assert not Rule.objects.exists()


def test_a_reason_that_is_too_short_is_told_of_before_it_is_sent(read, courses):
    page = read("/desk/rules/")
    assert page.count('minlength="3"') == 3
    assert page.count("3 to 300 characters, for your colleagues") == 3


def test_what_is_not_there_is_not_found(desk, courses):
    assert desk.post("/desk/rules/make/magic/", {}).status_code == 404
    assert desk.post("/desk/rules/98765/end/").status_code == 404


@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_others_neither_see_nor_change_them(signed_in, stranger, courses, role):
    grant(user=stranger, role=role)
    client = signed_in(stranger)

    assert client.get("/desk/rules/").status_code == 403
    sent = {"course": courses[0].pk, "why": "Because I can"}
    assert client.post("/desk/rules/make/never/", sent).status_code == 403
    assert not Rule.objects.exists()


def test_without_courses_there_is_nothing_to_rule(read):
    assert "As soon as a course is out, rules can be made about it." in read("/desk/rules/")


def test_the_audit_log_says_it_in_words(desk, read, courses):
    desk.post(
        "/desk/rules/make/pin/",
        {"course": courses[1].pk, "place": "2", "slot": "popular", "ends_at": typed(3), "why": "New term"},
    )

    page = read("/desk/audit/")

    assert "made a rule for recommending" in page
    assert "Pin to a place" in page
    assert "Popular now" in page


def test_the_number_of_queries_does_not_grow(desk, operator, courses):
    def queries():
        with CaptureQueriesContext(connection) as made:
            assert desk.get("/desk/rules/").status_code == 200
        return len(made)

    few = queries()
    for n in range(6):
        course = make_course(f"more-{n}")
        Rule.objects.create(kind="never", course=course, why="x", by=operator)
    assert queries() <= few
    assert Course.objects.count() == 9
