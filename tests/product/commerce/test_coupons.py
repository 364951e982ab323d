"""Coupons: found by themselves, entered by code, held by orders and given back, refused in words."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_course, make_member
from tests.product.commerce.coupon_makers import codes, make, staff
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NotAllowed, Unfit
from zhiyue.core.accounts.staff import tag_members
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.errors import CouponRefused, PriceChanged, SaleRefused, UnknownCode
from zhiyue.product.commerce.lowering import coupons
from zhiyue.product.commerce.lowering.claiming import claim
from zhiyue.product.commerce.lowering.couponing import (
    CouponWish,
    all_coupons,
    change_coupon,
    export_codes,
    make_codes,
    make_coupon,
    pause_coupon,
    revoke_codes,
)
from zhiyue.product.commerce.lowering.coupons import everything_of
from zhiyue.product.commerce.models import Coupon, CouponCode, CouponHolder, CouponUse, Order
from zhiyue.product.commerce.offers import offer_of
from zhiyue.product.commerce.orders import cancel, expire, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.quoting import priced

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def price(user, course, coupons=None):
    return priced(user, offer_of(f"course:{course.pk}"), coupons)


def ordered(user, course, seen_fen, coupons=None):
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"course:{course.pk}", seen_fen=seen_fen, actor=actor, coupons=coupons)


def entered(user, code):
    return claim(user=user, code=code, actor=Actor(member_id=user.pk))


def notice_of_payment(user, order):
    payment = begin(
        user=user,
        order_number=order.number,
        provider="sandbox",
        channel="page",
        returns_to="/",
        notify_at="/",
    )
    return sandbox.press(payment.number, "pay")


def paid(user, order):
    receive("sandbox", notice_of_payment(user, order))
    order.refresh_from_db()
    return order


def test_the_best_coupon_is_found_by_itself_and_kept_by_the_order(learner, operator, course):
    few, more = make(operator, "十元", off_fen=1_000), make(operator, "二十元")

    found = price(learner, course)
    order = ordered(learner, course, 17_900)

    assert (found.total_fen, found.chosen) == (17_900, (more,))
    assert found.usable == ((more, 2_000), (few, 1_000))
    assert order.lines == [
        {"kind": "price", "amount_fen": 19_900, "code": ""},
        {"kind": "coupon", "amount_fen": -2_000, "code": more.mark, "title": "二十元"},
    ]
    assert list(CouponUse.objects.values_list("coupon", "order", "amount_fen", "returned_at")) == [
        (more.pk, order.pk, 2_000, None)
    ]
    assert order.courses.get().total_fen == 17_900


def test_one_may_choose_another_coupon_or_none(learner, operator, course):
    few = make(operator, "十元", off_fen=1_000)
    make(operator, "二十元")

    assert price(learner, course, [few.mark]).total_fen == 18_900
    assert price(learner, course, []).total_fen == 19_900
    with pytest.raises(PriceChanged):
        ordered(learner, course, 17_900, [])
    assert ordered(learner, course, 18_900, [few.mark]).total_fen == 18_900


def test_coupons_that_may_be_added_up_are(learner, operator, course):
    share = make(operator, "九折", off_percent=10, off_fen=0, is_stackable=True)
    amount = make(operator, "十元", off_fen=1_000, is_stackable=True)
    make(operator, "二十元")

    found = price(learner, course)

    assert found.total_fen == 19_900 - 1_990 - 1_000
    assert set(found.chosen) == {share, amount}
    assert found.amounts() == {share.pk: 1_990, amount.pk: 1_000}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"begun": False}, coupons.NOT_BEGUN),
        ({"threshold_fen": 20_000}, coupons.BELOW % {"price": "¥200"}),
        ({"scope": ["another course"]}, coupons.NOT_FOR_THIS),
        ({"audience": "code"}, coupons.NOT_YOURS),
        ({"audience": "tagged", "tag": "老友"}, coupons.NOT_YOURS),
    ],
)
def test_what_cant_be_used_says_why(learner, operator, course, changed, why):
    if "scope" in changed:
        changed = {"scope": [f"course:{make_course('drawing', topic='art', price_fen=100).pk}"]}
    coupon = make(operator, **changed)

    assert price(learner, course).chosen == ()
    with pytest.raises(CouponRefused) as refused:
        ordered(learner, course, 17_900, [coupon.mark])
    assert str(refused.value.message) == str(why)
    assert not Order.objects.exists()


def test_a_coupon_that_stands_alone_isnt_added_to_others(learner, operator, course):
    marks = [make(operator, title).mark for title in ("甲", "乙")]

    with pytest.raises(CouponRefused):
        price(learner, course, marks)
    assert price(learner, course, [marks[0], marks[0]]).total_fen == 17_900


def test_what_is_over_or_paused_counts_no_more(learner, operator, course):
    coupon = make(operator, ends_at=clock.now() + timedelta(days=1))
    paused = pause_coupon(viewer=staff(operator), mark=coupon.mark, is_paused=True)
    assert price(learner, course).total_fen == 19_900

    pause_coupon(viewer=staff(operator), mark=coupon.mark, is_paused=False)
    assert price(learner, course).total_fen == 17_900
    Coupon.objects.update(ends_at=clock.now())
    assert price(learner, course).total_fen == 19_900
    with pytest.raises(CouponRefused):
        price(learner, course, [paused.mark])


def test_a_coupon_is_for_what_its_scope_says(learner, operator, course):
    other = make_course("drawing", topic="art", price_fen=19_900)
    make(operator, "此课", scope=[f"course:{course.pk}"], off_fen=100)
    make(operator, "主题", scope=[f"topic:{other.topic_id}"], off_fen=200)
    everywhere = make(operator, "课程", scope=["kind:course"], off_fen=50)

    assert price(learner, course).total_fen == 19_800
    assert price(learner, other).total_fen == 19_700
    with pytest.raises(CouponRefused):
        price(learner, other, [Coupon.objects.get(title="此课").mark])
    assert price(learner, other, [everywhere.mark]).total_fen == 19_850


def test_newcomers_are_those_who_never_paid(learner, operator, course):
    make(operator, audience="newcomers")
    second = make_course("drawing", price_fen=9_900)
    assert price(None, course).total_fen == 19_900
    assert price(learner, course).total_fen == 17_900

    paid(learner, ordered(learner, course, 17_900))

    assert price(learner, second).total_fen == 9_900


def test_of_several_orders_that_wait_one_is_a_newcomers(learner, operator, course):
    make(operator, audience="newcomers")
    second = make_course("drawing", price_fen=9_900)
    first = ordered(learner, course, 17_900)

    assert price(learner, second).total_fen == 9_900
    assert ordered(learner, course, 17_900) == first
    cancel(user=learner, number=first.number, actor=Actor(member_id=learner.pk))
    assert price(learner, second).total_fen == 7_900


def test_members_with_a_tag_have_its_coupon(learner, stranger, operator, course):
    make(operator, audience="tagged", tag="老友")
    tag_members(viewer=staff(operator), member_ids=[learner.pk], tag="老友")

    assert price(learner, course).total_fen == 17_900
    assert price(stranger, course).total_fen == 19_900


def test_the_order_that_waits_doesnt_use_up_its_own_coupon(learner, operator, course):
    make(operator, most_uses=1)

    first = ordered(learner, course, 17_900)

    assert price(learner, course).total_fen == 17_900
    assert ordered(learner, course, 17_900) == first
    assert CouponUse.objects.count() == 1


def test_another_coupon_ends_the_order_that_waits_and_gives_its_own_back(learner, operator, course):
    one, other = (make(operator, title, most_uses=1) for title in ("甲", "乙"))

    first = ordered(learner, course, 17_900, [one.mark])
    second = ordered(learner, course, 17_900, [other.mark])

    first.refresh_from_db()
    assert (first.status, second.status) == ("expired", "created")
    assert list(CouponUse.objects.filter(returned_at=None).values_list("coupon", flat=True)) == [other.pk]


def test_a_limit_of_all_and_of_each_is_kept(learner, stranger, operator, course):
    second = make_course("drawing", price_fen=19_900)
    make(operator, "一人一次")
    ordered(learner, course, 17_900)
    assert price(learner, second).total_fen == 19_900
    assert price(stranger, second).total_fen == 17_900

    Coupon.objects.update(most_each=None, most_uses=2)
    ordered(learner, second, 17_900)
    assert price(stranger, second).total_fen == 19_900
    with pytest.raises(PriceChanged):
        ordered(stranger, second, 17_900)


@pytest.mark.parametrize("how", ["cancelled", "expired", "refunded"])
def test_an_order_that_ends_gives_its_coupon_back(learner, stranger, operator, course, how):
    make(operator, most_uses=1)
    order = ordered(learner, course, 17_900)
    if how == "refunded":
        paid(learner, order)
    assert price(stranger, course).total_fen == 19_900

    if how == "cancelled":
        cancel(user=learner, number=order.number, actor=Actor(member_id=learner.pk))
    elif how == "expired":
        expire(now=order.expires_at)
    else:
        order.refunded_fen = order.total_fen
        journal.move(order, "refunded", why="refunded", also=["refunded_fen"])

    assert price(stranger, course).total_fen == 17_900
    assert CouponUse.objects.get().returned_at is not None


def test_a_refund_of_a_part_keeps_the_coupon_used(learner, operator, course):
    make(operator)
    order = paid(learner, ordered(learner, course, 17_900))

    journal.move(order, "partly_refunded", why="refunded")

    assert CouponUse.objects.get().returned_at is None


def test_late_money_takes_the_coupon_again(learner, operator, course):
    make(operator, most_uses=1)
    order = ordered(learner, course, 17_900)
    notice = notice_of_payment(learner, order)
    expire(now=order.expires_at)

    receive("sandbox", notice)

    order.refresh_from_db()
    assert order.status == "paid"
    assert CouponUse.objects.get().returned_at is None


def test_late_money_is_owed_back_where_somebody_else_has_the_coupon(learner, stranger, operator, course):
    coupon = make(operator, most_uses=1)
    order = ordered(learner, course, 17_900)
    notice = notice_of_payment(learner, order)
    expire(now=order.expires_at)
    ordered(stranger, course, 17_900)

    receive("sandbox", notice)

    order.refresh_from_db()
    assert order.status == "expired"
    assert CouponUse.objects.filter(coupon=coupon, returned_at=None).count() == 1
    assert {one.account: one.amount_fen for one in ledger.balances()} == {
        "receivable:sandbox": 17_900,
        f"owed:{order.number}": -17_900,
    }


def paid_late(user, order, other, seen_fen, coupons):
    """Money that comes once the order's time is over and another one was paid."""
    notice = notice_of_payment(user, order)
    expire(now=order.expires_at)
    receive("sandbox", notice_of_payment(user, ordered(user, other, seen_fen, coupons=coupons)))
    receive("sandbox", notice)
    order.refresh_from_db()
    return order.status


