"""What teachers earn: entered once when an order is paid, taken back to the fen when its money goes back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from tests.factories import make_course, make_member
from tests.product.commerce.test_refunds import asked, bought
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.errors import NotAllowed, NotOneself, Unfit
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Teacher
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.facts import OrderPaid, OrderRefunded
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.imports.past_shares import enter_past
from zhiyue.product.commerce.models import CourseShareTerms, Entry, Order, TeacherShare
from zhiyue.product.commerce.reactions import enter_shares
from zhiyue.product.commerce.refunds.deciding import give_back, settle_by_hand
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.teaching_shares.entering import Earning, catch_up, enter, settle
from zhiyue.product.commerce.teaching_shares.rule import share_fen, taken_back_fen
from zhiyue.product.commerce.teaching_shares.terms import courses_to_share, own_shares, set_share

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def half(settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 500


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_901)


@pytest.fixture
def payer(operator):
    return viewer_of(operator)


def sold(user, course):
    """An order that is paid, and whose share is entered as the fact has it."""
    order = bought(user, course)
    enter_shares(OrderPaid(order.pk))
    return order


def owed(course):
    """What the books say that the teacher is owed."""
    return -next(
        (one.amount_fen for one in ledger.balances() if one.account == f"teacher:{course.teacher_id}"), 0
    )


def give(payer, order, fen):
    """Staff give some of an order's money back, and the provider does."""
    part = order.courses.get()
    give_back(viewer=payer, order_number=order.number, amounts={part.pk: fen}, why="x")
    pursue()
    settle(order.pk)


def test_a_paid_order_is_shared_once(learner, course):
    order = bought(learner, course)
    assert Job.objects.filter(name="commerce.enter_shares").count() == 1
    assert not TeacherShare.objects.exists()

    for _ in range(2):
        enter_shares(OrderPaid(order.pk))

    share, part = TeacherShare.objects.get(), order.courses.get()
    assert (share.key, share.teacher_id, share.course_id) == (
        f"share:{part.pk}",
        course.teacher_id,
        course.pk,
    )
    # Half of 199.01 yuan, rounded down.
    assert (share.sold_fen, share.permille, share.amount_fen) == (19_901, 500, 9_950)
    assert (share.at, share.due_at) == (order.paid_at, order.paid_at + timedelta(days=15))
    entry = Entry.objects.get(key=share.key)
    assert (entry.kind, entry.order) == ("share", order)
    assert {one.account: one.amount_fen for one in entry.postings.all()} == {
        "teacher_shares": 9_950,
        f"teacher:{course.teacher_id}": -9_950,
    }
    assert ledger.unbalanced() == []


def test_an_order_that_isnt_paid_or_costs_nothing_shares_nothing(learner, course):
    order = bought(learner, course)
    Order.objects.update(paid_at=None, status="created")
    assert settle(order.pk) == 0
    Order.objects.update(paid_at=clock.now(), status="paid")
    order.courses.update(total_fen=0)
    assert (settle(order.pk), settle(0)) == (0, 0)
    assert not TeacherShare.objects.exists()


