"""Money for what became the member's own while its order waited, or whose member is gone: nobody pays for nothing."""

import pytest

from tests.factories import make_bundle, make_course
from tests.product.commerce import coupon_makers
from zhiyue.collect.kinds import Actor
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.errors import AlreadyOwned, PriceChanged
from zhiyue.product.commerce.models import CouponUse, Order, OrderStep, Refund
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, pay_nothing, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.services import enrol_free, grant_course

pytestmark = pytest.mark.django_db
WAYS = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "https://a.example/n/"}


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def ordered(user, course, seen_fen=19_900):
    return place(user=user, offer=f"course:{course.pk}", seen_fen=seen_fen, actor=Actor(member_id=user.pk))


def begun(user, order):
    return begin(user=user, order_number=order.number, **WAYS)


def paid(payment):
    receive("sandbox", sandbox.press(payment.number, "pay"))


def owed_back(order, payment):
    """All of the payment goes back by itself, and the order is over."""
    order.refresh_from_db()
    refund = Refund.objects.get(order=order)
    books = {one.account: one.amount_fen for one in ledger.balances()}
    return (
        order.status == Order.Status.EXPIRED
        and (refund.cause, refund.amount_fen, refund.payment_id) == ("owed", payment.amount_fen, payment.pk)
        and books[f"owed:{order.number}"] == -payment.amount_fen
    )


@pytest.mark.parametrize("how", ["given", "free now", "gone"])
def test_what_became_theirs_while_its_order_waited_takes_no_money(learner, course, how):
    order = ordered(learner, course)
    payment = begun(learner, order)
    if how == "given":
        grant_course(user=learner, course=course)
    elif how == "free now":
        Course.objects.filter(pk=course.pk).update(price_fen=0)
        course.refresh_from_db()
        enrol_free(user=learner, course=course, actor=Actor(member_id=learner.pk))
    else:
        learner.delete()
    paid(payment)
    assert owed_back(order, payment)
    assert OrderStep.objects.filter(order=order).latest("pk").why == (
        "cant_be_paid" if how == "gone" else "theirs_already"
    )


def test_two_orders_of_one_course_are_not_both_paid(learner, course):
    first = ordered(learner, course)
    early = begun(learner, first)
    Course.objects.filter(pk=course.pk).update(price_fen=9_900)
    second = ordered(learner, course, 9_900)
    late = begun(learner, second)
    paid(early)
    first.refresh_from_db()
    assert first.status == Order.Status.PAID
    paid(late)
    assert owed_back(second, late)


def test_nobody_begins_to_pay_what_is_theirs(learner, course, signed_in):
    order = ordered(learner, course)
    grant_course(user=learner, course=course)
    with pytest.raises(AlreadyOwned):
        begun(learner, order)
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    answer = signed_in(learner).post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"})
    assert answer.status_code == 409
    assert not order.payments.exists()


def test_a_coupon_that_makes_it_free_is_not_spent_on_what_is_theirs(learner, operator, course):
    coupon = coupon_makers.make(operator, off_percent=100)
    order = ordered(learner, course, 0)
    grant_course(user=learner, course=course)

    with pytest.raises(AlreadyOwned):
        pay_nothing(user=learner, order_number=order.number)

    order.refresh_from_db()
    assert (order.status, order.paid_at) == (Order.Status.EXPIRED, None)
    assert OrderStep.objects.filter(order=order).latest("pk").why == "theirs_already"
    assert CouponUse.objects.get(coupon=coupon).returned_at is not None
    # It is there for something else.
    other = ordered(learner, make_course("drawing", price_fen=9_900), 0)
    assert pay_nothing(user=learner, order_number=other.number).status == Order.Status.PAID


def test_what_costs_nothing_and_is_theirs_in_part_is_ordered_anew(learner, operator, course):
    coupon_makers.make(operator, off_percent=100)
    both = make_bundle([course, make_course("drawing", price_fen=9_900)], price_fen=20_000)
    order = place(user=learner, offer=f"bundle:{both.pk}", seen_fen=0, actor=Actor(member_id=learner.pk))
    grant_course(user=learner, course=course)

    with pytest.raises(PriceChanged):
        pay_nothing(user=learner, order_number=order.number)

    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED


def bundled(learner, course):
    """An order that waits of a bundle of the course and another one."""
    both = make_bundle([course, make_course("drawing", price_fen=9_900)], price_fen=20_000)
    actor = Actor(member_id=learner.pk)
    return place(user=learner, offer=f"bundle:{both.pk}", seen_fen=20_000, actor=actor)


def test_of_what_became_theirs_in_part_the_order_ends_and_the_checkout_has_the_rest(
    learner, course, signed_in
):
    order = bundled(learner, course)
    grant_course(user=learner, course=course)

    answer = signed_in(learner).post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"})

    assert answer.status_code == 409
    assert "重新下单" in answer.content.decode()
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    assert OrderStep.objects.filter(order=order).latest("pk").why == "theirs_already"
    assert not order.payments.exists()
    # 19,900 of 29,800 parts are theirs.
    assert checkout_of(learner, order.offer).price.total_fen == 6_644


def test_nobody_begins_to_pay_for_what_is_theirs_in_part(learner, course):
    order = bundled(learner, course)
    grant_course(user=learner, course=course)

    with pytest.raises(PriceChanged):
        begun(learner, order)
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED


def test_money_that_comes_for_what_became_theirs_in_part_goes_back(learner, course):
    order = bundled(learner, course)
    payment = begun(learner, order)
    grant_course(user=learner, course=course)

    paid(payment)

    assert owed_back(order, payment)
    assert OrderStep.objects.filter(order=order).latest("pk").why == "theirs_already"
