"""What goes back of a membership, and when what it brought in is earned."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import lesson_of, make_course, make_member
from tests.factories import make_plan as plan
from tests.product.commerce.test_memberships import ago, ordered, pay
from tests.product.commerce.test_refunds import bought
from tests.product.commerce.trying import books
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.books import gone_twice
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.errors import NothingGoesBack
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.membership.held import (
    _held,
    membership_of,
    remind_of_membership_ends,
    terms_for,
)
from zhiyue.product.commerce.models import (
    CourseShareTerms,
    FlashSale,
    LessonOpening,
    Order,
    OrderPlan,
    Plan,
    Refund,
    TeacherShare,
)
from zhiyue.product.commerce.providers.protocol import Told
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.deciding import settle_by_hand
from zhiyue.product.commerce.refunds.reckoning import reckoned, refund_of
from zhiyue.product.commerce.refunds.sending import pursue, take_in
from zhiyue.product.commerce.selectors import may_open
from zhiyue.product.commerce.teaching_shares.entering import settle
from zhiyue.product.learning.errors import LessonClosed
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db
ZONE = clock.business_zone


def paid(user, of, **past):
    order = ordered(user, of)
    pay(user, order)
    if past:
        ago(order, **past)
    order.refresh_from_db()
    return order


def give_back(user, order):
    seen = sum(one.by_rule_fen for one in refund_of(user, order.number).parts)
    told = {"reason": "time", "actor": Actor(member_id=user.pk)}
    refund = ask(user=user, order_number=order.number, course_ids=[], seen_fen=seen, **told)
    pursue()
    refund.refresh_from_db()
    order.refresh_from_db()
    return refund


def at(day, hour=10):
    return datetime(2026, 3, day, hour, tzinfo=clock.business_zone())


def paid_on(user, of, moment):
    order = paid(user, of)
    Order.objects.filter(pk=order.pk).update(paid_at=moment)
    order.refresh_from_db()
    return order


def test_the_share_of_days_that_arent_used_up_goes_back_and_the_membership_ends(learner):
    course = make_course("stats", price_fen=19_900)
    order = paid_on(learner, plan(price_fen=3_100), at(1))

    [part] = reckoned(order, now=at(3)).parts
    assert [(line.kind, line.amount_fen, line.count, line.of) for line in part.reckoning.lines] == [
        ("paid", 3_100, 0, 0),
        ("days", -300, 3, 31),
    ]
    ago(order, hours=1)
    days = (OrderPlan.objects.get().order.paid_at, membership_of(learner).until)
    left = (days[1].astimezone(ZONE()).date() - days[0].astimezone(ZONE()).date()).days
    refund = give_back(learner, order)

    assert (refund.status, refund.amount_fen) == ("done", 3_100 - -(-3_100 // left))
    assert order.status == "partly_refunded"
    assert membership_of(learner).running is None
    assert not may_open(learner, lesson_of(course, "two")).open
    assert [row.course_id for row in Event.objects.filter(name="order.refunded")] == [None]
    assert sum(books().values()) == 0
    assert books()[ledger.REVENUE] == -(3_100 - refund.amount_fen)
    assert books()[ledger.deferred(order)] == 0


def test_a_membership_whose_money_went_twice_is_shown(learner, operator):
    """What it hadn't earned yet leaves first, so little of it stands among refunds."""
    staff = Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))
    order = paid(learner, plan(price_fen=3_100), hours=1)
    seen = sum(one.by_rule_fen for one in refund_of(learner, order.number).parts)
    told = {"reason": "time", "actor": Actor(member_id=learner.pk)}
    refund = ask(user=learner, order_number=order.number, course_ids=[], seen_fen=seen, **told)
    word = Told(key="no", kind="refund_failed", number=refund.number)
    take_in("sandbox", word)
    settle_by_hand(viewer=staff, number=refund.number, why="已转账")
    assert gone_twice(staff) == [] and ledger.REFUNDS not in books()

    take_in("sandbox", replace(word, key="yes", kind="refunded", amount_fen=seen))

    assert [(one.order, one.why, one.gone_fen, one.due_fen) for one in gone_twice(staff)] == [
        (order, "refunded", 2 * seen, seen)
    ]


def test_what_was_paid_for_a_time_ahead_goes_back_whole(learner):
    first = plan(price_fen=3_100)
    paid(learner, first, hours=1)
    order = paid(learner, first)

    refund = give_back(learner, order)

    assert (refund.amount_fen, order.status) == (3_100, "refunded")
    assert membership_of(learner).until < clock.now() + timedelta(days=32)
    assert ledger.REFUNDS not in books()


