"""A refund from the asking to the provider's word: the exact amount, once, and the courses closed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import lesson_of, make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import AmountChanged, NoSuchOrder, NothingGoesBack
from zhiyue.product.commerce.models import (
    CourseRefundTerms,
    Entry,
    Order,
    OrderCourse,
    OrderStep,
    Payment,
    ProviderNotice,
    Refund,
    SandboxTrade,
)
from zhiyue.product.commerce.orders import expire, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.protocol import GivenBack
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue, take_in
from zhiyue.product.commerce.selectors import may_open, refunded_course_ids
from zhiyue.product.commerce.waits import wait_after
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def bought(user, course, *, refund_way="at_once"):
    actor = Actor(member_id=user.pk)
    order = place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)
    pay(user, order, refund_way=refund_way)
    order.refresh_from_db()
    return order


def pay(user, order, *, channel="page", refund_way="at_once"):
    ways = {"provider": "sandbox", "channel": channel, "returns_to": "/", "notify_at": "https://a.example/n/"}
    payment = begin(user=user, order_number=order.number, **ways)
    receive("sandbox", sandbox.press(payment.number, "pay", refund_way=refund_way))
    return payment


def asked(user, order, seen_fen=19_900, **more):
    course_ids = more.pop("course_ids", [part.course_id for part in order.courses.all()])
    told = {"reason": "time", "actor": Actor(member_id=user.pk), **more}
    return ask(user=user, order_number=order.number, course_ids=course_ids, seen_fen=seen_fen, **told)


def read(user, course, *slugs):
    for slug in slugs:
        open_lesson(user=user, actor=Actor(member_id=user.pk), lesson=lesson_of(course, slug))


def books():
    return {one.account: one.amount_fen for one in ledger.balances() if one.amount_fen}


def why(order):
    return list(OrderStep.objects.filter(order=order).order_by("pk").values_list("why", flat=True))


def mails():
    return list(OutgoingMessage.objects.order_by("pk").values_list("subject", flat=True))


def test_the_member_sees_the_exact_amount_and_why(learner, course):
    order = bought(learner, course)
    read(learner, course, "two")

    found = refund_of(learner, order.number)

    # Of `two`, `three` and the announced `four` one was opened: a third of 199 yuan is kept, rounded up.
    one = found.parts[0]
    assert found.closed_to == ""
    assert [(line.kind, line.amount_fen, line.count, line.of) for line in one.reckoning.lines] == [
        ("paid", 19_900, 0, 0),
        ("lessons", -6_634, 1, 3),
    ]
    assert (one.by_rule_fen, one.why_not, one.left_fen) == (13_266, "", 19_900)
    assert one.until == order.paid_at + timedelta(days=7)
    late = refund_of(learner, order.number, now=order.paid_at + timedelta(days=7)).parts[0]
    assert (late.by_rule_fen, late.why_not, late.left_fen) == (0, "too_late", 19_900)


def test_within_the_rule_it_is_approved_at_once_and_closes_the_course(learner, course):
    order = bought(learner, course)
    read(learner, course, "two")
    refund = asked(learner, order, 13_266, words="  没有  时间 ")

    assert (refund.status, refund.amount_fen, refund.is_by_rule) == ("approved", 13_266, True)
    assert (refund.decided_by, refund.words, refund.number[0]) == (None, "没有 时间", "R")
    assert not may_open(learner, lesson_of(course, "two")).open
    assert may_open(learner, lesson_of(course, "one")).open
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("paid", 0)
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert Job.objects.get(name="commerce.send_refund").kwargs == {"refund_id": refund.pk}
    told = Event.objects.get(name="order.refund_asked")
    assert told.properties == {"order": order.pk, "amount_fen": 13_266, "reason": "time"}
    assert mails() == ["《课程 stats》的 ¥132.66 将退还给你"]


def test_the_provider_is_asked_and_its_word_ends_it(learner, course):
    order = bought(learner, course)
    read(learner, course, "two")
    refund = asked(learner, order, 13_266)

    assert pursue() == 1
    assert pursue(now=clock.now() + timedelta(days=1)) == 0

    order.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.status, refund.tries, refund.provider_number) == (
        "done", 1, SandboxTrade.objects.get().provider_number,
    )  # fmt: skip
    assert (order.status, order.refunded_fen) == ("partly_refunded", 13_266)
    assert books() == {"receivable:sandbox": 6_634, "revenue": -19_900, "refunds": 13_266}
    assert Entry.objects.get(kind="refunded").key == f"refunded:{refund.number}"
    assert why(order) == ["placed", "paid", "refund_asked", "refund_approved", "refunded"]
    assert SandboxTrade.objects.get().refunds == {refund.number: 13_266}
    told = Event.objects.get(name="order.refunded")
    assert (told.course_id, told.properties) == (course.pk, {"order": order.pk, "amount_fen": 13_266})
    long_ago = clock.now() - timedelta(days=1)
    assert refunded_course_ids(learner.pk, since=long_ago, until=clock.now()) == {course.pk}
    assert mails()[1:] == ["《课程 stats》的 ¥132.66 已退还给你"]
    assert not may_open(learner, lesson_of(course, "three")).open


def test_what_wasnt_opened_goes_back_whole(learner, course):
    order = bought(learner, course)
    asked(learner, order)
    pursue()

    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    assert books() == {"revenue": -19_900, "refunds": 19_900}


def test_who_bought_again_after_a_refund_begins_anew(learner, course):
    first = bought(learner, course)
    read(learner, course, "two")
    asked(learner, first, 13_266)
    pursue()

    second = bought(learner, course)

    assert refund_of(learner, second.number).parts[0].by_rule_fen == 19_900
    read(learner, course, "two", "three")
    assert refund_of(learner, second.number).parts[0].by_rule_fen == 19_900 // 3


def test_a_second_tap_finds_the_first_refund(learner, course):
    order = bought(learner, course)
    assert asked(learner, order) == asked(learner, order, 0)
    assert Refund.objects.count() == 1

    pursue()
    with pytest.raises(NothingGoesBack):
        asked(learner, order)
    assert Refund.objects.count() == 1


def test_another_amount_than_was_seen_asks_for_nothing(learner, course):
    order = bought(learner, course)
    read(learner, course, "two")

    with pytest.raises(AmountChanged):
        asked(learner, order, 19_900)
    assert not Refund.objects.exists()
    assert may_open(learner, lesson_of(course, "three")).open


@pytest.mark.parametrize(
    "wrong", [{"reason": "coffee"}, {"course_ids": []}, {"course_ids": [0]}, {"words": "x" * 301}]
)
def test_what_doesnt_fit_asks_for_nothing(learner, course, wrong):
    order = bought(learner, course)
    with pytest.raises(Unfit):
        asked(learner, order, **wrong)
    assert not Refund.objects.exists()


def test_nobody_elses_order_and_none_that_wasnt_paid(learner, stranger, course):
    order = bought(learner, course)
    waiting = place(
        user=stranger, offer=f"course:{course.pk}", seen_fen=19_900, actor=Actor(member_id=stranger.pk)
    )

    for refused in (lambda: asked(stranger, order), lambda: refund_of(stranger, order.number)):
        with pytest.raises(NoSuchOrder):
            refused()
    with pytest.raises(NothingGoesBack):
        asked(stranger, waiting)
    assert not Refund.objects.exists()


def test_beyond_the_rule_it_waits_for_staff_and_stays_open(learner, course):
    order = bought(learner, course)
    Order.objects.update(paid_at=clock.now() - timedelta(days=8))

    refund = asked(learner, order, 0)

    assert (refund.status, refund.amount_fen, refund.is_by_rule) == ("asked", 0, False)
    assert may_open(learner, lesson_of(course, "two")).open
    assert not Job.objects.filter(name="commerce.send_refund").exists()
    assert (mails(), pursue()) == ([], 0)


def test_the_terms_of_its_day_hold(learner, course, settings):
    order = bought(learner, course)
    CourseRefundTerms.objects.create(course=course, window_days=0)
    settings.ZHIYUE_REFUND_FEE_PERMILLE = 500
    assert refund_of(learner, order.number).parts[0].by_rule_fen == 19_900

    # One that was ordered before any were kept goes by those of now.
    OrderCourse.objects.update(refund_terms={})
    assert refund_of(learner, order.number).parts[0].why_not == "no_refunds"
    CourseRefundTerms.objects.all().delete()
    assert refund_of(learner, order.number).parts[0].by_rule_fen == 9_950


def test_money_that_came_twice_goes_back_by_itself(learner, course):
    actor = Actor(member_id=learner.pk)
    order = place(user=learner, offer=f"course:{course.pk}", seen_fen=19_900, actor=actor)
    ways = {"provider": "sandbox", "returns_to": "/", "notify_at": "/"}
    both = [begin(user=learner, order_number=order.number, channel=one, **ways) for one in ("page", "qr")]
    for payment in both:
        receive("sandbox", sandbox.press(payment.number, "pay"))
    assert books() == {"receivable:sandbox": 39_800, "revenue": -19_900, f"owed:{order.number}": -19_900}
    assert Refund.objects.get().payment == both[1]

    assert pursue() == 1

    order.refresh_from_db()
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert (order.status, order.refunded_fen) == ("paid", 0)
    assert may_open(learner, lesson_of(course, "two")).open
    assert why(order) == ["placed", "paid", "paid_too_much", "owed_back"]
    assert len(mails()) == 2
    # What the order itself cost is another matter.
    asked(learner, order)
    pursue()
    assert books() == {"revenue": -19_900, "refunds": 19_900}
    assert {one.payment_id for one in Refund.objects.all()} == {one.pk for one in both}


def test_late_money_for_what_is_mine_already_goes_back(learner, course):
    actor = Actor(member_id=learner.pk)
    first = place(user=learner, offer=f"course:{course.pk}", seen_fen=19_900, actor=actor)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    notice = sandbox.press(begin(user=learner, order_number=first.number, **ways).number, "pay")
    expire(now=clock.now() + timedelta(minutes=31))
    second = bought(learner, course)
    receive("sandbox", notice)
    pursue()

    first.refresh_from_db()
    assert (first.status, second.status) == ("expired", "paid")
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert Refund.objects.get().status == "done"


def test_a_slow_provider_is_asked_ever_more_rarely(learner, course):
    order = bought(learner, course, refund_way="slowly")
    refund = asked(learner, order)
    now = clock.now()

    assert pursue(now=now) == 1
    refund.refresh_from_db()
    assert (refund.status, refund.due_at) == ("sent", now + timedelta(seconds=20))
    assert pursue(now=now + timedelta(seconds=19)) == 0
    assert pursue(now=now + timedelta(seconds=20)) == 1
    refund.refresh_from_db()
    assert refund.due_at == now + timedelta(seconds=20 + 40)
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    trade = SandboxTrade.objects.get()
    trade.refunds_at = {refund.number: now.isoformat()}
    trade.save()

    assert pursue(now=now + timedelta(seconds=60)) == 1
    refund.refresh_from_db()
    assert refund.status == "done"
    assert list(ProviderNotice.objects.order_by("pk").values_list("kind", "outcome"))[1:] == [
        ("refunding", "on_its_way"),
        ("refunded", "refunded"),
    ]
    assert [wait_after(n).total_seconds() for n in (0, 1, 5, 20)] == [20, 40, 640, 21_600]


def test_a_provider_that_cant_be_had_is_asked_again_by_the_same_number(learner, course, settings):
    order = bought(learner, course)
    refund = asked(learner, order)
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    now = clock.now()

    assert pursue(now=now) == 0
    refund.refresh_from_db()
    assert (refund.status, bool(refund.fault)) == ("sent", True)
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["sandbox"]
    assert pursue(now=now + timedelta(seconds=20)) == 1

    refund.refresh_from_db()
    assert (refund.status, refund.fault, refund.tries) == ("done", "", 2)
    assert SandboxTrade.objects.get().refunds == {refund.number: 19_900}


def test_what_a_provider_tells_of_a_refund_counts_once_and_only_in_its_amount(learner, course):
    order = bought(learner, course)
    refund = asked(learner, order)
    payment = Payment.objects.get()
    wanted = GivenBack(payment.number, "", refund.number, 19_900, 19_900, "", "")
    told = sandbox.Sandbox().give_back(wanted)
    assert take_in("sandbox", replace(told, key="a", amount_fen=1)) == "wrong_amount"
    assert take_in("sandbox", replace(told, key="b", number="R0")) == "no_such_refund"
    assert take_in("alipay", replace(told, key="c")) == "no_such_refund"
    assert take_in("sandbox", told) == "refunded"
    assert take_in("sandbox", told) == "refunded"
    assert take_in("sandbox", replace(told, key="d")) == "refunded_before"
    assert take_in("sandbox", replace(told, key="e", kind="refund_failed")) == "settled_before"
    assert take_in("sandbox", replace(told, key="f", kind="refunding")) == "settled_before"

    order.refresh_from_db()
    assert order.refunded_fen == 19_900
    assert Entry.objects.filter(kind="refunded").count() == 1
    assert Event.objects.filter(name="order.refunded").count() == 1


def test_the_database_keeps_one_refund_under_way_and_one_of_what_is_owed(learner, course):
    order = bought(learner, course)
    refund = asked(learner, order)

    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.create(number="R1", order=order, cause="staff", status="asked", amount_fen=1)
    owed = {"order": order, "payment": refund.payment, "cause": "owed", "status": "done", "amount_fen": 1}
    Refund.objects.create(number="R2", **owed)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.create(number="R3", **owed)


def test_the_bill_of_a_day_holds_what_went_back(learner, course):
    order = bought(learner, course)
    refund = asked(learner, order)
    pursue()

    lines = list(sandbox.Sandbox().bill(clock.business_day()))
    assert [(one.amount_fen, one.refund_number) for one in lines] == [(19_900, ""), (-19_900, refund.number)]
