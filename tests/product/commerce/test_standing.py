"""What lowered a price and goes back: nobody keeps a membership's prices, or a bundle's, without what they are for."""

import math
from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_bundle, make_course, make_plan
from tests.product.commerce.coupon_makers import make as coupon
from tests.product.commerce.coupon_makers import staff
from tests.product.commerce.test_memberships import ago
from tests.product.commerce.test_refunds import books
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.books import gone_twice
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.errors import AmountChanged, PriceChanged
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import Order, OrderCourse, OrderPlan, Refund
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.deciding import approve, refuse
from zhiyue.product.commerce.refunds.deciding import give_back as staff_give_back
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.selectors import enrolled_course_ids, may_open
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.commerce.standing import savings_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def year(db):
    return make_plan("年", months=12, price_fen=36_500, off_percent=20)


def placed(user, ref):
    seen = checkout_of(user, ref).price.total_fen
    return place(user=user, offer=ref, seen_fen=seen, actor=Actor(member_id=user.pk))


def begun(user, order):
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    return begin(user=user, order_number=order.number, **ways)


def buy(user, ref):
    order = placed(user, ref)
    receive("sandbox", sandbox.press(begun(user, order).number, "pay"))
    order.refresh_from_db()
    return order


def course_of(slug, fen=19_900):
    return make_course(slug, price_fen=fen)


def give_back(user, order, *courses):
    found = refund_of(user, order.number)
    chosen = found.asked_for([one.pk for one in courses] or [one.course_id for one in found.open])
    refund = ask(
        user=user,
        order_number=order.number,
        course_ids=[one.course_id for one in chosen if one.course_id],
        reason="time",
        seen_fen=sum(one.by_rule_fen for one in chosen),
        actor=Actor(member_id=user.pk),
    )
    pursue()
    refund.refresh_from_db()
    order.refresh_from_db()
    return refund


def returned_by_staff(operator, order, course):
    """Staff are free to give back a course of a bundle, all that was paid for it."""
    part = order.courses.get(course=course)
    staff_give_back(
        viewer=staff(operator), order_number=order.number, amounts={part.pk: part.total_fen}, why="x"
    )
    pursue()


def lines(user, order):
    [one] = refund_of(user, order.number).parts
    return [(line.kind, line.amount_fen) for line in one.reckoning.lines]


def books_are_whole(*orders):
    """They balance, nothing went twice, and of no order more went back than came."""
    assert sum(books().values()) == 0
    for order in orders:
        order.refresh_from_db()
        assert 0 <= order.refunded_fen <= order.total_fen


