"""What staff decide about refunds: any amount that is left, course by course, with a reason, once; and who may."""

from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_course
from tests.product.commerce.test_refunds import asked, books, bought, mails, pay, read, why
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NotAllowed, NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.errors import NoSuchOrder, NoSuchRefund, NothingGoesBack, RefundDecided
from zhiyue.product.commerce.models import (
    CourseRefundTerms,
    Entry,
    Order,
    OrderCourse,
    Refund,
    RefundPart,
    SandboxTrade,
)
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.refunds.book import (
    SoughtRefunds,
    all_refunds,
    reckoning_of,
    waiting_count,
    whole_refund,
)
from zhiyue.product.commerce.refunds.deciding import (
    approve,
    give_back,
    refuse,
    send_again,
    settle_by_hand,
)
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.rule import RefundTerms
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.refunds.terms import own_terms, set_terms, terms_of
from zhiyue.product.commerce.selectors import may_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


@pytest.fixture
def staff(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


def late(user, course):
    """An order whose time to ask by rule is over, and the refund that was asked for all the same."""
    order = bought(user, course)
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(days=30))
    order.refresh_from_db()
    return order, asked(user, order, 0)


def of_two(user, first, second):
    """An order of two courses, as a bundle places it."""
    order = place(user=user, offer=f"course:{first.pk}", seen_fen=19_900, actor=Actor(member_id=user.pk))
    parts = [order.courses.get(), OrderCourse(order=order, course=second, total_fen=4_900)]
    parts[0].total_fen, parts[1].refund_terms = 15_000, parts[0].refund_terms
    parts[0].save()
    parts[1].save()
    pay(user, order)
    order.refresh_from_db()
    return order, *parts


def test_staff_approve_any_amount_that_is_left(learner, course, staff, operator):
    order, refund = late(learner, course)
    part = order.courses.get()

    approve(viewer=staff, number=refund.number, amounts={part.pk: 5_000}, why="孩子住院，  酌情")
    pursue()

    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.status, refund.amount_fen, refund.decided_by) == ("done", 5_000, operator)
    assert (order.status, order.refunded_fen) == ("partly_refunded", 5_000)
    assert books() == {"receivable:sandbox": 14_900, "revenue": -19_900, "refunds": 5_000}
    assert not may_open(learner, lesson_of(course, "two")).open
    entry = AuditEntry.objects.get(act="refund.approved")
    assert (entry.by_id, entry.why, entry.subject_name) == (operator.pk, "孩子住院， 酌情", refund.number)
    assert entry.before == {"status": "asked", "amount_fen": 0}
    assert entry.after == {"order": order.number, "amount_fen": 5_000, "status": "approved"}


@pytest.mark.parametrize("amount", [0, -1, 19_901])
def test_no_more_goes_back_than_is_left_and_no_less_than_something(learner, course, staff, amount):
    order, refund = late(learner, course)
    part = order.courses.get()

    with pytest.raises(Unfit):
        approve(viewer=staff, number=refund.number, amounts={part.pk: amount}, why="x")

    refund.refresh_from_db()
    assert refund.status == "asked"
    assert RefundPart.objects.get().amount_fen == 0
    assert may_open(learner, lesson_of(course, "two")).open


def test_a_course_that_isnt_of_the_order_or_none_at_all_is_refused(learner, stranger, course, staff):
    _, refund = late(learner, course)
    other = bought(stranger, course).courses.get()

    for amounts in ({}, {other.pk: 100}):
        with pytest.raises(Unfit):
            approve(viewer=staff, number=refund.number, amounts=amounts, why="x")
    assert Refund.objects.get().status == "asked"


