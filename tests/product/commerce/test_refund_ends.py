"""The far ends of a refund: a provider that refuses for good, and one that says yes after it had said no."""

from datetime import timedelta

import pytest
from django.db import connection

from tests.factories import lesson_of, make_course
from tests.product.commerce.test_refunds import asked, books, bought
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.books import gone_twice
from zhiyue.product.commerce.errors import ProviderUnreachable, RefundDecided
from zhiyue.product.commerce.models import Order, OrderStep, Refund
from zhiyue.product.commerce.providers.protocol import Told
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.refunds.book import waiting_count
from zhiyue.product.commerce.refunds.deciding import send_again, settle_by_hand
from zhiyue.product.commerce.refunds.reckoning import reckoned
from zhiyue.product.commerce.refunds.sending import MOST_TRIES, pursue, take_in
from zhiyue.product.commerce.selectors import may_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


@pytest.fixture
def staff(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


def refused(*_):
    raise ProviderUnreachable("ACQ.TRADE_HAS_FINISHED")


def tried(refund, times):
    """As if the worker had come by whenever it is due."""
    for _ in range(times):
        refund.refresh_from_db()
        pursue(now=max(refund.due_at, clock.now()))
    refund.refresh_from_db()
    return refund


def through(refund, key="late"):
    told = Told(key=key, kind="refunded", number=refund.number, amount_fen=refund.amount_fen)
    return take_in("sandbox", told)


def steps(order):
    return list(OrderStep.objects.filter(order=order).values_list("why", flat=True))


def test_what_a_provider_refuses_for_good_fails_and_can_be_paid_by_hand(
    learner,
    course,
    staff,
    monkeypatch,
):
    order = bought(learner, course)
    refund = asked(learner, order)
    monkeypatch.setattr(Sandbox, "give_back", refused)
    assert tried(refund, MOST_TRIES - 1).status == "sent"
    assert tried(refund, 1).status == "failed"
    assert (refund.tries, refund.fault) == (MOST_TRIES, "ACQ.TRADE_HAS_FINISHED")
    settle_by_hand(viewer=staff, number=refund.number, why="已转账")
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)


def test_while_a_provider_can_not_be_asked_nothing_is_given_up(learner, course, monkeypatch):
    refund = asked(learner, bought(learner, course))
    monkeypatch.setattr(Sandbox, "give_back", refused)
    monkeypatch.setattr(Sandbox, "ask_refund", refused)
    assert tried(refund, MOST_TRIES + 3).status == "sent"


