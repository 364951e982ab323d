"""Whatever was paid and went back: a bill made from our books differs nowhere, one changed line is one difference."""

from datetime import time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as drawing
from hypothesis import strategies as st

from tests.product.commerce.bills import Days, back_of, line_of, moment, shown, yesterday
from tests.product.commerce.trying import books
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Bill, Entry
from zhiyue.product.commerce.providers.protocol import BillLine
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.reconciling.fetching import plan, reconcile

pytestmark = pytest.mark.django_db

LENIENT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
FIRST = 4

_FEN = st.integers(1, 100_000)
_PAID = st.tuples(st.integers(1, 2), st.times(), _FEN, st.booleans(), st.one_of(st.none(), _FEN))


def sold(drawn):
    """Orders paid in two days, by the drawn (day, hour, fen, whether its bill is the next day's, fen gone back); the
    lines of the bills, by day."""
    days, bills = Days(), {}
    first = yesterday() - FIRST * timedelta(days=1)
    for day, hour, fen, is_late, back in drawn:
        at = moment(
            first + day * timedelta(days=1), time(23, 59, 59) if is_late else hour.replace(tzinfo=None)
        )
        payment = days.paid(at, fen)
        told = clock.business_day(at) + timedelta(days=int(is_late))
        bills.setdefault(told, []).append(line_of(payment, fee=fen * 6 // 1000))
        if back is not None:
            refund = days.went_back(payment, at + timedelta(seconds=1), min(back, fen))
            gone = clock.business_day(at + timedelta(seconds=1))
            bills.setdefault(gone, []).append(back_of(refund))
    return bills


def compared(monkeypatch, bills):
    monkeypatch.setattr(Sandbox, "bill", lambda _, day: list(bills.get(day, [])))
    Bill.objects.update(due_at=clock.now())
    plan("sandbox", now=clock.now())
    Bill.objects.update(due_at=clock.now())
    reconcile("sandbox")


def undone(work):
    """What an example writes is no other one's."""
    with transaction.atomic():
        work()
        transaction.set_rollback(True)


@drawing(max_examples=25, deadline=None, suppress_health_check=LENIENT)
@given(drawn=st.lists(_PAID, max_size=5))
def test_a_bill_made_from_the_books_differs_nowhere(monkeypatch, drawn):
    def work():
        bills = sold(drawn)
        compared(monkeypatch, bills)
        fees = sum(line.fee_fen for lines in bills.values() for line in lines)
        assert shown() == []
        assert books().get("fees", 0) == fees
        assert (
            sum(Bill.objects.values_list("theirs_fen", flat=True))
            == books().get("receivable:sandbox", 0) + fees
        )
        assert ledger.unbalanced() == []

    undone(work)


_CHANGE = st.sampled_from(["dropped", "doubled", "amount", "added", "fee"])


@drawing(max_examples=40, deadline=None, suppress_health_check=LENIENT)
@given(drawn=st.lists(_PAID, min_size=1, max_size=4), change=_CHANGE, which=st.integers(0, 99))
def test_any_single_change_of_a_bill_is_exactly_one_difference(monkeypatch, drawn, change, which):
    def work():
        bills = sold(drawn)
        places = [(day, n) for day, lines in sorted(bills.items()) for n in range(len(lines))]
        day, n = places[which % len(places)]
        line = bills[day][n]
        told = (line.number, line.provider_number)
        changed = {
            "dropped": [],
            "doubled": [line, line],
            "amount": [BillLine(*told, line.amount_fen * 2, line.fee_fen, line.refund_number)],
            "added": [line, BillLine("SHOP", "TSHOP", 77, 1)],
            "fee": [BillLine(*told, line.amount_fen, line.fee_fen + 1, line.refund_number)],
        }[change]
        bills[day] = [*bills[day][:n], *changed, *bills[day][n + 1 :]]

        compared(monkeypatch, bills)

        found = [(theirs - ours, state) for _, theirs, ours, state in shown()]
        by = {"dropped": -line.amount_fen, "doubled": line.amount_fen, "amount": line.amount_fen, "added": 77}
        assert found == ([] if change == "fee" else [(by[change], "open")])
        entered = Entry.objects.filter(kind="fee").count()
        # Asked again, by whomever, it says the same.
        compared(monkeypatch, bills)
        assert [(theirs - ours, state) for _, theirs, ours, state in shown()] == found
        assert Entry.objects.filter(kind="fee").count() == entered

    undone(work)
