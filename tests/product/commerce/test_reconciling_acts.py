"""What staff do about bills and differences: who may, what is noted, what is entered, and what several at once get."""

from datetime import timedelta

import pytest

from tests.factories import make_member
from tests.product.commerce.bills import Days, back_of, line_of, moment, shown, yesterday
from tests.product.commerce.test_racing import AT_ONCE, together
from tests.product.commerce.trying import books
from zhiyue.core.accounts.errors import NotAllowed, NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import (
    DifferenceOver,
    NoSuchBill,
    ProviderNotOffered,
    ProviderUnreachable,
)
from zhiyue.product.commerce.models import Bill, BillEntry, Difference, Entry, Order, OrderStep
from zhiyue.product.commerce.providers.protocol import BillLine, Told
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.reconciling.book import (
    SoughtBills,
    SoughtDifferences,
    all_bills,
    all_differences,
    missing_days,
    standing,
    whole_bill,
)
from zhiyue.product.commerce.reconciling.comparing import compare
from zhiyue.product.commerce.reconciling.deciding import ask, can_be_asked, fetch_day, fetch_days, resolve
from zhiyue.product.commerce.reconciling.fetching import fetch, reconcile

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def days(db):
    return Days()


@pytest.fixture
def bills(monkeypatch):
    told = {}
    monkeypatch.setattr(Sandbox, "bill", lambda _, day: list(told.get(day, [])))
    return told


@pytest.fixture
def staff(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.fixture
def an_agent(agent):
    return Viewer(user=agent, visitor=None, roles=frozenset({"agent"}))


@pytest.fixture
def opened(days, bills, staff):
    """A payment of which nothing was heard here."""
    payment = days.begun()
    bills[yesterday()] = [line_of(payment, fee=119)]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    return Difference.objects.get()


def told_by_the_sandbox(monkeypatch, payment, kind="paid"):
    told = Told(
        key=f"{payment.number}:{kind}",
        kind=kind,
        number=payment.number,
        amount_fen=payment.amount_fen,
        provider_number=f"T{payment.number}",
        at=moment(yesterday()),
    )
    monkeypatch.setattr(Sandbox, "ask", lambda *_: told)


def test_a_payment_we_havent_heard_of_is_taken_in_by_asking(opened, staff, monkeypatch):
    told_by_the_sandbox(monkeypatch, opened.payment)
    assert can_be_asked(opened)

    assert ask(viewer=staff, difference_id=opened.pk) == "paid"

    assert shown() == [("missing_here", 19_900, 0, "gone")]
    assert books() == {"fees": 119, "receivable:sandbox": 19_781, "revenue": -19_900}
    assert Order.objects.get(pk=opened.payment.order_id).status == "paid"
    assert list(AuditEntry.objects.values_list("act", flat=True).order_by("pk")) == [
        "bill.fetched",
        "difference.asked",
    ]
    with pytest.raises(DifferenceOver):
        ask(viewer=staff, difference_id=opened.pk)


def test_what_the_provider_doesnt_say_isnt_entered(opened, staff, monkeypatch):
    told_by_the_sandbox(monkeypatch, opened.payment, kind="waiting")
    assert ask(viewer=staff, difference_id=opened.pk) == "waiting"
    assert shown() == [("missing_here", 19_900, 0, "open")]
    assert "revenue" not in books()


def test_a_silent_provider_leaves_it_open(opened, staff, monkeypatch):
    def silent(*_):
        raise ProviderUnreachable("x")

    monkeypatch.setattr(Sandbox, "ask", silent)
    with pytest.raises(ProviderUnreachable):
        ask(viewer=staff, difference_id=opened.pk)
    assert shown() == [("missing_here", 19_900, 0, "open")]


def test_a_refund_we_havent_heard_of_is_taken_in_by_asking(days, bills, staff, monkeypatch):
    paid = days.paid(moment(yesterday()))
    refund = days.refund(paid, 5_000, status="failed")
    bills[yesterday()] = [line_of(paid), back_of(refund)]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    one = Difference.objects.get()
    told = Told(key="x", kind="refunded", number=refund.number, amount_fen=5_000, at=moment(yesterday()))
    monkeypatch.setattr(Sandbox, "ask_refund", lambda *_: told)

    assert ask(viewer=staff, difference_id=one.pk) == "refunded"

    assert shown() == [("refund_here", -5_000, 0, "gone")]
    assert books() == {"receivable:sandbox": 14_900, "refunds": 5_000, "revenue": -19_900}


def test_what_isnt_ours_cant_be_asked(bills, staff):
    bills[yesterday()] = [BillLine("SHOP", "T", 100, 0)]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    one = Difference.objects.get()
    assert not can_be_asked(one)
    with pytest.raises(DifferenceOver):
        ask(viewer=staff, difference_id=one.pk)


def test_resolved_it_stays_so_however_often_it_is_fetched(opened, staff, bills):
    resolve(viewer=staff, difference_id=opened.pk, seen_fen=19_900, why="另一家店的收款", enter=False)
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    reconcile("sandbox", now=clock.now() + DAY)

    assert shown() == [("missing_here", 19_900, 0, "resolved")]
    one = Difference.objects.get()
    assert (one.by, one.why) == (staff.user, "另一家店的收款")
    noted = AuditEntry.objects.get(act="difference.resolved")
    assert noted.why == "另一家店的收款" and noted.after["theirs_fen"] == 19_900
    assert "differences" not in books()
    # Other amounts are another matter.
    bills[yesterday()] = [line_of(opened.payment, 15_000)]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    assert shown() == [("missing_here", 19_900, 0, "resolved"), ("missing_here", 15_000, 0, "open")]


def test_entered_the_books_say_what_the_bill_says_until_it_comes_right(opened, staff, days):
    resolve(viewer=staff, difference_id=opened.pk, seen_fen=19_900, why="渠道确认", enter=True)
    assert books() == {"differences": -19_900, "fees": 119, "receivable:sandbox": 19_781}
    assert OrderStep.objects.get(why="difference_entered").told["fen"] == 19_900
    compare(opened.bill_id)
    assert shown() == [("missing_here", 19_900, 0, "resolved")]

    days.tell(opened.payment, moment(yesterday()))
    compare(opened.bill_id)
    compare(opened.bill_id)

    assert books() == {"differences": 0, "fees": 119, "receivable:sandbox": 19_781, "revenue": -19_900}
    assert OrderStep.objects.filter(why="difference_taken_back").count() == 1
    assert shown() == [("missing_here", 19_900, 0, "resolved")]
    assert Difference.objects.get().entry is None and ledger.unbalanced() == []


def test_what_vanished_from_the_bill_and_comes_again_is_open_again(opened, staff, days, bills):
    resolve(viewer=staff, difference_id=opened.pk, seen_fen=19_900, why="渠道确认", enter=True)
    line, other = line_of(opened.payment, fee=119), line_of(days.paid(moment(yesterday()), 700))
    bills[yesterday()] = [other]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    assert shown() == [("missing_here", 19_900, 0, "resolved")]
    assert books()["differences"] == 0

    bills[yesterday()] = [line, other]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())

    assert shown() == [("missing_here", 19_900, 0, "resolved"), ("missing_here", 19_900, 0, "open")]
    again = Difference.objects.get(state="open")
    resolve(viewer=staff, difference_id=again.pk, seen_fen=19_900, why="渠道再次确认", enter=True)
    compare(again.bill_id)
    assert books()["differences"] == -19_900
    assert not Difference.objects.filter(state="open").exists() and ledger.unbalanced() == []


