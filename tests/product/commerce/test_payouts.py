"""Statements of what teachers earned: one a month, paid once, and never by who earned it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_course, make_member
from tests.product.commerce.test_refunds import bought
from tests.product.commerce.test_teacher_shares import give, owed
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.errors import NotAllowed, NotOneself, Unfit
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue.models import Course, Teacher
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import NoSuchStatement, StatementDecided
from zhiyue.product.commerce.models import Entry, Order, PayoutLine, PayoutStatement, Refund, TeacherShare
from zhiyue.product.commerce.teaching_shares.book import (
    SoughtStatements,
    all_statements,
    due_next,
    months,
    to_be_paid,
    whole_statement,
)
from zhiyue.product.commerce.teaching_shares.deciding import PaidOut, mark_paid, void
from zhiyue.product.commerce.teaching_shares.entering import settle
from zhiyue.product.commerce.teaching_shares.own import Sales, own_sales, own_statement, own_statements
from zhiyue.product.commerce.teaching_shares.statements import ended_month, make_statements

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
# An hour of April: the statements are those of March.
APRIL = datetime(2026, 4, 1, 2, 10, tzinfo=SHANGHAI)
MAY = datetime(2026, 5, 1, 2, 10, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def terms(settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 500
    settings.ZHIYUE_PAYOUT_LEAST_FEN = 5_000


@pytest.fixture
def course(db):
    return make_course("stats", title="统计学的直觉", price_fen=19_900)


@pytest.fixture
def payer(operator):
    return viewer_of(operator)


def earned(user, course, due_at):
    """A paid order whose share is due at a moment."""
    order = bought(user, course)
    settle(order.pk)
    TeacherShare.objects.filter(order=order).update(due_at=due_at, at=due_at - timedelta(days=15))
    return order


@pytest.fixture
def march(learner, course):
    """The statement of March, of one sale."""
    earned(learner, course, datetime(2026, 3, 31, 23, 59, 59, tzinfo=SHANGHAI))
    assert make_statements(now=APRIL) == 1
    return PayoutStatement.objects.get()


def lines(statement):
    return list(
        statement.lines.order_by("pk").values_list(
            "title", "sales", "gross_fen", "refunds", "refunded_fen", "share_fen", "carried_fen"
        )
    )


def today(**changed):
    return PaidOut(**{"on": clock.business_day(), "how": "bank", "reference": " 工行  0421 ", **changed})


def test_the_month_is_the_academys(settings):
    # In Shanghai April has begun, in UTC it hasn't.
    assert ended_month(datetime(2026, 3, 31, 16, 0, tzinfo=ZoneInfo("UTC"))) == date(2026, 3, 1)
    assert ended_month(datetime(2026, 3, 31, 15, 59, tzinfo=ZoneInfo("UTC"))) == date(2026, 2, 1)
    assert ended_month(datetime(2026, 1, 5, tzinfo=SHANGHAI)) == date(2025, 12, 1)


def test_what_was_due_in_a_month_is_stated_once(learner, stranger, march, course):
    earned(stranger, course, datetime(2026, 4, 1, tzinfo=SHANGHAI))

    assert make_statements(now=APRIL) == 0
    assert make_statements(now=APRIL + timedelta(days=20)) == 0

    assert (march.number[0], march.teacher, march.month) == ("S", course.teacher, date(2026, 3, 1))
    assert (march.status, march.amount_fen) == ("open", 9_950)
    assert lines(march) == [("统计学的直觉", 1, 19_900, 0, 0, 9_950, 0)]
    assert TeacherShare.objects.filter(statement=march).count() == 1
    # Stating moves no money.
    assert owed(course) == 19_900


def test_lines_tell_courses_apart(learner, stranger, course, payer):
    other = make_course("other", title="另一门", price_fen=9_900)
    in_march = datetime(2026, 3, 10, tzinfo=SHANGHAI)
    order = earned(learner, course, in_march)
    earned(stranger, course, in_march)
    earned(learner, other, datetime(2026, 2, 10, tzinfo=SHANGHAI))
    give(payer, order, 9_900)
    TeacherShare.objects.filter(sold_fen__lt=0).update(due_at=in_march)

    make_statements(now=APRIL)

    statement = PayoutStatement.objects.get()
    assert statement.amount_fen == 2 * 9_950 - 4_950 + 4_950
    assert sorted(lines(statement)) == [
        ("另一门", 1, 9_900, 0, 0, 4_950, 4_950),
        ("统计学的直觉", 2, 39_800, 1, 9_900, 14_950, 0),
    ]


def test_too_little_is_carried_on(learner, stranger, course, settings):
    settings.ZHIYUE_PAYOUT_LEAST_FEN = 9_951
    earned(learner, course, datetime(2026, 3, 10, tzinfo=SHANGHAI))
    assert (make_statements(now=APRIL), PayoutStatement.objects.count()) == (0, 0)

    earned(stranger, course, datetime(2026, 4, 10, tzinfo=SHANGHAI))
    assert make_statements(now=MAY) == 1

    statement = PayoutStatement.objects.get()
    assert (statement.month, statement.amount_fen) == (date(2026, 4, 1), 19_900)
    assert lines(statement) == [("统计学的直觉", 2, 39_800, 0, 0, 19_900, 9_950)]


def test_money_that_goes_back_after_the_payout_is_carried_on(learner, stranger, march, course, payer):
    mark_paid(viewer=payer, number=march.number, paid=today())
    assert owed(course) == 0

    give(payer, Order.objects.get(), 19_900)
    # The teacher owes it now, and no statement is below 0.
    assert owed(course) == -9_950
    TeacherShare.objects.filter(statement=None).update(due_at=datetime(2026, 4, 5, tzinfo=SHANGHAI))
    assert make_statements(now=MAY) == 0

    two = make_course("two", price_fen=39_800)
    earned(stranger, two, datetime(2026, 5, 5, tzinfo=SHANGHAI))
    assert make_statements(now=datetime(2026, 6, 1, 3, tzinfo=SHANGHAI)) == 1
    last = PayoutStatement.objects.exclude(pk=march.pk).get()
    assert last.amount_fen == 19_900 - 9_950 == owed(course)
    assert sum(line.carried_fen for line in last.lines.all()) == -9_950
    assert ledger.unbalanced() == []


def test_a_setting_of_nothing_still_states_something(learner, course, settings):
    settings.ZHIYUE_PAYOUT_LEAST_FEN = settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 0
    earned(learner, course, datetime(2026, 3, 10, tzinfo=SHANGHAI))
    assert make_statements(now=APRIL) == 0


def test_it_is_paid_once_and_the_teacher_is_told(march, course, payer, creator):
    Teacher.objects.filter(pk=course.teacher_id).update(user=creator)
    with pytest.raises(Unfit):
        mark_paid(viewer=payer, number=march.number, paid=today(how="gold"))

    PayoutStatement.objects.update(made_at=clock.now() - timedelta(days=3))
    day = clock.business_day() - timedelta(days=2)
    paid = mark_paid(viewer=payer, number=march.number, paid=today(on=day))

    assert (paid.status, paid.paid_on, paid.how, paid.reference) == ("paid", day, "bank", "工行 0421")
    assert (paid.decided_by, owed(course)) == (payer.user, 0)
    entry = Entry.objects.get(key=f"payout:{march.number}")
    assert (entry.kind, entry.at) == ("payout", clock.day_start(day))
    assert {one.account: one.amount_fen for one in entry.postings.all()} == {
        f"teacher:{course.teacher_id}": 9_950,
        "paid_to_teachers": -9_950,
    }
    noted = AuditEntry.objects.get(act="payout.paid")
    assert (noted.subject_name, noted.after["amount_fen"], noted.after["teacher"]) == (
        march.number, 9_950, "he-mu",
    )  # fmt: skip
    mail = OutgoingMessage.objects.get(subject__contains="99.50")
    assert mail.subject == "2026年3月的 ¥99.50 已付给你"

    for again in (
        lambda: mark_paid(viewer=payer, number=march.number, paid=today()),
        lambda: void(viewer=payer, number=march.number, why="x"),
    ):
        with pytest.raises(StatementDecided):
            again()
    assert Entry.objects.filter(kind="payout").count() == 1


def test_a_teacher_without_an_account_is_paid_all_the_same(march, course, payer):
    mark_paid(viewer=payer, number=march.number, paid=today())
    assert (owed(course), OutgoingMessage.objects.filter(subject__contains="99.50").count()) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"on": date(2026, 3, 1)},
        {"on": clock.business_day() + timedelta(days=2)},
        {"how": ""},
        {"reference": "x" * 81},
    ],
)
def test_what_doesnt_fit_pays_nothing(march, payer, course, wrong):
    with pytest.raises(Unfit):
        mark_paid(viewer=payer, number=march.number, paid=today(**wrong))
    march.refresh_from_db()
    assert (march.status, owed(course), AuditEntry.objects.count()) == ("open", 9_950, 0)


def test_a_void_one_comes_into_the_next(learner, march, payer, course):
    gone = void(viewer=payer, number=march.number, why="账号要改")

    assert (gone.status, gone.decided_why, gone.shares.count(), gone.lines.count()) == (
        "void",
        "账号要改",
        0,
        1,
    )
    assert AuditEntry.objects.get(act="payout.voided").why == "账号要改"
    # Of the same month there is no second one.
    assert make_statements(now=APRIL) == 0
    assert make_statements(now=MAY) == 1
    last = PayoutStatement.objects.latest("pk")
    assert (last.amount_fen, lines(last)[0][-1]) == (9_950, 9_950)
    assert owed(course) == 9_950


def test_nobody_pays_themselves_and_strangers_nobody(march, payer, operator, agent, learner, creator):
    Teacher.objects.update(user=operator)
    for viewer, refused in (
        (payer, NotOneself),
        (viewer_of(agent), NotAllowed),
        (viewer_of(creator), NotAllowed),
        (viewer_of(learner), NotAllowed),
    ):
        with pytest.raises(refused):
            mark_paid(viewer=viewer, number=march.number, paid=today())
        with pytest.raises(refused):
            void(viewer=viewer, number=march.number, why="x")
    with pytest.raises(NoSuchStatement):
        void(viewer=payer, number="S0", why="x")
    march.refresh_from_db()
    assert (march.status, Entry.objects.filter(kind="payout").count()) == ("open", 0)


def test_what_was_stated_stays_as_it_was_stated(march):
    for change in (
        lambda: march.lines.update(share_fen=1),
        lambda: PayoutLine.objects.all().delete(),
        lambda: PayoutLine.objects.update(title="x"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    # Another name of the course, or another teacher of it, changes nothing of what was stated.
    Course.objects.update(title="新名字")
    assert lines(march)[0][0] == "统计学的直觉"


def test_each_teacher_has_one_of_their_own(learner, course):
    at = datetime(2026, 3, 10, tzinfo=SHANGHAI)
    earned(learner, course, at)
    other = Teacher.objects.create(slug="other", name="别人", headline="x")
    two = make_course("two", price_fen=39_900)
    Course.objects.filter(pk=two.pk).update(teacher=other)
    earned(make_member("b@test.example"), two, at)

    assert make_statements(now=APRIL) == 2
    amounts = dict(PayoutStatement.objects.values_list("teacher__slug", "amount_fen"))
    assert amounts == {"he-mu": 9_950, "other": 19_950}


def test_staff_see_what_is_due_next(learner, stranger, march, course, payer, agent):
    earned(stranger, course, clock.now() + timedelta(days=3))
    earned(make_member("late@test.example"), course, clock.now() - timedelta(days=1))

    assert [(one.teacher.slug, one.due_fen, one.later_fen) for one in due_next(payer)] == [
        ("he-mu", 9_950, 9_950)
    ]
    assert (months(payer), to_be_paid(payer)) == ([date(2026, 3, 1)], (1, 9_950))
    for sought, found in (
        (SoughtStatements(), 1),
        (SoughtStatements(month=date(2026, 3, 1), status="open", words="何"), 1),
        (SoughtStatements(month=date(2026, 2, 1)), 0),
        (SoughtStatements(status="paid"), 0),
        (SoughtStatements(words=march.number), 1),
        (SoughtStatements(words="别人"), 0),
    ):
        assert all_statements(payer, sought).count() == found
    whole = whole_statement(payer, march.number)
    assert (whole.statement, len(whole.lines), whole.carried_fen) == (march, 1, 0)
    for refused in (
        lambda: due_next(viewer_of(agent)),
        lambda: months(viewer_of(agent)),
        lambda: to_be_paid(viewer_of(agent)),
        lambda: all_statements(viewer_of(agent), SoughtStatements()),
        lambda: whole_statement(viewer_of(agent), march.number),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_a_teacher_sees_their_own_sales_by_month(
    learner, stranger, course, creator, payer, django_assert_num_queries
):
    Teacher.objects.update(user=creator)
    zone = SHANGHAI
    first, second = bought(learner, course), bought(stranger, course)
    for order, at in (
        (first, datetime(2026, 3, 31, 23, 30, tzinfo=zone)),
        (second, datetime(2026, 4, 1, tzinfo=zone)),
    ):
        Order.objects.filter(pk=order.pk).update(paid_at=at)
        settle(order.pk)
    give(payer, second, 9_900)
    Refund.objects.update(settled_at=datetime(2026, 5, 2, tzinfo=zone))
    TeacherShare.objects.filter(sold_fen__lt=0).update(at=datetime(2026, 5, 2, tzinfo=zone))
    # Somebody else's course, and one that was given away, tell nothing.
    two = make_course("two", price_fen=100)
    Course.objects.filter(pk=two.pk).update(
        teacher=Teacher.objects.create(slug="x", name="别人", headline="x")
    )
    bought(learner, two)

    viewer = viewer_of(creator)
    with django_assert_num_queries(6):
        found = own_sales(viewer, now=datetime(2026, 5, 20, tzinfo=zone))

    assert [month for month, _ in found.months][:2] == [date(2025, 6, 1), date(2025, 7, 1)]
    assert [(month.month, one) for month, one in found.months if one != Sales()] == [
        (3, Sales(1, 19_900, 0, 0, 9_950)),
        (4, Sales(1, 19_900, 0, 0, 9_950)),
        (5, Sales(0, 0, 1, 9_900, -4_950)),
    ]
    assert found.courses == [("统计学的直觉", Sales(2, 39_800, 1, 9_900, 14_950))]
    assert found.total == Sales(2, 39_800, 1, 9_900, 14_950)
    assert found.due_fen + found.later_fen == 14_950


def test_a_teacher_sees_nobody_elses_statements(march, course, creator, learner, signed_in):
    other = make_member("rival@test.example", "同行")
    grant(user=other, role="creator")
    Teacher.objects.create(slug="rival", name="同行", headline="x", user=other)
    Teacher.objects.filter(pk=course.teacher_id).update(user=creator)

    assert list(own_statements(viewer_of(creator))) == [march]
    assert own_statement(viewer_of(creator), march.number).statement == march
    assert list(own_statements(viewer_of(other))) == []
    assert own_sales(viewer_of(other)).courses == []
    with pytest.raises(NoSuchStatement):
        own_statement(viewer_of(other), march.number)
    for refused in (own_sales, own_statements):
        with pytest.raises(NotAllowed):
            refused(viewer_of(learner))
    # Whoever may use the studio without teaching anything.
    Teacher.objects.filter(user=other).delete()
    assert own_sales(viewer_of(other)) is None
