"""Past orders in bulk: with their rights, their place in the books and the log; brought in once, all or none."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import lesson_of, make_course, make_member
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NoSuchMember
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.imports.past_orders import Imported, PastOrder, import_orders
from zhiyue.product.commerce.models import (
    Entry,
    Order,
    OrderCourse,
    OrderStep,
    Payment,
    Posting,
    SandboxTrade,
)
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.refunds.reckoning import payment_of, reckoned
from zhiyue.product.commerce.reminding import remind_unpaid
from zhiyue.product.commerce.selectors import enrolled_course_ids, may_open, owned_pairs
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db

TABLES = (Order, OrderCourse, OrderStep, Payment, Entry, Posting, SandboxTrade, Event)


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def past(user, course, outside_number="A-1", **more):
    at = clock.now() - timedelta(days=100)
    paid_at = at + timedelta(minutes=3)
    told = {"outside_number": outside_number, "total_fen": 9_901, "placed_at": at, "paid_at": paid_at}
    return PastOrder(member_id=user.pk, course_id=course.pk, **{**told, "via": "wechat", **more})


def books():
    return {one.account: one.amount_fen for one in ledger.balances()}


def counts():
    return {table.__name__: table.objects.count() for table in TABLES}


def test_a_past_order_opens_its_course_and_stands_in_the_books(learner, operator, course):
    row = past(learner, course)
    assert import_orders(rows=[row], by=operator) == Imported((row,), 3)

    order = Order.objects.get()
    assert (order.status, order.price_fen, order.total_fen) == ("fulfilled", 9_901, 9_901)
    assert (order.offer, order.title, order.outside_number) == (f"course:{course.pk}", course.title, "A-1")
    assert (order.created_at, order.paid_at) == (row.placed_at, row.paid_at)
    assert order.number.startswith(f"Z{clock.business_day(row.placed_at):%y%m%d}")
    assert may_open(learner, lesson_of(course, "two")).open

    step = OrderStep.objects.get()
    assert (step.before, step.after, step.why, step.by) == ("", "fulfilled", "imported", operator)
    assert step.told == {"outside": "A-1", "provider": "wechat"}
    payment = Payment.objects.get()
    assert (payment.provider, payment.channel, payment.amount_fen) == ("wechat", "past", 9_901)
    assert (payment.status, payment.begun_at, payment.settled_at) == ("paid", row.placed_at, row.paid_at)

    assert books() == {"opening": 9_901, "revenue": -9_901}
    assert Entry.objects.get().at == row.paid_at and ledger.unbalanced() == []
    told = Event.objects.order_by("occurred_at", "pk").values_list("name", "occurred_at", "origin")
    assert list(told) == [
        ("order.placed", row.placed_at, "import"),
        ("order.paid", row.paid_at, "import"),
        ("course.enrolled", row.paid_at, "import"),
    ]
    assert Event.objects.get(name="order.paid").properties == {
        "order": order.pk,
        "amount_fen": 9_901,
        "provider": "wechat",
    }
    assert not SandboxTrade.objects.exists()


def test_told_again_nothing_changes_whatever_is_told(learner, course):
    row = past(learner, course)
    import_orders(rows=[row])
    before = counts()

    assert import_orders(rows=[row]) == Imported()
    second = past(learner, course, "A-2")
    assert import_orders(rows=[replace(row, total_fen=1), second]).orders == (second,)
    assert Order.objects.get(outside_number="A-1").total_fen == 9_901
    assert {name: n for name, n in before.items() if n} == {
        "Order": 1, "OrderCourse": 1, "OrderStep": 1, "Payment": 1, "Entry": 1, "Posting": 2, "Event": 3,
    }  # fmt: skip
    # The second order of a course that is theirs makes it theirs no second time.
    assert Event.objects.filter(name="course.enrolled").count() == 1


def test_two_orders_of_one_number_are_refused_and_a_row_told_twice_is_one(learner, course):
    row = past(learner, course)
    with pytest.raises(ValueError, match="A-1"):
        import_orders(rows=[row, replace(row, total_fen=1)])
    assert set(counts().values()) == {0}
    assert import_orders(rows=[row, row]).orders == (row,)


@pytest.mark.parametrize("via", ["offline", "other"])
def test_what_no_provider_took_has_no_payment(learner, course, via):
    import_orders(rows=[past(learner, course, via=via)])
    assert not Payment.objects.exists()
    assert books() == {"opening": 9_901, "revenue": -9_901}
    assert Event.objects.get(name="order.paid").properties["provider"] == via


def test_what_cost_nothing_opens_and_moves_no_money(learner, course):
    import_orders(rows=[past(learner, course, total_fen=0)])
    assert enrolled_course_ids(learner.pk) == {course.pk}
    assert not Payment.objects.exists() and not Entry.objects.exists()
    assert Event.objects.get(name="order.paid").properties["provider"] == "none"


def test_what_the_sandbox_took_stands_in_its_bill_and_is_owed_by_it(learner, course):
    row = past(learner, course, via="sandbox")
    import_orders(rows=[row])
    [line] = Sandbox().bill(clock.business_day(row.paid_at))
    assert (line.number, line.amount_fen) == (Payment.objects.get().number, 9_901)
    assert Sandbox().ask(line.number).kind == "paid"
    assert books() == {"receivable:sandbox": 9_901, "revenue": -9_901}


def test_an_unpaid_past_order_has_ended_and_opens_nothing(learner, course):
    at = clock.now() - timedelta(hours=2)
    over = at + timedelta(minutes=30)
    import_orders(rows=[past(learner, course, placed_at=at, paid_at=None, ended_at=over)])
    order = Order.objects.get()
    assert (order.status, order.expires_at, order.paid_at) == ("expired", over, None)
    assert not may_open(learner, lesson_of(course, "two")).open
    assert not Payment.objects.exists() and not Entry.objects.exists()
    names = Event.objects.order_by("occurred_at").values_list("name", "occurred_at")
    assert list(names) == [("order.placed", at), ("order.expired", over)]


def test_nobody_is_told_of_past_orders_and_nothing_follows(learner, course):
    import_orders(rows=[past(learner, course)])
    assert remind_unpaid() == 0
    assert not Job.objects.filter(name__startswith="commerce.").exists()
    assert not OutgoingMessage.objects.exists()


def test_what_was_given_before_does_not_become_theirs_again(learner, course):
    grant_course(user=learner, course=course)
    Event.objects.all().delete()
    import_orders(rows=[past(learner, course)])
    assert set(Event.objects.values_list("name", flat=True)) == {"order.placed", "order.paid"}


def test_the_log_hears_of_it_only_as_far_back_as_it_keeps_such_events(learner, course):
    at = clock.now() - timedelta(days=1_827)
    import_orders(rows=[past(learner, course, placed_at=at, paid_at=at)])
    assert not Event.objects.exists() and enrolled_course_ids(learner.pk) == {course.pk}


@pytest.mark.parametrize(
    "wrong",
    [
        {"total_fen": -1},
        {"total_fen": 2**31},
        {"via": "cash"},
        {"outside_number": ""},
        {"outside_number": "x" * 65},
        {"paid_at": None},
        {"ended_at": clock.now()},
        {"placed_at": clock.now()},
    ],
)
def test_what_cannot_have_been_is_refused(learner, course, wrong):
    with pytest.raises(ValueError, match=r"past order|what was paid|nothing ends"):
        past(learner, course, **wrong)


def test_all_or_none_where_somebody_or_something_is_not_there(learner, course):
    gone, draft = make_member("gone@test.example"), make_course("draft")
    lost = past(gone, course, "A-2")
    gone.delete()
    with pytest.raises(NoSuchMember):
        import_orders(rows=[past(learner, course), lost])
    Course.objects.filter(pk=draft.pk).update(status="draft")
    with pytest.raises(NotOffered):
        import_orders(rows=[past(learner, course), past(learner, draft, "A-2")])
    assert set(counts().values()) == {0}


def test_the_database_keeps_one_order_to_an_outside_number(learner, course):
    import_orders(rows=[past(learner, course)])
    order = Order.objects.get()
    order.pk, order.number = None, "Z1"
    with pytest.raises(IntegrityError), transaction.atomic():
        order.save(force_insert=True)


def test_many_are_written_in_batches(learner, course, django_assert_max_num_queries):
    rows = [past(learner, course, f"A-{n}") for n in range(1_100)]
    with django_assert_max_num_queries(90):
        assert len(import_orders(rows=rows).orders) == 1_100
    assert books() == {"opening": 1_100 * 9_901, "revenue": -1_100 * 9_901}
    assert import_orders(rows=rows).orders == ()


def test_rights_of_many_are_told_as_pairs(learner, stranger, course):
    other = make_course("other")
    grant_course(user=stranger, course=other)
    row = past(learner, course)
    import_orders(rows=[row])
    assert owned_pairs([learner.pk, stranger.pk]) == {(learner.pk, course.pk), (stranger.pk, other.pk)}
    assert owned_pairs([learner.pk], before=row.paid_at) == set()
    assert owned_pairs([learner.pk], before=row.paid_at + timedelta(seconds=1)) == {(learner.pk, course.pk)}
    assert owned_pairs() == set()


@pytest.mark.parametrize(("via", "by_hand"), [("alipay", True), ("stripe", True), ("sandbox", False)])
def test_what_was_paid_elsewhere_is_paid_back_by_hand(learner, course, via, by_hand):
    now = clock.now()
    import_orders(rows=[past(learner, course, via=via, placed_at=now, paid_at=now)])
    found = reckoned(Order.objects.get())
    assert found.open
    assert (payment_of(Order.objects.get()) is None) == by_hand