def test_who_saw_other_amounts_decides_nothing(opened, staff):
    with pytest.raises(DifferenceOver):
        resolve(viewer=staff, difference_id=opened.pk, seen_fen=1, why="x", enter=True)
    with pytest.raises(NoSuchBill):
        resolve(viewer=staff, difference_id=opened.pk + 1, seen_fen=1, why="x", enter=True)
    with pytest.raises(Unfit):
        resolve(viewer=staff, difference_id=opened.pk, seen_fen=19_900, why=" ", enter=True)
    assert shown() == [("missing_here", 19_900, 0, "open")]
    assert "differences" not in books() and not AuditEntry.objects.filter(act="difference.resolved").exists()


def test_nobody_decides_about_money_of_their_own(opened):
    buyer = Viewer(user=opened.payment.order.user, visitor=None, roles=frozenset({"operator"}))
    with pytest.raises(NotOneself):
        resolve(viewer=buyer, difference_id=opened.pk, seen_fen=19_900, why="x", enter=False)


def test_agents_neither_see_nor_do(opened, an_agent):
    day = yesterday()
    for act in (
        lambda: all_bills(an_agent, SoughtBills()),
        lambda: all_differences(an_agent, SoughtDifferences()),
        lambda: standing(an_agent),
        lambda: whole_bill(an_agent, "sandbox", day),
        lambda: fetch_day(viewer=an_agent, provider="sandbox", day=day),
        lambda: fetch_days(viewer=an_agent, since=day, until=day),
        lambda: ask(viewer=an_agent, difference_id=opened.pk),
        lambda: resolve(viewer=an_agent, difference_id=opened.pk, seen_fen=19_900, why="x", enter=False),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert shown() == [("missing_here", 19_900, 0, "open")]


def test_a_range_of_days_is_fetched_in_the_background(days, bills, staff):
    until = yesterday()
    since = until - 40 * DAY
    paid = days.paid(moment(since))
    bills[since] = [line_of(paid)]

    assert fetch_days(viewer=staff, since=since, until=until) == 41
    assert Job.objects.filter(name="commerce.reconcile_provider").count() == 1
    assert reconcile("sandbox") == 41

    assert shown() == []
    assert Bill.objects.get(day=since).theirs_fen == 19_900
    assert AuditEntry.objects.get(act="bills.fetched").after == {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "providers": ["sandbox"],
    }


@pytest.mark.parametrize(("since", "until"), [(0, 0), (1, 2), (93, 1), (400, 390)])
def test_days_that_cant_be_fetched(days, staff, since, until):
    today = clock.business_day()
    with pytest.raises(Unfit):
        fetch_days(viewer=staff, since=today - since * DAY, until=today - until * DAY)
    assert not Bill.objects.exists() and not AuditEntry.objects.exists()
    assert not Job.objects.filter(name="commerce.reconcile_provider").exists()


def test_a_provider_that_isnt_offered_has_no_bill(staff):
    with pytest.raises(ProviderNotOffered):
        fetch_day(viewer=staff, provider="alipay", day=yesterday())
    assert not Bill.objects.exists()


def test_what_is_missing_is_told_with_why(days, staff, monkeypatch):
    day = yesterday() - 2 * DAY
    days.paid(moment(day))

    def silent(*_):
        raise ProviderUnreachable("ACQ.SYSTEM_ERROR")

    monkeypatch.setattr(Sandbox, "bill", silent)
    bill = fetch_day(viewer=staff, provider="sandbox", day=day)
    assert (bill.fetched_at, bill.fault) == (None, "ACQ.SYSTEM_ERROR")
    assert missing_days() == [bill] and missing_days(days=2) == []
    assert standing(staff).missing == 1
    assert [one.day for one in all_bills(staff, SoughtBills(state="missing"))] == [day]


def test_reads_tell_how_it_stands(opened, staff, bills, days):
    late = days.paid(moment(yesterday() - DAY, moment(yesterday()).time().replace(hour=23, minute=59)), 700)
    bills[yesterday()] = [*bills[yesterday()], line_of(late)]
    fetch_day(viewer=staff, provider="sandbox", day=yesterday())
    fetch_day(viewer=staff, provider="sandbox", day=yesterday() - DAY)
    found = whole_bill(staff, "sandbox", yesterday())

    assert (standing(staff).open, standing(staff).open_fen) == (1, 19_900)
    assert [(one.number, one.their_day, one.our_day, one.amount_fen) for one in found.beside] == [
        (late.number, yesterday(), yesterday() - DAY, 700)
    ]
    assert whole_bill(staff, "sandbox", yesterday() - DAY).beside == found.beside
    assert (found.fee_entered_fen, [one.pk for one in found.differences]) == (119, [opened.pk])
    assert [one.open_count for one in all_bills(staff, SoughtBills())] == [1, 0]
    for words in (opened.number, opened.payment.order.number, opened.provider_number):
        assert list(all_differences(staff, SoughtDifferences(words=words))) == [opened]
    assert not all_differences(staff, SoughtDifferences(words="none"))
    with pytest.raises(NoSuchBill):
        whole_bill(staff, "alipay", yesterday())


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_fetch_and_compare_once(days, bills, staff):
    day = yesterday() - DAY
    paid = [days.paid(moment(day), 1_000 + n) for n in range(4)]
    bills[day] = [*(line_of(one, fee=6) for one in paid), BillLine("X", "TX", 5, 0)]
    bills[day + DAY] = [line_of(paid[0], fee=6)]
    ours = [Bill.objects.create(provider="sandbox", day=day + n * DAY) for n in range(2)]

    found = together(
        *[lambda: fetch(ours[0]), lambda: fetch(ours[1]), lambda: reconcile("sandbox")] * (AT_ONCE // 3)
    )

    assert [one for one in found if isinstance(one, Exception)] == []
    assert sorted(shown()) == [("missing_here", 5, 0, "open"), ("paid_twice", 2_000, 1_000, "open")]
    assert (BillEntry.objects.count(), Entry.objects.filter(kind="fee").count(), books()["fees"]) == (
        6,
        5,
        30,
    )
    assert ledger.unbalanced() == []


@pytest.mark.django_db(transaction=True)
def test_two_of_the_staff_resolve_it_once(opened, staff):
    other = Viewer(user=make_member("other@test.example"), visitor=None, roles=frozenset({"operator"}))

    found = together(
        *[
            lambda viewer=viewer: resolve(
                viewer=viewer, difference_id=opened.pk, seen_fen=19_900, why="x", enter=True
            )
            for viewer in (staff, other, staff, other)
        ]
    )

    assert sum(isinstance(one, DifferenceOver) for one in found) == 3
    assert books()["differences"] == -19_900
    assert AuditEntry.objects.filter(act="difference.resolved").count() == 1
