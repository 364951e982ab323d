"""Memberships: what a paid order of a plan opens, until when, and what it costs who has one."""

from datetime import datetime, timedelta

import pytest

from tests.factories import lesson_of, make_course
from tests.factories import make_plan as plan
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    NoMembership,
    NotForSale,
    NoTrial,
    PriceChanged,
    TrialOver,
)
from zhiyue.product.commerce.lending.gifts import gift_of, make_gift
from zhiyue.product.commerce.lending.trials import plan_trials, remind_of_ends, start_plan_trial
from zhiyue.product.commerce.membership.held import (
    choose_reminder,
    membership_of,
    remind_of_membership_ends,
    running_of,
    terms_for,
)
from zhiyue.product.commerce.models import CourseTerms, Order, OrderPlan, OrderStep, Plan, TrialPass
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.rights import right_to_course
from zhiyue.product.commerce.selectors import (
    Access,
    enrolled_course_ids,
    is_enrolled,
    learners_of,
    lent_course_ids,
    may_open,
    may_open_whole,
    owned_by,
    readable_course_ids,
)
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def ordered(user, of):
    found = checkout_of(user, f"plan:{of.pk}")
    return place(
        user=user,
        offer=f"plan:{of.pk}",
        seen_fen=found.price.total_fen,
        actor=Actor(member_id=user.pk),
    )


def paid(user, of):
    order = ordered(user, of)
    pay(user, order)
    order.refresh_from_db()
    return order


def pay(user, order):
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    payment = begin(user=user, order_number=order.number, **ways)
    receive("sandbox", sandbox.press(payment.number, "pay"))


def ago(order, **past):
    """As if it had been paid so long ago."""
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(**past))


def test_a_paid_order_opens_every_course_with_a_price_until_its_month_is_over(learner, stranger, course):
    order = paid(learner, plan())

    later = make_course("later", price_fen=100)
    access = may_open(learner, lesson_of(course, "two"))
    assert access.why == "membership"
    assert access.is_lent
    assert access.until == membership_of(learner).until
    assert may_open(learner, lesson_of(later, "two")).open
    assert not may_open(stranger, lesson_of(course, "two")).open
    assert readable_course_ids(learner) == {course.pk, later.pk}
    assert not order.courses.exists()
    event = Event.objects.get(name="order.paid")
    assert (event.course_id, event.properties["amount_fen"]) == (None, 3_000)

    ago(order, days=36)
    assert not may_open(learner, lesson_of(course, "two")).open
    assert readable_course_ids(learner) == set()


@pytest.mark.parametrize("changed", [{"name": "年度会员"}, {"grace_days": 9}, {"off_percent": 20}])
def test_an_order_that_waits_is_placed_anew_where_the_plan_changed(learner, changed):
    of = plan()
    first = ordered(learner, of)
    assert ordered(learner, of) == first
    Plan.objects.filter(pk=of.pk).update(**changed)

    second = ordered(learner, of)

    first.refresh_from_db()
    assert (first.status, second.status) == ("expired", "created")
    assert (second.title, second.plan.grace_days, second.plan.off_percent) == (
        changed.get("name", of.name),
        changed.get("grace_days", of.grace_days),
        changed.get("off_percent", of.off_percent),
    )


def test_it_goes_on_opening_for_its_days_of_grace(learner, course):
    order = paid(learner, plan())
    Order.objects.update(paid_at=datetime(2026, 3, 10, 10, tzinfo=clock.business_zone()))

    end = datetime(2026, 4, 10, 10, tzinfo=clock.business_zone())
    for moment, opens in (
        (end - timedelta(seconds=1), True),
        (end + timedelta(days=3, seconds=-1), True),
        (end + timedelta(days=3), False),
    ):
        assert (right_to_course(learner.pk, course, now=moment) is not None) is opens
        assert (running_of(learner.pk, now=moment) is not None) is opens
    assert order.title == "全站会员"


def test_rights_follow_the_topic_and_the_course(learner, course, django_assert_num_queries):
    other = make_course("paint", topic="art", price_fen=100)
    paid(learner, plan(topics=["data"]))
    lesson, beside = lesson_of(course, "two"), lesson_of(other, "two")

    with django_assert_num_queries(1):
        assert may_open(learner, lesson).why == "membership"
    with django_assert_num_queries(1):
        assert may_open_whole(learner, beside).why == "enrol"
    with django_assert_num_queries(3):
        assert lent_course_ids(learner.pk) == {course.pk}

    # What leaves the topic leaves the membership, and what comes into it is in it.
    Course.objects.filter(pk=course.pk).update(topic=other.topic)
    Course.objects.filter(pk=other.pk).update(topic=course.topic)
    assert may_open(learner, lesson_of(course, "two")).why == "enrol"
    assert may_open(learner, lesson_of(other, "two")).why == "membership"
    assert lent_course_ids(learner.pk) == {other.pk}