def test_after_the_window_staff_decide_and_used_up_nothing_goes_back(learner):
    order = paid_on(learner, plan(price_fen=3_100), at(1))

    [part] = reckoned(order, now=at(20)).parts
    assert (part.why_not, part.by_rule_fen, part.left_fen) == ("too_late", 0, 3_100)
    OrderPlan.objects.update(refund_terms={"window_days": 60, "fee_permille": 0, "fee_least_fen": 0})
    [part] = reckoned(order, now=at(1) + timedelta(days=40)).parts
    assert part.why_not == "used_up"


def test_what_came_off_another_membership_goes_back_by_that_one_alone(learner):
    month = paid(learner, plan(price_fen=3_100), hours=1)
    year = paid(learner, plan("年", months=12, price_fen=30_000))

    found = refund_of(learner, month.number)
    assert (found.closed_to, found.left_fen) == ("credited", 0)
    with pytest.raises(NothingGoesBack):
        give_back(learner, month)
    give_back(learner, year)

    # What it took the place of runs on, and can go back itself.
    assert membership_of(learner).running.row.order == month
    assert refund_of(learner, month.number).closed_to == ""


def test_an_upgrade_ordered_and_paid_at_one_instant_goes_back_by_itself(learner):
    month = paid(learner, plan(price_fen=3_100), hours=1)
    year = paid(learner, plan("年", months=12, price_fen=30_000))
    year.refresh_from_db()
    OrderPlan.objects.filter(order=year).update(credited_at=year.paid_at)

    assert refund_of(learner, month.number).closed_to == "credited"
    assert refund_of(learner, year.number).closed_to == ""
    assert give_back(learner, year).amount_fen == year.total_fen


def test_a_refund_of_a_membership_names_no_course(learner):
    course = make_course("stats", price_fen=19_900)
    order = paid(learner, plan())

    told = {"reason": "time", "actor": Actor(member_id=learner.pk), "seen_fen": 0}
    with pytest.raises(Unfit):
        ask(user=learner, order_number=order.number, course_ids=[course.pk], **told)
    assert not Refund.objects.exists()


def test_a_membership_is_earned_by_days_and_whole_at_its_end(learner):
    order = paid_on(learner, plan(price_fen=3_100), at(20))
    assert books()[ledger.deferred(order)] == -3_100

    assert earn(now=at(25)) == 0
    first = datetime(2026, 4, 1, 0, 20, tzinfo=clock.business_zone())
    assert (earn(now=first), earn(now=first)) == (1, 0)
    # Twelve days are over, from the 20th to the 31st.
    assert books()[ledger.REVENUE] == -1_200
    assert earn(now=first + timedelta(days=18)) == 0
    assert earn(now=first + timedelta(days=20)) == 1

    assert books() == {ledger.deferred(order): 0, "receivable:sandbox": 3_100, ledger.REVENUE: -3_100}


def test_what_is_left_of_one_is_earned_by_the_one_that_took_its_place(learner):
    month = paid(learner, plan(price_fen=3_100), days=10)
    year = paid(learner, plan("年", months=12, price_fen=30_000))

    assert books()[ledger.deferred(month)] == 0
    earned, credit = -books()[ledger.REVENUE], 30_000 - year.total_fen
    assert books()[ledger.deferred(year)] == -(year.total_fen + 3_100 - earned)
    # The day that runs isn't earned yet, and doesn't come off either.
    assert 0 <= 3_100 - earned - credit <= 3_100 // 28 + 1
    earn(now=clock.now() + timedelta(days=400))
    assert books()[ledger.REVENUE] == -(year.total_fen + 3_100)
    assert books()[ledger.deferred(year)] == 0