def test_the_rest_goes_back_later_and_never_more(learner, course, staff):
    order, refund = late(learner, course)
    part = order.courses.get()
    approve(viewer=staff, number=refund.number, amounts={part.pk: 5_000}, why="x")
    pursue()

    with pytest.raises(Unfit):
        give_back(viewer=staff, order_number=order.number, amounts={part.pk: 14_901}, why="x")
    give_back(viewer=staff, order_number=order.number, amounts={part.pk: 14_900}, why="x")
    pursue()
    with pytest.raises(Unfit):
        give_back(viewer=staff, order_number=order.number, amounts={part.pk: 1}, why="x")

    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    assert books() == {"revenue": -19_900, "refunds": 19_900}
    assert Refund.objects.count() == 2


def test_a_part_of_an_order_closes_that_course_only(learner, course, staff):
    other = make_course("other", price_fen=4_900)
    order, first, second = of_two(learner, course, other)
    read(learner, other, "two")

    found = refund_of(learner, order.number)
    assert [one.by_rule_fen for one in found.parts] == [15_000, 3_266]
    refund = asked(learner, order, 0, course_ids=[other.pk])
    assert (refund.status, refund.is_by_rule) == ("asked", False)
    approve(viewer=staff, number=refund.number, amounts={second.pk: 3_266}, why="x")
    pursue()

    order.refresh_from_db()
    assert (refund.parts.get().part, order.status, order.refunded_fen) == (second, "partly_refunded", 3_266)
    assert may_open(learner, lesson_of(course, "two")).open
    assert not may_open(learner, lesson_of(other, "two")).open
    assert [one.part for one in refund_of(learner, order.number).open] == [first]
    give_back(viewer=staff, order_number=order.number, amounts={first.pk: 15_000, second.pk: 1_634}, why="x")
    pursue()
    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    told = Event.objects.filter(name="order.refunded").order_by("pk")
    assert [(one.course_id, one.properties["amount_fen"]) for one in told] == [
        (other.pk, 3_266), (course.pk, 15_000), (other.pk, 1_634),
    ]  # fmt: skip


def test_a_course_of_no_refunds_among_others_waits_for_staff_who_may_leave_it(learner, course, staff):
    other = make_course("other", price_fen=4_900)
    order, first, second = of_two(learner, course, other)
    OrderCourse.objects.filter(pk=second.pk).update(refund_terms=RefundTerms(0).to_json())

    refund = asked(learner, order, 15_000)
    assert (refund.status, refund.parts.count()) == ("asked", 2)
    approve(viewer=staff, number=refund.number, amounts={first.pk: 15_000}, why="x")
    pursue()

    assert RefundPart.objects.get().part == first
    assert may_open(learner, lesson_of(other, "two")).open
    assert not may_open(learner, lesson_of(course, "two")).open


def test_a_refusal_is_read_by_the_member_and_leaves_all_open(learner, course, staff):
    order, refund = late(learner, course)

    refuse(viewer=staff, number=refund.number, why="已过 7 天，且课程没有质量问题")

    refund.refresh_from_db()
    assert (refund.status, refund.decided_why) == ("refused", "已过 7 天，且课程没有质量问题")
    assert may_open(learner, lesson_of(course, "two")).open
    assert len(mails()) == 1
    assert "已过 7 天，且课程没有质量问题" in OutgoingMessage.objects.get().content["text"]
    assert why(order)[-2:] == ["refund_asked", "refund_refused"]
    # They may ask again, with more to say.
    assert asked(learner, order, 0, words="我有证明").status == "asked"


def test_what_was_decided_isnt_decided_again(learner, course, staff):
    order, refund = late(learner, course)
    part = order.courses.get()
    refuse(viewer=staff, number=refund.number, why="x")

    for again in (
        lambda: refuse(viewer=staff, number=refund.number, why="x"),
        lambda: approve(viewer=staff, number=refund.number, amounts={part.pk: 1}, why="x"),
        lambda: send_again(viewer=staff, number=refund.number, why="x"),
        lambda: settle_by_hand(viewer=staff, number=refund.number, why="x"),
    ):
        with pytest.raises(RefundDecided):
            again()
    asked(learner, order, 0)
    with pytest.raises(RefundDecided):
        give_back(viewer=staff, order_number=order.number, amounts={part.pk: 1}, why="x")
    assert len(mails()) == 1