@pytest.mark.parametrize("change", [{"status": "draft"}, {"status": "withdrawn"}])
def test_what_isnt_out_is_in_no_membership(learner, course, change):
    paid(learner, plan())
    Course.objects.filter(pk=course.pk).update(**change)

    assert may_open(learner, lesson_of(course, "two")).why == "unpublished"
    assert lent_course_ids(learner.pk) == set()


def test_a_course_can_be_kept_out_of_memberships(learner, course):
    paid(learner, plan())
    CourseTerms.objects.create(course=course, is_in_memberships=False)

    assert may_open(learner, lesson_of(course, "two")).why == "enrol"
    assert lent_course_ids(learner.pk) == set()


def test_free_courses_stay_free_and_are_joined_as_before(learner):
    free = make_course("free")
    paid(learner, plan())

    assert may_open(learner, lesson_of(free, "one")).why == "free"
    assert may_open(learner, lesson_of(free, "two")).why == "enrol"
    assert lent_course_ids(learner.pk) == set()


def test_what_a_membership_opens_isnt_owned_and_can_be_bought(learner, course):
    paid(learner, plan())

    assert not is_enrolled(learner, course.pk)
    assert enrolled_course_ids(learner.pk) == set()
    assert learners_of([course.pk]) == {}
    order = place(
        user=learner,
        offer=f"course:{course.pk}",
        seen_fen=19_900,
        actor=Actor(member_id=learner.pk),
    )
    pay(learner, order)
    assert may_open(learner, lesson_of(course, "two")).why == "enrolled"


def test_owned_courses_are_told_from_those_of_a_membership(learner, course):
    other = make_course("other", price_fen=100)
    order = paid(learner, plan())
    grant_course(user=learner, course=course)

    found = {one.pk: (one.source, one.since) for one in owned_by(learner.pk, lent_too=True)}

    assert found[course.pk][0] == "granted"
    assert found[other.pk] == ("membership", order.paid_at)
    assert [one.pk for one in owned_by(learner.pk)] == [course.pk]


def test_money_that_goes_back_closes_it_and_leaves_what_was_bought_after_it(learner, course):
    first, second = paid(learner, plan()), None
    offer = Plan.objects.get()
    second = paid(learner, offer)
    assert membership_of(learner).until > clock.now() + timedelta(days=55)

    Order.objects.filter(pk=second.pk).update(status=Order.Status.REFUNDED)

    assert membership_of(learner).until < clock.now() + timedelta(days=32)
    Order.objects.filter(pk=first.pk).update(status=Order.Status.REFUNDED)
    assert membership_of(learner).running is None
    assert not may_open(learner, lesson_of(course, "two")).open


def test_buying_again_follows_without_a_gap(learner, course):
    offer = plan()
    ago(paid(learner, offer), days=20)
    assert terms_for(learner, offer).credit_fen == 0
    paid(learner, offer)

    mine = membership_of(learner)
    assert len(mine.following) == 1
    assert mine.running.period.opens_until == mine.following[0].period.opens_from
    assert may_open(learner, lesson_of(course, "two")).until == mine.until


def test_a_larger_plan_takes_what_is_left_off_its_price(learner, course):
    month, year = plan(), plan("年度会员", months=12, price_fen=30_000)
    ago(paid(learner, month), days=10)
    terms = terms_for(learner, year)
    assert 1_500 < terms.credit_fen < 2_100
    assert terms.replaced == month

    order = paid(learner, year)

    assert order.lines == [
        {"kind": "price", "amount_fen": 30_000, "code": ""},
        {"kind": "credit", "amount_fen": -terms.credit_fen, "code": ""},
    ]
    mine = membership_of(learner)
    assert (mine.running.plan, mine.following) == (year, [])
    assert mine.until > clock.now() + timedelta(days=364)
    books = {one.account: one.amount_fen for one in ledger.balances()}
    assert books["receivable:sandbox"] == 33_000 - terms.credit_fen