def test_a_code_for_a_membership_has_nothing_to_earn(learner):
    order = paid(learner, plan())
    Order.objects.filter(pk=order.pk).update(status="refunded")

    assert earn(now=clock.now() + timedelta(days=400)) == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prices=st.lists(st.sampled_from([(1, 3_001), (3, 7_999), (12, 30_007)]), min_size=1, max_size=4),
    waits=st.lists(st.integers(0, 50), min_size=4, max_size=4),
    gives_back=st.booleans(),
)
def test_whatever_is_bought_in_whatever_order_all_of_it_is_earned_once(db, prices, waits, gives_back):
    member = make_member(f"m{Order.objects.count()}-{clock.now().timestamp()}@test.example", "小林")
    before = books()
    came = went = 0
    for (months, price), wait in zip(prices, waits, strict=False):
        past = timedelta(days=wait)
        Order.objects.filter(user=member).update(paid_at=F("paid_at") - past)
        OrderPlan.objects.filter(order__user=member).update(credited_at=F("credited_at") - past)
        earn()
        order = paid(member, plan(f"{months}", months=months, price_fen=price))
        came += order.total_fen
    for one in Order.objects.filter(user=member).order_by("-pk")[: 2 * gives_back]:
        if refund_of(member, one.number).closed_to == "":
            went += give_back(member, one).amount_fen
    earn(now=clock.now() + timedelta(days=1_500))

    mine = {account: amount - before.get(account, 0) for account, amount in books().items()}
    assert not any(amount for account, amount in mine.items() if account.startswith(ledger.DEFERRED))
    assert mine.get(ledger.REVENUE, 0) + mine.get(ledger.REFUNDS, 0) == -(came - went)
    assert sum(mine.values()) == 0


def read(user, course, *slugs, days_ago=0):
    for slug in slugs:
        open_lesson(user=user, actor=Actor(member_id=user.pk), lesson=lesson_of(course, slug))
    LessonOpening.objects.filter(lesson__course=course).update(at=clock.now() - timedelta(days=days_ago))


def test_a_membership_notes_what_it_opened_for_the_first_time(learner):
    course = make_course("stats", price_fen=19_900)
    order = paid(learner, plan())
    read(learner, course, "one", "two", "two")

    opening = LessonOpening.objects.get()
    assert (opening.plan.order, opening.part, opening.lesson.slug) == (order, None, "two")
    # Bought meanwhile, it is opened by what is their own.
    bought(learner, course)
    read(learner, course, "two", "three")
    assert [(one.part is None, one.lesson.slug) for one in LessonOpening.objects.order_by("pk")] == [
        (True, "two"),
        (False, "two"),
        (False, "three"),
    ]


def test_who_gave_it_back_opens_nothing_at_that_moment(learner, monkeypatch):
    course = make_course("stats", price_fen=19_900)
    paid(learner, plan())
    lesson = lesson_of(course, "two")
    asked = iter([may_open(learner, lesson)])
    OrderPlan.objects.update(returned_at=clock.now())
    monkeypatch.setattr(
        "zhiyue.product.commerce.consumption.may_open",
        lambda user, lesson, *, visitor: next(asked, None) or may_open(user, lesson, visitor=visitor),
    )

    with pytest.raises(LessonClosed):
        read(learner, course, "two")
    assert not LessonOpening.objects.exists()


