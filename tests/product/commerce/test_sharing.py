"""Who may show a lesson to friends, asked of many at once and of each alone: one answer, whatever they bought and gave
back."""

from datetime import timedelta
from random import Random

import pytest

from tests.factories import lesson_of, make_course, make_member, make_plan
from tests.product.commerce.test_memberships import ago
from tests.product.commerce.test_standing import buy, give_back
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce.lending.gifts import gift_of, gifts_by, make_gift, shown_gifts
from zhiyue.product.commerce.lending.sharing import may_share_each
from zhiyue.product.commerce.membership.held import membership_of, remind_of_membership_ends
from zhiyue.product.commerce.models import Order, OrderPlan
from zhiyue.product.commerce.rights import may_share

pytestmark = pytest.mark.django_db


def member_with(n, plans, chance, now):
    """A member who bought and gave back by chance."""
    user = make_member(f"m{n}@test.example", f"m{n}")
    for k in range(chance.randint(1, 4)):
        plan = chance.choice(plans)
        paid_at = now - timedelta(hours=chance.randint(1, 24 * 90))
        age = int((now - paid_at) / timedelta(hours=1))
        is_back = chance.random() < 0.4
        order = Order.objects.create(
            number=f"Z{n}-{k}",
            user=user,
            offer=f"plan:{plan.pk}",
            title=plan.name,
            price_fen=3_000,
            total_fen=3_000,
            lines=[],
            created_at=paid_at,
            expires_at=paid_at,
            paid_at=paid_at,
            status="refunded" if is_back else "fulfilled",
        )
        OrderPlan.objects.create(
            order=order,
            plan=plan,
            months=plan.months,
            grace_days=3,
            credited_at=paid_at if k and chance.random() < 0.3 else None,
            returned_at=paid_at + timedelta(hours=chance.randint(0, age)) if is_back else None,
        )
    return user


@pytest.mark.parametrize("seed", range(6))
def test_many_at_once_are_told_what_each_alone_is(seed):
    chance, now = Random(seed), clock.now()
    courses = [make_course("a", price_fen=100), make_course("b", topic="art", price_fen=100)]
    plans = [make_plan("all"), make_plan("art", topics=["art"]), make_plan("quarter", months=3)]
    members = [member_with(n, plans, chance, now).pk for n in range(25)]
    pairs = {(member, course.pk) for member in members for course in courses}

    found = []
    for days in (0, 3, 11, 20, 29, 31, 45, 70):
        moment = now + timedelta(days=days)
        alone = {(one, course.pk) for course in courses for one in may_share(members, course, now=moment)}
        assert may_share_each(pairs, now=moment) == alone
        found.append(len(alone))

    assert 0 < found[-1] < found[0] < len(pairs)


@pytest.fixture
def twice(learner):
    """Bought twice six days ago, and the first given back now: the second runs from today."""
    plan = make_plan("月", price_fen=3_100)
    first, second = buy(learner, f"plan:{plan.pk}"), buy(learner, f"plan:{plan.pk}")
    for one in (first, second):
        ago(one, days=6)
    give_back(learner, first)
    return first, second


def later(orders, days):
    for one in orders:
        ago(one, days=days + 6)
    OrderPlan.objects.filter(order=orders[0]).update(returned_at=clock.now() - timedelta(days=days))


def test_the_givers_list_says_of_a_gift_what_its_page_says(learner, twice):
    later(twice, 29)
    assert membership_of(learner).running is not None
    lesson = lesson_of(make_course("a", price_fen=100), "two")

    made = make_gift(user=learner, lesson=lesson, actor=Actor(member_id=learner.pk))

    assert not gift_of(made.secret).is_over
    assert [one.is_over for one in shown_gifts(list(gifts_by(learner)))] == [False]


def test_who_gave_the_first_of_two_back_late_is_reminded_of_the_end_of_the_second(learner):
    plan = make_plan("年", months=12, price_fen=30_000)
    orders = [buy(learner, f"plan:{plan.pk}") for _ in range(2)]
    for one in orders:
        ago(one, days=340)
    OrderPlan.objects.filter(order=orders[0]).update(returned_at=clock.now())
    Order.objects.filter(pk=orders[0].pk).update(status="refunded")
    # A year after the first went back, less two days.
    left = membership_of(learner).until - clock.now() - timedelta(days=2)
    for one in orders:
        ago(one, days=340 + left.days)
    OrderPlan.objects.filter(order=orders[0]).update(returned_at=clock.now() - timedelta(days=left.days))

    assert remind_of_membership_ends() == 1
