"""Whatever is bought, read and given back by rule, in whatever order: nobody has more than they paid for."""

import random
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from django.db.models import Q

from tests.factories import lesson_of, make_bundle, make_course, make_member, make_plan
from tests.product.commerce import coupon_makers
from tests.product.commerce.test_standing import buy, give_back
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.models import LessonOpening, Order, OrderCourse, Posting, Refund, TeacherShare
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.selectors import enrolled_course_ids, may_open
from zhiyue.product.commerce.teaching_shares.entering import settle
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db
CHAINS, STEPS, PERMILLE = 40, 14, 700


class Life:
    """What one member does, by chance."""

    def __init__(self, chance, member, lessons, offers, go):
        self.chance, self.member, self.lessons, self.offers, self.go = chance, member, lessons, offers, go

    def step(self):
        """False where there was nothing to be done."""
        act = self.chance.choice(
            [self.buys, self.buys, self.reads, self.gives_back, self.gives_back, self.waits]
        )
        return act()

    def buys(self):
        kind = self.chance.choice(list(self.offers))
        ref = self.chance.choice(self.offers[kind])
        if ref.startswith("course:") and int(ref[7:]) in enrolled_course_ids(self.member.pk):
            return False
        try:
            buy(self.member, ref)
        except Refused:
            # It is theirs already, or costs nothing.
            return False
        return True

    def reads(self):
        lesson = self.chance.choice(self.lessons)
        if not may_open(self.member, lesson).open:
            return False
        open_lesson(user=self.member, actor=Actor(member_id=self.member.pk), lesson=lesson)
        opened = LessonOpening.objects.filter(
            Q(part__order__user=self.member) | Q(plan__order__user=self.member)
        )
        opened.filter(lesson=lesson, at__gt=clock.now() + timedelta(days=1)).update(at=clock.now())
        return True

    def gives_back(self):
        orders = list(Order.objects.filter(user=self.member, paid_at__isnull=False).order_by("pk"))
        self.chance.shuffle(orders)
        for order in orders:
            found = refund_of(self.member, order.number)
            if not found.closed_to and all(one.by_rule_fen for one in found.open):
                assert give_back(self.member, order).is_by_rule
                return True
        return False

    def waits(self):
        self.go(self.chance.choice([1, 2, 3, 5, 12]))
        earn()
        return True


@pytest.fixture
def go(monkeypatch):
    begun = datetime(2026, 3, 27, 10, tzinfo=clock.business_zone())
    now = [begun]

    def tick():
        now[0] += timedelta(milliseconds=3)
        return now[0]

    def on(days):
        now[0] = now[0] + timedelta(days=days) if days else begun

    monkeypatch.setattr(clock, "now", tick)
    return on


def looked_at(member):
    """The books, the orders, and what teachers are owed of a member's money."""
    mine = Order.objects.filter(user=member)
    sums = {}
    for account, fen in Posting.objects.filter(entry__order__user=member).values_list(
        "account", "amount_fen"
    ):
        sums[account] = sums.get(account, 0) + fen
    assert sum(sums.values()) == 0
    assert all(fen <= 0 for account, fen in sums.items() if account.startswith(ledger.DEFERRED)), sums
    paid = [one for one in mine if one.paid_at is not None]
    assert all(0 <= one.refunded_fen <= one.total_fen for one in paid)
    kept = sum(one.kept_fen for one in paid)
    assert sums.get("receivable:sandbox", 0) == kept >= 0
    for one in paid:
        if not one.is_of_plan:
            settle(one.pk)
    shares = TeacherShare.objects.filter(order__user=member)
    assert sum(one.amount_fen for one in shares) * 1_000 <= kept * PERMILLE
    assert kept >= consumed(paid)


def consumed(paid):
    """What was read or had is worth at the price that was paid for it: courses by lessons, rounded down."""
    worth = Fraction(0)
    for part in OrderCourse.objects.filter(order__in=paid):
        opened = LessonOpening.objects.filter(part=part).count()
        worth += Fraction(part.total_fen * opened, 3)
    return worth


def test_nobody_has_more_than_they_paid_for(operator, go, settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = PERMILLE
    made = [make_course(f"c{n}", price_fen=fen) for n, fen in enumerate((9_901, 20_003, 3_007))]
    lessons = [lesson_of(one, slug) for one in made for slug in ("two", "three")]
    offers = {
        "course": [f"course:{one.pk}" for one in made],
        "bundle": [f"bundle:{make_bundle(made, price_fen=20_011).pk}"],
        "plan": [
            f"plan:{make_plan(name, months=months, price_fen=fen, off_percent=off).pk}"
            for name, months, fen, off in (("月", 1, 3_001, 0), ("季", 3, 7_993, 10), ("年", 12, 30_007, 30))
        ],
    }
    coupon_makers.make(operator, off_percent=25, scope=["kind:course"], most_each=1)
    coupon_makers.make(operator, off_fen=1_001, threshold_fen=5_000, most_each=1)
    coupon_makers.flash(operator, offers["bundle"][0], 15_013)
    for seed in range(CHAINS):
        go(0)
        chance = random.Random(seed)
        member = make_member(f"m{seed}@test.example", "小林")
        life = Life(chance, member, lessons, offers, go)
        for _ in range(STEPS):
            if life.step():
                looked_at(member)
    assert ledger.unbalanced() == []
    # They did all of it.
    by_rule = Refund.objects.filter(is_by_rule=True, status="done")
    assert by_rule.filter(order__offer__startswith="bundle:").count() > 5
    assert by_rule.filter(parts__plan__credited_at__isnull=False).exists()
    assert by_rule.filter(parts__part__openings__isnull=False).exists()
    assert TeacherShare.objects.filter(amount_fen__gt=0, part=None).exists()