def test_what_was_credited_counts_as_paid_the_next_time(learner):
    month, year = plan(), plan("年度会员", months=12, price_fen=30_000)
    paid(learner, month)
    paid(learner, year)
    all_in = plan("无忧会员", months=12, price_fen=60_000)

    # A day of a year is used up, of 30,000 fen.
    assert terms_for(learner, all_in).credit_fen == 30_000 * 364 // 365


def test_a_smaller_plan_follows_what_runs(learner):
    year, month = plan("年度会员", months=12, price_fen=30_000), plan()
    paid(learner, year)
    terms = terms_for(learner, month)

    assert (terms.credit_fen, terms.replaced) == (0, None)
    assert terms.opens_from == membership_of(learner).until
    order = paid(learner, month)
    assert order.total_fen == 3_000
    assert [held.plan for held in membership_of(learner).following] == [month]


def test_what_is_left_comes_off_one_order_only(learner):
    paid(learner, plan())
    year, quarter = plan("年", months=12, price_fen=30_000), plan("季", months=3, price_fen=8_000)
    first = ordered(learner, year)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    late = begin(user=learner, order_number=first.number, **ways)

    second = ordered(learner, quarter)
    pay(learner, second)
    receive("sandbox", sandbox.press(late.number, "pay"))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("expired", "paid")
    assert membership_of(learner).running.plan == quarter
    assert OrderStep.objects.filter(order=first).last().why == "paid_too_much"
    owed = {one.account: one.amount_fen for one in ledger.balances()}
    assert owed[f"owed:{first.number}"] == -first.total_fen


def test_a_credit_for_money_that_went_back_pays_nothing(learner):
    month = paid(learner, plan())
    order = ordered(learner, plan("年", months=12, price_fen=30_000))
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    notice = sandbox.press(begin(user=learner, order_number=order.number, **ways).number, "pay")
    Order.objects.filter(pk=month.pk).update(status=Order.Status.REFUNDED)

    with pytest.raises(PriceChanged):
        pay(learner, order)
    receive("sandbox", notice)

    order.refresh_from_db()
    assert order.status == "expired"
    assert membership_of(learner).running is None
    whys = list(OrderStep.objects.filter(order=order).values_list("why", flat=True))
    assert whys[1:3] == ["price_changed", "paid_too_much"]


def test_an_order_that_isnt_paid_is_worth_nothing(learner, course):
    ordered(learner, plan())

    assert membership_of(learner).running is None
    assert not may_open(learner, lesson_of(course, "two")).open


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_a_plan_that_isnt_for_sale_cant_be_ordered_and_runs_on(learner, course, status):
    offer = plan()
    paid(learner, offer)
    offer.status = status
    offer.save()

    with pytest.raises(NotForSale):
        checkout_of(learner, f"plan:{offer.pk}")
    assert may_open(learner, lesson_of(course, "two")).open


def test_members_buy_everything_else_for_less_as_it_was_promised(learner, stranger, course):
    offer = plan(off_percent=20)
    paid(learner, offer)
    offer.off_percent = 50
    offer.save()

    lines = checkout_of(learner, f"course:{course.pk}").price.lines()
    assert [(line["kind"], line["amount_fen"]) for line in lines] == [
        ("price", 19_900),
        ("membership", -3_980),
    ]
    assert checkout_of(stranger, f"course:{course.pk}").price.total_fen == 19_900
    # A membership itself isn't cheaper for it.
    assert [line["kind"] for line in checkout_of(learner, f"plan:{offer.pk}").price.lines()] == ["price"]
    Order.objects.update(paid_at=clock.now() - timedelta(days=60))
    assert checkout_of(learner, f"course:{course.pk}").price.total_fen == 19_900


def test_a_member_shows_lessons_to_friends_while_they_are_one(learner, course):
    order = paid(learner, plan())
    lesson = lesson_of(course, "two")
    gift = make_gift(user=learner, lesson=lesson, actor=Actor(member_id=learner.pk))
    assert not gift_of(gift.secret).is_over
    ago(order, days=40)
    assert gift_of(gift.secret).is_over