def test_late_money_takes_no_second_coupon_for_newcomers(learner, operator, course):
    first = make(operator, title="新人一", audience="newcomers")
    second = make(operator, title="新人二", audience="newcomers")
    order = ordered(learner, course, 17_900, coupons=[first.mark])
    other = make_course("other", price_fen=19_900)

    assert paid_late(learner, order, other, 17_900, [second.mark]) == "expired"
    assert CouponUse.objects.get(returned_at=None).coupon == second
    assert {one.account: one.amount_fen for one in ledger.balances()}[f"owed:{order.number}"] == -17_900


def test_who_bought_something_else_since_keeps_the_price_that_was_promised(learner, operator, course):
    first = make(operator, title="新人一", audience="newcomers")
    order = ordered(learner, course, 17_900, coupons=[first.mark])
    other = make_course("other", price_fen=19_900)
    Coupon.objects.filter(pk=first.pk).update(paused_at=clock.now(), ends_at=clock.now())

    assert paid_late(learner, order, other, 19_900, []) == "paid"
    assert CouponUse.objects.get(returned_at=None).order == order


def test_late_money_passes_no_limit_of_a_person(learner, operator, course):
    coupon = make(operator, most_each=1)
    order = ordered(learner, course, 17_900)
    other = make_course("other", price_fen=19_900)

    assert paid_late(learner, order, other, 17_900, [coupon.mark]) == "expired"
    assert CouponUse.objects.filter(returned_at=None).count() == 1


