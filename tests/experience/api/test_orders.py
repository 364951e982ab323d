"""From an offer to a paid order, by a program: what each step tells, and what it refuses."""

import pytest

from tests.experience.pdf_text import lines_of
from tests.factories import make_course, make_member
from tests.product.commerce.coupon_makers import make
from tests.product.commerce.fakes.wechat_openid import OPENID, fake_wechat_openid
from tests.product.commerce.fakes.wechatpay import fake_wechatpay
from zhiyue.core.accounts.tokens import Scope
from zhiyue.product.commerce.models import Order, Payment, SandboxTrade
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.selectors import is_enrolled

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(program, learner):
    return program(learner)


def send(client, address, body=None, **headers):
    return client.post(address, body or {}, content_type="application/json", headers=headers)


def order_course(client, course, total_fen=9900, coupons=None, **headers):
    wanted = {"offer": f"course:{course.pk}", "total_fen": total_fen, "coupons": coupons}
    return send(client, "/api/v1/me/orders", wanted, **headers)


def test_an_offer_tells_its_price_in_lines_and_whether_it_is_mine(browser, asking, learner, course):
    told = browser.get(f"/api/v1/offers/course:{course.pk}").json()
    assert told == {
        "offer": f"course:{course.pk}",
        "kind": "course",
        "title": course.title,
        "courses": ["intuition"],
        "lines": [{"kind": "price", "amount_fen": 9900, "code": ""}],
        "total_fen": 9900,
        "list_price_fen": None,
        "flash": None,
        "coupons": [],
        "is_owned": False,
        "trial": None,
        "plan": None,
        "bundle": None,
        "ways_to_pay": ["sandbox:page", "sandbox:qr"],
    }
    order_course(asking, course)
    _paid(asking)
    assert asking.get(f"/api/v1/offers/course:{course.pk}").json()["is_owned"] is True


@pytest.mark.parametrize("offer", ["course:999999", "course:0", "course:", "plan", "nonsense:1", "course:１"])
def test_an_offer_that_is_not_there_says_so(browser, course, offer):
    answer = browser.get(f"/api/v1/offers/{offer}")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_for_sale")


def test_a_free_course_is_joined_and_not_ordered(asking, db):
    free = make_course("free", price_fen=0)
    answer = order_course(asking, free, 0)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_for_sale")
    assert "join it without paying" in asking.get(
        f"/api/v1/offers/course:{free.pk}", headers={"accept-language": "en"}
    ).json()["detail"]  # fmt: skip


def _paid(asking, number=""):
    number = number or Order.objects.latest("pk").number
    told = send(asking, f"/api/v1/me/orders/{number}/payment", {"way_to_pay": "sandbox:page"}).json()
    receive("sandbox", sandbox.press(told["payments"][-1]["number"], "pay"))


def test_an_order_goes_from_placed_to_paid(asking, learner, course):
    placed = order_course(asking, course)
    told = placed.json()
    number = told["number"]
    assert placed.status_code == 201
    assert (told["status"], told["total_fen"], told["courses"], told["payments"]) == (
        "created", 9900, ["intuition"], []
    )  # fmt: skip
    assert order_course(asking, course).json()["number"] == number

    begun = send(asking, f"/api/v1/me/orders/{number}/payment", {"way_to_pay": "sandbox:qr"}).json()
    (payment,) = begun["payments"]
    trade = SandboxTrade.objects.get()
    assert (payment["how"], payment["way_to_pay"], payment["status"]) == ("scan", "sandbox:qr", "begun")
    assert payment["address"] == f"http://testserver/pay/sandbox/{trade.number}/"
    assert trade.returns_to == f"http://testserver/orders/{number}/"

    assert not is_enrolled(learner, course.pk)
    receive("sandbox", sandbox.press(payment["number"], "pay"))
    paid = asking.get(f"/api/v1/me/orders/{number}").json()
    assert (paid["status"], paid["payments"][0]["status"]) == ("paid", "paid")
    assert is_enrolled(learner, course.pk)
    (listed,) = asking.get("/api/v1/me/orders?status=paid").json()["items"]
    assert listed == {name: paid[name] for name in listed}
    assert asking.get("/api/v1/me/orders?status=created").json()["items"] == []
    again = order_course(asking, course)
    assert (again.status_code, again.json()["code"]) == (409, "already_owned")


@pytest.fixture
def wechat(settings):
    with fake_wechatpay(settings) as fake, fake_wechat_openid(settings):
        yield fake


