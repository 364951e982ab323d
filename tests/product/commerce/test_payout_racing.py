"""Workers and staff at the same moment: every share entered once, one statement, one payout."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from tests.product.commerce.test_racing import AT_ONCE, together
from tests.product.commerce.test_refunds import bought
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import StatementDecided
from zhiyue.product.commerce.models import Entry, PayoutLine, PayoutStatement, TeacherShare
from zhiyue.product.commerce.refunds.deciding import give_back
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.teaching_shares.deciding import PaidOut, mark_paid, void
from zhiyue.product.commerce.teaching_shares.entering import catch_up, settle
from zhiyue.product.commerce.teaching_shares.statements import make_statements

pytestmark = pytest.mark.django_db(transaction=True)
NEXT_MONTH = timedelta(days=62)


@pytest.fixture(autouse=True)
def half(settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 500
    settings.ZHIYUE_PAYOUT_LEAST_FEN = 1


@pytest.fixture
def order(learner):
    return bought(learner, make_course("stats", price_fen=19_900))


@pytest.fixture
def staff(operator):
    other = make_member("other@test.example", "同事")
    grant(user=other, role="operator")
    return [viewer_of(one) for one in (operator, other)]


def test_a_share_is_entered_and_taken_back_once(order, staff):
    together(*[lambda: settle(order.pk)] * AT_ONCE)
    assert (TeacherShare.objects.count(), Entry.objects.filter(kind="share").count()) == (1, 1)

    give_back(viewer=staff[0], order_number=order.number, amounts={order.courses.get().pk: 900}, why="x")
    pursue()
    found = together(*[lambda: settle(order.pk), catch_up] * (AT_ONCE // 2))

    assert not [one for one in found if isinstance(one, Exception)]
    assert (TeacherShare.objects.count(), Entry.objects.filter(kind="share_back").count()) == (2, 1)
    assert ledger.unbalanced() == []


def test_two_workers_make_one_statement(order):
    settle(order.pk)
    later = clock.now() + NEXT_MONTH

    found = together(*[lambda: make_statements(now=later)] * AT_ONCE)

    assert sorted(found) == [0] * (AT_ONCE - 1) + [1]
    assert (PayoutStatement.objects.count(), PayoutLine.objects.count()) == (1, 1)


def test_a_share_that_comes_meanwhile_is_stated_or_carried(order, stranger):
    settle(order.pk)
    late = bought(stranger, order.courses.get().course)
    later = clock.now() + NEXT_MONTH

    together(lambda: make_statements(now=later), lambda: settle(late.pk), lambda: make_statements(now=later))

    statement = PayoutStatement.objects.get()
    stated = sum(one.amount_fen for one in TeacherShare.objects.filter(statement=statement))
    assert statement.amount_fen == sum(line.share_fen for line in statement.lines.all()) == stated
    assert TeacherShare.objects.count() == 2


def test_it_is_decided_once(order, staff):
    settle(order.pk)
    make_statements(now=clock.now() + NEXT_MONTH)
    PayoutStatement.objects.update(made_at=clock.now())
    number = PayoutStatement.objects.get().number
    paid = PaidOut(clock.business_day(), "bank")

    acts = [lambda one=one: mark_paid(viewer=one, number=number, paid=paid) for one in staff * 2]
    acts += [lambda one=one: void(viewer=one, number=number, why="x") for one in staff]
    found = together(*acts)

    assert sum(isinstance(answer, StatementDecided) for answer in found) == len(acts) - 1
    assert AuditEntry.objects.filter(act__startswith="payout.").count() == 1
    statement = PayoutStatement.objects.get()
    assert Entry.objects.filter(kind="payout").count() == (statement.status == "paid")
    assert statement.shares.count() == (statement.status == "paid")