def test_paying_tells_which_coupon_was_used(learner, operator, course):
    coupon = make(operator)
    order = paid(learner, ordered(learner, course, 17_900))

    told = Event.objects.get(name="coupon.used")
    assert told.properties == {"order": order.pk, "amount_fen": 2_000, "coupon": coupon.pk}
    assert told.course_id == course.pk


def test_a_coupon_that_pays_all_leaves_nothing_to_pay(learner, operator, course):
    make(operator, off_fen=50_000)

    assert ordered(learner, course, 0).total_fen == 0


def test_a_shared_code_gives_its_coupon_to_everybody_once(learner, stranger, operator, course):
    coupon = make(operator, audience="code")
    [code] = codes(operator, coupon)
    assert price(learner, course).total_fen == 19_900

    for user in (learner, learner, stranger):
        assert entered(user, f" {code[:5].lower()}-{code[5:]} ") == coupon

    assert price(learner, course).total_fen == price(stranger, course).total_fen == 17_900
    assert CouponHolder.objects.count() == 2
    assert Event.objects.filter(name="coupon.claimed").count() == 2
    assert codes(operator, coupon) == []


def test_a_code_of_its_own_counts_once(learner, stranger, operator):
    coupon = make(operator, audience="code")
    first, second = codes(operator, coupon, count=2)

    assert entered(learner, first) == entered(learner, first) == coupon
    with pytest.raises(CouponRefused):
        entered(stranger, first)
    with pytest.raises(CouponRefused):
        entered(learner, second)

    assert list(CouponHolder.objects.values_list("user", "code__text")) == [(learner.pk, first)]
    assert CouponCode.objects.get(text=second).claimed_at is None
    assert entered(stranger, second) == coupon


