"""Sales for staff, by a program: what the desk shows, to whom the desk shows it, decided once and noted."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from tests.product.commerce.bills import yesterday
from tests.product.commerce.coupon_makers import make
from tests.product.commerce.test_refunds import bought
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Bill, Coupon, Difference, Order, Refund
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.selectors import is_enrolled

pytestmark = pytest.mark.django_db
ORDERS, REFUNDS = "/api/v1/sales/orders", "/api/v1/sales/refunds"
COUPONS, DIFFERENCES = "/api/v1/sales/coupons", "/api/v1/sales/differences"


@pytest.fixture
def asking(program, operator):
    return program(operator)


@pytest.fixture
def order(learner, course):
    return bought(learner, course)


@pytest.fixture
def late(learner, order):
    """A refund that waits for a decision: its time by rule was over."""
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(days=8))
    (part,) = order.courses.all()
    return ask(
        user=learner,
        order_number=order.number,
        course_ids=[part.course_id],
        reason="broken",
        words="打不开",
        seen_fen=0,
        actor=Actor(member_id=learner.pk),
    )


@pytest.fixture
def difference(order):
    bill = Bill.objects.create(provider="sandbox", day=yesterday(), fetched_at=clock.now())
    return Difference.objects.create(
        bill=bill,
        provider="sandbox",
        item="payment:X",
        kind="amount",
        number="PX",
        theirs_fen=9_000,
        ours_fen=9_900,
        payment=order.payments.get(),
    )


def send(client, address, body, **headers):
    return client.post(address, body, content_type="application/json", headers=headers)


def decide(client, refund, **body):
    key = body.pop("key", None)
    headers = {"idempotency-key": key} if key else {}
    return send(client, f"{REFUNDS}/{refund.number}/decision", body, **headers)


def acts():
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


def test_orders_are_found_by_word_state_and_member(asking, order, learner, stranger, course):
    other = bought(stranger, make_course("second", price_fen=100))
    found = asking.get(ORDERS).json()["items"]
    assert [one["number"] for one in found] == [other.number, order.number]
    assert found[1]["member"] == {"id": learner.pk, "display_name": "小林"}
    assert "learner@test.example" not in asking.get(ORDERS).content.decode()
    for query, expected in (
        ("q=learner@test.example", [order]),
        (f"q={other.number[3:]}", [other]),
        (f"q={order.payments.get().number}", [order]),
        ("q=nothing", []),
        ("status=paid", [other, order]),
        ("status=refunded", []),
        (f"member={learner.pk}", [order]),
    ):
        rows = asking.get(f"{ORDERS}?{query}").json()["items"]
        assert [one["number"] for one in rows] == [one.number for one in expected], query
    assert asking.get(f"{ORDERS}?status=lost").status_code == 400


def test_one_order_tells_its_payments_journal_and_entries(asking, order, course):
    told = asking.get(f"{ORDERS}/{order.number}").json()
    (payment,) = told["payments"]
    assert (payment["provider"], payment["status"], payment["amount_fen"]) == ("sandbox", "paid", 9_900)
    assert told["parts"] == [
        {"course": "intuition", "title": course.title, "total_fen": 9_900, "returned_at": None}
    ]
    assert [step["why"] for step in told["journal"]][:2] == ["placed", "paid"]
    (entry,) = [one for one in told["ledger"] if one["kind"] == "paid"]
    assert entry["postings"] == [
        {"account": "receivable:sandbox", "amount_fen": 9_900},
        {"account": "revenue", "amount_fen": -9_900},
    ]
    assert [one["kind"] for one in told["notices"]] == ["paid"]
    missing = asking.get(f"{ORDERS}/Z1")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_order")


def test_a_refund_is_approved_once_with_the_amounts_that_staff_say(asking, learner, late, course):
    address = f"{REFUNDS}/{late.number}"
    told = asking.get(address).json()
    (part,) = told["reckoning"]
    assert (told["status"], told["words"], told["member"]["id"]) == ("asked", "打不开", learner.pk)
    assert (part["course"], part["amount_fen"], part["left_fen"], part["why_not"]) == (
        "intuition", 0, 9_900, "too_late"
    )  # fmt: skip
    body = {
        "decision": "approve",
        "why": "视频打不开",
        "amounts": [{"part": part["part"], "amount_fen": 5_000}],
    }
    answer = decide(asking, late, **body, key="a")
    decided = answer.json()
    assert (answer.status_code, decided["status"], decided["amount_fen"]) == (200, "approved", 5_000)
    assert (decided["decided_why"], decided["reckoning"][0]["is_closed"]) == ("视频打不开", True)
    assert [one["amount_fen"] for one in decided["parts"]] == [5_000]
    assert not is_enrolled(learner, course.pk)
    again = decide(asking, late, **body, key="a")
    assert (again.json(), again["Idempotency-Replayed"]) == (decided, "true")
    twice = decide(asking, late, **body)
    assert (twice.status_code, twice.json()["code"]) == (409, "refund_decided")
    assert acts() == ["refund.approved"]


def test_a_refusal_is_read_by_the_member(asking, program, learner, late, course):
    assert [one["number"] for one in asking.get(f"{REFUNDS}?status=asked").json()["items"]] == [late.number]
    answer = decide(asking, late, decision="refuse", why="期限已过")
    assert (answer.status_code, answer.json()["status"]) == (200, "refused")
    assert asking.get(f"{REFUNDS}?status=asked").json()["items"] == []
    mine = program(learner).get(f"/api/v1/me/orders/{late.order.number}").json()["refunds"]
    assert [one["refusal"] for one in mine] == ["期限已过"]
    assert is_enrolled(learner, course.pk)
    assert acts() == ["refund.refused"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"decision": "perhaps", "why": "x"}, 400, "invalid"),
        ({"decision": "refuse"}, 400, "invalid"),
        ({"decision": "refuse", "why": "长" * 201}, 400, "invalid"),
        ({"decision": "approve", "why": "x"}, 400, "unfit"),
        (
            {"decision": "approve", "why": "x", "amounts": [{"part": "{part}", "amount_fen": 9_901}]},
            400,
            "unfit",
        ),
        ({"decision": "approve", "why": "x", "amounts": [{"part": "{part}", "amount_fen": 0}]}, 400, "unfit"),
        ({"decision": "approve", "why": "x", "amounts": [{"part": 10**9, "amount_fen": 1}]}, 400, "unfit"),
        (
            {"decision": "approve", "why": "x", "amounts": [{"part": "{part}", "amount_fen": 1}] * 2},
            400,
            "invalid",
        ),
    ],
)
def test_what_does_not_fit_decides_nothing(asking, late, body, status, code):
    part = late.order.courses.get().pk
    if "amounts" in body:
        amounts = [
            {**one, "part": part if one["part"] == "{part}" else one["part"]} for one in body["amounts"]
        ]
        body = {**body, "amounts": amounts}
    answer = decide(asking, late, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    late.refresh_from_db()
    assert (late.status, acts()) == ("asked", [])


def test_nobody_decides_about_their_own(asking, operator, course):
    order = bought(operator, course)
    Order.objects.update(paid_at=clock.now() - timedelta(days=8))
    refund = Refund.objects.create(
        number="R1", order=order, payment=order.payments.get(), cause="asked", amount_fen=0, reason="time"
    )
    answer = decide(asking, refund, decision="refuse", why="x")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_oneself")


def test_a_coupon_is_made_used_paused_and_goes_on(asking, program, stranger, course):
    body = {"title": "新年八折", "audience": "everybody", "off_percent": 20, "most_fen": 1_000}
    answer = send(asking, COUPONS, {**body, "scope": [f"course:{course.pk}"], "most_uses": 5})
    told = answer.json()
    assert (answer.status_code, told["title"], told["scope"], told["most_each"]) == (
        201, "新年八折", [f"course:{course.pk}"], 1
    )  # fmt: skip
    buyer = program(stranger)
    offer = f"/api/v1/offers/course:{course.pk}"
    assert buyer.get(offer).json()["total_fen"] == 8_900
    send(buyer, "/api/v1/me/orders", {"offer": f"course:{course.pk}", "total_fen": 8_900})
    pause = f"{COUPONS}/{told['code']}/pause"
    for _ in range(2):
        paused = asking.put(pause).json()
        assert (paused["paused_at"] is not None, paused["open_uses"]) == (True, 1)
    other = program(make_member("third@test.example"))
    assert other.get(offer).json()["total_fen"] == 9_900
    assert asking.delete(pause).json()["paused_at"] is None
    assert other.get(offer).json()["total_fen"] == 8_900
    (listed,) = asking.get(COUPONS).json()["items"]
    assert (listed["code"], listed["open_uses"], listed["paused_at"]) == (told["code"], 1, None)
    assert acts() == ["coupon.made", "coupon.paused", "coupon.resumed"]
    gone = asking.put(f"{COUPONS}/NOTHING/pause")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_coupon")


def test_codes_are_made_and_the_one_for_everybody_is_told(asking, program, learner, operator):
    mark = make(operator, "凭码", audience="code").mark
    address = f"{COUPONS}/{mark}/codes"
    shared = send(asking, address, {}).json()
    assert (shared["made"], len(shared["shared_code"])) == (1, 10)
    assert send(asking, address, {}).json() == {"made": 0, "shared_code": shared["shared_code"]}
    assert send(asking, address, {"count": 3}).json()["made"] == 3
    entered = send(program(learner), "/api/v1/me/coupons", {"code": shared["shared_code"]})
    assert (entered.status_code, entered.json()["code"]) == (201, mark)
    wrong = send(asking, f"{COUPONS}/{make(operator).mark}/codes", {})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "sale_refused")


@pytest.mark.parametrize(
    ("wrong", "status", "code", "pointer"),
    [
        ({"off_fen": 0}, 422, "sale_refused", "#/off_fen"),
        ({"scope": ["course:999"]}, 422, "sale_refused", "#/scope"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "sale_refused", "#/ends_at"),
        ({"audience": "nobody"}, 400, "invalid", "#/audience"),
        ({"off_percent": 101}, 400, "invalid", "#/off_percent"),
        ({"title": ""}, 400, "invalid", "#/title"),
    ],
)
def test_a_coupon_that_can_not_be_says_where(asking, wrong, status, code, pointer):
    answer = send(asking, COUPONS, {"title": "券", "audience": "everybody", "off_fen": 100, **wrong})
    told = answer.json()
    assert (answer.status_code, told["code"], told["errors"][0]["pointer"]) == (status, code, pointer)
    assert not Coupon.objects.exists()


def test_differences_are_found(asking, order, difference):
    (told,) = asking.get(f"{DIFFERENCES}?state=open").json()["items"]
    assert (told["id"], told["order"], told["day"]) == (
        difference.pk, order.number, yesterday().isoformat()
    )  # fmt: skip
    assert (told["theirs_fen"], told["ours_fen"], told["is_entered"]) == (9_000, 9_900, False)
    for query, count in (
        (f"q={order.number}", 1),
        ("q=PX", 1),
        ("q=other", 0),
        ("state=resolved", 0),
        ("provider=alipay", 0),
        (f"since={yesterday()}&until={yesterday()}", 1),
        (f"since={clock.business_day()}", 0),
    ):
        assert len(asking.get(f"{DIFFERENCES}?{query}").json()["items"]) == count, query
    assert asking.get(f"{DIFFERENCES}?since=yesterday").status_code == 400


def test_who_may_not_on_the_desk_may_not_here(program, agent, learner, creator, order, late, difference):
    coupon = send(program(agent), COUPONS, {})
    assert (coupon.status_code, coupon.json()["code"]) == (403, "not_allowed")
    for address in (ORDERS, f"{ORDERS}/{order.number}", REFUNDS, f"{REFUNDS}/{late.number}"):
        assert program(agent).get(address).status_code == 200
        for nobody in (learner, creator):
            answer = program(nobody).get(address)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), address
    for who in (agent, learner, creator):
        asking = program(who)
        for answer in (
            decide(asking, late, decision="refuse", why="x"),
            decide(asking, late),
            asking.get(COUPONS),
            asking.put(f"{COUPONS}/M/pause"),
            asking.delete(f"{COUPONS}/M/pause"),
            send(asking, f"{COUPONS}/M/codes", {"count": -1}),
            asking.get(DIFFERENCES),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    late.refresh_from_db()
    assert (late.status, acts(), Coupon.objects.count()) == ("asked", [], 0)


def test_staff_without_a_second_factor_wait_here_too(program, operator, order, settings):
    settings.ZHIYUE_STAFF_SECOND_FACTOR = "required"
    answer = program(operator).get(ORDERS)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")


def test_a_token_that_reads_sales_decides_nothing(program, operator, late):
    reader = program(operator, Scope.SALES_READ)
    assert reader.get(f"{REFUNDS}/{late.number}").status_code == 200
    for answer in (decide(reader, late, decision="refuse", why="x"), send(reader, COUPONS, {})):
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    late.refresh_from_db()
    assert late.status == "asked"


def test_lists_cost_as_many_queries_however_long_they_are(
    asking, operator, learner, course, difference, django_assert_max_num_queries
):
    members = [make_member(f"m{n}@test.example") for n in range(5)]
    for n, member in enumerate(members):
        made = bought(member, course)
        Refund.objects.create(number=f"R{n}", order=made, cause="staff", status="done", amount_fen=1)
        make(operator, f"券 {n}", audience="code")
    for address, count in ((ORDERS, 6), (REFUNDS, 5), (COUPONS, 5), (DIFFERENCES, 1)):
        with django_assert_max_num_queries(8):
            assert len(asking.get(address).json()["items"]) == count
    with django_assert_max_num_queries(14):
        assert asking.get(f"{ORDERS}/{made.number}").json()["number"] == made.number
