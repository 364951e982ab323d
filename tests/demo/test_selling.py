"""What simulated members do with trials, memberships, bundles and gifts is what the academy could have let them do."""

from collections import Counter
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.demo import living, services
from zhiyue.demo.living import town
from zhiyue.engine.simulate.kinds import NONE, People
from zhiyue.engine.simulate.parameters import ACADEMY
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.membership.deferring import left_of
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import (
    CouponUse,
    CourseTerms,
    Enrolment,
    Entry,
    GiftOpening,
    LessonGift,
    Order,
    OrderCourse,
    Plan,
    Refund,
    TrialPass,
)
from zhiyue.product.commerce.rights import covered_by
from zhiyue.product.commerce.selectors import owned_pairs

pytestmark = pytest.mark.django_db


# So eager that whatever is drawn on whichever day, there is some of everything.
EAGER = replace(
    ACADEMY,
    lending=replace(
        ACADEMY.lending,
        trying=3.0,
        joining=3.0,
        bundling=0.7,
        giving=0.2,
        invited=0.9,
        passing=0.3,
        upgrading=0.5,
    ),
)


def test_simulated_members_try_join_and_give_as_the_academy_allows(monkeypatch):
    monkeypatch.setattr(living, "ACADEMY", EAGER)
    # Too short a past for a contest, in which shelves aren't drawn by the day alone.
    services.seed(members=250, history_days=40)
    there_is_some_of_everything()
    no_closed_lesson_is_opened_without_a_right_of_that_moment()
    trials_are_of_what_may_be_tried_and_was_not_open()
    memberships_are_earned_by_the_month_and_the_books_balance()
    prices_are_those_that_stood_then()
    what_is_lent_is_nobodys_own()
    the_log_tells_of_all_of_it()
    the_way_grows_narrower_step_by_step()
    what_is_remembered_in_memory_is_what_the_records_say()


def there_is_some_of_everything():
    paid = Order.objects.filter(status="fulfilled", user__is_simulated=True)
    kinds = Counter(offer.partition(":")[0] for offer in paid.values_list("offer", flat=True))
    assert min(kinds[one] for one in ("course", "plan", "bundle")) > 0
    assert (
        TrialPass.objects.exclude(course=None).count() > 10 and TrialPass.objects.exclude(plan=None).exists()
    )
    assert LessonGift.objects.exists() and GiftOpening.objects.exists()
    assert GiftOpening.objects.exclude(user=None).exists()


def owned_at(event):
    joined = Enrolment.objects.filter(
        user=event.member_id, course=event.course_id, created_at__lte=event.occurred_at
    )
    paid = OrderCourse.objects.filter(
        order__user=event.member_id, course=event.course_id, order__paid_at__lte=event.occurred_at
    )
    return joined.exists() or paid.exists()


def no_closed_lesson_is_opened_without_a_right_of_that_moment():
    names = ("lesson.opened", "lesson.progressed", "lesson.finished")
    free = Lesson.objects.filter(is_free=True).values("pk")
    closed = Event.objects.filter(name__in=names, origin="import").exclude(lesson_id__in=free)
    opened_by = {
        plan: set(covered_by([plan]).values_list("pk", flat=True))
        for plan in Plan.objects.values_list("pk", flat=True)
    }
    why = Counter()
    for event in closed.select_related("member").iterator():
        if event.member_id is not None and owned_at(event):
            why["owned"] += 1
            continue
        if event.visitor is not None or event.lesson_id in given_to(event):
            assert event.lesson_id in given_to(event)
            why["gift"] += 1
            continue
        member = event.member
        trials = TrialPass.objects.filter(user=member, started_at__lte=event.occurred_at)
        if trials.filter(course=event.course_id, ends_at__gt=event.occurred_at).exists():
            why["trial"] += 1
            continue
        running = membership_of(member, now=event.occurred_at).running
        tried = trials.filter(plan__isnull=False, ends_at__gt=event.occurred_at).first()
        assert running is not None or tried is not None, event
        plan = running.row.plan_id if running else tried.plan_id
        assert event.course_id in opened_by[plan]
        assert running is None or running.row.order.paid_at <= event.occurred_at
        why["membership"] += 1
    assert min(why[one] for one in ("owned", "gift", "trial", "membership")) > 0


def given_to(event):
    """Lessons that were opened by gifts before."""
    by = {"user": event.member_id} if event.member_id is not None else {"visitor": event.visitor}
    opened = GiftOpening.objects.filter(**by, opened_at__lte=event.occurred_at)
    return set(opened.values_list("gift__lesson_id", flat=True))


def trials_are_of_what_may_be_tried_and_was_not_open():
    days = dict(CourseTerms.objects.values_list("course_id", "trial_days"))
    for trial in TrialPass.objects.select_related("plan"):
        allowed = days[trial.course_id] if trial.course_id else trial.plan.trial_days
        assert trial.ends_at - trial.started_at == timedelta(days=allowed) > timedelta(0)
        if trial.course_id:
            earlier = OrderCourse.objects.filter(
                order__user=trial.user_id, course=trial.course_id, order__paid_at__lte=trial.started_at
            )
            assert not earlier.exists()
        of_plans = TrialPass.objects.filter(user=trial.user_id, plan__isnull=False)
        assert of_plans.count() <= 1


def memberships_are_earned_by_the_month_and_the_books_balance():
    assert ledger.unbalanced() == [] and sum(one.amount_fen for one in ledger.balances()) == 0
    # What isn't earned yet of somebody's memberships is a part of what they paid for them.
    unearned, paid = Counter(), Counter()
    for order in Order.objects.filter(plan__isnull=False, paid_at__isnull=False):
        left = left_of(order)
        assert left >= 0
        unearned[order.user_id] += left
        paid[order.user_id] += order.total_fen
    assert all(left <= paid[who] for who, left in unearned.items()) and unearned.total() > 0
    today = clock.business_day()
    earned = Entry.objects.filter(kind="earned", at__lt=clock.day_start(today - timedelta(days=1)))
    by_night = {
        clock.business_day(at)
        for key, at in earned.values_list("key", "at")
        if not Entry.objects.filter(kind="credited", at=at).exists()
    }
    assert by_night and {day.day for day in by_night} == {1}


