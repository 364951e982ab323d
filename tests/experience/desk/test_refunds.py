"""Refunds on the desk: what waits first, the rule's reckoning beside the decision, and who may decide."""

from datetime import timedelta
from html import unescape

import pytest

from tests.factories import lesson_of, make_course, make_plan
from tests.product.commerce.test_refunds import asked, bought
from tests.product.commerce.test_standing import buy
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import CourseRefundTerms, Order, OrderCourse, Refund
from zhiyue.product.commerce.refunds.rule import RefundTerms
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.selectors import may_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(learner, course):
    """A refund that staff decide about: its time was over."""
    order = bought(learner, course)
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(days=30))
    return asked(learner, order, 0, words="出差一个月")


def amount_of(refund):
    return f"amount-{refund.order.courses.get().pk}"


def test_what_waits_stands_first_and_is_found(read, desk, late, stranger, django_assert_num_queries):
    done = asked(stranger, bought(stranger, make_course("other", price_fen=4_900)), 4_900)
    pursue()
    page = read("/desk/refunds/")

    assert "1 waits for you. It stands first." in page
    assert page.index(late.number) < page.index(done.number)
    assert "Waits for a decision" in page and "¥49" in page
    for asked_for, shown in (({"status": "done"}, done), ({"q": "learner@test"}, late)):
        page = read("/desk/refunds/", **asked_for)
        assert [one.number in page for one in (late, done)] == [one == shown for one in (late, done)]
    assert "No refund fits" in read("/desk/refunds/", q="nothing like it")
    with django_assert_num_queries(6):
        desk.get("/desk/refunds/")


def test_an_empty_desk_says_so(read):
    page = read("/desk/refunds/")
    assert "Nobody asked for a refund yet" in page and "None waits for you." in page


def test_a_refund_is_decided_beside_the_rules_reckoning(read, desk, late, learner, course):
    page = read(f"/desk/refunds/{late.number}/")
    for words in (
        "出差一个月",
        "I have no time for it",
        "Left of what was paid",
        "¥99",
        "time in which money goes back",
    ):
        assert words in page

    answer = desk.post(f"/desk/refunds/{late.number}/approve/", {amount_of(late): "50.5", "why": "老会员"})

    assert answer["Location"] == f"/desk/refunds/{late.number}/"
    late.refresh_from_db()
    assert (late.status, late.amount_fen, late.decided_why) == ("approved", 5_050, "老会员")
    page = read(f"/desk/refunds/{late.number}/")
    assert "It goes to the provider now." in page and "苏运" in page and 'id="approve"' not in page
    pursue()
    page = read(f"/desk/orders/{late.order.number}/")
    assert f'href="/desk/refunds/{late.number}/"' in page
    assert "A refund was approved: its courses closed" in page and "Gone back of what was sold" in page
    assert "Approved" not in read("/desk/refunds/", status="done").split('id="list"')[1].split("</table>")[0]


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({}, 400, "Fill in how much goes back of at least one course."),
        ({"amount": "99.01"}, 422, "99"),
        ({"amount": "0"}, 422, "0.01"),
        ({"amount": "1.234"}, 422, "2 digits behind the point"),
        ({"amount": "all"}, 422, "number"),
        ({"amount": "5", "why": " "}, 422, "required"),
    ],
)
def test_what_doesnt_fit_decides_nothing(desk, late, typed, status, words):
    told = {
        "why": "x",
        **{amount_of(late) if name == "amount" else name: value for name, value in typed.items()},
    }

    answer = desk.post(f"/desk/refunds/{late.number}/approve/", told)

    assert answer.status_code == status
    assert words in unescape(answer.content.decode())
    late.refresh_from_db()
    assert late.status == "asked"


def test_a_refusal_is_told_and_stands(read, desk, late, learner, course):
    desk.post(f"/desk/refunds/{late.number}/refuse/", {"why": "已过期限"})

    page = read(f"/desk/refunds/{late.number}/")
    assert "Refused. The member reads why." in page and "已过期限" in page
    assert may_open(learner, lesson_of(course, "two")).open
    # Of two tabs the second one finds it decided.
    answer = desk.post(f"/desk/refunds/{late.number}/approve/", {amount_of(late): "1", "why": "x"})
    assert answer.status_code == 409
    assert "This was decided already" in answer.content.decode()
    assert AuditEntry.objects.get(act="refund.refused").why == "已过期限"
    assert "refused the refund" in read("/desk/audit/")


def test_what_failed_is_sent_again_or_paid_by_hand(read, desk, learner, course):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order, 9_900)
    pursue()
    page = read(f"/desk/refunds/{refund.number}/")
    assert "Didn't go through" in page and "Send it again" in page and "Paid out by hand" in page

    answer = desk.post(f"/desk/refunds/{refund.number}/again/", {"why": "银行已恢复"})

    again = Refund.objects.get(again_of=refund)
    assert answer["Location"] == f"/desk/refunds/{again.number}/"
    page = read(f"/desk/refunds/{refund.number}/")
    assert again.number in page and 'id="by-hand"' not in page
    assert desk.post(f"/desk/refunds/{refund.number}/by-hand/", {"why": "x"}).status_code == 409
    assert desk.post(f"/desk/refunds/{refund.number}/burn/", {"why": "x"}).status_code == 404


