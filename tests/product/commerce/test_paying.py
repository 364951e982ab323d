"""An order from its placing to its end: paid once, whatever is told how often and in which order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import override

from tests.factories import lesson_of, make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    NoSuchOrder,
    NotForSale,
    NotProved,
    OrderNotOpen,
    PriceChanged,
    ProviderNotOffered,
)
from zhiyue.product.commerce.models import (
    Entry,
    Order,
    OrderStep,
    Payment,
    Posting,
    ProviderNotice,
    Refund,
    SandboxTrade,
)
from zhiyue.product.commerce.orders import cancel, expire, place
from zhiyue.product.commerce.payments import begin, fulfil, receive, take_in
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.protocol import Told
from zhiyue.product.commerce.pursuing import ask_after, ask_now
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.selectors import enrolled_course_ids, learners_of, may_open, owned_by
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.commerce.shares import shared_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def ordered(user, course, seen_fen=19_900):
    return place(user=user, offer=f"course:{course.pk}", seen_fen=seen_fen, actor=Actor(member_id=user.pk))


def begun(user, order, channel="page"):
    return begin(
        user=user,
        order_number=order.number,
        provider="sandbox",
        channel=channel,
        returns_to="/",
        notify_at="/",
    )


def why(order):
    return list(OrderStep.objects.filter(order=order).values_list("before", "after", "why"))


def books():
    return {one.account: one.amount_fen for one in ledger.balances()}


def test_an_order_keeps_what_it_cost_and_what_it_opens(learner, course):
    order = ordered(learner, course)

    assert (order.status, order.price_fen, order.total_fen) == ("created", 19_900, 19_900)
    assert order.lines == [{"kind": "price", "amount_fen": 19_900, "code": ""}]
    assert list(order.courses.values_list("course_id", "total_fen")) == [(course.pk, 19_900)]
    assert order.expires_at - order.created_at == timedelta(minutes=30)
    assert why(order) == [("", "created", "placed")]
    assert Event.objects.get(name="order.placed").properties == {"order": order.pk, "amount_fen": 19_900}
    assert not may_open(learner, lesson_of(course, "two")).open


def test_a_second_tap_finds_the_first_order(learner, course):
    assert ordered(learner, course) == ordered(learner, course)
    assert OrderStep.objects.count() == 1


def test_another_price_ends_the_order_that_waits(learner, course):
    first = ordered(learner, course)
    course.price_fen = 9_900
    course.save()

    with pytest.raises(PriceChanged):
        ordered(learner, course, seen_fen=19_900)
    second = ordered(learner, course, seen_fen=9_900)

    first.refresh_from_db()
    assert (first.status, second.status, second.total_fen) == ("expired", "created", 9_900)


@pytest.mark.parametrize(
    "offer", ["course:0", "course:x", "course:-1", "coffee:1", "", "course:9999999999999999999"]
)
def test_what_isnt_for_sale_cant_be_ordered(learner, offer):
    with pytest.raises(NotForSale):
        place(user=learner, offer=offer, seen_fen=0, actor=Actor(member_id=learner.pk))
    assert not Order.objects.exists()


def test_a_free_course_or_a_draft_cant_be_ordered(learner, course):
    free = make_course("free")
    course.status = "draft"
    course.save()

    for one in (free, course):
        with pytest.raises(NotForSale):
            ordered(learner, one)


def test_paying_opens_the_course_and_balances_the_books(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    answer = receive("sandbox", sandbox.press(payment.number, "pay"))

    order.refresh_from_db()
    assert (answer.status, answer.body) == (200, "success")
    assert order.status == "paid"
    assert may_open(learner, lesson_of(course, "two")).why == "enrolled"
    assert enrolled_course_ids(learner.pk) == {course.pk}
    assert learners_of([course.pk]) == {course.pk: 1}
    assert [(one.pk, one.source) for one in owned_by(learner.pk)] == [(course.pk, "paid")]
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert why(order)[1:] == [("created", "paid", "paid")]
    assert Event.objects.get(name="order.paid").properties["provider"] == "sandbox"
    enrolled = Event.objects.get(name="course.enrolled")
    assert (enrolled.member_id, enrolled.course_id) == (learner.pk, course.pk)
    assert Job.objects.get(name="commerce.fulfil").subject == f"order:{order.pk}"
    assert fulfil(order.pk)
    assert not fulfil(order.pk)
    order.refresh_from_db()
    assert order.status == "fulfilled"
    assert may_open(learner, lesson_of(course, "two")).open


def test_a_notice_told_again_changes_nothing(learner, course):
    order = ordered(learner, course)
    notice = sandbox.press(begun(learner, order).number, "pay")

    for _ in range(3):
        assert receive("sandbox", notice).status == 200

    assert Entry.objects.count() == 1
    assert ProviderNotice.objects.count() == 1
    assert Event.objects.filter(name="order.paid").count() == 1
    assert [step[2] for step in why(order)] == ["placed", "paid"]


def test_notices_in_the_wrong_order_change_nothing(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    early = sandbox.waiting_notice(payment.number)
    receive("sandbox", sandbox.press(payment.number, "pay"))

    receive("sandbox", early)

    order.refresh_from_db()
    assert order.status == "paid"


def test_a_notice_that_isnt_signed_opens_nothing(learner, course):
    order = ordered(learner, course)
    notice = sandbox.press(begun(learner, order).number, "pay")

    for forged in (
        replace(notice, headers={}),
        replace(notice, headers={sandbox.SIGNATURE: "0" * 64}),
        replace(notice, body=notice.body.replace(b"19900", b"1")),
    ):
        with pytest.raises(NotProved):
            receive("sandbox", forged)

    order.refresh_from_db()
    assert order.status == "created"
    assert not Posting.objects.exists()
    assert not ProviderNotice.objects.exists()


@pytest.mark.parametrize("came_fen", [1, 19_899, 25_000])
def test_a_wrong_amount_pays_nothing_and_goes_back_by_itself(learner, course, came_fen):
    order = ordered(learner, course)
    payment = begun(learner, order)
    SandboxTrade.objects.update(amount_fen=came_fen)
    notice = sandbox.press(payment.number, "pay")

    receive("sandbox", notice)
    receive("sandbox", notice)

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status, payment.amount_fen) == ("created", "paid", came_fen)
    assert not may_open(learner, lesson_of(course, "two")).open
    assert books() == {"receivable:sandbox": came_fen, f"owed:{order.number}": -came_fen}
    assert [step[2] for step in why(order)] == ["placed", "wrong_amount", "paid_too_much"]
    # Nobody asks after it any more, and all of it goes back.
    assert ask_after(now=clock.now() + timedelta(minutes=5)) == 0
    assert pursue() == 1
    assert set(books().values()) == {0} and ledger.unbalanced() == []
    assert SandboxTrade.objects.get().refunds == {Refund.objects.get().number: came_fen}

    # The order is paid by the next try.
    receive("sandbox", sandbox.press(begun(learner, order).number, "pay"))
    order.refresh_from_db()
    assert (order.status, order.refunded_fen, books()["revenue"]) == ("paid", 0, -19_900)


@pytest.mark.parametrize("came_fen", [None, 0, -1, 2**31])
def test_an_amount_that_is_none_enters_nothing(learner, course, came_fen):
    order = ordered(learner, course)
    payment = begun(learner, order)
    told = Told(key="odd", kind="paid", number=payment.number, amount_fen=came_fen, provider_number="T1")

    assert take_in("sandbox", told) == "wrong_amount"

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status, payment.amount_fen) == ("created", "begun", 19_900)
    assert [step[2] for step in why(order)] == ["placed", "wrong_amount"]
    assert not Posting.objects.exists()


def test_money_that_paid_another_payment_pays_nothing(learner, stranger, course):
    """The provider's number of a payment is of one payment only."""
    first, second = ordered(learner, course), ordered(stranger, course)
    receive("sandbox", sandbox.press(begun(learner, first).number, "pay"))
    notice = sandbox.press(begun(stranger, second).number, "pay")
    taken = Payment.objects.get(order=first)
    told = replace(sandbox.Sandbox().read(notice), provider_number=taken.provider_number)
    before = books()

    assert [take_in("sandbox", told), take_in("sandbox", told)] == ["number_of_another"] * 2

    second.refresh_from_db()
    assert (second.status, Payment.objects.get(order=second).status) == ("created", "begun")
    assert [step[2] for step in why(second)] == ["placed", "number_of_another"]
    assert books() == before and not may_open(stranger, lesson_of(course, "two")).open
    assert ProviderNotice.objects.get(payment__order=second).outcome == "number_of_another"