def prices_are_those_that_stood_then():
    for order in Order.objects.filter(user__is_simulated=True):
        assert order.total_fen == sum(line["amount_fen"] for line in order.lines)
        assert order.price_fen == order.lines[0]["amount_fen"]
        parts = list(order.courses.values_list("total_fen", flat=True))
        assert not parts or sum(parts) == order.total_fen
    uses = CouponUse.objects.filter(returned_at=None).select_related("order", "coupon")
    assert uses
    for use in uses:
        assert use.order.created_at >= use.coupon.begins_at
        before = Order.objects.filter(
            user=use.order.user_id, paid_at__lt=use.order.created_at, total_fen__gt=0
        )
        assert not before.exists()


def what_is_lent_is_nobodys_own():
    owned = owned_pairs()
    bought = set(
        OrderCourse.objects.filter(order__paid_at__isnull=False).values_list("order__user_id", "course_id")
    )
    joined = set(Enrolment.objects.values_list("user_id", "course_id"))
    assert owned <= bought | joined
    tried = set(TrialPass.objects.exclude(course=None).values_list("user_id", "course_id"))
    assert tried - owned


def the_log_tells_of_all_of_it():
    told = Event.objects.filter(name="trial.started").values_list("member_id", "course_id", "occurred_at")
    assert set(told) == set(TrialPass.objects.values_list("user_id", "course_id", "started_at"))
    without = Event.objects.filter(name="order.paid", course_id=None)
    plans = Order.objects.filter(plan__isnull=False, paid_at__isnull=False)
    assert set(without.values_list("properties__order", flat=True)) == set(plans.values_list("pk", flat=True))
    assert 0 < Event.objects.filter(name="gift.made").count() <= LessonGift.objects.count()
    assert 0 < Event.objects.filter(name="gift.opened").count() <= GiftOpening.objects.count()


def the_way_grows_narrower_step_by_step():
    """Of people, visitors among them: looked at a course, at its inside, at the checkout; ordered; paid."""
    seen = Event.objects.filter(origin="import")

    def people(*names):
        rows = seen.filter(name__in=names)
        return set(rows.values_list("member_id", "visitor"))

    looked, inside = people("course.viewed"), people("preview.started", "lesson.opened")
    checkout, ordered, paid = people("checkout.opened"), people("order.placed"), people("order.paid")
    assert len(looked) > len(inside) > len(checkout) and len(ordered) > len(paid) > 0
    assert paid <= ordered


def what_is_remembered_in_memory_is_what_the_records_say():
    day = clock.business_day() - timedelta(days=4)
    size = 250
    here = town(day=day, size=size)
    assert (here.people.plan != NONE).any() and here.people.tried.any() and here.people.tried_plan.any()
    for n in range(4):
        there = town(day=day + timedelta(days=n), size=size)
        one, other = (people.key.argsort() for people in (here.people, there.people))
        for part in fields(People):
            mine, theirs = getattr(here.people, part.name)[one], getattr(there.people, part.name)[other]
            where = (mine != theirs).nonzero()
            assert not len(where[0]), (n, part.name, where, mine[where], theirs[where])
        here.live(day + timedelta(days=n))


def test_the_named_people_have_an_invoice_a_membership_and_a_refund_to_look_at(mailoutbox):
    services.seed(members=3, history_days=1)
    mine = Order.objects.filter(outside_number="")
    assert {(one.user.email, one.offer.partition(":")[0]) for one in mine} == {
        ("learner@example.com", "course"), ("creator@example.com", "plan"),
        ("creator@example.com", "course"),
    }  # fmt: skip
    kept, back = mine.filter(user__email="learner@example.com").order_by("pk")
    assert kept.invoices.get().title == "林小满" and kept.status == "paid"
    assert back.refunds.get().is_by_rule and back.refunds.get().amount_fen == back.total_fen
    assert Course.objects.get(slug="writing-at-work").pk in {part.course_id for part in kept.courses.all()}
    company = mine.get(user__email="creator@example.com", offer__startswith="plan:").invoices.get()
    assert company.kind == "company" and len(company.tax_number) == 18
    before = mine.count()
    services.customers.buy()
    assert mine.count() == before


def test_two_refunds_wait_for_staff(mailoutbox):
    services.seed(members=3, history_days=1)
    read = Refund.objects.get(status="asked")
    assert (read.order.user.email, read.order.courses.get().course.slug) == (
        "creator@example.com", "sql-for-analysts",
    )  # fmt: skip
    assert not read.is_by_rule and read.order.refunded_fen == 0

    # Nobody's purchase is old enough on a demo's second day.
    who, course = User.objects.filter(is_simulated=True).first(), Course.objects.get(slug="seeing-light")
    long_ago = clock.now() - timedelta(days=60)
    import_orders(
        rows=[PastOrder("old", who.pk, course.pk, 9900, placed_at=long_ago, paid_at=long_ago, via="sandbox")]
    )
    for _ in range(2):
        services.customers.buy()
    late = Refund.objects.exclude(pk=read.pk).get(status="asked")
    assert (late.order.outside_number, late.amount_fen, late.is_by_rule) == ("old", 0, False)


def test_without_the_pretended_till_nobody_named_buys(settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    services.seed(members=3, history_days=1)
    assert not Order.objects.filter(outside_number="").exists()