def test_codes_that_give_nothing_say_why_and_take_nothing(learner, operator, course):
    over = make(operator, "过期", audience="code")
    [of_over] = codes(operator, over)
    Coupon.objects.filter(pk=over.pk).update(ends_at=clock.now())
    coming = make(operator, "将来", audience="code", begun=False)
    [of_coming] = codes(operator, coming, count=1)
    full = make(operator, "用完", audience="code", most_uses=1)
    [of_full] = codes(operator, full)
    other = make_member("other@test.example")
    entered(other, of_full)
    ordered(other, course, 17_900)
    gone = make(operator, "作废", audience="code")
    [of_gone] = codes(operator, gone)
    assert revoke_codes(viewer=staff(operator), mark=gone.mark) == 1

    for code in (of_over, of_coming, of_full):
        with pytest.raises(CouponRefused):
            entered(learner, code)
    for code in (of_gone, "NOSUCHCODE", "", "\x00", "A" * 5000):
        with pytest.raises(UnknownCode):
            entered(learner, code)
    assert not CouponHolder.objects.filter(user=learner).exists()
    assert not CouponCode.objects.filter(claimed_at__isnull=False).exists()


def test_who_has_a_coupon_keeps_it_when_its_codes_are_revoked(learner, operator, course):
    coupon = make(operator, audience="code")
    entered(learner, codes(operator, coupon)[0])

    revoke_codes(viewer=staff(operator), mark=coupon.mark)

    assert price(learner, course).total_fen == 17_900
    assert len(codes(operator, coupon)) == 1


def test_ones_coupons_are_all_that_one_has_or_used(learner, operator, course):
    make(operator, "为大家")
    make(operator, "别人的", audience="code")
    newcomer = make(operator, "新人", audience="newcomers", off_fen=5_000)
    paid(learner, ordered(learner, course, 14_900))

    found = {one.coupon.title: one for one in everything_of(learner)}

    assert set(found) == {"为大家", "新人"}
    assert (found["新人"].mine, found["为大家"].mine) == (1, 0)
    assert found["新人"].coupon == newcomer


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "长" * 61}, "title"),
        ({"off_fen": 0}, "off_fen"),
        ({"off_fen": 100, "off_percent": 5}, "off_fen"),
        ({"off_fen": 0, "off_percent": 101}, "off_percent"),
        ({"off_fen": 10**10}, "off_fen"),
        ({"off_fen": -5}, "off_fen"),
        ({"most_fen": 0}, "most_fen"),
        ({"threshold_fen": -1}, "threshold_fen"),
        ({"most_uses": 0}, "most_uses"),
        ({"most_each": 0}, "most_each"),
        ({"audience": "friends"}, "audience"),
        ({"scope": ["course:1x"]}, "scope"),
        ({"scope": ["topic:99999999999999999999"]}, "scope"),
        ({"ends_at": clock.now() - timedelta(days=2)}, "ends_at"),
    ],
)
def test_a_coupon_that_means_nothing_isnt_made(operator, changed, field):
    with pytest.raises(SaleRefused) as refused:
        make(operator, **changed)

    assert refused.value.field == field
    assert not Coupon.objects.exists() and not AuditEntry.objects.filter(act="coupon.made").exists()


