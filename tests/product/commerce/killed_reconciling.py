"""A program that kills its own children between any two steps of a reconciliation, and looks at what is left; as
`killed` does with payments, whose forks it borrows and who has set Django up. The provider corrects its bills all the
time.
"""

import os
import random
import time
from datetime import date, timedelta

from tests.product.commerce.killed import DONE, READY, forked, kill_again_and_again

# ruff: isort: split
from django.db.models import Sum

from tests.product.commerce.bills import Days, line_of, moment, shown, yesterday
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Bill, BillEntry, Payment, Posting
from zhiyue.product.commerce.providers.protocol import BillLine
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.reconciling.fetching import plan, reconcile

KILLS, ENDS = 30, 10
DAYS, EACH = 4, 3
NAME = "sandbox"


def main() -> None:
    forked(prepare)
    kills = kill_again_and_again(compare_again_and_again, within=0.3, kills=KILLS, ends=ENDS)
    forked(look)
    print(f"killed {kills} times: each line once, each fee once, each difference once, and the books balance")


def prepare(_: int) -> None:
    days = Days()
    for day in range(DAYS):
        for _payment in range(EACH):
            days.paid(moment(yesterday() - day * timedelta(days=1)), 10_000)
    # One of which nothing was heard here.
    days.begun(4_900)
    plan(NAME, now=clock.now())


def compare_again_and_again(pipe: int) -> None:
    os.write(pipe, READY)
    chance = random.Random(time.time_ns())
    while True:
        once(version=chance.randint(0, 3))
        os.write(pipe, DONE)


def once(*, version: int) -> None:
    Sandbox.bill = lambda _, day: bill_of(day, version)  # type: ignore[method-assign]
    # The next child goes on where this one was killed.
    if not Bill.objects.filter(due_at__isnull=False).exists():
        Bill.objects.update(due_at=clock.now())
    reconcile(NAME)


def bill_of(day: date, version: int) -> list[BillLine]:
    """What was paid that day, at a fee by the version; yesterday's has what isn't known here, too."""
    begin = clock.day_start(day)
    postings = Posting.objects.filter(account=ledger.receivable(NAME), entry__kind="paid")
    that_day = postings.filter(entry__at__gte=begin, entry__at__lt=begin + timedelta(days=1))
    numbers = [key.partition(":")[2] for key in that_day.values_list("entry__key", flat=True)]
    lines = [
        line_of(one, fee=60 + version) for one in Payment.objects.filter(number__in=numbers).order_by("pk")
    ]
    if day == yesterday():
        lines.append(line_of(Payment.objects.get(status="begun"), fee=29))
        lines += [BillLine("SHOP", "TSHOP", 100 * (version + 1), 1)]
    return lines


def look(_: int) -> None:
    for _round in range(3):
        once(version=2)
    live = BillEntry.objects.filter(withdrawn_at=None)
    assert live.count() == DAYS * EACH + 2, live.count()
    fees = DAYS * EACH * 62 + 29
    balances = {one.account: one.amount_fen for one in ledger.balances()}
    assert balances[ledger.FEES] == fees, balances
    assert balances[ledger.receivable(NAME)] == DAYS * EACH * 10_000 - fees, balances
    entered = live.filter(fee_entry__isnull=False).aggregate(total=Sum("fee_fen"))["total"]
    assert entered == fees, entered
    opened = sorted(shown(state="open"))
    assert opened == [("missing_here", 300, 0, "open"), ("missing_here", 4_900, 0, "open")], opened
    assert ledger.unbalanced() == []


if __name__ == "__main__":
    main()
