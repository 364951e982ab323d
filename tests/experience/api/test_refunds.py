"""Asking for money back by a program: the exact amount before, the refund after, and what is refused."""

from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_bundle, make_course, make_plan
from tests.product.commerce.test_refunds import bought, pay
from tests.product.commerce.test_standing import buy
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Order, Refund
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.selectors import is_enrolled
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(learner, course):
    return bought(learner, course)


@pytest.fixture
def asking(program, learner):
    return program(learner)


def address(order):
    return f"/api/v1/me/orders/{order.number}/refund"


def send(client, order, body=None, **headers):
    wanted = {"reason": "time", "amount_fen": 9_900} if body is None else body
    return client.post(address(order), wanted, content_type="application/json", headers=headers)


def read(learner, course, slug="two"):
    open_lesson(user=learner, actor=Actor(member_id=learner.pk), lesson=lesson_of(course, slug))


def later(order, days):
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(days=days))


def test_what_goes_back_is_told_to_the_fen_before_anything_is_asked(asking, learner, order, course):
    read(learner, course)
    told = asking.get(address(order)).json()
    (part,) = told.pop("parts")
    whole = told.pop("goes_back_whole")
    assert told == {"order": order.number, "closed_to": "", "detail": "", "amount_fen": 6_600} and not whole
    until = part.pop("until")
    assert until == (order.paid_at + timedelta(days=7)).isoformat().replace("+00:00", "Z")
    assert part == {
        "course": "intuition",
        "title": course.title,
        "amount_fen": 6_600,
        "lines": [
            {"kind": "paid", "amount_fen": 9_900, "count": 0, "of": 0},
            {"kind": "lessons", "amount_fen": -3_300, "count": 1, "of": 3},
        ],
        "why_not": "",
        "detail": "",
        "is_by_rule": True,
    }
    assert not Refund.objects.exists()


def test_within_the_rule_it_is_approved_at_once_and_stands_on_the_order(asking, learner, order, course):
    answer = send(asking, order, {"courses": ["intuition"], "reason": "level", "amount_fen": 9_900})
    told = answer.json()
    assert answer.status_code == 201
    assert (told["status"], told["amount_fen"], told["is_by_rule"], told["reason"], told["refusal"]) == (
        "approved", 9_900, True, "level", ""
    )  # fmt: skip
    assert not is_enrolled(learner, course.pk)
    assert send(asking, order).json() == told
    assert Refund.objects.count() == 1
    assert asking.get(f"/api/v1/me/orders/{order.number}").json()["refunds"] == [told]
    now = asking.get(address(order), headers={"accept-language": "en"}).json()
    assert (now["closed_to"], now["parts"]) == ("under_way", [])
    assert now["detail"] == "A refund of this order is under way already."


def test_a_key_sent_again_asks_once(asking, order):
    first, again = (send(asking, order, **{"idempotency-key": "a"}) for _ in range(2))
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert Refund.objects.count() == 1


def test_beyond_the_rule_it_waits_for_staff_and_says_why(asking, learner, order, course):
    later(order, 8)
    (part,) = asking.get(address(order), headers={"accept-language": "en"}).json()["parts"]
    assert (part["amount_fen"], part["why_not"]) == (0, "too_late")
    assert part["detail"] == "The time in which money goes back by rule is over."
    told = send(asking, order, {"reason": "broken", "words": "打不开", "amount_fen": 0}).json()
    assert (told["status"], told["words"], told["is_by_rule"]) == ("asked", "打不开", False)
    assert is_enrolled(learner, course.pk)
    Refund.objects.update(status="refused", decided_why="期限已过")
    (refused,) = asking.get(f"/api/v1/me/orders/{order.number}").json()["refunds"]
    assert refused["refusal"] == "期限已过"
    Refund.objects.update(status="approved")
    assert "期限已过" not in asking.get(f"/api/v1/me/orders/{order.number}").content.decode()


def test_a_bundle_goes_back_whole_and_single_courses_are_asked_for(asking, learner, course):
    other = make_course("second", price_fen=9_900)
    bundle = make_bundle([course, other], price_fen=15_000)
    actor = Actor(member_id=learner.pk)
    order = place(user=learner, offer=f"bundle:{bundle.pk}", seen_fen=15_000, actor=actor)
    pay(learner, order)
    told = asking.get(address(order)).json()
    assert [(one["course"], one["amount_fen"]) for one in told["parts"]] == [
        ("intuition", 7_500), ("second", 7_500)
    ]  # fmt: skip
    assert told["goes_back_whole"]
    one = {"courses": ["second"], "reason": "time"}
    assert send(asking, order, {**one, "amount_fen": 7_500}).status_code == 409
    answer = send(asking, order, {**one, "amount_fen": 0}).json()
    assert (answer["status"], answer["is_by_rule"], answer["amount_fen"]) == ("asked", False, 0)
    assert (is_enrolled(learner, course.pk), is_enrolled(learner, other.pk)) == (True, True)
    Refund.objects.update(status="refused")
    answer = send(asking, order, {"reason": "time", "amount_fen": 15_000}).json()
    assert (answer["status"], answer["is_by_rule"]) == ("approved", True)
    assert not is_enrolled(learner, course.pk)