def test_a_coupon_of_a_tag_needs_one(operator):
    with pytest.raises(Unfit):
        make(operator, audience="tagged")


def test_the_database_refuses_what_means_nothing(operator):
    coupon = make(operator)
    for wrong in ({"off_percent": 5}, {"off_fen": 0}, {"tag": "x"}, {"most_uses": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Coupon.objects.filter(pk=coupon.pk).update(**wrong)


def test_a_form_sent_twice_makes_one_coupon(operator):
    wish = CouponWish(title="一次", audience="everybody", off_fen=100)
    first, second = (make_coupon(viewer=staff(operator), wish=wish) for _ in range(2))

    assert first == second
    assert AuditEntry.objects.filter(act="coupon.made").count() == 1


def test_title_end_and_limit_may_change_and_nothing_else(learner, operator, course):
    coupon = make(operator, most_uses=5)
    ordered(learner, course, 17_900)
    end = clock.now() + timedelta(days=3)

    change_coupon(viewer=staff(operator), mark=coupon.mark, title="新名", ends_at=end, most_uses=1)
    with pytest.raises(SaleRefused):
        change_coupon(viewer=staff(operator), mark=coupon.mark, title="新名", ends_at=end, most_uses=0)
    with pytest.raises(SaleRefused):
        past = clock.now() - timedelta(days=3)
        change_coupon(viewer=staff(operator), mark=coupon.mark, title="新名", ends_at=past, most_uses=1)

    coupon.refresh_from_db()
    assert (coupon.title, coupon.ends_at, coupon.most_uses) == ("新名", end, 1)
    entry = AuditEntry.objects.get(act="coupon.changed")
    assert (entry.before["title"], entry.after["title"]) == ("夏季券", "新名")
    # What was ordered is called as it was then.
    assert Order.objects.get().lines[1]["title"] == "夏季券"


def test_codes_are_made_once_however_often_their_form_is_sent(operator):
    coupon = make(operator, audience="code")

    made = [make_codes(viewer=staff(operator), mark=coupon.mark, count=3) for _ in range(2)]

    assert (made, coupon.codes.count()) == ([3, 0], 3)
    texts = set(export_codes(viewer=staff(operator), mark=coupon.mark).values_list("text", flat=True))
    assert len(texts) == 3 and all(len(text) == 10 for text in texts)
    assert AuditEntry.objects.get(act="coupon.codes_exported").after == {"codes": 3}
    for count in (-1, 5_001):
        with pytest.raises(SaleRefused):
            make_codes(viewer=staff(operator), mark=coupon.mark, count=count)
    with pytest.raises(SaleRefused):
        make_codes(viewer=staff(operator), mark=make(operator).mark, count=1)


def test_staff_see_what_coupons_cost_and_brought(learner, stranger, operator, course):
    coupon = make(operator)
    paid(learner, ordered(learner, course, 17_900))
    ordered(stranger, course, 17_900)

    [row] = all_coupons(staff(operator))

    assert row.coupon == coupon
    assert (row.open_uses, row.paid_uses, row.cost_fen, row.brought_fen) == (1, 1, 2_000, 17_900)


def test_strangers_do_nothing_with_coupons(learner, operator):
    coupon = make(operator, audience="code")
    viewer = staff(learner).__class__(user=learner, visitor=None, roles=frozenset({"agent"}))
    acts = [
        lambda: make_coupon(viewer=viewer, wish=CouponWish(title="x", audience="everybody", off_fen=1)),
        lambda: change_coupon(viewer=viewer, mark=coupon.mark, title="x", ends_at=None, most_uses=None),
        lambda: pause_coupon(viewer=viewer, mark=coupon.mark, is_paused=True),
        lambda: make_codes(viewer=viewer, mark=coupon.mark, count=1),
        lambda: revoke_codes(viewer=viewer, mark=coupon.mark),
        lambda: export_codes(viewer=viewer, mark=coupon.mark),
        lambda: all_coupons(viewer),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert Coupon.objects.get().paused_at is None and not CouponCode.objects.exists()


def test_a_price_asks_little_of_the_database(learner, operator, course, django_assert_num_queries):
    for n in range(5):
        make(operator, f"券{n}", audience="everybody", scope=[f"topic:{course.topic_id}"])
    offer = offer_of(f"course:{course.pk}")

    with django_assert_num_queries(4):
        priced(learner, offer)
