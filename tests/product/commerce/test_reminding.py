"""The one reminder of an order that waits: when it is sent, to whom, and that it is one."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, Purpose
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.orders import cancel, place
from zhiyue.product.commerce.reminding import remind_unpaid
from zhiyue.product.learning.privacy import choose_consent

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(learner, course):
    return _ordered(learner, course)


def _ordered(user, course):
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)


def after(order, minutes):
    return remind_unpaid(now=order.created_at + timedelta(minutes=minutes))


def test_whoever_orders_and_does_not_pay_is_reminded_once_at_half_time(order, learner, course):
    assert after(order, 14.9) == 0
    assert after(order, 15) == 1
    letter = OutgoingMessage.objects.get()
    until = order.expires_at.astimezone(clock.business_zone())
    assert letter.to == learner.email
    assert letter.subject == f"知跃：《{course.title}》在等你付款"
    assert order.number in letter.content["text"] and "¥99" in letter.content["text"]
    assert f"{until:%H:%M}" in letter.content["text"]
    event = Event.objects.get(name="message.sent")
    assert (event.member_id, event.properties) == (
        learner.pk,
        {"message": letter.pk, "campaign": "unpaid-order", "channel": "mail"},
    )
    assert after(order, 20) == 0
    assert OutgoingMessage.objects.count() == 1


def test_nobody_is_reminded_when_it_is_too_late(order):
    assert after(order, 27.1) == 0
    assert after(order, 60) == 0
    assert Order.objects.get().reminded_at is None


def test_what_was_cancelled_is_not_reminded_of(order, learner):
    cancel(user=learner, number=order.number, actor=Actor(member_id=learner.pk))
    assert after(order, 15) == 0


def test_whoever_wants_no_reminders_gets_none(order, learner):
    choose_consent(
        actor=Actor(member_id=learner.pk), granted=EVERYTHING & ~Purpose.MESSAGES, way=Choice.Way.SETTINGS
    )
    assert after(order, 15) == 0
    assert not OutgoingMessage.objects.exists()


def test_whoever_has_no_address_is_left_alone(db):
    member = make_member("gone@test.example", "无邮")
    type(member).objects.filter(pk=member.pk).update(email=None, phone="+8613800138000")
    assert after(_ordered(member, make_course("x", price_fen=100)), 15) == 0


def test_one_that_can_not_be_told_keeps_nobody_else_waiting(order, course):
    other = _ordered(make_member("second@test.example", "第二"), course)
    Order.objects.filter(pk=order.pk).update(user=None)
    assert after(other, 16) == 1