def test_what_a_membership_earned_is_shared_with_who_was_read(learner, settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 500
    stats, drawing, unread = (make_course(slug, price_fen=9_900) for slug in ("stats", "drawing", "unread"))
    CourseShareTerms.objects.create(course=drawing, permille=250, since=clock.now() - timedelta(days=90))
    order = paid(learner, plan(price_fen=3_100))
    read(learner, stats, "two", "three", days_ago=35)
    read(learner, drawing, "two", days_ago=30)
    ago(order, days=40)

    assert (earn(), earn()) == (1, 0)

    # Two of three openings, and one.
    shares = {one.course_id: (one.sold_fen, one.amount_fen) for one in TeacherShare.objects.all()}
    assert shares == {stats.pk: (2_067, 1_033), drawing.pk: (1_033, 258)}
    assert books()[ledger.TEACHER_SHARES] == 1_291
    assert unread.pk not in shares
    assert sum(books().values()) == 0
    # Nothing is taken back of it, whatever becomes of other orders.
    settle(order.pk)
    assert TeacherShare.objects.count() == 2


def test_each_entry_shares_what_was_read_since_the_one_before(learner, settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 1_000
    first, second = make_course("stats", price_fen=9_900), make_course("drawing", price_fen=9_900)
    moment = datetime(2026, 3, 15, 10, tzinfo=clock.business_zone())
    order = paid_on(learner, plan(months=3, price_fen=9_200), moment)
    running = OrderPlan.objects.get(order=order)
    for course, days in ((first, 5), (second, 25)):
        lesson = lesson_of(course, "two")
        LessonOpening.objects.create(plan=running, lesson=lesson, at=moment + timedelta(days=days))

    for month in (4, 5, 6):
        earn(now=datetime(2026, month, 1, 0, 20, tzinfo=clock.business_zone()))

    # April 1st: 17 days of 92; May 1st: 30 more; nothing was read in May, which is the academy's.
    found = list(TeacherShare.objects.order_by("at").values_list("course_id", "amount_fen"))
    assert found == [(first.pk, 1_700), (second.pk, 3_000)]


def test_giving_back_the_first_takes_no_day_of_the_second(learner):
    month = plan(price_fen=3_100)
    first, second = paid(learner, month), paid(learner, month)
    Order.objects.update(paid_at=F("paid_at") - timedelta(days=5))
    before = refund_of(learner, second.number).parts[0]

    refund = give_back(learner, first)

    assert refund.amount_fen < 3_100
    after = refund_of(learner, second.number).parts[0]
    # The second begins now, with all of its days; one of them is the one that runs.
    assert (before.bought.opened, after.bought.opened) == (0, 1)
    assert after.bought.lessons >= before.bought.lessons - 1
    assert membership_of(learner).until > clock.now() + timedelta(days=27)


def test_giving_back_what_follows_gives_the_first_its_grace_again(learner):
    month = plan(price_fen=3_100, grace_days=7)
    paid(learner, month)
    second = paid(learner, month)
    assert _held(learner.pk)[0].period.grace_until == _held(learner.pk)[0].period.opens_until

    give_back(learner, second)

    [one] = _held(learner.pk)
    assert one.period.grace_until == one.period.opens_until + timedelta(days=7)


def test_an_upgrade_that_is_given_back_hands_back_what_it_took_over(learner, settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 1_000
    course = make_course("stats", price_fen=9_900)
    month = paid(learner, plan(price_fen=3_100), days=3)
    year = paid(learner, plan("年", months=12, price_fen=30_000))
    taken = -books()[ledger.deferred(year)] - year.total_fen
    assert taken > 0

    refund = give_back(learner, year)

    # The days of the month ran meanwhile: all that was paid for the year goes back.
    assert refund.amount_fen == year.total_fen
    assert books()[ledger.deferred(month)] == -taken
    assert books()[ledger.deferred(year)] == 0
    read(learner, course, "two")
    earn(now=clock.now() + timedelta(days=60))
    assert books()[ledger.deferred(month)] == 0
    assert books()[ledger.REVENUE] == -3_100
    assert TeacherShare.objects.exists()


def test_what_was_redeemed_is_never_lost_by_an_upgrade(learner, operator):
    month, year = plan(price_fen=3_000), plan("年", months=12, price_fen=30_000)
    paid(learner, month)
    free = paid(learner, year)
    Order.objects.filter(pk=free.pk).update(total_fen=0, lines=[])
    until = membership_of(learner).until

    terms = terms_for(learner, plan("季", months=3, price_fen=8_000))

    assert (terms.credit_fen, terms.replaced) == (0, None)
    assert terms.opens_from == until


def test_what_is_left_is_weighed_against_the_price_of_today(learner, operator):
    paid(learner, plan("年", months=12, price_fen=30_000))
    other = plan("另", price_fen=40_000)
    assert terms_for(learner, other).credit_fen > 29_000

    FlashSale.objects.create(
        offer=f"plan:{other.pk}",
        price_fen=10_000,
        begins_at=clock.now(),
        ends_at=clock.now() + timedelta(days=1),
        by=operator,
    )

    # It costs less than what is left: it follows, and nothing is lost.
    assert terms_for(learner, other).credit_fen == 0
    assert checkout_of(learner, f"plan:{other.pk}").price.total_fen == 10_000


def test_another_plan_bought_in_grace_begins_when_it_is_paid(learner):
    paid(learner, plan("甲", grace_days=30), days=50)
    same, other = Plan.objects.get(name="甲"), plan("乙")

    assert terms_for(learner, same).opens_from < clock.now() - timedelta(days=10)
    assert terms_for(learner, other).opens_from > clock.now() - timedelta(minutes=1)


def test_a_first_day_that_was_missed_is_made_up_for(learner):
    order = paid_on(learner, plan(price_fen=3_100), at(20))

    assert earn(now=datetime(2026, 4, 4, 0, 20, tzinfo=clock.business_zone())) == 1
    # Until the first, as it would have been then.
    assert books()[ledger.REVENUE] == -1_200
    assert earn(now=datetime(2026, 4, 5, 0, 20, tzinfo=clock.business_zone())) == 0
    assert books()[ledger.deferred(order)] == -1_900


def test_who_bought_ahead_is_reminded_before_the_end_of_all(learner):
    year = plan("年", months=12, price_fen=30_000)
    paid(learner, year), paid(learner, year)
    end = membership_of(learner).until
    Order.objects.update(paid_at=F("paid_at") - (end - clock.now()) + timedelta(days=2))

    assert remind_of_membership_ends() == 1
    assert remind_of_membership_ends() == 0
