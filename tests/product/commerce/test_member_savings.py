"""What a membership's percent saved in the end: whoever gives it back has paid what everybody pays."""

import pytest

from tests.factories import lesson_of, make_bundle, make_plan
from tests.product.commerce import coupon_makers
from tests.product.commerce.test_standing import books_are_whole, buy, course_of, give_back, lines, placed
from zhiyue.collect.kinds import Actor
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db

# What is taken off after the membership's percent, and what the member pays then, and what everybody pays.
LOWERED = {
    "nothing": ({}, 8_000, 10_000),
    "a share": ({"off_percent": 50}, 4_000, 5_000),
    "a share, at most": ({"off_percent": 50, "most_fen": 4_500}, 4_000, 5_500),
    "an amount": ({"off_fen": 2_000}, 6_000, 8_000),
    "more than is left": ({"off_fen": 9_000}, 0, 1_000),
    "everything": ({"off_percent": 100}, 0, 0),
}


@pytest.fixture
def year(db):
    return make_plan("年", months=12, price_fen=36_500, off_percent=20)


def bought(user, ref):
    if checkout_of(user, ref).price.total_fen:
        return buy(user, ref)
    order = placed(user, ref)
    pay_nothing(user=user, order_number=order.number)
    order.refresh_from_db()
    return order


@pytest.mark.parametrize(("coupon", "mine", "everybodys"), LOWERED.values(), ids=list(LOWERED))
def test_after_a_coupon(learner, stranger, operator, year, coupon, mine, everybodys):
    plan = buy(learner, f"plan:{year.pk}")
    used = -sum(fen for kind, fen in lines(learner, plan) if kind == "days")
    if coupon:
        coupon_makers.make(operator, **coupon, scope=["kind:course"])
    ref = f"course:{course_of('a', 10_000).pk}"
    order, theirs = bought(learner, ref), bought(stranger, ref)
    assert (order.total_fen, theirs.total_fen) == (mine, everybodys)

    saved = [fen for kind, fen in lines(learner, plan) if kind == "saved"]
    assert saved == [mine - everybodys][: everybodys != mine]
    give_back(learner, plan)

    assert plan.kept_fen + order.kept_fen == used + theirs.kept_fen
    books_are_whole(plan, order, theirs)


def test_after_a_flash_price(learner, stranger, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    course = course_of("a", 10_000)
    coupon_makers.flash(operator, course, price_fen=5_000)
    order, theirs = buy(learner, f"course:{course.pk}"), buy(stranger, f"course:{course.pk}")

    assert (order.total_fen, theirs.total_fen) == (4_000, 5_000)
    assert lines(learner, plan)[2:] == [("saved", -1_000)]


def test_of_a_bundle_of_which_half_was_theirs(learner, stranger, year):
    plan = buy(learner, f"plan:{year.pk}")
    courses = [course_of("a", 10_000), course_of("b", 10_000)]
    bundle = make_bundle(courses, price_fen=16_000)
    for user in (learner, stranger):
        grant_course(user=user, course=courses[0])
    order, theirs = buy(learner, f"bundle:{bundle.pk}"), buy(stranger, f"bundle:{bundle.pk}")

    assert (order.total_fen, theirs.total_fen) == (6_400, 8_000)
    assert lines(learner, plan)[2:] == [("saved", -1_600)]


def test_the_price_before_and_after_differs_by_what_was_saved(learner, operator, year):
    coupon_makers.make(operator, off_percent=25, scope=["kind:course"])
    ref = f"course:{course_of('a', 9_999).pk}"
    before = checkout_of(learner, ref).price
    plan = buy(learner, f"plan:{year.pk}")
    during = checkout_of(learner, ref).price
    give_back(learner, plan)
    after = checkout_of(learner, ref).price

    assert membership_of(learner).running is None
    assert before.total_fen == after.total_fen == during.total_fen + during.member_saved_fen
    assert (before.member_saved_fen, during.member_saved_fen) == (0, 1_500)


def test_orders_of_old_keep_what_it_took_off_at_first(learner, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    coupon_makers.make(operator, off_percent=50, scope=["kind:course"])
    order = buy(learner, f"course:{course_of('a', 10_000).pk}")
    assert order.lines[1] == {"kind": "membership", "amount_fen": -2_000, "code": "", "saved_fen": 1_000}
    kept = [{name: one[name] for name in one if name != "saved_fen"} for one in order.lines]
    Order.objects.filter(pk=order.pk).update(lines=kept)

    assert lines(learner, plan)[2:] == [("saved", -2_000)]


def test_of_a_course_that_was_read_and_given_back_what_was_read_counts(learner):
    plan = buy(learner, f"plan:{make_plan('年', months=12, price_fen=365_000, off_percent=50).pk}")
    course = course_of("a", 100_000)
    order = buy(learner, f"course:{course.pk}")
    for slug in ("two", "three"):
        open_lesson(user=learner, actor=Actor(member_id=learner.pk), lesson=lesson_of(course, slug))
    # Two of three lessons for money are kept at half the price.
    give_back(learner, order)
    assert (order.total_fen, order.kept_fen) == (50_000, 33_334)

    assert lines(learner, plan)[2:] == [("saved", -33_334)]
    give_back(learner, plan)
    assert plan.kept_fen + order.kept_fen == 1_000 + 66_668
    books_are_whole(plan, order)
