"""Who holds the member and waits for their order, beside who holds the order and tells of its member at the end:
neither waits for the other."""

import time
from threading import Event

import pytest

from tests.factories import make_course
from tests.product.commerce import coupon_makers
from tests.product.commerce.test_racing import together
from zhiyue.collect.kinds import Actor
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.product.commerce import orders, reminding
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.orders import cancel, expire, place
from zhiyue.product.commerce.redeeming import redeem
from zhiyue.product.commerce.reminding import remind_unpaid
from zhiyue.product.learning.privacy import choose_consent

pytestmark = pytest.mark.django_db(transaction=True)

# How long who tells of the order keeps it before its transaction ends.
HELD = 0.4


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


@pytest.fixture
def told(monkeypatch):
    """Set once the event that names the member is written; its transaction stays open for a while."""
    is_told = Event()

    def slow(record):
        def recorded(*args, **kwargs):
            record(*args, **kwargs)
            if args[0] != "order.placed":
                is_told.set()
                time.sleep(HELD)

        return recorded

    for room in (orders, reminding):
        monkeypatch.setattr(room, "record", slow(room.record))
    return is_told


def ordered(user, course):
    return place(user=user, offer=f"course:{course.pk}", seen_fen=19_900, actor=Actor(member_id=user.pk))


def after(told, act):
    def waits():
        assert told.wait(10)
        return act()

    return waits


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_an_order_is_placed_beside_one_that_ends(learner, course, told, how):
    first = ordered(learner, course)
    ends = {
        "cancelled": lambda: cancel(user=learner, number=first.number, actor=Actor(member_id=learner.pk)).pk,
        "expired": lambda: expire(now=first.expires_at),
    }

    ended, second = together(ends[how], after(told, lambda: ordered(learner, course)))

    assert ended == {"cancelled": first.pk, "expired": 1}[how]
    assert isinstance(second, Order), second
    assert second.pk != first.pk and second.is_open


def test_an_order_is_placed_beside_the_word_that_reminds_of_it(learner, course, told):
    choose_consent(actor=Actor(member_id=learner.pk), granted=EVERYTHING, way=Choice.Way.SETTINGS)
    first = ordered(learner, course)
    half = first.created_at + (first.expires_at - first.created_at) / 2

    reminded, again = together(lambda: remind_unpaid(now=half), after(told, lambda: ordered(learner, course)))

    assert reminded == 1
    assert again == first


def test_a_code_is_redeemed_beside_an_order_that_is_cancelled(learner, operator, course, told):
    first = ordered(learner, course)
    code = coupon_makers.batch(operator, course).codes.first().text
    actor = Actor(member_id=learner.pk)

    ended, redeemed = together(
        lambda: cancel(user=learner, number=first.number, actor=actor),
        after(told, lambda: redeem(user=learner, code=code, actor=actor)),
    )

    assert ended == first
    assert isinstance(redeemed, Order), redeemed
    assert redeemed.status == "paid"
