"""What the doctor finds of the books: whether they balance, and whether the bills of the last days agree with them."""

from datetime import timedelta

import pytest
from django.utils import translation

from tests.product.commerce.bills import Days, line_of, moment, yesterday
from zhiyue.core.kit import clock
from zhiyue.monitor.examination import examine
from zhiyue.product.commerce.models import Bill, Difference, Entry, Posting
from zhiyue.product.commerce.reconciling.comparing import compare
from zhiyue.product.commerce.reconciling.fetching import keep, plan, published_at

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def found():
    with translation.override("en"):
        [one] = [finding for finding in examine(thorough=False) if finding.key == "books"]
    return one.state, one.said


def fetched(day, *lines):
    bill, _ = Bill.objects.get_or_create(provider="sandbox", day=day)
    keep(bill.pk, lines, now=clock.now())
    compare(bill.pk)


def test_books_without_anything_are_good():
    assert found() == ("good", "They balance, and agree with the bills")


def test_an_entry_that_doesnt_balance_is_bad():
    Days().paid(moment(yesterday()))
    one = Entry.objects.get()
    Posting.objects.create(entry=one, account="nowhere", amount_fen=1)
    state, said = found()
    assert state == "bad" and f"Entries of the books don't sum to 0: {one.key}." in said


def test_a_missing_bill_of_the_last_days_warns_until_it_is_here():
    day = yesterday() - 2 * DAY
    paid = Days().paid(moment(day))
    plan("sandbox", now=published_at(day))
    Bill.objects.create(provider="sandbox", day=day - 20 * DAY)
    assert found()[0] == "warn"
    assert f"The bill of 1 day is missing: sandbox {day}." in found()[1]
    fetched(day, line_of(paid))
    assert found() == ("good", "They balance, and agree with the bills")


def test_a_difference_warns_as_long_as_it_is_open():
    day = yesterday() - 2 * DAY
    days = Days()
    begun = days.begun()
    fetched(day, line_of(begun))
    assert found() == (
        "warn",
        "1 difference between a bill and the books waits on the desk, under Reconciliation.",
    )
    days.tell(begun, moment(day))
    compare(Difference.objects.get().bill_id)
    assert found()[0] == "good"
