"""Learners, staff and workers at the same moment: one decision, and the money back once."""

from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_course, make_member, make_plan
from tests.product.commerce.test_racing import AT_ONCE, together
from tests.product.commerce.test_refunds import asked, books, bought
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.errors import RefundDecided
from zhiyue.product.commerce.models import (
    Entry,
    LessonOpening,
    Order,
    OrderStep,
    ProviderNotice,
    Refund,
    SandboxTrade,
)
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.protocol import Told
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.deciding import (
    approve,
    give_back,
    refuse,
    send_again,
    settle_by_hand,
)
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue, send, take_in
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


@pytest.fixture
def staff(operator):
    other = make_member("other@test.example", "同事")
    return [Viewer(user=one, visitor=None, roles=frozenset({"operator"})) for one in (operator, other)]


def late(user, course):
    order = bought(user, course)
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(days=30))
    order.refresh_from_db()
    return order, asked(user, order, 0)


def test_many_taps_ask_once(learner, course):
    order = bought(learner, course)

    found = together(*[lambda: asked(learner, order)] * AT_ONCE)

    assert {one.pk for one in found} == {Refund.objects.get().pk}
    assert OrderStep.objects.filter(why="refund_approved").count() == 1


def test_two_of_the_staff_decide_once(learner, course, staff):
    order, refund = late(learner, course)
    part = order.courses.get()
    one, other = staff

    found = together(
        lambda: approve(viewer=one, number=refund.number, amounts={part.pk: 5_000}, why="x"),
        lambda: approve(viewer=other, number=refund.number, amounts={part.pk: 9_000}, why="x"),
        lambda: refuse(viewer=one, number=refund.number, why="x"),
        lambda: refuse(viewer=other, number=refund.number, why="x"),
    )

    assert sum(isinstance(answer, RefundDecided) for answer in found) == 3
    assert AuditEntry.objects.count() == 1
    assert OutgoingMessage.objects.count() == 1
    decided = next(answer for answer in found if isinstance(answer, Refund))
    pursue()
    gone = decided.amount_fen if decided.status == "approved" else 0
    assert books().get("refunds", 0) == gone


def test_a_learner_and_staff_at_once_give_back_once(learner, course, staff):
    order = bought(learner, course)
    part = order.courses.get()

    together(
        lambda: asked(learner, order),
        lambda: give_back(viewer=staff[0], order_number=order.number, amounts={part.pk: 19_900}, why="x"),
        lambda: give_back(viewer=staff[1], order_number=order.number, amounts={part.pk: 19_900}, why="x"),
        lambda: asked(learner, order),
    )

    assert Refund.objects.count() == 1
    pursue()
    assert books() == {"revenue": -19_900, "refunds": 19_900}
    assert OrderStep.objects.filter(why="refunded").count() == 1


def test_many_workers_send_it_once(learner, course):
    order = bought(learner, course)
    refund = asked(learner, order)
    now = clock.now()

    together(*[lambda: send(refund.pk, now=now), lambda: pursue(now=now)] * (AT_ONCE // 2))

    refund.refresh_from_db()
    assert (refund.status, refund.tries) == ("done", 1)
    assert SandboxTrade.objects.get().refunds == {refund.number: 19_900}
    assert books() == {"revenue": -19_900, "refunds": 19_900}
    assert Entry.objects.filter(kind="refunded").count() == 1
    assert ProviderNotice.objects.filter(kind="refunded").count() == 1


def test_what_failed_goes_back_once_whoever_sends_it_again_or_pays_it_out(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()

    together(
        lambda: send_again(viewer=staff[0], number=refund.number, why="x"),
        lambda: send_again(viewer=staff[1], number=refund.number, why="x"),
        lambda: settle_by_hand(viewer=staff[0], number=refund.number, why="x"),
        lambda: settle_by_hand(viewer=staff[1], number=refund.number, why="x"),
    )

    pursue(now=clock.now() + timedelta(minutes=1))
    assert books()["refunds"] == 19_900
    assert AuditEntry.objects.count() == 1
    order.refresh_from_db()
    assert order.refunded_fen == 19_900


def test_money_that_came_twice_at_once_goes_back_once(learner, course):
    actor = Actor(member_id=learner.pk)
    order = place(user=learner, offer=f"course:{course.pk}", seen_fen=19_900, actor=actor)
    ways = {"provider": "sandbox", "returns_to": "/", "notify_at": "/"}
    both = [begin(user=learner, order_number=order.number, channel=one, **ways) for one in ("page", "qr")]
    notices = [sandbox.press(payment.number, "pay") for payment in both]

    together(*[lambda notice=notice: receive("sandbox", notice) for notice in notices * 3])
    together(pursue, pursue, pursue)

    assert Refund.objects.get().status == "done"
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}


def test_a_lesson_is_opened_or_its_money_goes_back_never_both(learner, course):
    order = bought(learner, course)
    actor = Actor(member_id=learner.pk)
    lessons = [lesson_of(course, slug) for slug in ("two", "three")]

    together(
        lambda: asked(learner, order),
        *[
            lambda lesson=lesson: open_lesson(user=learner, actor=actor, lesson=lesson)
            for lesson in lessons * 2
        ],
    )

    # Either the whole went back and nothing was opened, or the amount that was seen isn't true any more.
    if Refund.objects.exists():
        assert (Refund.objects.get().amount_fen, LessonOpening.objects.count()) == (19_900, 0)
    else:
        assert LessonOpening.objects.count() == 2


@pytest.mark.parametrize("_", range(3))
def test_what_is_left_of_a_membership_is_given_back_or_taken_off_never_both(learner, _):
    month, year = make_plan(price_fen=3_100), make_plan("年", months=12, price_fen=30_000)
    actor, ways = Actor(member_id=learner.pk), {"provider": "sandbox", "returns_to": "/", "notify_at": "/"}

    def ordered(plan):
        seen = checkout_of(learner, f"plan:{plan.pk}").price.total_fen
        return place(user=learner, offer=f"plan:{plan.pk}", seen_fen=seen, actor=actor)

    def begun(order):
        payment = begin(user=learner, order_number=order.number, channel="page", **ways)
        return sandbox.press(payment.number, "pay")

    first = ordered(month)
    receive("sandbox", begun(first))
    second = ordered(year)
    notice = begun(second)
    seen = refund_of(learner, first.number).parts[0].by_rule_fen
    told = {"reason": "time", "actor": actor, "course_ids": [], "seen_fen": seen}

    together(
        lambda: receive("sandbox", notice),
        lambda: ask(user=learner, order_number=first.number, **told),
    )

    second.refresh_from_db()
    went_back = Refund.objects.filter(order=first).exists()
    assert went_back != (second.status == "paid")


def test_a_worker_and_the_word_of_the_first_never_lose_money(learner, course, staff):
    """What was sent again goes twice at most once, and then the books say so."""
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()
    again = send_again(viewer=staff[0], number=refund.number, why="x")
    now = clock.now()
    word = Told(key="late", kind="refunded", number=refund.number, amount_fen=19_900)

    found = together(lambda: take_in("sandbox", word), *[lambda: send(again.pk, now=now)] * 3)

    assert not [one for one in found if isinstance(one, Exception)]
    again.refresh_from_db()
    order.refresh_from_db()
    went = 1 + SandboxTrade.objects.get().refunds.get(again.number, 0) // 19_900
    assert (again.status, went) in (("refused", 1), ("done", 2))
    assert books()["refunds"] == 19_900 * went
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
