"""The books: writing an entry, and what the accounts stand at. Which account is what:

receivable:PROVIDER  what a provider owes us · bank  what of it providers paid into the academy's bank
revenue  what was sold · refunds  what of it went back
deferred:ORDER  what a membership brought in and hasn't earned yet: see `deferring`
fees  what providers kept for their work · differences  what staff entered to agree with a provider's bill
owed:ORDER  money that came without an order that could take it, until it goes back
by_hand  what staff paid out themselves, where no provider could
teacher_shares  what of what was sold is its teachers' · teacher:NUMBER  what a teacher is owed of it
paid_to_teachers  what staff paid out to them
opening  what past orders brought in before these books began: it is with the academy already
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Sum

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Entry, Order, Posting

REVENUE = "revenue"
REFUNDS = "refunds"
FEES = "fees"
DIFFERENCES = "differences"
BY_HAND = "by_hand"
OPENING = "opening"
DEFERRED = "deferred:"
RECEIVABLE = "receivable:"
BANK = "bank"
TEACHER_SHARES = "teacher_shares"
PAID_TO_TEACHERS = "paid_to_teachers"
AT_ONCE = 500


def receivable(provider: str) -> str:
    return f"{RECEIVABLE}{provider}"


def owed(order: Order) -> str:
    return f"owed:{order.number}"


def deferred(order: Order) -> str:
    return f"{DEFERRED}{order.number}"


def teacher(teacher_id: int) -> str:
    return f"teacher:{teacher_id}"


def moment_of(day: date) -> datetime:
    """When something stands in the books that staff say of a day: now, or where that day is over, its beginning."""
    return clock.now() if day == clock.business_day() else clock.day_start(day)


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's sum of debits less credits, in fen."""

    account: str
    amount_fen: int


def post(
    key: str, *, kind: str, order: Order | None, postings: Mapping[str, int], at: datetime | None = None
) -> bool:
    """Write an entry, in the caller's transaction. False where it was written before: whatever it was about is in the
    books once. Of two transactions that write it at the same moment one gets an IntegrityError, and ends.

    Raises ValueError where the postings don't sum to 0 or one of them is of nothing, and RuntimeError outside of a
    transaction: then nothing is written.
    """
    _check(key, postings)
    if Entry.objects.filter(key=key).exists():
        return False
    entry = Entry.objects.create(key=key, kind=kind, order=order, at=at or clock.now())
    Posting.objects.bulk_create(
        Posting(entry=entry, account=account, amount_fen=amount) for account, amount in postings.items()
    )
    return True


def post_all(entries: Sequence[tuple[Entry, Mapping[str, int]]]) -> None:
    """Write many entries that are new, each with its postings, in the caller's transaction. Raises as `post` does, and
    IntegrityError where one was written before."""
    for entry, postings in entries:
        _check(entry.key, postings)
    Entry.objects.bulk_create([entry for entry, _ in entries], batch_size=AT_ONCE)
    Posting.objects.bulk_create(
        [
            Posting(entry=entry, account=account, amount_fen=amount)
            for entry, postings in entries
            for account, amount in postings.items()
        ],
        batch_size=AT_ONCE,
    )


def balances(*, before: datetime | None = None) -> list[Balance]:
    """Every account that anything was ever posted to, by its name; `before`: as it stood at that moment."""
    postings = Posting.objects.all() if before is None else Posting.objects.filter(entry__at__lt=before)
    sums = postings.order_by("account").values_list("account").annotate(total=Sum("amount_fen"))
    return [Balance(account, total) for account, total in sums]


def unbalanced() -> list[str]:
    """The keys of entries that don't sum to 0; there should never be one."""
    sums = Posting.objects.order_by().values("entry_id").annotate(total=Sum("amount_fen")).exclude(total=0)
    wrong = Entry.objects.filter(pk__in=sums.values("entry_id"))
    return list(wrong.order_by("key").values_list("key", flat=True))


def _check(key: str, postings: Mapping[str, int]) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"Enter “{key}” inside the transaction that makes it true.")
    if sum(postings.values()) != 0:
        raise ValueError(f"“{key}” doesn't balance: {dict(postings)}")
    if not postings or 0 in postings.values():
        raise ValueError(f"“{key}” posts nothing to an account")