def test_a_membership_goes_back_by_its_days(asking, learner):
    plan = make_plan(price_fen=3_000)
    order = place(user=learner, offer=f"plan:{plan.pk}", seen_fen=3_000, actor=Actor(member_id=learner.pk))
    pay(learner, order)
    assert asking.get(f"/api/v1/me/orders/{order.number}").json()["plan"] == f"plan:{plan.pk}"
    told = asking.get(address(order)).json()
    (part,) = told["parts"]
    assert (part["course"], part["title"], [line["kind"] for line in part["lines"]]) == (
        None, "全站会员", ["paid", "days"]
    )  # fmt: skip
    answer = send(asking, order, {"reason": "time", "amount_fen": told["amount_fen"]})
    assert (answer.status_code, answer.json()["amount_fen"]) == (201, told["amount_fen"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"reason": "because", "amount_fen": 9_900}, 400, "invalid"),
        ({"reason": "time", "amount_fen": -1}, 400, "invalid"),
        ({"reason": "time", "amount_fen": 9_900, "words": "字" * 301}, 400, "invalid"),
        ({"reason": "time", "amount_fen": 9_900, "courses": ["nothing"]}, 400, "invalid"),
        ({"reason": "time", "amount_fen": 9_900, "courses": []}, 400, "unfit"),
        ({"reason": "time", "amount_fen": 9_899}, 409, "amount_changed"),
    ],
)
def test_what_does_not_fit_asks_for_nothing(asking, learner, order, course, body, status, code):
    answer = send(asking, order, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Refund.objects.exists()
    assert is_enrolled(learner, course.pk)


def test_of_what_was_not_paid_nothing_goes_back(asking, learner, course):
    order = place(
        user=learner, offer=f"course:{course.pk}", seen_fen=9_900, actor=Actor(member_id=learner.pk)
    )
    assert asking.get(address(order)).json()["closed_to"] == "not_paid"
    answer = send(asking, order)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_goes_back")


def test_somebody_elses_order_is_as_if_it_were_not_there(program, stranger, order):
    other = program(stranger)
    for answer in (other.get(address(order)), send(other, order), send(other, order, {})):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_order")
    assert not Refund.objects.exists()


def test_a_token_that_reads_asks_for_nothing(program, learner, order):
    answer = send(program(learner, Scope.ME_READ), order)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert not Refund.objects.exists()


def test_looking_costs_a_constant_number_of_queries(asking, learner, django_assert_max_num_queries):
    courses = [make_course(f"c{n}", price_fen=1_000) for n in range(6)]
    bundle = make_bundle(courses, price_fen=5_000)
    order = place(
        user=learner, offer=f"bundle:{bundle.pk}", seen_fen=5_000, actor=Actor(member_id=learner.pk)
    )
    pay(learner, order)
    with django_assert_max_num_queries(14):
        assert len(asking.get(address(order)).json()["parts"]) == 6


def test_what_a_membership_saved_is_a_line_and_a_bundled_course_says_why(asking, learner, course):
    plan = buy(learner, f"plan:{make_plan(months=12, price_fen=36_500, off_percent=20).pk}")
    kept = buy(learner, f"course:{course.pk}")
    buy(learner, f"bundle:{make_bundle([course, make_course('second', price_fen=9_900)]).pk}")

    (part,) = asking.get(address(plan)).json()["parts"]
    assert {"kind": "saved", "amount_fen": -2_480, "count": 0, "of": 0} in part["lines"]
    body = {"reason": "time", "amount_fen": part["amount_fen"]}
    told = asking.get(address(kept)).json()
    assert (told["amount_fen"], told["closed_to"], told["parts"][0]["why_not"]) == (0, "", "bundled")
    assert told["parts"][0]["is_by_rule"] is False
    assert told["parts"][0]["detail"].startswith(("The price of a bundle", "你保留的组合"))
    answer = send(asking, plan, body)
    assert (answer.status_code, answer.json()["is_by_rule"]) == (201, True)
    answer = send(asking, kept, {"reason": "time", "amount_fen": 0})
    assert (answer.status_code, answer.json()["status"]) == (201, "asked")
