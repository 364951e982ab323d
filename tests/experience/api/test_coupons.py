"""One's coupons and codes, by a program."""

import pytest

from tests.factories import make_course
from tests.product.commerce.coupon_makers import batch, codes, make, staff
from tests.product.commerce.test_refunds import bought
from zhiyue.core.accounts.tokens import Scope
from zhiyue.product.commerce.lowering.couponing import pause_coupon
from zhiyue.product.commerce.models import CouponHolder, Order
from zhiyue.product.commerce.selectors import is_enrolled

pytestmark = pytest.mark.django_db
COUPONS, REDEMPTIONS = "/api/v1/me/coupons", "/api/v1/me/redemptions"


@pytest.fixture
def asking(program, learner):
    return program(learner)


def enter(client, address, code, **headers):
    return client.post(address, {"code": code}, content_type="application/json", headers=headers)


def test_mine_are_told_with_how_they_stand(asking, operator, learner, course):
    make(operator, "为大家", off_percent=10, most_fen=500, threshold_fen=100, most_uses=3)
    make(operator, "以后的", begun=False, audience="newcomers")
    make(operator, "别人的", audience="code")
    paused = make(operator, "停了的")
    pause_coupon(viewer=staff(operator), mark=paused.mark, is_paused=True)
    found = asking.get(COUPONS, headers={"accept-language": "en"}).json()["items"]
    assert {one["title"]: one["standing"] for one in found} == {
        "以后的": "coming", "为大家": "usable", "停了的": "over"
    }  # fmt: skip
    told = next(one for one in found if one["title"] == "为大家")
    assert (told["off_fen"], told["off_percent"], told["most_fen"], told["threshold_fen"]) == (
        0,
        10,
        500,
        100,
    )
    assert (told["detail"], told["used"], told["left"], told["scope"]) == ("", 0, 3, [])
    details = {one["title"]: one["detail"] for one in found}
    assert details["停了的"] == "The academy has paused this coupon."
    bought_with_it = asking.get(f"/api/v1/offers/course:{course.pk}?coupons={told['code']}").json()
    assert bought_with_it["total_fen"] == 9_900 - 500


def test_what_was_used_stays_listed(asking, operator, learner, course):
    make(operator, "为大家", audience="everybody", off_fen=0, off_percent=1)
    course.price_fen = 9_900 - 99
    bought(learner, course)
    (one,) = asking.get(COUPONS).json()["items"]
    assert (one["standing"], one["used"]) == ("used", 1)


def test_a_code_makes_its_coupon_mine_once(asking, operator, learner):
    coupon = make(operator, "凭码", audience="code")
    code = codes(operator, coupon, 1)[0]
    answer = enter(asking, COUPONS, f" {code[:5].lower()} {code[5:]}")
    told = answer.json()
    assert (answer.status_code, told["code"], told["standing"]) == (201, coupon.mark, "usable")
    assert enter(asking, COUPONS, code).json() == told
    assert asking.get(COUPONS).json()["items"] == [told]
    assert CouponHolder.objects.count() == 1


def test_what_somebody_else_entered_is_refused(asking, program, operator, stranger):
    coupon = make(operator, "凭码", audience="code")
    code = codes(operator, coupon, 1)[0]
    enter(program(stranger), COUPONS, code)
    answer = enter(asking, COUPONS, code)
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_refused")
    assert asking.get(COUPONS).json()["items"] == []


@pytest.mark.parametrize("address", [COUPONS, REDEMPTIONS])
def test_guesses_are_counted_and_those_of_both_addresses_together(asking, operator, address):
    for n in range(10):
        answer = enter(
            asking, COUPONS if n % 2 else REDEMPTIONS, f"NOTHING{n}", **{"idempotency-key": f"{n}"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_code")
    coupon = make(operator, "凭码", audience="code")
    answer = enter(asking, address, codes(operator, coupon, 1)[0])
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert int(answer["Retry-After"]) > 0
    assert not CouponHolder.objects.exists()


def test_a_code_opens_its_course_by_an_order_that_costs_nothing(asking, operator, learner, course):
    code = batch(operator, course).codes.first().text
    answer = enter(asking, REDEMPTIONS, code, **{"idempotency-key": "a"})
    told = answer.json()
    assert (answer.status_code, told["total_fen"], told["courses"]) == (201, 0, ["intuition"])
    assert [line["kind"] for line in told["lines"]] == ["price", "redeem"]
    assert is_enrolled(learner, course.pk)
    assert enter(asking, REDEMPTIONS, code).json()["number"] == told["number"]
    again = enter(asking, REDEMPTIONS, code, **{"idempotency-key": "a"})
    assert (again.json(), again["Idempotency-Replayed"]) == (told, "true")
    assert Order.objects.count() == 1


def test_what_is_owned_keeps_its_code_for_somebody_else(asking, program, operator, learner, stranger, course):
    bought(learner, course)
    code = batch(operator, course).codes.first().text
    answer = enter(asking, REDEMPTIONS, code)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_owned")
    assert enter(program(stranger), REDEMPTIONS, code).status_code == 201
    other = enter(program(operator), REDEMPTIONS, code)
    assert (other.status_code, other.json()["code"]) == (409, "code_refused")


@pytest.mark.parametrize("address", [COUPONS, REDEMPTIONS])
def test_a_code_that_is_none_and_a_token_that_reads_are_refused(asking, program, learner, address):
    for wrong in ("", "  ", "x" * 41, None):
        assert enter(asking, address, wrong).status_code == 400
    answer = enter(program(learner, Scope.ME_READ), address, "K7Q2M9X4TB")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_mine_are_listed_in_a_constant_number_of_queries(asking, operator, django_assert_max_num_queries):
    for n in range(6):
        make(operator, f"券 {n}", most_uses=5)
    make_course("beside")
    with django_assert_max_num_queries(6):
        assert len(asking.get(COUPONS).json()["items"]) == 6