def test_what_a_membership_saved_on_what_is_kept_stays_with_the_academy(learner, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    days = (membership_of(learner).until - plan.paid_at).days
    one_day = math.ceil(36_500 / days)
    assert lines(learner, plan) == [("paid", 36_500), ("days", -one_day)]
    first, second = (buy(learner, f"course:{course_of(slug).pk}") for slug in ("a", "b"))
    assert (first.total_fen, second.total_fen) == (15_920, 15_920)

    assert lines(learner, plan)[1:] == [("days", -one_day), ("saved", -7_960)]
    [one] = refund_of(learner, plan.number).parts
    assert [(saving.order, saving.amount_fen) for saving in one.savings] == [(first, 3_980), (second, 3_980)]
    refund = give_back(learner, plan)

    kept = one_day + 7_960
    assert (refund.status, refund.is_by_rule, refund.amount_fen) == ("done", True, 36_500 - kept)
    assert {"kind": "saved", "amount_fen": -7_960, "count": 0, "of": 0} in refund.parts.get().lines
    assert membership_of(learner).running is None
    # What was bought stays, at the price that everybody pays in the end.
    assert len(enrolled_course_ids(learner.pk)) == 2
    assert plan.kept_fen + first.kept_fen + second.kept_fen == one_day + 2 * 19_900
    books_are_whole(plan, first, second)
    assert books()[ledger.REVENUE] == -(kept + 2 * 15_920) and gone_twice(staff(operator)) == []


def test_what_was_given_back_before_is_not_held_against_it(learner, year):
    plan = buy(learner, f"plan:{year.pk}")
    first, second = (buy(learner, f"course:{course_of(slug).pk}") for slug in ("a", "b"))
    assert give_back(learner, first).amount_fen == 15_920

    assert lines(learner, plan)[2:] == [("saved", -3_980)]
    give_back(learner, second)
    assert [kind for kind, _ in lines(learner, plan)] == ["paid", "days"]
    give_back(learner, plan)
    books_are_whole(plan, first, second)


def test_what_is_asked_for_and_not_decided_is_kept_still(learner, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    order = buy(learner, f"course:{course_of('a').pk}")
    ago(order, days=30)
    Order.objects.filter(pk=order.pk).update(created_at=clock.now())
    refund = give_back(learner, order)
    assert refund.status == "asked"
    assert lines(learner, plan)[2:] == [("saved", -3_980)]
    part = order.courses.get()
    approve(viewer=staff(operator), number=refund.number, amounts={part.pk: 15_920}, why="x")
    assert len(lines(learner, plan)) == 2


def test_never_more_is_kept_than_there_is(learner, operator):
    month = make_plan(price_fen=3_100, off_percent=50)
    plan = buy(learner, f"plan:{month.pk}")
    buy(learner, f"course:{course_of('a').pk}")

    [one] = refund_of(learner, plan.number).parts
    assert sum(fen for _, fen in lines(learner, plan)) == 0
    assert (one.why_not, one.by_rule_fen, one.left_fen) == ("nothing_left", 0, 3_100)
    # Staff are free to decide otherwise.
    refund = give_back(learner, plan)
    assert (refund.status, refund.amount_fen) == ("asked", 0)
    approve(viewer=staff(operator), number=refund.number, amounts={one.part.pk: 3_100}, why="kulant")
    pursue()
    books_are_whole(plan)


def test_of_a_bundle_what_is_kept_of_it_counts(learner, operator, year):
    plan = buy(learner, f"plan:{year.pk}")
    a, b = course_of("a", 10_000), course_of("b", 20_000)
    order = buy(learner, f"bundle:{make_bundle([a, b], price_fen=24_000).pk}")
    assert [(line["kind"], line["amount_fen"]) for line in order.lines][1] == ("membership", -4_800)

    returned_by_staff(operator, order, a)

    # A third of the bundle went back.
    assert lines(learner, plan)[2:] == [("saved", -3_200)]


def test_only_what_was_bought_while_it_ran_counts(learner, year):
    before = buy(learner, f"course:{course_of('a').pk}")
    plan = buy(learner, f"plan:{year.pk}")
    other = make_plan("月", price_fen=3_100, off_percent=50)
    follows = buy(learner, f"plan:{other.pk}")
    inside = buy(learner, f"course:{course_of('b').pk}")
    assert (before.total_fen, inside.total_fen) == (19_900, 15_920)

    # What follows hasn't begun, and saved nothing yet.
    assert lines(learner, follows) == [("paid", 3_100)]
    assert lines(learner, plan)[2:] == [("saved", -3_980)]
    give_back(learner, plan)
    after = buy(learner, f"course:{course_of('c', 1_000).pk}")
    assert after.total_fen == 500
    # Not what the first one saved: that was kept of the first.
    assert [fen for kind, fen in lines(learner, follows) if kind == "saved"] == [-500]


def test_an_upgrade_given_back_keeps_its_own_savings_and_not_those_of_the_first(learner):
    month = make_plan("月", price_fen=3_100, off_percent=10)
    first = buy(learner, f"plan:{month.pk}")
    ago(first, hours=3)
    small = buy(learner, f"course:{course_of('a', 1_000).pk}")
    upgrade = buy(learner, f"plan:{make_plan('年', months=12, price_fen=30_000, off_percent=20).pk}")
    large = buy(learner, f"course:{course_of('b').pk}")
    assert (small.total_fen, large.total_fen) == (900, 15_920)

    assert [fen for kind, fen in lines(learner, upgrade) if kind == "saved"] == [-3_980]
    give_back(learner, upgrade)
    # It runs again, through the time of the other; what that one saved isn't kept twice.
    assert membership_of(learner).running.row.order == first
    assert [fen for kind, fen in lines(learner, first) if kind == "saved"] == [-100]
    give_back(learner, first)
    books_are_whole(first, upgrade, small, large)


def test_a_member_price_is_not_paid_once_the_membership_went_back(learner, year):
    course = course_of("a")
    plan = buy(learner, f"plan:{year.pk}")
    waiting, late = placed(learner, f"course:{course.pk}"), placed(learner, f"course:{course_of('b').pk}")
    notice = sandbox.press(begun(learner, late).number, "pay")
    give_back(learner, plan)

    with pytest.raises(PriceChanged):
        begun(learner, waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.steps.latest("pk").why) == ("expired", "price_changed")
    assert receive("sandbox", notice).status == 200
    late.refresh_from_db()
    assert (late.status, late.refunds.get().cause) == ("expired", Refund.Cause.OWED)
    pursue()
    assert not may_open(learner, lesson_of(course, "two")).open
    # Ordered anew it costs what it costs everybody.
    again = buy(learner, f"course:{course.pk}")
    assert (again.total_fen, again.status) == (19_900, "paid")
    books_are_whole(plan, waiting, late, again)


def test_what_is_bought_after_the_page_was_seen_changes_the_amount(learner, year):
    plan = buy(learner, f"plan:{year.pk}")
    seen = refund_of(learner, plan.number).parts[0].by_rule_fen
    buy(learner, f"course:{course_of('a').pk}")

    told = {"reason": "time", "actor": Actor(member_id=learner.pk), "course_ids": []}
    with pytest.raises(AmountChanged):
        ask(user=learner, order_number=plan.number, seen_fen=seen, **told)
    assert not Refund.objects.exists()


def test_a_membership_that_takes_nothing_off_asks_nothing_more(learner, django_assert_num_queries):
    plan = buy(learner, f"plan:{make_plan().pk}")
    buy(learner, f"course:{course_of('a').pk}")
    row = OrderPlan.objects.select_related("order").get(order=plan)

    with django_assert_num_queries(0):
        assert savings_by(row) == []


@pytest.fixture
def both(learner):
    """A course that was bought, and an order of a bundle with it, whose price was lowered for it."""
    a, b, c = (course_of(slug, fen) for slug, fen in (("a", 10_000), ("b", 20_000), ("c", 3_000)))
    alone = buy(learner, f"course:{a.pk}")
    bundle = buy(learner, f"bundle:{make_bundle([a, b, c], price_fen=20_000).pk}")
    assert (alone.total_fen, bundle.total_fen) == (10_000, 13_939)
    return alone, bundle, (a, b, c)


def test_what_a_bundle_was_lowered_for_goes_back_by_staff_alone(learner, operator, both):
    alone, bundle, (a, b, _) = both

    [one] = refund_of(learner, alone.number).parts
    assert (one.why_not, one.by_rule_fen, one.left_fen) == ("bundled", 0, 10_000)
    assert refund_of(learner, alone.number).closed_to == ""
    refund = give_back(learner, alone)
    assert (refund.status, refund.amount_fen, refund.is_by_rule) == ("asked", 0, False)
    assert may_open(learner, lesson_of(a, "two")).open

    approve(viewer=staff(operator), number=refund.number, amounts={one.part.pk: 10_000}, why="kulant")
    pursue()
    assert not may_open(learner, lesson_of(a, "two")).open
    assert may_open(learner, lesson_of(b, "two")).open
    books_are_whole(alone, bundle)


def test_the_bundle_goes_back_first_and_then_the_course(learner, operator, both):
    alone, bundle, (_, b, c) = both

    returned_by_staff(operator, bundle, b)
    # Something of it is kept.
    assert refund_of(learner, alone.number).parts[0].why_not == "bundled"
    give_back(learner, bundle, c)
    assert bundle.refunded_fen == 13_939
    refund = give_back(learner, alone)

    assert (refund.status, refund.amount_fen, alone.status) == ("done", 10_000, "refunded")
    assert books() == {"revenue": -23_939, "refunds": 23_939}


def test_a_bundle_goes_back_whole_by_rule_and_in_part_by_staff(learner, operator):
    courses = [course_of(f"c{n}", 10_000) for n in range(5)]
    order = buy(learner, f"bundle:{make_bundle(courses, price_fen=10_000).pk}")
    found = refund_of(learner, order.number)
    assert found.goes_back_whole and [one.by_rule_fen for one in found.open] == [2_000] * 5
    some = found.asked_for([one.pk for one in courses[1:]])
    assert [(one.why_not, one.by_rule_fen, one.left_fen) for one in some] == [("in_part", 0, 2_000)] * 4

    # Four of them don't go back at once while the fifth is kept for its share.
    told = {"reason": "time", "actor": Actor(member_id=learner.pk), "course_ids": [c.pk for c in courses[1:]]}
    with pytest.raises(AmountChanged):
        ask(user=learner, order_number=order.number, seen_fen=8_000, **told)
    refund = ask(user=learner, order_number=order.number, seen_fen=0, **told)
    assert (refund.status, refund.is_by_rule, refund.amount_fen) == ("asked", False, 0)
    assert len(enrolled_course_ids(learner.pk)) == 5
    refuse(viewer=staff(operator), number=refund.number, why="x")

    whole = give_back(learner, order)
    assert (whole.status, whole.is_by_rule, whole.amount_fen) == ("done", True, 10_000)
    books_are_whole(order)


def test_what_staff_left_open_of_a_bundle_goes_back_whole(learner, operator):
    courses = [course_of(f"c{n}", 10_000) for n in range(3)]
    order = buy(learner, f"bundle:{make_bundle(courses, price_fen=12_000).pk}")
    returned_by_staff(operator, order, courses[0])

    assert refund_of(learner, order.number).asked_for([courses[1].pk])[0].why_not == "in_part"
    assert give_back(learner, order).amount_fen == 8_000
    assert not refund_of(learner, order.number).goes_back_whole
    books_are_whole(order)


def test_a_coupons_threshold_is_not_kept_by_a_part_of_a_bundle(learner, operator):
    large, small = course_of("a", 90_000), course_of("b", 10_000)
    made = make_bundle([large, small], price_fen=99_999)
    coupon(operator, off_fen=50_000, threshold_fen=99_000)
    order = buy(learner, f"bundle:{made.pk}")
    assert order.total_fen == 49_999

    assert give_back(learner, order, large).status == "asked"
    assert order.refunded_fen == 0


def test_refused_by_staff_it_can_be_asked_again_once_the_bundle_is_back(learner, operator, both):
    alone, bundle, _ = both
    refuse(viewer=staff(operator), number=give_back(learner, alone).number, why="x")
    give_back(learner, bundle)

    assert give_back(learner, alone).amount_fen == 10_000
    books_are_whole(alone, bundle)


def test_a_bundle_is_not_paid_at_a_price_for_what_went_back(learner, stranger):
    courses = [course_of("a", 10_000), course_of("b", 20_000)]
    made = make_bundle(courses, price_fen=20_000)
    for user, is_late in ((learner, False), (stranger, True)):
        alone = buy(user, f"course:{courses[0].pk}")
        waiting = placed(user, f"bundle:{made.pk}")
        notice = sandbox.press(begun(user, waiting).number, "pay") if is_late else None
        # An order that isn't paid binds nothing.
        assert give_back(user, alone).amount_fen == 10_000
        if notice is None:
            with pytest.raises(PriceChanged):
                begun(user, waiting)
            assert buy(user, f"bundle:{made.pk}").total_fen == 20_000
            continue
        receive("sandbox", notice)
        pursue()
        waiting.refresh_from_db()
        assert waiting.status == "expired"
        assert enrolled_course_ids(user.pk) == set()
    assert books()[ledger.REFUNDS] == 20_000 and sum(books().values()) == 0


def test_what_was_bought_again_or_given_binds_no_more_than_it_did(learner, operator, both):
    alone, bundle, (a, _, _) = both
    refund = give_back(learner, alone)
    part = alone.courses.get()
    approve(viewer=staff(operator), number=refund.number, amounts={part.pk: 10_000}, why="kulant")
    pursue()
    again = buy(learner, f"course:{a.pk}")

    # The bundle was lowered for the first one.
    assert give_back(learner, again).amount_fen == 10_000
    books_are_whole(alone, bundle, again)


def test_a_course_that_was_given_lowers_a_bundle_and_binds_no_other(learner):
    a, b, c = (course_of(slug, 10_000) for slug in ("a", "b", "c"))
    grant_course(user=learner, course=a)
    other = buy(learner, f"course:{c.pk}")
    buy(learner, f"bundle:{make_bundle([a, b], price_fen=15_000).pk}")

    assert refund_of(learner, other.number).parts[0].why_not == ""
    assert OrderCourse.objects.filter(course=a).count() == 0


def test_somebody_elses_bundle_binds_nothing(learner, stranger, both):
    alone, _, (a, _, _) = both
    theirs = buy(stranger, f"course:{a.pk}")
    later = clock.now() + timedelta(days=1)

    assert refund_of(stranger, theirs.number, now=later).parts[0].why_not == ""
    assert refund_of(learner, alone.number, now=later).parts[0].why_not == "bundled"
