"""The books on the desk: accounts that balance, an account's postings with what it stood at, money gone twice."""

from datetime import time, timedelta

import pytest

from tests.product.commerce.bills import Days, back_of, line_of, moment, yesterday
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.product.commerce import books, ledger
from zhiyue.product.commerce.models import Bill, Entry, Posting
from zhiyue.product.commerce.providers.protocol import Told
from zhiyue.product.commerce.reconciling.fetching import keep
from zhiyue.product.commerce.refunds.deciding import send_again, settle_by_hand
from zhiyue.product.commerce.refunds.sending import take_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def days(db):
    return Days()


@pytest.fixture
def staff(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.fixture
def sold(days):
    """One order a day before yesterday, and one yesterday of which some went back."""
    first = days.paid(moment(yesterday() - DAY), 10_000)
    second = days.paid(moment(yesterday()), 19_900)
    days.went_back(second, moment(yesterday(), time(15)), 5_000)
    return first, second


def test_empty_books_say_so(read):
    page = read("/desk/books/")
    assert "Nothing was entered yet" in page and "None. A refund that a provider" in page
    assert "Nothing was entered yet" in read("/desk/books/entries/")


def test_the_accounts_balance_and_say_what_they_mean(read, desk, sold, django_assert_num_queries):
    page = read("/desk/books/")

    assert "The books balance: ¥299 on either side." in page
    assert "Owed to us by Sandbox: no money moves" in page and "¥249" in page
    assert "Taken from what was sold" in page and "account=receivable%3Asandbox" in page
    page = read("/desk/books/", day=(yesterday() - DAY).isoformat())
    assert "The books balance: ¥100 on either side." in page and "Gone back of what was sold" not in page
    assert "Nothing was entered by then" in read("/desk/books/", day="2020-01-01")
    assert "¥299 on either side" in read("/desk/books/", day="nonsense")
    with django_assert_num_queries(8):
        desk.get("/desk/books/")


def test_books_that_dont_balance_say_which_entry(read, sold):
    """Somebody writes past the ledger: nothing refuses a posting more, only that one is changed."""
    Posting.objects.create(entry=Entry.objects.earliest("pk"), account="nowhere", amount_fen=1)
    page = read("/desk/books/")
    assert "The books don't balance." in page and f"<code>{Entry.objects.earliest('pk').key}</code>" in page
    assert "The books balance" not in page


def test_an_accounts_postings_run(read, desk, sold, django_assert_num_queries):
    page = read("/desk/books/entries/", account="receivable:sandbox")

    rows = page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")
    assert [word for row in rows for word in ("¥249 debit", "¥299 debit", "¥100 debit") if word in row] == [
        "¥249 debit",
        "¥299 debit",
        "¥100 debit",
    ]
    page = read("/desk/books/entries/", account="receivable:sandbox", until=(yesterday() - DAY).isoformat())
    assert "¥100 debit" in page and "¥299" not in page
    with django_assert_num_queries(7):
        desk.get("/desk/books/entries/", {"account": "receivable:sandbox"})


def test_balances_run_on_over_pages(staff, days):
    for n in range(7):
        days.paid(moment(yesterday(), time(9, n)), 100 + n)
    shown = list(books.postings(staff, books.SoughtPostings(account="revenue")))
    whole = books.running("revenue", shown)
    assert whole == [-721, -615, -510, -406, -303, -201, -100]
    assert books.running("revenue", shown[3:5]) == whole[3:5]
    assert books.running("revenue", []) == []


def test_postings_are_found_by_order_payment_and_day(read, sold):
    first, second = sold
    page = read("/desk/books/entries/", q=second.order.number)
    assert "4 postings" in page and first.number not in page
    assert "Balance after" not in page
    page = read("/desk/books/entries/", q=first.number)
    assert "2 postings" in page and "Sold" in page
    assert "2 postings" in read("/desk/books/entries/", until=(yesterday() - DAY).isoformat())
    assert "No posting fits" in read("/desk/books/entries/", q="nothing like it")
    assert "Choose one of the list." in read("/desk/books/entries/", account="nothing")


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_refused(read, desk, sold, day):
    page = read("/desk/books/", day=day)
    assert "Choose a day of the years 2000 to 2100." in page and "¥299 on either side" in page
    for name in ("since", "until"):
        page = read("/desk/books/entries/", **{name: day})
        assert "Choose a day of the years 2000 to 2100." in page and "6 postings" in page
        answer = desk.get("/desk/books/entries.csv", {name: day})
        assert answer.status_code == 200 and len(b"".join(answer).splitlines()) == 7
    for near in ("2000-01-01", "2100-12-31"):
        assert "Choose a day" not in read("/desk/books/", day=near)


def test_accounts_of_many_are_one_line(read, days):
    """Two payments of one order: the second is owed back."""
    payment = days.paid(moment(yesterday()))
    other = days.begun()
    other.order = payment.order
    other.save()
    days.tell(other, moment(yesterday()))
    page = read("/desk/books/")
    assert "Owed back to buyers" in page and "account=owed%3A" in page
    page = read("/desk/books/entries/", account="owed:")
    assert "1 posting" in page and "¥199 credit" in page
    page = read("/desk/books/entries/", account=f"owed:{payment.order.number}")
    assert "1 posting" in page and f"Owed back, order {payment.order.number}" in page


def test_postings_are_taken_away(desk, sold):
    answer = desk.get("/desk/books/entries.csv", {"account": "refunds"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    key = Entry.objects.get(kind="refunded").key
    assert len(lines) == 2
    assert f",{key},Gone back,refunds,Gone back of what was sold,{sold[1].order.number},50.00," in lines[1]


def failed(days, payment):
    refund = days.refund(payment, 5_000)
    take_in("sandbox", Told(key=f"{refund.number}:failed", kind="refund_failed", number=refund.number))
    return refund


def test_what_was_paid_by_hand_and_went_after_all_may_have_gone_twice(read, days, staff):
    payment = days.paid(moment(yesterday()))
    refund = failed(days, payment)
    settle_by_hand(viewer=staff, number=refund.number, why="已转账")
    assert books.gone_twice(staff) == []
    days.tell_refund(refund, moment(yesterday()))

    assert [(one.order, one.why, one.gone_fen, one.due_fen) for one in books.gone_twice(staff)] == [
        (payment.order, "refunded", 10_000, 5_000)
    ]
    page = read("/desk/books/")
    assert "The books have more refunds than the order" in page and payment.order.number in page


def test_what_was_sent_again_and_went_after_all_may_have_gone_twice(days, staff):
    payment = days.paid(moment(yesterday()))
    refund = failed(days, payment)
    again = send_again(viewer=staff, number=refund.number, why="x")
    days.tell_refund(again, moment(yesterday()))
    assert books.gone_twice(staff) == []
    days.tell_refund(refund, moment(yesterday()))
    assert [(one.why, one.gone_fen) for one in books.gone_twice(staff)] == [("refunded", 10_000)]


def test_more_gone_back_than_came_by_the_bills_is_shown(days, staff):
    payment = days.paid(moment(yesterday()), 10_000)
    whole, rest = days.refund(payment, 10_000, "done"), days.refund(payment, 1, "failed")
    bill = Bill.objects.create(provider="sandbox", day=yesterday())
    keep(bill.pk, [line_of(payment), back_of(whole)], now=moment(yesterday() + DAY))
    assert books.gone_twice(staff) == []
    keep(bill.pk, [line_of(payment), back_of(whole), back_of(rest)], now=moment(yesterday() + DAY))
    assert [(one.why, one.gone_fen, one.due_fen) for one in books.gone_twice(staff)] == [
        ("bill", 10_001, 10_000)
    ]


def test_more_given_back_than_owed_is_shown(days, staff):
    payment = days.paid(moment(yesterday()))
    owed, receivable = ledger.owed(payment.order), ledger.receivable("sandbox")
    for n, amount in enumerate((-19_900, 19_900, 19_900)):
        ledger.post(
            f"x:{n}", kind="owed_back", order=payment.order, postings={owed: amount, receivable: -amount}
        )
    assert [(one.why, one.gone_fen, one.due_fen) for one in books.gone_twice(staff)] == [
        ("owed", 39_800, 19_900)
    ]


def test_agents_see_no_books(signed_in, agent, sold):
    browser = signed_in(agent)
    for page in ("", "entries/", "entries.csv"):
        assert browser.get(f"/desk/books/{page}").status_code == 403
    viewer = Viewer(user=agent, visitor=None, roles=frozenset({"agent"}))
    for read in (books.accounts, books.account_names, books.gone_twice):
        with pytest.raises(NotAllowed):
            read(viewer)
    with pytest.raises(NotAllowed):
        books.postings(viewer, books.SoughtPostings())


def test_what_takes_an_entry_back_is_told_apart_by_its_key(read, desk, sold):
    order = sold[0].order
    ledger.post(
        "credited:A:B", kind="credited", order=order, postings={"deferred:A": 100, "deferred:B": -100}
    )
    ledger.post(
        "credit_back:B:A", kind="credited", order=order, postings={"deferred:B": 70, "deferred:A": -70}
    )
    for occasion, fen in (("fee", 60), ("fee_back", -60)):
        postings = {ledger.FEES: fen, ledger.receivable("sandbox"): -fen}
        ledger.post(f"{occasion}:sandbox:2026-11-29:1", kind="fee", order=order, postings=postings)
    for occasion, fen in (("adjusted", 5), ("adjusted_back", -5)):
        postings = {ledger.receivable("sandbox"): fen, ledger.DIFFERENCES: -fen}
        ledger.post(f"{occasion}:1", kind="adjusted", order=order, postings=postings)

    names = {
        "Taken over by another membership",
        "Back with the membership it was taken over from",
        "Fee of the provider",
        "Fee of the provider taken back",
        "Difference from the provider's bill",
        "Difference from the provider's bill taken back",
    }
    page = read("/desk/books/entries/")
    assert {name for name in names if f">{name}<" in page} == names
    whole = read(f"/desk/orders/{order.number}/")
    assert {name for name in names if f">{name} <" in whole} == names
    table = b"".join(desk.get("/desk/books/entries.csv").streaming_content).decode()
    assert {name for name in names if f",{name}," in table} == names
