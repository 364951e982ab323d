"""A hundred people at the same moment: no coupon is used oftener than it may be, and no code counts twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tests.factories import make_course, make_member
from tests.product.commerce.coupon_makers import batch, codes, flash, make
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import CodeRefused, CouponRefused, PriceChanged
from zhiyue.product.commerce.lowering.claiming import claim
from zhiyue.product.commerce.models import Coupon, CouponHolder, CouponUse, FlashHold, Order
from zhiyue.product.commerce.orders import expire, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.redeeming import redeem

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, AT_ONCE, ENOUGH = 100, 25, 7


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


@pytest.fixture
def people(db):
    return [make_member(f"m{n}@test.example", f"会员{n}") for n in range(PEOPLE)]


def together(acts):
    """What those get who do these things, as many as the database takes at a time; a refusal is what it raises."""

    def do(act):
        try:
            return act()
        except (CodeRefused, CouponRefused, PriceChanged) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(do, acts))


def ordered(user, course, seen_fen, coupons=None):
    return place(
        user=user,
        offer=f"course:{course.pk}",
        seen_fen=seen_fen,
        actor=Actor(member_id=user.pk),
        coupons=coupons,
    )


def counting():
    return CouponUse.objects.filter(returned_at=None)


def test_a_hundred_orders_use_a_coupon_as_often_as_it_may_be(people, operator, course):
    coupon = make(operator, most_uses=ENOUGH)

    found = together([lambda one=one: ordered(one, course, 17_900) for one in people])

    assert sum(isinstance(one, Order) for one in found) == ENOUGH
    assert counting().filter(coupon=coupon).count() == Order.objects.count() == ENOUGH


def test_a_hundred_orders_take_several_coupons_in_any_order_and_none_waits_for_ever(people, operator, course):
    marks = [
        make(operator, f"券{n}", off_fen=100, is_stackable=True, most_uses=ENOUGH).mark for n in range(3)
    ]

    found = together(
        [
            lambda one=one, n=n: ordered(one, course, 19_700, (marks[n % 3], marks[(n + 1 + n % 2) % 3]))
            for n, one in enumerate(people)
        ]
    )

    placed = sum(isinstance(one, Order) for one in found)
    uses = [counting().filter(coupon__mark=mark).count() for mark in marks]
    assert max(uses) <= ENOUGH and sum(uses) == 2 * placed
    # Whoever was refused found one of theirs used up: no two are left that somebody could still have had.
    assert sum(use < ENOUGH for use in uses) <= 1


def test_a_hundred_orders_never_oversell_a_flash_price(people, operator, course):
    flash(operator, course, stock=ENOUGH)

    found = together([lambda one=one: ordered(one, course, 9_900) for one in people])

    assert sum(isinstance(one, Order) for one in found) == Order.objects.count() == ENOUGH
    assert FlashHold.objects.filter(returned_at=None).count() == ENOUGH


def test_a_flash_price_with_coupons_and_late_money_never_passes_its_stock(people, operator, course):
    flash(operator, course, stock=ENOUGH)
    make(operator, off_fen=900, most_uses=3 * ENOUGH)
    notices = []
    for one in people[:ENOUGH]:
        ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
        payment = begin(user=one, order_number=ordered(one, course, 9_000).number, **ways)
        notices.append(sandbox.press(payment.number, "pay"))
    expire(now=Order.objects.order_by("-expires_at")[0].expires_at)
    late = [lambda notice=notice: receive("sandbox", notice).status for notice in notices]
    new = [lambda one=one: ordered(one, course, 9_000) for one in people[ENOUGH : 4 * ENOUGH]]

    together([act for pair in zip(late, new[:ENOUGH], strict=True) for act in pair] + new[ENOUGH:])

    held = Order.objects.filter(flash__returned_at=None, flash__isnull=False)
    assert held.count() == ENOUGH == counting().count()
    assert set(held.values_list("status", flat=True)) <= {"created", "paid"}


def test_one_member_on_many_devices_uses_a_coupon_once(learner, operator):
    make(operator)
    courses = [make_course(f"course-{n}", price_fen=19_900) for n in range(6)]

    found = together([lambda one=one: ordered(learner, one, 17_900) for one in courses])

    assert sum(isinstance(one, Order) for one in found) == counting().count() == 1


def test_a_code_entered_by_a_hundred_at_once_counts_once(people, operator):
    coupon = make(operator, audience="code")
    [code] = codes(operator, coupon, count=1)

    found = together(
        [lambda one=one: claim(user=one, code=code, actor=Actor(member_id=one.pk)) for one in people]
    )

    assert sum(isinstance(one, Coupon) for one in found) == CouponHolder.objects.count() == 1


def test_late_money_and_new_orders_at_once_never_pass_the_limit(people, operator, course):
    coupon = make(operator, most_uses=ENOUGH)
    notices = []
    for one in people[:ENOUGH]:
        ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
        payment = begin(user=one, order_number=ordered(one, course, 17_900).number, **ways)
        notices.append(sandbox.press(payment.number, "pay"))
    expire(now=clock.now() + (Order.objects.first().expires_at - clock.now()) * 2)
    late = [lambda notice=notice: receive("sandbox", notice).status for notice in notices]
    new = [lambda one=one: ordered(one, course, 17_900) for one in people[ENOUGH : 4 * ENOUGH]]

    together([act for pair in zip(late, new[:ENOUGH], strict=True) for act in pair] + new[ENOUGH:])

    assert counting().filter(coupon=coupon).count() == ENOUGH
    kept = Order.objects.filter(coupons__returned_at=None)
    assert set(kept.values_list("status", flat=True)) <= {"created", "paid"}


def test_a_code_redeemed_by_a_hundred_at_once_opens_once(people, operator, course):
    code = batch(operator, course, 1).codes.get().text

    found = together(
        [lambda one=one: redeem(user=one, code=code, actor=Actor(member_id=one.pk)) for one in people]
    )

    assert sum(isinstance(one, Order) for one in found) == Order.objects.count() == 1


def test_many_taps_redeem_once(learner, operator, course):
    code = batch(operator, course, 1).codes.get().text

    found = together(
        [lambda: redeem(user=learner, code=code, actor=Actor(member_id=learner.pk)) for _ in range(12)]
    )

    assert {one.pk for one in found} == {Order.objects.get().pk}
