"""What was begun at providers ends there when its order ends, and money that comes all the same is taken in."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from tests.product.commerce.fakes.alipay import fake_alipay
from tests.product.commerce.fakes.serving import Said
from tests.product.commerce.fakes.stripe import fake_stripe
from tests.product.commerce.trying import begun, books, ordered
from zhiyue.collect.kinds import Actor
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import ProviderUnreachable
from zhiyue.product.commerce.models import OrderStep, Payment, SandboxTrade
from zhiyue.product.commerce.orders import cancel, expire
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.pursuing import SILENCES_AT_MOST, ask_after, close_begun

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def cancelled(user, order):
    return cancel(user=user, number=order.number, actor=Actor(member_id=user.pk))


def states(order):
    return list(order.payments.order_by("pk").values_list("status", flat=True))


def test_a_cancelled_order_closes_what_was_begun(learner, course):
    order = ordered(learner, course)
    for channel in ("page", "qr"):
        begun(learner, order, "sandbox", channel)

    cancelled(learner, order)
    assert states(order) == ["begun", "begun"]
    run_due()

    assert states(order) == ["closed", "closed"]
    assert set(SandboxTrade.objects.values_list("state", flat=True)) == {"closed"}
    assert list(OrderStep.objects.filter(order=order).values_list("why", flat=True)) == [
        "placed",
        "cancelled",
        "payment_closed",
        "payment_closed",
    ]
    assert close_begun(order.pk)
    assert OrderStep.objects.filter(order=order).count() == 4


def test_an_order_that_isnt_paid_in_time_or_is_ordered_anew_closes_what_was_begun(learner, course):
    late = ordered(learner, course)
    begun(learner, late, "sandbox", "page")
    expire(now=clock.now() + timedelta(minutes=31))
    old = ordered(learner, course)
    begun(learner, old, "sandbox", "page")
    course.price_fen = 9_900
    course.save()
    new = ordered(learner, course)
    begun(learner, new, "sandbox", "page")

    run_due()

    assert (states(late), states(old), states(new)) == (["closed"], ["closed"], ["begun"])


def test_an_order_with_nothing_begun_asks_nobody_and_one_that_waits_is_left_alone(learner, course):
    order = ordered(learner, course)
    assert not close_begun(order.pk)
    cancelled(learner, order)
    run_due()

    assert not Job.objects.filter(name="commerce.close_payments").exists()


def test_paid_by_one_way_the_others_are_closed(learner, course):
    order = ordered(learner, course)
    first, second = (begun(learner, order, "sandbox", channel) for channel in ("page", "qr"))

    receive("sandbox", sandbox.press(second.number, "pay"))
    run_due()

    assert states(order) == ["closed", "paid"]
    assert SandboxTrade.objects.get(number=first.number).state == "closed"
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}


def test_money_that_came_before_it_could_be_closed_is_taken_in(learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "sandbox", "page")
    cancelled(learner, order)
    sandbox.press(payment.number, "pay")

    run_due()

    order.refresh_from_db()
    assert states(order) == ["paid"]
    assert order.status == "fulfilled"


def test_a_code_that_nobody_scanned_stays_asked_after_until_its_time_is_over(learner, course, settings):
    with fake_alipay(settings) as gateway:
        order = ordered(learner, course)
        payment = begun(learner, order, "alipay", "qr")
        cancelled(learner, order)
        run_due()
        assert states(order) == ["begun"]

        gateway.scan(payment.shown["value"])
        gateway.pay(payment.number)
        assert ask_after(now=clock.now() + timedelta(minutes=3)) == 1

    order.refresh_from_db()
    assert order.status == "paid"


def test_what_a_provider_never_heard_of_is_closed_once_its_time_is_over(learner, course, settings):
    with fake_alipay(settings):
        order = ordered(learner, course)
        begun(learner, order, "alipay", "qr")
        order.expires_at = clock.now() - timedelta(seconds=1)
        order.save()
        expire()
        run_due()

    assert states(order) == ["closed"]


def test_a_provider_that_is_silent_is_told_later_and_the_others_at_once(learner, course, settings):
    with fake_stripe(settings) as stripe:
        settings.ZHIYUE_PAYMENT_PROVIDERS = ["stripe", "sandbox"]
        order = ordered(learner, course)
        payment = begun(learner, order, "stripe", "checkout")
        begun(learner, order, "sandbox", "page")
        cancelled(learner, order)
        stripe.server.fault = Said(500, b"")
        with pytest.raises(ProviderUnreachable):
            close_begun(order.pk)
        assert states(order) == ["begun", "closed"]
        run_due()
        assert Job.objects.get(name="commerce.close_payments").state == "waiting"

        stripe.server.fault = ""
        assert close_begun(order.pk)
        assert stripe.session_of(payment.number)["status"] == "expired"
    assert states(order) == ["closed", "closed"]


def test_a_payment_at_a_provider_who_is_offered_no_more_is_left(learner, course, settings):
    order = ordered(learner, course)
    begun(learner, order, "sandbox", "page")
    cancelled(learner, order)
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    assert close_begun(order.pk)
    assert states(order) == ["begun"]


def test_a_silent_provider_holds_up_a_round_for_a_few_payments_only_and_no_other(learner, course, settings):
    with fake_stripe(settings) as stripe:
        settings.ZHIYUE_PAYMENT_PROVIDERS = ["stripe", "sandbox"]
        for n in range(SILENCES_AT_MOST + 2):
            member = make_member(f"m{n}@test.example", f"小{n}")
            begun(member, ordered(member, course), "stripe", "checkout")
        sandbox.press(begun(learner, ordered(learner, course), "sandbox", "page").number, "pay")
        stripe.server.fault = Said(503, b"")
        asked = len(stripe.server.asked)
        soon = clock.now() + timedelta(minutes=1)

        assert ask_after(now=soon) == 1
        assert len(stripe.server.asked) - asked == SILENCES_AT_MOST
        assert ask_after(now=soon) == 0
        assert Payment.objects.filter(asked_at__isnull=False).count() == SILENCES_AT_MOST + 3