def test_a_program_inside_wechat_says_who_pays(asking, course, wechat):
    wechat.openids = {OPENID}
    assert "wechat:jsapi" in asking.get(f"/api/v1/offers/course:{course.pk}").json()["ways_to_pay"]
    pay = f"/api/v1/me/orders/{order_course(asking, course).json()['number']}/payment"

    unknown = send(asking, pay, {"way_to_pay": "wechat:jsapi"})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "payer_unknown")
    for wrong in ("o o", "o" * 129, "微"):
        refused = send(asking, pay, {"way_to_pay": "wechat:jsapi", "payer": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "#/payer")
    assert not Payment.objects.exists() and wechat.trades == {}
    another = send(asking, pay, {"way_to_pay": "wechat:jsapi", "payer": "oOfAnotherApp"})
    assert (another.status_code, another.json()["code"]) == (502, "provider_unreachable")

    answer = send(asking, pay, {"way_to_pay": "wechat:jsapi", "payer": OPENID})
    (payment,) = answer.json()["payments"]
    assert (payment["how"], payment["values"]["package"]) == ("call", f"prepay_id=wx{payment['number']}")
    assert wechat.trades[payment["number"]].content["payer"] == {"openid": OPENID}
    assert OPENID not in answer.content.decode()


def test_a_key_sent_again_orders_and_pays_once(asking, course):
    first = order_course(asking, course, **{"idempotency-key": "a"})
    again = order_course(asking, course, **{"idempotency-key": "a"})
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    pay = f"/api/v1/me/orders/{first.json()['number']}/payment"
    for _ in range(2):
        send(asking, pay, {"way_to_pay": "sandbox:page"}, **{"idempotency-key": "b"})
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_another_price_than_the_one_seen_is_refused(asking, course):
    answer = order_course(asking, course, 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/offer"),
        ({"offer": "course:1", "total_fen": -1}, "#/total_fen"),
        ({"offer": "course:1", "total_fen": 2**31}, "#/total_fen"),
        ({"offer": "x" * 41, "total_fen": 1}, "#/offer"),
    ],
)
def test_an_order_that_says_too_little_or_too_much_is_refused(asking, body, pointer):
    answer = send(asking, "/api/v1/me/orders", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert pointer in {one["pointer"] for one in answer.json()["errors"]}
    assert not Order.objects.exists()


def test_a_way_to_pay_that_is_not_offered_is_refused(asking, course):
    number = order_course(asking, course).json()["number"]
    for way in ("alipay:page", "sandbox:letter", "sandbox", "［沙盒", "a/b:page", ":"):
        answer = send(asking, f"/api/v1/me/orders/{number}/payment", {"way_to_pay": way})
        assert (answer.status_code, answer.json()["code"]) == (409, "provider_not_offered")
    nothing = send(asking, f"/api/v1/me/orders/{number}/payment", {"way_to_pay": ""})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "order_not_open")
    assert not Payment.objects.exists()


def test_an_order_is_cancelled_once_and_paid_no_more(asking, course):
    number = order_course(asking, course).json()["number"]
    for _ in range(2):
        assert send(asking, f"/api/v1/me/orders/{number}/cancellation").json()["status"] == "closed"
    answer = send(asking, f"/api/v1/me/orders/{number}/payment", {"way_to_pay": "sandbox:page"})
    assert (answer.status_code, answer.json()["code"]) == (409, "order_not_open")


def test_the_best_coupon_is_found_and_another_one_or_none_can_be_chosen(asking, operator, course):
    tenth = make(operator, title="九折", off_percent=10, off_fen=0, audience="everybody")
    ten = make(operator, title="减十元", off_fen=1000, audience="everybody")
    address = f"/api/v1/offers/course:{course.pk}"
    told = asking.get(address).json()
    assert told["lines"][1] == {"kind": "coupon", "amount_fen": -1000, "code": ten.mark, "title": "减十元"}
    assert told["coupons"] == [
        {"code": ten.mark, "title": "减十元", "off_fen": 1000},
        {"code": tenth.mark, "title": "九折", "off_fen": 990},
    ]
    assert asking.get(f"{address}?coupons={tenth.mark}").json()["total_fen"] == 8910
    assert asking.get(f"{address}?coupons=none").json()["total_fen"] == 9900
    refused = asking.get(f"{address}?coupons=nothing")
    assert (refused.status_code, refused.json()["code"]) == (409, "coupon_refused")
    placed = order_course(asking, course, 8910, coupons=[tenth.mark]).json()
    assert (placed["total_fen"], placed["lines"][1]["title"]) == (8910, "九折")
    assert order_course(asking, course, 9900, coupons=[]).json()["total_fen"] == 9900
    assert order_course(asking, course, 8900).json()["total_fen"] == 8900


def test_nobody_reaches_the_order_of_somebody_else(program, asking, course):
    number = order_course(asking, course).json()["number"]
    other = program(make_member("other@test.example", "别人"))
    for answer in (
        other.get(f"/api/v1/me/orders/{number}"),
        send(other, f"/api/v1/me/orders/{number}/payment", {"way_to_pay": "sandbox:page"}),
        send(other, f"/api/v1/me/orders/{number}/cancellation"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_order")
    assert other.get("/api/v1/me/orders").json()["items"] == []
    assert Order.objects.get().status == "created"


def test_a_token_that_reads_can_not_order(program, learner, course):
    answer = order_course(program(learner, Scope.ME_READ), course)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_orders_are_listed_in_a_constant_number_of_queries(asking, course, django_assert_max_num_queries):
    for n in range(3):
        order_course(asking, make_course(f"c{n}", price_fen=100), 100)
    with django_assert_max_num_queries(8):
        assert len(asking.get("/api/v1/me/orders").json()["items"]) == 3


def test_a_receipt_is_a_file_and_what_goes_wrong_is_told_in_json(asking, program, stranger, course):
    number = order_course(asking, course).json()["number"]
    address = f"/api/v1/me/orders/{number}/receipt"
    unpaid = asking.get(address)
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "no_receipt")
    assert unpaid["Content-Type"] == "application/problem+json"
    _paid(asking, number)

    answer = asking.get(address, headers={"accept-language": "en"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'inline; filename="receipt-{number}.pdf"'
    (lines,) = lines_of(answer.content)
    assert {number, "¥99", "玖拾玖元整"} <= set(lines)
    assert asking.get(address, headers={"accept": "application/pdf"}).status_code == 200
    told = {"if-none-match": answer["ETag"], "accept-language": "en"}
    assert asking.get(address, headers=told).status_code == 304
    assert asking.get(address, headers={"accept": "application/json"}).status_code == 406
    other = program(stranger).get(address)
    assert (other.status_code, other.json()["code"]) == (404, "no_such_order")
