"""What lowered the price of an order that waits went back: it takes no money, holds nothing, and nobody is reminded of
it."""

from datetime import timedelta

import pytest

from tests.factories import make_plan
from tests.product.commerce import coupon_makers
from tests.product.commerce.test_standing import begun, buy, course_of, give_back, placed
from zhiyue.collect.kinds import Actor
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import OrderNotOpen, PriceChanged
from zhiyue.product.commerce.models import CouponUse, FlashHold
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.reminding import remind_unpaid
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.privacy import choose_consent

pytestmark = pytest.mark.django_db


@pytest.fixture
def year(db):
    return make_plan("年", months=12, price_fen=36_500, off_percent=20)


def test_an_order_whose_price_is_gone_ends_and_gives_back_what_it_held(learner, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    coupon = coupon_makers.make(operator, off_fen=100, scope=["kind:course"])
    sale = coupon_makers.flash(operator, course := course_of("a"), stock=1)
    waiting = placed(learner, f"course:{course.pk}")
    assert [line["kind"] for line in waiting.lines] == ["price", "flash", "membership", "coupon"]
    give_back(learner, plan)

    with pytest.raises(PriceChanged):
        begun(learner, waiting)

    assert CouponUse.objects.get(coupon=coupon).returned_at is not None
    assert FlashHold.objects.get(sale=sale).returned_at is not None
    with pytest.raises(OrderNotOpen):
        begun(learner, waiting)


def test_what_a_coupon_made_free_ends_as_well_where_the_membership_is_gone(learner, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    coupon_makers.make(operator, off_fen=8_000, scope=["kind:course"])
    order = placed(learner, f"course:{course_of('a', 10_000).pk}")
    assert order.total_fen == 0
    give_back(learner, plan)

    with pytest.raises(PriceChanged):
        pay_nothing(user=learner, order_number=order.number)
    order.refresh_from_db()
    assert (order.status, enrolled_course_ids(learner.pk)) == ("expired", set())


def test_nobody_is_reminded_of_what_can_not_be_paid(learner, year, settings):
    choose_consent(actor=Actor(member_id=learner.pk), granted=EVERYTHING, way=Choice.Way.SETTINGS)
    plan = buy(learner, f"plan:{year.pk}")
    course, theirs = course_of("a"), course_of("b")
    for one in (course, theirs, course_of("c", 100)):
        placed(learner, f"course:{one.pk}")
    grant_course(user=learner, course=theirs)
    give_back(learner, plan)
    half = timedelta(minutes=settings.ZHIYUE_ORDER_MINUTES) / 2

    assert remind_unpaid(now=clock.now() + half) == 0
    # Ordered anew at the price of now it can.
    placed(learner, f"course:{course.pk}")
    assert remind_unpaid(now=clock.now() + half) == 1