def test_a_notice_of_a_payment_nobody_began_is_kept_and_opens_nothing(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    notice = sandbox.press(payment.number, "pay")
    Payment.objects.all().delete()

    assert receive("sandbox", notice).status == 200
    assert ProviderNotice.objects.get().outcome == "no_such_payment"
    assert not Posting.objects.exists()


def test_a_word_about_a_payment_that_comes_to_be_known_is_judged_anew(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    notice = sandbox.press(payment.number, "pay")
    Payment.objects.filter(pk=payment.pk).update(number="P-unheard-of")
    assert (receive("sandbox", notice).status, receive("sandbox", notice).status) == (200, 200)
    assert ProviderNotice.objects.get().outcome == "no_such_payment"

    Payment.objects.filter(pk=payment.pk).update(number=payment.number)
    receive("sandbox", notice)
    order.refresh_from_db()
    assert order.status == "paid"
    assert [one.outcome for one in ProviderNotice.objects.order_by("pk")] == ["no_such_payment", "paid"]


def test_a_failed_payment_leaves_the_order_open_for_another(learner, course):
    order = ordered(learner, course)
    first = begun(learner, order)
    receive("sandbox", sandbox.press(first.number, "fail"))
    second = begun(learner, order)
    receive("sandbox", sandbox.press(second.number, "pay"))

    order.refresh_from_db()
    first.refresh_from_db()
    assert (first.status, order.status) == ("failed", "paid")
    assert [step[2] for step in why(order)] == ["placed", "payment_failed", "paid"]


def test_an_order_paid_twice_owes_the_second_back(learner, course):
    order = ordered(learner, course)
    both = [begun(learner, order), begun(learner, order, channel="qr")]
    for payment in both:
        receive("sandbox", sandbox.press(payment.number, "pay"))

    assert books() == {
        f"owed:{order.number}": -19_900,
        "receivable:sandbox": 39_800,
        "revenue": -19_900,
    }
    assert [step[2] for step in why(order)] == ["placed", "paid", "paid_too_much"]


def test_a_notice_that_never_comes_is_asked_for(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    notice = sandbox.press(payment.number, "pay")

    assert ask_after() == 0
    assert ask_after(now=clock.now() + timedelta(seconds=30)) == 1

    order.refresh_from_db()
    assert order.status == "paid"
    receive("sandbox", notice)
    assert Entry.objects.count() == 1


def test_an_order_that_wasnt_paid_in_time_expires_and_late_money_still_pays_it(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    notice = sandbox.press(payment.number, "pay")

    assert expire() == 0
    assert expire(now=clock.now() + timedelta(minutes=31)) == 1
    order.refresh_from_db()
    assert order.status == "expired"
    receive("sandbox", notice)

    order.refresh_from_db()
    assert order.status == "paid"
    assert may_open(learner, lesson_of(course, "two")).open


def test_a_cancelled_order_cant_be_begun_to_pay(learner, course):
    order = ordered(learner, course)
    actor = Actor(member_id=learner.pk)

    assert cancel(user=learner, number=order.number, actor=actor).status == "closed"
    assert cancel(user=learner, number=order.number, actor=actor).status == "closed"

    with pytest.raises(OrderNotOpen):
        begun(learner, order)
    assert ordered(learner, course).number != order.number


def test_what_is_mine_cant_be_ordered_again(learner, course):
    order = ordered(learner, course)
    receive("sandbox", sandbox.press(begun(learner, order).number, "pay"))

    with pytest.raises(AlreadyOwned):
        ordered(learner, course)
    with pytest.raises(OrderNotOpen):
        cancel(user=learner, number=order.number, actor=Actor(member_id=learner.pk))


def test_a_stranger_neither_pays_nor_cancels_my_order(learner, stranger, course):
    order = ordered(learner, course)

    with pytest.raises(NoSuchOrder) as refused:
        begun(stranger, order)
    with override("zh-hans"):
        assert str(refused.value.message) == "没有这个订单。"
    with pytest.raises(NoSuchOrder):
        cancel(user=stranger, number=order.number, actor=Actor(member_id=stranger.pk))
    assert not Payment.objects.exists()


def test_a_provider_that_isnt_set_takes_nothing(learner, course, settings):
    order = ordered(learner, course)
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    with pytest.raises(ProviderNotOffered):
        begun(learner, order)
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["sandbox"]
    with pytest.raises(ProviderNotOffered):
        begun(learner, order, channel="pigeon")
    assert not Payment.objects.exists()


def test_what_was_bought_and_given_counts_once(learner, course):
    other = make_member("other@test.example", "小何")
    for one in (learner, other):
        receive("sandbox", sandbox.press(begun(one, ordered(one, course)).number, "pay"))
    grant_course(user=learner, course=course)

    assert learners_of([course.pk]) == {course.pk: 2}
    assert [one.source for one in owned_by(learner.pk)] == ["granted"]


def test_books_refuse_what_doesnt_balance():
    with pytest.raises(ValueError, match="balance"):
        ledger.post("x", kind="paid", order=None, postings={"a": 1})
    with pytest.raises(ValueError, match="nothing"):
        ledger.post("x", kind="paid", order=None, postings={"a": 1, "b": -1, "c": 0})
    assert not Entry.objects.exists()


def test_an_entry_is_written_once():
    postings = {"a": 1, "b": -1}

    assert ledger.post("x", kind="paid", order=None, postings=postings)
    assert not ledger.post("x", kind="paid", order=None, postings=postings)
    assert ledger.balances() == [ledger.Balance("a", 1), ledger.Balance("b", -1)]
    assert Posting.objects.count() == 2
    assert ledger.unbalanced() == []


@pytest.mark.parametrize("model", [OrderStep, Entry, Posting, ProviderNotice])
def test_what_was_written_of_money_stays(learner, course, model):
    receive("sandbox", sandbox.press(begun(learner, ordered(learner, course)).number, "pay"))

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.all().update(id=F("id"))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.all()._raw_delete("default")


def test_an_order_takes_no_way_that_isnt_in_the_table(learner, course):
    order = ordered(learner, course)

    with pytest.raises(journal.NoSuchMove):
        journal.move(order, Order.Status.REFUNDED, why="by_mistake")
    assert OrderStep.objects.count() == 1


def test_an_amount_is_shared_to_the_fen():
    assert shared_out(100, {1: 1, 2: 1, 3: 1}) == {1: 34, 2: 33, 3: 33}
    assert shared_out(0, {1: 5}) == {1: 0}


def test_a_page_that_waits_asks_every_few_seconds_at_most(learner, course, monkeypatch):
    order = ordered(learner, course)
    payment = begun(learner, order)
    asked = []
    monkeypatch.setattr(
        sandbox.Sandbox, "ask", lambda _, number: asked.append(number) or sandbox.Sandbox.read(_, notice)
    )
    notice = sandbox.waiting_notice(payment.number)
    start = payment.begun_at
    for seconds in (1, 4, 5, 6, 9, 10, 12):
        assert not ask_now(learner, order.number, now=start + timedelta(seconds=seconds))

    assert asked == [payment.number] * 2
    assert ask_after(now=start + timedelta(seconds=60)) == 0
    assert len(asked) == 2


def test_asking_now_settles_what_was_paid_and_no_strangers_order(learner, stranger, course):
    order = ordered(learner, course)
    sandbox.press(begun(learner, order).number, "pay")
    later = clock.now() + timedelta(seconds=10)

    assert not ask_now(stranger, order.number, now=later)
    order.refresh_from_db()
    assert order.status == "created"
    assert ask_now(learner, order.number, now=later)
    assert not ask_now(learner, order.number, now=later + timedelta(seconds=10))
    order.refresh_from_db()
    assert order.status == "paid"


def test_payments_at_a_provider_who_is_offered_no_more_are_left_alone(learner, course, settings):
    order = ordered(learner, course)
    payment = begun(learner, order)
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    assert ask_after(now=clock.now() + timedelta(minutes=5)) == 0
    assert not ask_now(learner, order.number, now=clock.now() + timedelta(minutes=9))
    payment.refresh_from_db()
    assert payment.status == "begun"
