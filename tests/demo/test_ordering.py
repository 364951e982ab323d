"""What simulated people pay is what the academy would ask: coupons while there are any, flash prices of any offer."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_plan
from tests.product.commerce.coupon_makers import flash, make
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.demo.ordering import Till
from zhiyue.product.commerce.offers import offer_of
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.quoting import priced

pytestmark = pytest.mark.django_db


def asked(till, who, course, at=None):
    return till.course(who.pk, course.pk, at or clock.now(), course.title)


def test_a_coupon_that_is_used_up_takes_nothing_off_any_more(operator, learner, stranger):
    first, second = (make_course(slug, price_fen=10_000) for slug in ("first", "second"))
    make(operator, most_uses=1, most_each=None)
    till = Till([learner.pk, stranger.pk], {first.pk: 10_000, second.pk: 10_000})

    sold = asked(till, learner, first)
    assert sold.total_fen == priced(learner, offer_of(f"course:{first.pk}")).total_fen == 8_000
    # Who only looked at it has used nothing up.
    assert asked(till, stranger, first).total_fen == 8_000
    till.pay(learner.pk, sold, clock.now())
    assert asked(till, stranger, first).total_fen == 10_000


def test_a_coupon_is_used_as_often_as_one_may_also_in_days_before(operator, learner, stranger):
    first, second = (make_course(slug, price_fen=10_000) for slug in ("first", "second"))
    make(operator, most_each=1)
    place(user=learner, offer=f"course:{first.pk}", seen_fen=8_000, actor=Actor(member_id=learner.pk))
    till = Till([learner.pk, stranger.pk], {first.pk: 10_000, second.pk: 10_000})

    assert asked(till, learner, second).total_fen == 10_000
    assert asked(till, stranger, second).total_fen == 8_000
    till.pay(stranger.pk, asked(till, stranger, second), clock.now())
    assert asked(till, stranger, first).total_fen == 10_000


def test_a_plan_costs_its_flash_price_less_a_coupon_and_is_worth_that(operator, learner):
    plan, larger = make_plan(price_fen=3_000), make_plan("年卡", months=12, price_fen=30_000)
    flash(operator, f"plan:{plan.pk}", 2_500)
    make(operator, off_fen=500, scope=("kind:plan",), most_uses=1)
    till, at = Till([learner.pk], {}), clock.now()

    sold = till.plan(learner.pk, plan.pk, at)
    assert sold.total_fen == priced(learner, offer_of(f"plan:{plan.pk}")).total_fen == 2_000
    assert (sold.plan_id, sold.credited_at, sold.flash_id is None) == (plan.pk, None, False)
    till.pay(learner.pk, sold, at)
    # What is left of it is a share of what was paid: within a day of so many, all but one.
    later = at + timedelta(minutes=1)
    upgraded = till.plan(learner.pk, larger.pk, later)
    [credit] = [-line.amount_fen for line in upgraded.lines if line.kind == "credit"]
    assert 2_000 * 26 // 28 <= credit < 2_000
    assert (upgraded.total_fen, upgraded.credited_at) == (30_000 - credit, later)