def test_what_failed_is_sent_again_by_another_number_and_goes_back_once(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()
    refund.refresh_from_db()
    assert (refund.status, books()) == ("failed", {"receivable:sandbox": 19_900, "revenue": -19_900})
    assert not may_open(learner, lesson_of(course, "two")).open
    # What failed is still on its way for all who ask: it can't go back twice.
    with pytest.raises(Unfit):
        give_back(viewer=staff, order_number=order.number, amounts={order.courses.get().pk: 1}, why="x")

    again = send_again(viewer=staff, number=refund.number, why="银行已恢复")
    with pytest.raises(RefundDecided):
        send_again(viewer=staff, number=refund.number, why="银行已恢复")
    with pytest.raises(RefundDecided):
        settle_by_hand(viewer=staff, number=refund.number, why="x")
    pursue()

    again.refresh_from_db()
    order.refresh_from_db()
    assert (again.status, again.again_of, order.status) == ("done", refund, "refunded")
    assert books() == {"revenue": -19_900, "refunds": 19_900}
    assert SandboxTrade.objects.get().refunds == {refund.number: 0, again.number: 19_900}
    assert why(order)[-3:] == ["refund_failed", "refund_sent_again", "refunded"]
    assert AuditEntry.objects.get(act="refund.sent_again").before == {"refund": refund.number}


def test_what_failed_may_be_paid_out_by_hand(learner, course, staff):
    order = bought(learner, course, refund_way="fail_first")
    refund = asked(learner, order)
    pursue()

    settle_by_hand(viewer=staff, number=refund.number, why="已转账，回单 0412")

    order.refresh_from_db()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
    # The provider still owes what it took: the academy paid from elsewhere.
    assert books() == {
        "by_hand": -19_900, "receivable:sandbox": 19_900, "refunds": 19_900, "revenue": -19_900,
    }  # fmt: skip
    assert AuditEntry.objects.get(act="refund.paid_by_hand").before == {"status": "failed"}


def test_an_order_paid_elsewhere_is_paid_back_by_hand(learner, course, staff):
    """As one that came in a table: there is no payment to take it from."""
    order = bought(learner, course)
    order.payments.update(status="closed")
    refund = asked(learner, order)

    assert (refund.status, refund.payment, pursue()) == ("approved", None, 0)
    assert waiting_count(staff) == 1
    settle_by_hand(viewer=staff, number=refund.number, why="x")

    assert waiting_count(staff) == 0
    assert books()["by_hand"] == -19_900


def test_an_order_that_cost_nothing_is_closed_without_money(learner, course, staff):
    order = place(
        user=learner, offer=f"course:{course.pk}", seen_fen=19_900, actor=Actor(member_id=learner.pk)
    )
    order.courses.update(total_fen=0)
    Order.objects.update(total_fen=0)
    pay_nothing(user=learner, order_number=order.number)
    assert refund_of(learner, order.number).closed_to == "costs_nothing"
    with pytest.raises(NothingGoesBack):
        asked(learner, order, 0)

    part = order.courses.get()
    refund = give_back(viewer=staff, order_number=order.number, amounts={part.pk: 0}, why="按错了")

    order.refresh_from_db()
    assert (refund.status, order.status, order.refunded_fen) == ("done", "refunded", 0)
    assert not may_open(learner, lesson_of(course, "two")).open
    assert not Entry.objects.exists()
    assert mails() == ["《课程 stats》已关闭"]


def test_nobody_decides_about_money_of_their_own(operator, course, staff):
    order, refund = late(operator, course)
    part = order.courses.get()

    for own in (
        lambda: approve(viewer=staff, number=refund.number, amounts={part.pk: 1}, why="x"),
        lambda: refuse(viewer=staff, number=refund.number, why="x"),
        lambda: give_back(viewer=staff, order_number=order.number, amounts={part.pk: 1}, why="x"),
    ):
        with pytest.raises(NotOneself):
            own()
    refund.refresh_from_db()
    assert refund.status == "asked"


def test_a_decision_says_why_and_names_what_there_is(learner, course, staff):
    order, refund = late(learner, course)
    part = order.courses.get()

    with pytest.raises(Unfit):
        approve(viewer=staff, number=refund.number, amounts={part.pk: 1}, why=" ")
    with pytest.raises(NoSuchRefund):
        refuse(viewer=staff, number="R0", why="x")
    with pytest.raises(NoSuchOrder):
        give_back(viewer=staff, order_number="Z0", amounts={part.pk: 1}, why="x")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_who_teaches_helps_or_learns_decides_nothing(learner, stranger, course, role):
    order, refund = late(learner, course)
    part = order.courses.get()
    viewer = Viewer(user=stranger, visitor=None, roles=frozenset({role}))

    for refused in (
        lambda: approve(viewer=viewer, number=refund.number, amounts={part.pk: 1}, why="x"),
        lambda: refuse(viewer=viewer, number=refund.number, why="x"),
        lambda: give_back(viewer=viewer, order_number=order.number, amounts={part.pk: 1}, why="x"),
        lambda: send_again(viewer=viewer, number=refund.number, why="x"),
        lambda: settle_by_hand(viewer=viewer, number=refund.number, why="x"),
        lambda: set_terms(viewer=viewer, course_id=course.pk, terms=RefundTerms(0), why="x"),
    ):
        with pytest.raises(NotAllowed):
            refused()
    if role != "agent":
        for unseen in (
            lambda: all_refunds(viewer, SoughtRefunds()),
            lambda: whole_refund(viewer, refund.number),
            lambda: reckoning_of(viewer, order.number),
            lambda: waiting_count(viewer),
            lambda: own_terms(viewer),
        ):
            with pytest.raises(NotAllowed):
                unseen()
    refund.refresh_from_db()
    assert refund.status == "asked"
    assert not AuditEntry.objects.exists()


def test_a_course_has_terms_of_its_own(course, staff):
    assert set_terms(viewer=staff, course_id=course.pk, terms=RefundTerms(0), why="直播课")
    assert not set_terms(viewer=staff, course_id=course.pk, terms=RefundTerms(0), why="直播课")
    assert terms_of([course.pk]) == {course.pk: RefundTerms(0)}
    assert [(one.course, one.terms) for one in own_terms(staff)] == [(course, RefundTerms(0))]

    assert set_terms(viewer=staff, course_id=course.pk, terms=None, why="恢复")
    assert terms_of([course.pk]) == {course.pk: RefundTerms(7)}
    assert not CourseRefundTerms.objects.exists()
    assert AuditEntry.objects.filter(act="refund_terms.changed").count() == 2
    with pytest.raises(Unfit):
        set_terms(viewer=staff, course_id=0, terms=None, why="x")


def test_what_waits_for_staff_stands_first(learner, stranger, course, staff):
    other = make_course("other", price_fen=4_900)
    done = asked(learner, bought(learner, other), 4_900)
    pursue()
    _, first = late(learner, course)
    _, second = late(stranger, course)

    found = [one.number for one in all_refunds(staff, SoughtRefunds())]
    assert found == [first.number, second.number, done.number]
    assert waiting_count(staff) == 2
    assert [one.pk for one in all_refunds(staff, SoughtRefunds(status="done"))] == [done.pk]
    assert [one.pk for one in all_refunds(staff, SoughtRefunds(words="stranger@"))] == [second.pk]
    assert [one.pk for one in all_refunds(staff, SoughtRefunds(words=first.order.number.lower()))] == [
        first.pk
    ]
