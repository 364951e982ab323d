"""One click travels the whole loop: visitor → free lesson → sign-up → desk; and each act changes what comes next."""

import re

from django.test import Client

from tests.experience.entrance.conftest import digits_sent
from tests.factories import PASSWORD
from zhiyue.collect.models import Event
from zhiyue.core.academy.selectors import agreements_at_sign_up
from zhiyue.core.accounts.models import User
from zhiyue.monitor import selectors as monitor
from zhiyue.product.catalogue.models import Course


def shelf(client: Client) -> list[dict]:
    answer = client.get("/api/v1/recommendations", {"k": 12})
    assert answer.status_code == 200
    return answer.json()["items"]


def courses_of(items):
    return [item["course"]["slug"] for item in items]


def certain(items):
    """Without the new course that each person draws for the day."""
    return courses_of(item for item in items if item["propensity"] == 1)


def acts_named(items):
    return [
        (item["reason"]["event"], item["reason"]["course_id"])
        for item in items
        if item["reason"]["kind"] == "act"
    ]


def test_three_different_acts_give_three_different_shelves_that_name_them(academy, browser):
    client = browser
    assert client.get("/").status_code == 200
    before = shelf(client)
    assert len(before) == 12
    assert acts_named(before) == []

    coffee = Course.objects.get(slug="pour-over-coffee")
    client.get(f"/courses/{coffee.slug}/")
    first = shelf(client)
    assert acts_named(first)[0] == ("course.viewed", coffee.pk)

    statistics = Course.objects.get(slug="intuition-for-statistics")
    assert client.get(f"/courses/{statistics.slug}/means-lie/").status_code == 200
    client.post(f"/finish/{statistics.slug}/means-lie/")
    second = shelf(client)
    assert acts_named(second)[0] == ("lesson.finished", statistics.pk)

    poems = Course.objects.get(slug="reading-tang-poems")
    client.post(f"/save/{poems.slug}/", {"saved": "1"})
    third = shelf(client)
    assert acts_named(third)[0] == ("course.saved", poems.pk)

    shelves = [tuple(courses_of(items)) for items in (before, first, second, third)]
    assert len(set(shelves)) == 4
    page = client.get("/").content.decode()
    for item in third[:3]:
        assert item["reason"]["words"] in page


def test_a_visitor_becomes_a_member_and_the_desk_sees_the_loop_close(academy, browser, signed_in):
    client = browser
    client.get("/courses/intuition-for-statistics/means-lie/")
    client.post("/finish/intuition-for-statistics/means-lie/")
    as_visitor = certain(shelf(client))
    a_before = monitor.today()

    form = {"address": "new@test.example", "password": PASSWORD, "display_name": "新同学", "accepted": "on"}
    form["shown"] = ",".join(str(one.pk) for one in agreements_at_sign_up())
    assert client.post("/sign-up/", form).status_code == 302
    assert client.post("/sign-in/code/enter/", {"digits": digits_sent("new@test.example")}).status_code == 302
    member = User.objects.get(email="new@test.example")
    finished = Event.objects.get(name="lesson.finished", member=member)
    assert certain(shelf(client)) == as_visitor

    a_after = monitor.today()
    assert (a_after.members, a_after.dau) == (a_before.members + 1, a_before.dau + 1)

    desk = signed_in(User.objects.get(email="operator@example.com"))
    page = desk.get("/desk/follow/", {"who": member.pk, "event": finished.pk}).content.decode()
    assert "统计学的直觉" in page
    assert "lesson.finished" in page
    move = monitor.move(finished)
    assert move.own_after > move.own_before
    assert re.search(rf"{move.own_after:.2f}", page)
    assert client.get("/desk/follow/").status_code == 403