def test_money_that_left_after_staff_paid_it_out_stands_in_the_books(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()
    settle_by_hand(viewer=staff, number=refund.number, why="已转账")
    assert [through(refund), through(refund, key="later")] == ["refunded_after_all", "refunded_after_all"]
    assert books() == {"by_hand": -19_900, "refunds": 39_800, "revenue": -19_900}
    assert steps(order).count("refunded_after_all") == 1
    order.refresh_from_db()
    assert order.refunded_fen == 19_900


def test_what_went_through_after_all_is_not_sent_again(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()
    again = send_again(viewer=staff, number=refund.number, why="银行已恢复")
    assert through(refund) == "refunded"
    pursue(now=clock.now() + timedelta(days=1))
    again.refresh_from_db()
    assert (again.status, Refund.objects.get(pk=refund.pk).status) == ("refused", "done")
    assert books() == {"refunds": 19_900, "revenue": -19_900}
    assert Order.objects.get().status == "refunded"
    assert "refund_not_needed" in steps(order)
    assert Job.objects.exists()


def test_what_a_worker_took_to_send_at_this_moment_counts_as_sent(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()
    again = send_again(viewer=staff, number=refund.number, why="银行已恢复")
    waiting = Refund.objects.filter(pk=again.pk, status="approved")

    def taken(execute, sql, params, many, context):
        # As a worker does: between our looking at it and our writing.
        if sql.startswith('UPDATE "commerce_refund"'):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"UPDATE commerce_refund SET status = 'sent' WHERE id = {again.pk}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(taken):
        assert through(refund) == "refunded_after_all"
    again.refresh_from_db()
    assert again.status == "sent" and not waiting.exists()
    assert steps(order)[-1] == "refunded_after_all"

    assert through(again, key="second") == "refunded"
    assert books() == {"receivable:sandbox": -19_900, "refunds": 39_800, "revenue": -19_900}
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)


def test_money_of_one_that_was_not_to_be_sent_stands_in_the_books(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()
    again = send_again(viewer=staff, number=refund.number, why="银行已恢复")
    assert through(refund) == "refunded"

    outcomes = [through(again, key="second"), through(again, key="third")]

    assert outcomes == ["refunded_after_all", "refunded_after_all"]
    assert books() == {"receivable:sandbox": -19_900, "refunds": 39_800, "revenue": -19_900}
    assert steps(order).count("refunded_after_all") == 1
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    again.refresh_from_db()
    assert again.status == "refused"
    assert [(one.why, one.gone_fen, one.due_fen) for one in gone_twice(staff)] == [
        ("refunded", 39_800, 19_900)
    ]


def no(refund, key="no"):
    return take_in("sandbox", Told(key=f"{refund.number}{key}", kind="refund_failed", number=refund.number))


@pytest.fixture
def twice(learner, course, staff):
    """A refund that failed, and the one by which it was sent again, which the provider was asked for."""
    order = bought(learner, course)
    refund = asked(learner, order)
    assert no(refund) == "refund_failed"
    again = send_again(viewer=staff, number=refund.number, why="银行已恢复")
    Refund.objects.filter(pk=again.pk).update(status="sent", sent_at=clock.now())
    return order, refund, again


def states(order):
    return list(Refund.objects.filter(order=order).order_by("pk").values_list("status", flat=True))


def is_back_once(order, learner, course, staff):
    """The money is back once, and the order, the books, the rights, the desk and the member say so."""
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    assert books() == {"refunds": 19_900, "revenue": -19_900}
    assert gone_twice(staff) == [] and waiting_count(staff) == 0
    assert not may_open(learner, lesson_of(course, "two")).open
    assert reckoned(order).parts[0].left_fen == 0
    mails = OutgoingMessage.objects.order_by("-pk").values_list("subject", flat=True)
    assert mails[0] == "《课程 stats》的 ¥199 已退还给你"
    for one in Refund.objects.filter(order=order):
        with pytest.raises(RefundDecided):
            send_again(viewer=staff, number=one.number, why="x")
        with pytest.raises(RefundDecided):
            settle_by_hand(viewer=staff, number=one.number, why="x")


def test_the_first_went_while_the_second_was_on_its_way_and_that_fails(learner, course, staff, twice):
    order, refund, again = twice
    assert through(refund) == "refunded_after_all"
    assert no(again) == "refund_failed"

    assert states(order) == ["done", "refused"]
    is_back_once(order, learner, course, staff)
    assert steps(order)[-2:] == ["refund_not_needed", "refunded"]
    # Told again it changes nothing; and should the second have gone all the same, the books show it.
    assert [no(again), no(again, "k"), through(refund, "k")] == [
        "refund_failed", "settled_before", "refunded_before",
    ]  # fmt: skip
    assert through(again, key="all the same") == "refunded_after_all"
    assert [(one.gone_fen, one.due_fen) for one in gone_twice(staff)] == [(39_800, 19_900)]


def test_the_second_fails_and_then_the_first_turns_out_to_have_gone(learner, course, staff, twice):
    order, refund, again = twice
    assert no(again) == "refund_failed"
    assert through(refund) == "refunded"

    assert states(order) == ["done", "refused"]
    is_back_once(order, learner, course, staff)


@pytest.mark.parametrize("is_first_first", [True, False])
def test_both_go_through_and_the_books_show_it(staff, twice, is_first_first):
    order, refund, again = twice
    both = [refund, again] if is_first_first else [again, refund]
    assert sorted(through(one, key=one.number) for one in both) == ["refunded", "refunded_after_all"]

    assert states(order) == ["failed", "done"]
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    assert books() == {"receivable:sandbox": -19_900, "refunds": 39_800, "revenue": -19_900}
    assert [(one.gone_fen, one.due_fen) for one in gone_twice(staff)] == [(39_800, 19_900)]
    assert reckoned(order).parts[0].left_fen == 0


def test_the_second_is_given_up_after_the_first_went(learner, course, staff, twice, monkeypatch):
    """A provider that gave all of it back by the first number refuses the second for good."""
    order, refund, again = twice
    assert through(refund) == "refunded_after_all"
    monkeypatch.setattr(Sandbox, "give_back", refused)

    assert tried(again, MOST_TRIES).status == "refused"
    assert states(order) == ["done", "refused"]
    is_back_once(order, learner, course, staff)


@pytest.mark.parametrize("state", ["approved", "failed", "sent"])
def test_of_three_the_first_went(learner, course, staff, twice, state):
    order, refund, again = twice
    no(again)
    third = send_again(viewer=staff, number=again.number, why="再试")
    Refund.objects.filter(pk=third.pk).update(status=state)

    assert through(refund) == ("refunded_after_all" if state == "sent" else "refunded")
    if state == "sent":
        assert through(again, key="second") == "refunded_after_all"
        no(third)
        assert states(order) == ["done", "failed", "refused"]
        assert [(one.gone_fen, one.due_fen) for one in gone_twice(staff)] == [(39_800, 19_900)]
        order.refresh_from_db()
        assert (order.refunded_fen, reckoned(order).left_fen) == (19_900, 0)
        return
    pursue(now=clock.now() + timedelta(days=1))
    assert states(order) == ["done", "failed", "refused"]
    is_back_once(order, learner, course, staff)
