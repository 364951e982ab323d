"""Lessons shown to friends, by a program."""

from datetime import timedelta

import pytest

from tests.experience.api.test_membership import join
from tests.factories import make_bundle, make_course, make_lesson_gift, make_member, make_plan
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.kit import clock
from zhiyue.product.commerce.lending.sharing import may_share_each
from zhiyue.product.commerce.models import CourseTerms, GiftOpening, LessonGift, TrialPass
from zhiyue.product.commerce.rights import may_share
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def giver(learner, course):
    grant_course(user=learner, course=course)
    return learner


def give(client, course="intuition", lesson="two", **headers):
    body = {"course": course, "lesson": lesson}
    return client.post("/api/v1/me/gifts", body, content_type="application/json", headers=headers)


def opens(client, secret):
    return client.post(f"/api/v1/gifts/{secret}/opening", {}, content_type="application/json")


def test_a_lesson_is_shown_to_a_friend_who_opens_it(program, browser, giver, stranger):
    made = give(program(giver))
    told = made.json()
    secret = told["secret"]
    assert made.status_code == 201
    assert told["address"] == f"http://testserver/gifts/{secret}/"
    assert (told["giver"], told["course"], told["lesson"], told["title"]) == (
        "小林", "intuition", "two", "第 two 讲"
    )  # fmt: skip
    assert (told["friends"], told["opened"], told["is_open"]) == (3, 0, True)
    assert give(program(giver)).json()["secret"] == secret
    assert browser.get(f"/api/v1/gifts/{secret}").json() == told
    friend = program(stranger)
    lesson = "/api/v1/courses/intuition/lessons/two"
    assert friend.get(lesson).json()["code"] == "lesson_closed"
    for _ in range(2):
        assert opens(friend, secret).json() == {**told, "opened": 1}
    assert friend.get(lesson).json()["access"] == "gift"
    (mine,) = friend.get("/api/v1/me/gifts/received").json()["items"]
    assert (mine["giver"], mine["course"], mine["lesson"], mine["until"], mine["is_open"]) == (
        "小林", "intuition", "two", told["ends_at"], True
    )  # fmt: skip
    (given,) = program(giver).get("/api/v1/me/gifts").json()["items"]
    assert given == {**told, "opened": 1}
    assert friend.get("/api/v1/me/gifts").json()["items"] == []


def test_a_gift_ends_with_the_right_of_its_giver(program, giver, stranger, course):
    secret = give(program(giver)).json()["secret"]
    friend = program(stranger)
    opens(friend, secret)
    giver.enrolments.all().delete()
    (mine,) = friend.get("/api/v1/me/gifts/received").json()["items"]
    assert mine["is_open"] is False
    assert program(giver).get("/api/v1/me/gifts").json()["items"][0]["is_open"] is False
    other = opens(program(make_member("third@test.example")), secret)
    assert (other.status_code, other.json()["code"]) == (410, "gift_over")


def test_no_more_friends_get_in_than_it_is_for(program, giver):
    gift = make_lesson_gift(giver, giver.enrolments.get().course, friends=1)
    first, second = (program(make_member(f"f{n}@test.example")) for n in range(2))
    assert opens(first, gift.secret).json()["is_open"] is False
    answer = opens(second, gift.secret)
    assert (answer.status_code, answer.json()["code"]) == (410, "gift_over")
    assert GiftOpening.objects.count() == 1
    LessonGift.objects.update(ends_at=clock.now() - timedelta(hours=1))
    assert first.get("/api/v1/me/gifts/received").json()["items"] == []


@pytest.mark.parametrize(
    ("lesson", "status", "code"),
    [("one", 409, "not_yours_to_show"), ("nothing", 400, "invalid"), ("", 400, "invalid")],
)
def test_what_needs_no_gift_or_is_not_there_makes_none(program, giver, lesson, status, code):
    answer = give(program(giver), lesson=lesson)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not LessonGift.objects.exists()


def test_only_who_has_the_course_shows_it(program, stranger, course):
    answer = give(program(stranger))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yours_to_show")


def test_no_more_are_made_than_a_day_allows(program, giver, settings):
    settings.ZHIYUE_GIFTS_A_DAY = 1
    assert give(program(giver)).status_code == 201
    answer = give(program(giver), lesson="three")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_gifts")


def test_a_link_that_is_nobodys_leads_nowhere(program, browser, stranger, giver):
    for answer in (browser.get("/api/v1/gifts/nothing"), opens(program(stranger), "nothing")):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_gift")
    secret = give(program(giver)).json()["secret"]
    assert opens(browser, secret).status_code == 401
    reader = program(stranger, Scope.ME_READ, Scope.CATALOGUE_READ)
    assert opens(reader, secret).status_code == 403
    assert not GiftOpening.objects.exists()


def test_many_at_once_are_asked_as_each_alone(learner, stranger, course, operator):
    """`may_share_each` and `may_share` say the same of whoever owns, pays for, borrows or tries a course."""
    art, free = make_course("art", topic="art", price_fen=100), make_course("free")
    outside = make_course("outside", price_fen=100)
    CourseTerms.objects.create(course=outside, is_in_memberships=False)
    members = [make_member(f"m{n}@test.example") for n in range(4)]
    join(members[0], make_plan())
    join(members[1], make_plan("数据", topics=["data"]))
    ended = join(members[2], make_plan("旧"))
    type(ended).objects.filter(pk=ended.pk).update(paid_at=clock.now() - timedelta(days=60))
    now = clock.now()
    TrialPass.objects.create(user=members[3], course=course, started_at=now, ends_at=now + timedelta(days=1))
    grant_course(user=learner, course=course)
    grant_course(user=members[1], course=outside)
    make_bundle([course, art])
    everybody = [learner, stranger, *members]
    courses = [course, art, free, outside]
    pairs = {(one.pk, each.pk) for one in everybody for each in courses}
    expected = {
        (member_id, each.pk) for each in courses for member_id in may_share([m.pk for m in everybody], each)
    }
    assert may_share_each(pairs) == expected
    assert len(expected) == 5
    assert may_share_each(set()) == set()


def test_lists_cost_a_constant_number_of_queries(program, giver, stranger, django_assert_max_num_queries):
    for n in range(6):
        course = make_course(f"c{n}", price_fen=100)
        owner = make_member(f"g{n}@test.example")
        grant_course(user=giver, course=course)
        grant_course(user=owner, course=course)
        make_lesson_gift(giver, course)
        GiftOpening.objects.create(gift=make_lesson_gift(owner, course), user=stranger)
    giving, friend = program(giver), program(stranger)
    with django_assert_max_num_queries(8):
        assert len(giving.get("/api/v1/me/gifts").json()["items"]) == 6
    with django_assert_max_num_queries(8):
        found = friend.get("/api/v1/me/gifts/received").json()["items"]
    assert [one["is_open"] for one in found] == [True] * 6