def test_staff_give_back_from_the_order(read, desk, learner, course):
    order = bought(learner, course)
    assert f'href="/desk/orders/{order.number}/give-back/"' in read(f"/desk/orders/{order.number}/")
    page = read(f"/desk/orders/{order.number}/give-back/")
    assert "What the rule says now" in page and 'value="99' in page

    part = order.courses.get()
    answer = desk.post(
        f"/desk/orders/{order.number}/give-back/", {f"amount-{part.pk}": "99", "why": "电话申请"}
    )

    refund = Refund.objects.get()
    assert answer["Location"] == f"/desk/refunds/{refund.number}/"
    assert (refund.cause, refund.amount_fen) == ("staff", 9_900)
    assert not may_open(learner, lesson_of(course, "two")).open
    answer = desk.post(f"/desk/orders/{order.number}/give-back/", {f"amount-{part.pk}": "1", "why": "x"})
    assert answer.status_code == 400
    assert "under way already" in read(f"/desk/orders/{order.number}/give-back/")


def test_an_order_that_cost_nothing_is_closed(read, desk, learner, course):
    order = bought(learner, course)
    OrderCourse.objects.update(total_fen=0)
    Order.objects.update(total_fen=0)
    part = order.courses.get()
    assert "It cost nothing." in read(f"/desk/orders/{order.number}/give-back/")

    desk.post(f"/desk/orders/{order.number}/give-back/", {f"amount-{part.pk}": "0", "why": "按错了"})

    assert Refund.objects.get().status == "done"
    assert not may_open(learner, lesson_of(course, "two")).open


def test_a_course_gets_terms_of_its_own(read, desk, course):
    page = read("/desk/refunds/terms/")
    assert "Within 7 days of paying" in page and "None: all go by the academy's." in page
    told = {"course": course.pk, "days": "3", "fee_permille": "6", "fee_least": "1.5", "why": "直播课"}

    assert desk.post("/desk/refunds/terms/", told)["Location"] == "/desk/refunds/terms/"

    kept = CourseRefundTerms.objects.get()
    assert RefundTerms(kept.window_days, kept.fee_permille, kept.fee_least_fen) == RefundTerms(3, 6, 150)
    assert "Within 3 days of paying" in read("/desk/refunds/terms/")
    assert "changed the terms of refunds of" in read("/desk/audit/")
    for wrong in ({"days": "-1"}, {"days": "3651"}, {"course": "0"}, {"fee_permille": "1001"}, {"why": ""}):
        assert desk.post("/desk/refunds/terms/", told | wrong).status_code == 422
    desk.post("/desk/refunds/terms/", told | {"days": ""})
    assert not CourseRefundTerms.objects.exists()


def test_who_may_see_refunds_and_who_decides(signed_in, agent, operator, learner, creator, late):
    number, order = late.number, late.order.number
    addresses = (
        f"/desk/refunds/{number}/refuse/",
        f"/desk/orders/{order}/give-back/",
        "/desk/refunds/terms/",
    )
    page = signed_in(agent).get(f"/desk/refunds/{number}/")
    assert page.status_code == 200 and "/refuse/" not in page.content.decode()
    assert "/give-back/" not in signed_in(agent).get(f"/desk/orders/{order}/").content.decode()
    assert "/desk/refunds/terms/" not in signed_in(agent).get("/desk/refunds/").content.decode()
    for one in (agent, learner, creator):
        for address in addresses:
            assert signed_in(one).post(address, {"why": "x"}).status_code == 403
    for one in (learner, creator):
        for address in ("/desk/refunds/", f"/desk/refunds/{number}/"):
            assert signed_in(one).get(address).status_code == 403
    assert signed_in(operator).get("/desk/refunds/R000/").status_code == 404
    late.refresh_from_db()
    assert late.status == "asked"


def test_nobody_decides_about_their_own_on_the_desk_either(desk, operator, course):
    order = bought(operator, course)
    Order.objects.update(paid_at=clock.now() - timedelta(days=30))
    refund = asked(operator, order, 0)

    answer = desk.post(f"/desk/refunds/{refund.number}/approve/", {amount_of(refund): "99", "why": "x"})

    assert answer.status_code == 409
    assert "Nobody decides about a refund of their own" in answer.content.decode()
    refund.refresh_from_db()
    assert refund.status == "asked"


def test_staff_see_what_a_membership_saved(read, learner, course):
    plan = buy(learner, f"plan:{make_plan(months=12, price_fen=36_500, off_percent=20).pk}")
    kept = buy(learner, f"course:{course.pk}")

    page = read(f"/desk/orders/{plan.number}/give-back/")

    assert "<dt>Saved by member prices on what is kept</dt><dd>-¥19.80</dd>" in page
    assert f'href="/desk/orders/{kept.number}/">{course.title}</a> ¥19.80' in page