def test_what_is_nobodys_today_isnt_anybodys_tomorrow(learner, course, settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 0
    order = sold(learner, course)
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 900

    assert (settle(order.pk), catch_up(), owed(course)) == (0, 0, 0)
    assert TeacherShare.objects.get().amount_fen == 0
    assert not Entry.objects.filter(kind="share").exists()


def test_the_teacher_and_the_share_are_those_of_the_day(learner, stranger, course, payer):
    before = sold(learner, course)
    other = Teacher.objects.create(slug="other", name="别人", headline="x")
    Course.objects.update(teacher=other)
    set_share(viewer=payer, course_id=course.pk, permille=800, why="新约定")
    after = sold(stranger, course)

    shares = {one.order_id: (one.teacher_id, one.amount_fen) for one in TeacherShare.objects.all()}
    assert shares == {before.pk: (course.teacher_id, 9_950), after.pk: (other.pk, 15_920)}
    # What comes late goes by what held when it was paid.
    TeacherShare.objects.all().delete()
    Order.objects.filter(pk=before.pk).update(paid_at=clock.now() - timedelta(hours=1))
    settle(before.pk)
    assert TeacherShare.objects.get().permille == 500


def test_money_that_goes_back_takes_its_share_back(learner, course, payer):
    order = sold(learner, course)

    give(payer, order, 5_000)
    # Half of the 149.01 that stayed, rounded down.
    assert owed(course) == 7_450
    back = TeacherShare.objects.get(sold_fen__lt=0)
    assert (back.sold_fen, back.amount_fen) == (-5_000, -2_500)
    # It is in the statement in which the share is.
    assert back.due_at == TeacherShare.objects.get(sold_fen__gt=0).due_at
    assert Entry.objects.get(key=back.key).kind == "share_back"

    give(payer, order, 14_901)
    assert owed(course) == 0
    assert [one.amount_fen for one in TeacherShare.objects.order_by("pk")] == [9_950, -2_500, -7_450]
    assert (settle(order.pk), ledger.unbalanced()) == (0, [])


def test_the_refund_of_a_member_takes_it_back_too(learner, course):
    order = sold(learner, course)
    asked(learner, order, 19_901)
    pursue()
    assert Job.objects.filter(name="commerce.enter_shares").count() == 2
    assert owed(course) == 9_950

    enter_shares(OrderRefunded(order.pk, amount_fen=19_901))

    assert owed(course) == 0


def test_of_a_refund_that_didnt_go_through_nothing_is_taken(learner, course):
    order = bought(learner, course, refund_way="fail_first")
    settle(order.pk)
    asked(learner, order, 19_901)
    assert settle(order.pk) == 0
    pursue()
    assert (settle(order.pk), owed(course)) == (0, 9_950)


def test_what_facts_forgot_is_caught_up(learner, stranger, course, payer):
    orders = [bought(user, course) for user in (learner, stranger)]
    assert (catch_up(), owed(course)) == (2, 19_900)

    give_back(viewer=payer, order_number=orders[0].number, amounts={orders[0].courses.get().pk: 1}, why="x")
    pursue()
    assert (catch_up(), catch_up()) == (1, 0)
    # What was placed before the last week stays as it is: shares begin when an academy begins with them.
    TeacherShare.objects.all().delete()
    Order.objects.update(created_at=clock.now() - timedelta(days=8))
    assert (catch_up(), TeacherShare.objects.count()) == (0, 0)


def past(user, course, number="A-1", fen=19_901):
    at = clock.now() - timedelta(days=40)
    return PastOrder(number, user.pk, course.pk, fen, placed_at=at, paid_at=at)


def test_past_orders_that_are_brought_in_earn_nothing(learner, course, payer):
    import_orders(rows=[past(learner, course)])
    Order.objects.update(created_at=clock.now())
    order = Order.objects.get()

    assert (settle(order.pk), catch_up()) == (0, 0)
    begun = give_back(viewer=payer, order_number=order.number, amounts={order.courses.get().pk: 100}, why="x")
    settle_by_hand(viewer=payer, number=begun.number, why="x")
    assert (settle(order.pk), owed(course), TeacherShare.objects.count()) == (0, 0, 0)


def test_the_demos_past_orders_earn_in_bulk(learner, stranger, course, payer, django_assert_max_num_queries):
    rows = [past(learner, course), past(stranger, course, "A-2"), past(learner, course, "A-3", 0)]
    import_orders(rows=rows)
    with django_assert_max_num_queries(7):
        assert enter_past(rows) == 2
    assert (enter_past(rows), owed(course), ledger.unbalanced()) == (0, 19_900, [])

    order = Order.objects.get(outside_number="A-1")
    begun = give_back(
        viewer=payer, order_number=order.number, amounts={order.courses.get().pk: 19_901}, why="x"
    )
    settle_by_hand(viewer=payer, number=begun.number, why="x")
    settle(order.pk)
    assert owed(course) == 9_950


def test_what_isnt_sold_by_the_course_comes_in_by_the_same_door(course):
    now = clock.now()
    one = Earning(course.teacher_id, "share:month:7", 1_000, 300, 300, at=now, due_at=now)
    with transaction.atomic():
        assert (enter(None, [one]), enter(None, [one])) == (1, 0)
    assert owed(course) == 300
    with pytest.raises(IntegrityError), transaction.atomic():
        enter(None, [Earning(course.teacher_id, "share:month:8", 100, 300, 101, at=now, due_at=now)])


@given(st.integers(0, 10**9), st.integers(0, 1_000), st.lists(st.integers(0, 10**8), max_size=8))
def test_what_is_kept_is_the_share_of_what_stays(sold_fen, permille, refunds):
    kept, left = share_fen(sold_fen, permille), sold_fen
    for wanted in refunds:
        left -= min(wanted, left)
        back = taken_back_fen(kept, left, permille)
        assert 0 <= back <= kept
        kept -= back
        assert kept == left * permille // 1_000
    assert kept - taken_back_fen(kept, 0, permille) == 0


@pytest.mark.parametrize(("fen", "permille"), [(-1, 5), (1, -1), (1, 1_001)])
def test_a_share_of_what_cant_be(fen, permille):
    with pytest.raises(ValueError, match="no share"):
        share_fen(fen, permille)


@tries(max_examples=12, deadline=None)
@given(data=st.data())
def test_in_the_books_too_whatever_goes_back(data):
    """Random refunds of random courses: what the books owe is the rule on what stays, never below 0."""
    with transaction.atomic():
        try:
            _refund_at_random(data)
        finally:
            transaction.set_rollback(True)


def _refund_at_random(data):
    staff = make_member("staff@test.example", "同事")
    grant(user=staff, role="operator")
    payer = viewer_of(staff)
    course = make_course("random", price_fen=data.draw(st.integers(1, 30_000)))
    CourseShareTerms.objects.create(course=course, permille=data.draw(st.integers(0, 1_000)))
    permille = CourseShareTerms.objects.get().permille
    order = sold(make_member("buyer@test.example"), course)
    left = order.total_fen
    while left and data.draw(st.booleans()):
        fen = data.draw(st.integers(1, left))
        give(payer, order, fen)
        left -= fen
        assert owed(course) == left * permille // 1_000
    assert ledger.unbalanced() == []
    assert sum(one.amount_fen for one in ledger.balances()) == 0


def test_a_course_has_a_share_of_its_own(course, payer):
    assert set_share(viewer=payer, course_id=course.pk, permille=700, why="签约")
    assert not set_share(viewer=payer, course_id=course.pk, permille=700, why="签约")
    own = own_shares(payer)
    assert [(one.course, one.permille) for one in own] == [(course, 700)]
    assert set_share(viewer=payer, course_id=course.pk, permille=None, why="到期")
    assert (own_shares(payer), CourseShareTerms.objects.count()) == ([], 2)
    first, second = AuditEntry.objects.filter(act="share_terms.changed").order_by("pk")
    assert (first.before, first.after, first.why) == ({}, {"share_permille": 700}, "签约")
    assert (second.before, second.after) == ({"share_permille": 700}, {})


def test_nobody_sets_their_own_share_and_strangers_none(course, payer, operator, agent, learner):
    Teacher.objects.update(user=operator)
    wrong = [
        (payer, {}, NotOneself),
        (viewer_of(agent), {}, NotAllowed),
        (viewer_of(learner), {}, NotAllowed),
        (payer, {"course_id": 0}, Unfit),
        (payer, {"permille": 1_001}, Unfit),
        (payer, {"why": " "}, Unfit),
    ]
    for viewer, told, refused in wrong:
        with pytest.raises(refused):
            set_share(viewer=viewer, **{"course_id": course.pk, "permille": 1_000, "why": "x", **told})
    for read in (own_shares, courses_to_share):
        with pytest.raises(NotAllowed):
            read(viewer_of(learner))
    assert courses_to_share(payer) == [course]
    assert not CourseShareTerms.objects.exists() and not AuditEntry.objects.filter(act__startswith="share")