def test_a_plan_is_tried_once_and_opens_what_it_would(learner, course):
    other = make_course("paint", topic="art", price_fen=100)
    offer = plan(topics=["data"], trial_days=7)
    actor = Actor(member_id=learner.pk)
    trial = start_plan_trial(user=learner, plan=offer, actor=actor)
    assert start_plan_trial(user=learner, plan=offer, actor=actor) == trial

    assert may_open(learner, lesson_of(course, "two")) == Access(open=True, why="trial", until=trial.ends_at)
    assert not may_open(learner, lesson_of(other, "two")).open
    assert lent_course_ids(learner.pk) == {course.pk}
    assert membership_of(learner).trial == trial
    assert membership_of(learner).running is None
    event = Event.objects.get(name="trial.started")
    assert (event.course_id, event.properties) == (None, {"days": 7, "plan": offer.pk})

    past = clock.now() - timedelta(days=1)
    TrialPass.objects.update(started_at=past - timedelta(days=7), ends_at=past)
    assert not may_open(learner, lesson_of(course, "two")).open
    assert plan_trials(learner, [offer])[offer.pk].ended_at == past
    with pytest.raises(TrialOver):
        start_plan_trial(user=learner, plan=offer, actor=actor)


def test_who_is_a_member_tries_nothing(learner):
    offer = plan(trial_days=7)
    actor = Actor(member_id=learner.pk)
    with pytest.raises(NoTrial):
        start_plan_trial(user=learner, plan=plan("季", months=3), actor=actor)
    paid(learner, offer)
    with pytest.raises(AlreadyOwned):
        start_plan_trial(user=learner, plan=offer, actor=actor)
    assert not TrialPass.objects.exists()


def test_who_tried_a_membership_tries_no_other(learner):
    one, other = plan(trial_days=7), plan("季", months=3, trial_days=7)
    actor = Actor(member_id=learner.pk)
    start_plan_trial(user=learner, plan=one, actor=actor)

    assert not plan_trials(learner, [one, other])[other.pk].is_open
    with pytest.raises(TrialOver):
        start_plan_trial(user=learner, plan=other, actor=actor)
    assert TrialPass.objects.get().plan == one


@pytest.mark.parametrize("status", ["fulfilled", "refunded"])
def test_who_was_a_member_tries_no_membership(learner, stranger, status):
    one, other = plan(trial_days=7), plan("季", months=3, trial_days=7)
    order = paid(learner, one)
    ago(order, days=40)
    Order.objects.filter(pk=order.pk).update(status=status)
    assert membership_of(learner).running is None

    trials = plan_trials(learner, [one, other])
    assert not trials[one.pk].is_open and not trials[other.pk].is_open
    assert plan_trials(stranger, [one])[one.pk].is_open
    for of in (one, other):
        with pytest.raises(TrialOver):
            start_plan_trial(user=learner, plan=of, actor=Actor(member_id=learner.pk))
    assert not TrialPass.objects.exists()


def test_the_end_of_a_plans_trial_is_reminded_of_unless_it_was_bought(learner, stranger):
    offer = plan(trial_days=7)
    for user in (learner, stranger):
        start_plan_trial(user=user, plan=offer, actor=Actor(member_id=user.pk))
    paid(stranger, offer)
    ends = clock.now() + timedelta(hours=20)
    TrialPass.objects.update(started_at=ends - timedelta(days=7), ends_at=ends)

    assert remind_of_ends() == 1
    assert OutgoingMessage.objects.get().to == learner.email


def test_the_end_of_a_membership_is_told_once_and_only_to_who_wants_to_know(learner, stranger):
    offer = plan()
    orders = {user: paid(user, offer) for user in (learner, stranger)}
    assert choose_reminder(user=stranger, wanted=False)
    assert not choose_reminder(user=stranger, wanted=False)
    ends = membership_of(learner).until

    assert remind_of_membership_ends(now=ends - timedelta(days=4)) == 0
    assert remind_of_membership_ends(now=ends - timedelta(days=2)) == 1
    assert remind_of_membership_ends(now=ends - timedelta(days=1)) == 0
    mail = OutgoingMessage.objects.get()
    assert mail.to == learner.email
    assert f"{ends.astimezone(clock.business_zone()):%Y-%m-%d %H:%M}" in mail.content["text"]
    assert OrderPlan.objects.get(order=orders[stranger]).reminded_at is None


def test_nobody_is_reminded_of_an_end_that_another_period_follows(learner):
    offer = plan()
    paid(learner, offer)
    ends = membership_of(learner).until
    paid(learner, offer)

    assert remind_of_membership_ends(now=ends - timedelta(days=2)) == 0
    assert remind_of_membership_ends(now=membership_of(learner).until - timedelta(days=2)) == 1


def test_without_a_membership_there_is_nothing_to_choose(learner):
    with pytest.raises(NoMembership):
        choose_reminder(user=learner, wanted=False)
