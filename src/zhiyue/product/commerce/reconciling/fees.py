"""What providers kept, in the books: an entry for each line of a bill that has a fee, so that every order tells what
taking its money cost, and a bill that is corrected moves nothing but what was wrong in it."""

from datetime import datetime, timedelta

from django.db.models import Sum

from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Bill, BillEntry, Entry

KIND = "fee"
AT_ONCE = 500


def enter_fees(bill: Bill) -> int:
    """Enter the fees of a bill's lines that aren't yet; how many. Those of payments that aren't ours are no cost of
    ours. The caller holds the bill's row."""
    waiting = bill.lines.filter(fee_entry=None, withdrawn_at=None, payment__isnull=False).exclude(fee_fen=0)
    lines = list(waiting.select_related("payment").order_by("pk"))
    for start in range(0, len(lines), AT_ONCE):
        some = lines[start : start + AT_ONCE]
        pairs = [(line, _entry(bill, line, "fee")) for line in some]
        ledger.post_all([(entry, _postings(bill, line.fee_fen)) for line, entry in pairs])
        for line, entry in pairs:
            line.fee_entry = entry
        BillEntry.objects.bulk_update(some, ["fee_entry"], batch_size=AT_ONCE)
    return len(lines)


def take_back_fee(bill: Bill, line: BillEntry) -> None:
    """A line that the provider withdrew costs nothing any more. The caller holds the bill's row."""
    if line.fee_entry_id is not None:
        ledger.post(
            _key(bill, line, "fee_back"),
            kind=KIND,
            order=line.payment.order if line.payment else None,
            postings=_postings(bill, -line.fee_fen),
            at=_at(bill),
        )


def entered_fen(bill: Bill) -> int:
    """What of a bill's fees stands in the books."""
    lines = bill.lines.filter(fee_entry__isnull=False, withdrawn_at=None)
    return int(lines.aggregate(total=Sum("fee_fen"))["total"] or 0)


def _entry(bill: Bill, line: BillEntry, occasion: str) -> Entry:
    order = line.payment.order_id if line.payment else None
    return Entry(key=_key(bill, line, occasion), kind=KIND, order_id=order, at=_at(bill))


def _key(bill: Bill, line: BillEntry, occasion: str) -> str:
    return f"{occasion}:{bill.provider}:{bill.day.isoformat()}:{line.pk}"


def _postings(bill: Bill, fee_fen: int) -> dict[str, int]:
    return {ledger.FEES: fee_fen, ledger.receivable(bill.provider): -fee_fen}


def _at(bill: Bill) -> datetime:
    """At the end of its day, for a bill tells of no hour."""
    return clock.day_start(bill.day + timedelta(days=1)) - timedelta(seconds=1)
