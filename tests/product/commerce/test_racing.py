"""Two taps, tabs, devices and workers at the same moment: one order, paid once."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from tests.factories import make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.jobs.models import Job
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Entry, Order, OrderStep, ProviderNotice
from zhiyue.product.commerce.orders import cancel, expire, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.pursuing import ask_after

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 6


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def together(*acts: Callable[[], object]) -> list[object]:
    """What those get who do these things at the same moment; a refusal is what it raises."""
    answers: list[object] = [None] * len(acts)
    gate = Barrier(len(acts))

    def do(n: int) -> None:
        gate.wait()
        try:
            answers[n] = acts[n]()
        except Exception as refused:
            answers[n] = refused
        finally:
            connection.close()

    threads = [Thread(target=do, args=[n]) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def ordered(user, course):
    return place(user=user, offer=f"course:{course.pk}", seen_fen=19_900, actor=Actor(member_id=user.pk))


def begun(user, order, channel="page"):
    return begin(
        user=user,
        order_number=order.number,
        provider="sandbox",
        channel=channel,
        returns_to="/",
        notify_at="/",
    )


def test_many_taps_place_one_order(learner, course):
    found = together(*[lambda: ordered(learner, course)] * AT_ONCE)

    assert {one.pk for one in found} == {Order.objects.get().pk}
    assert OrderStep.objects.count() == 1


def test_many_taps_begin_one_payment(learner, course):
    order = ordered(learner, course)

    found = together(*[lambda: begun(learner, order)] * AT_ONCE)

    assert len({one.number for one in found}) == 1


def test_a_notice_told_by_many_at_once_pays_once(learner, course):
    order = ordered(learner, course)
    notice = sandbox.press(begun(learner, order).number, "pay")

    found = together(*[lambda: receive("sandbox", notice).status] * AT_ONCE)

    assert found == [200] * AT_ONCE
    order.refresh_from_db()
    assert order.status == "paid"
    assert (Entry.objects.count(), ProviderNotice.objects.count()) == (1, 1)
    assert Event.objects.filter(name="order.paid").count() == 1
    assert Job.objects.filter(name="commerce.fulfil").count() == 1


def test_two_payments_at_once_pay_once_and_owe_the_other_back(learner, course):
    order = ordered(learner, course)
    notices = [sandbox.press(begun(learner, order, way).number, "pay") for way in ("page", "qr")]

    together(*[lambda notice=notice: receive("sandbox", notice) for notice in notices])

    books = {one.account: one.amount_fen for one in ledger.balances()}
    assert books == {"receivable:sandbox": 39_800, "revenue": -19_900, f"owed:{order.number}": -19_900}
    assert sorted(OrderStep.objects.values_list("why", flat=True)) == ["paid", "paid_too_much", "placed"]


def test_money_cancelling_expiring_and_asking_at_once_end_in_one_way(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    notice = sandbox.press(payment.number, "pay")
    after = order.expires_at

    together(
        lambda: receive("sandbox", notice),
        lambda: cancel(user=learner, number=order.number, actor=Actor(member_id=learner.pk)),
        lambda: expire(now=after),
        lambda: ask_after(now=after),
    )

    order.refresh_from_db()
    assert order.status == "paid"
    assert Entry.objects.get().key == f"paid:{payment.number}"
    assert OrderStep.objects.filter(why="paid").count() == 1
