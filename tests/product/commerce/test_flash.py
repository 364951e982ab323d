"""Flash prices: lower until a moment, as long as there are some left, each held by an order."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_course
from tests.product.commerce.coupon_makers import flash, make, staff
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NoSuchSale, PriceChanged, SaleRefused
from zhiyue.product.commerce.flash import flash_of, flash_prices
from zhiyue.product.commerce.lowering.flashing import FlashWish, all_sales, end_sale, make_sale
from zhiyue.product.commerce.models import FlashHold, FlashSale
from zhiyue.product.commerce.offers import offer_of
from zhiyue.product.commerce.orders import cancel, expire, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.quoting import priced

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def price(user, course):
    return priced(user, offer_of(f"course:{course.pk}")).total_fen


def ordered(user, course, seen_fen):
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"course:{course.pk}", seen_fen=seen_fen, actor=actor)


def left(course, user=None):
    found = flash_of(f"course:{course.pk}", user=user)
    return found and found.left


def test_a_flash_price_holds_from_its_beginning_to_its_end(learner, operator, course):
    coming = flash(operator, course, begins_at=clock.now() + timedelta(hours=1))
    assert price(learner, course) == 19_900

    FlashSale.objects.filter(pk=coming.pk).update(begins_at=clock.now())
    assert price(learner, course) == price(None, course) == 9_900
    assert left(course) is None

    FlashSale.objects.filter(pk=coming.pk).update(ends_at=clock.now() + timedelta(microseconds=1))
    assert price(learner, course) == 19_900


def test_all_flash_prices_that_hold_are_told_in_one_query(
    learner, operator, course, django_assert_num_queries
):
    other, third = make_course("writing", price_fen=9_900), make_course("sheets", price_fen=9_900)
    flash(operator, course, 9_900, stock=1)
    now = clock.now()
    FlashSale.objects.create(
        offer=f"course:{course.pk}", price_fen=12_000, begins_at=now, ends_at=now + timedelta(days=1)
    )
    over = flash(operator, other, 5_000)
    FlashSale.objects.filter(pk=over.pk).update(ended_at=clock.now())
    flash(operator, third, 100, begins_at=clock.now() + timedelta(hours=1))

    with django_assert_num_queries(1):
        assert flash_prices() == {f"course:{course.pk}": 9_900}
    order = ordered(learner, course, 9_900)
    # The last of the lower one is held: the other holds still.
    assert flash_prices() == {f"course:{course.pk}": 12_000}
    cancel(user=learner, number=order.number, actor=Actor(member_id=learner.pk))
    assert flash_prices() == {f"course:{course.pk}": 9_900}
    assert flash_prices(moment=clock.now() + timedelta(days=2)) == {}


def test_an_order_keeps_the_flash_price_as_a_line_and_coupons_come_after_it(learner, operator, course):
    flash(operator, course)
    coupon = make(operator, off_percent=10, off_fen=0)

    order = ordered(learner, course, 8_910)

    assert [(line["kind"], line["amount_fen"], line["code"]) for line in order.lines] == [
        ("price", 19_900, ""),
        ("flash", -10_000, ""),
        ("coupon", -990, coupon.mark),
    ]


def test_an_order_holds_one_of_the_stock_and_gives_it_back(learner, stranger, operator, course):
    flash(operator, course, stock=1)
    order = ordered(learner, course, 9_900)

    assert (left(course), left(course, learner)) == (None, 1)
    assert flash_of(f"course:{course.pk}") is None
    # It is theirs still: a second tap finds the same order.
    assert ordered(learner, course, 9_900) == order
    with pytest.raises(PriceChanged):
        ordered(stranger, course, 9_900)

    cancel(user=learner, number=order.number, actor=Actor(member_id=learner.pk))
    assert left(course) == 1
    assert ordered(stranger, course, 9_900).total_fen == 9_900


def test_late_money_gets_one_of_what_is_left_or_goes_back(learner, stranger, operator, course):
    flash(operator, course, stock=1)
    order = ordered(learner, course, 9_900)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    notice = sandbox.press(begin(user=learner, order_number=order.number, **ways).number, "pay")
    expire(now=order.expires_at)
    ordered(stranger, course, 9_900)

    receive("sandbox", notice)

    order.refresh_from_db()
    assert order.status == "expired"
    assert FlashHold.objects.get(order=order).returned_at is not None


def test_what_was_paid_stays_sold(learner, operator, course):
    flash(operator, course, stock=5)
    order = ordered(learner, course, 9_900)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=learner, order_number=order.number, **ways).number, "pay"))

    assert left(course) == 4
    [[one], []] = all_sales(staff(operator))
    assert (one.paid, one.flash.left, one.title) == (1, 4, course.title)


def test_a_flash_price_is_ended_once_and_orders_keep_theirs(learner, operator, course):
    sale = flash(operator, course)
    order = ordered(learner, course, 9_900)

    first = end_sale(viewer=staff(operator), sale_id=sale.pk)
    assert end_sale(viewer=staff(operator), sale_id=sale.pk).ended_at == first.ended_at

    order.refresh_from_db()
    assert (order.status, order.total_fen) == ("created", 9_900)
    assert price(learner, course) == 19_900
    assert AuditEntry.objects.filter(act="flash.ended").count() == 1
    assert [len(part) for part in all_sales(staff(operator))] == [0, 1]
    with pytest.raises(NoSuchSale):
        end_sale(viewer=staff(operator), sale_id=sale.pk + 1)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"price_fen": 0}, "price_fen"),
        ({"price_fen": 19_900}, "price_fen"),
        ({"stock": 0}, "stock"),
        ({"stock": 10**7}, "stock"),
        ({"ends_at": clock.now() - timedelta(minutes=1)}, "ends_at"),
        ({"begins_at": clock.now() + timedelta(days=2)}, "ends_at"),
    ],
)
def test_a_flash_price_that_means_nothing_isnt_made(operator, course, changed, field):
    with pytest.raises(SaleRefused) as refused:
        flash(operator, course, **changed)

    assert refused.value.field == field
    assert not FlashSale.objects.exists()


def test_only_what_is_sold_has_a_flash_price_and_one_at_a_time(operator, course):
    free = make_course("free")
    with pytest.raises(SaleRefused):
        flash(operator, free, price_fen=100)
    flash(operator, course)
    with pytest.raises(SaleRefused) as refused:
        flash(operator, course, price_fen=8_900)
    assert refused.value.field == "offer"
    later = clock.now() + timedelta(days=1, hours=1)
    flash(operator, course, price_fen=8_900, begins_at=later, ends_at=later + timedelta(days=1))
    assert FlashSale.objects.count() == 2


def test_a_form_sent_twice_makes_one_flash_price(operator, course):
    wish = FlashWish(offer=f"course:{course.pk}", price_fen=100, ends_at=clock.now() + timedelta(days=1))

    assert len({make_sale(viewer=staff(operator), wish=wish).pk for _ in range(2)}) == 1


def test_strangers_make_no_flash_price(learner, operator, course):
    sale = flash(operator, course)
    agent = Viewer(user=learner, visitor=None, roles=frozenset({"agent"}))
    wish = FlashWish(offer=f"course:{course.pk}", price_fen=100, ends_at=clock.now() + timedelta(days=1))
    for act in (
        lambda: make_sale(viewer=agent, wish=wish),
        lambda: end_sale(viewer=agent, sale_id=sale.pk),
        lambda: all_sales(agent),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert FlashSale.objects.get().ended_at is None


def test_the_database_refuses_what_means_nothing(operator, course):
    sale = flash(operator, course)
    for wrong in ({"stock": 0}, {"ends_at": sale.begins_at}):
        with pytest.raises(IntegrityError), transaction.atomic():
            FlashSale.objects.filter(pk=sale.pk).update(**wrong)
