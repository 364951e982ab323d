"""The books: writing an entry, and what the accounts stand at. Which account is what:

receivable:PROVIDER  what a provider owes us · revenue  what was sold · refunds  what of it went back
owed:ORDER  money that came without an order that could take it, until it goes back
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Entry, Order, Posting

REVENUE = "revenue"
REFUNDS = "refunds"


def receivable(provider: str) -> str:
    return f"receivable:{provider}"


def owed(order: Order) -> str:
    return f"owed:{order.number}"


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's sum of debits less credits, in fen."""

    account: str
    amount_fen: int


@transaction.atomic
def post(
    key: str, *, kind: str, order: Order | None, postings: Mapping[str, int], at: datetime | None = None
) -> bool:
    """Write an entry. False where it was written before: whatever it was about is in the books once.

    Raises ValueError where the postings don't sum to 0 or one of them is of nothing: then nothing is written.
    """
    if sum(postings.values()) != 0:
        raise ValueError(f"“{key}” doesn't balance: {dict(postings)}")
    if not postings or 0 in postings.values():
        raise ValueError(f"“{key}” posts nothing to an account")
    entry, is_new = Entry.objects.get_or_create(
        key=key, defaults={"kind": kind, "order": order, "at": at or clock.now()}
    )
    if is_new:
        Posting.objects.bulk_create(
            Posting(entry=entry, account=account, amount_fen=amount) for account, amount in postings.items()
        )
    return is_new


def balances() -> list[Balance]:
    """Every account that anything was ever posted to, by its name."""
    sums = Posting.objects.order_by("account").values_list("account").annotate(total=Sum("amount_fen"))
    return [Balance(account, total) for account, total in sums]


def unbalanced() -> list[str]:
    """The keys of entries that don't sum to 0; there should never be one."""
    sums = Posting.objects.values("entry__key").annotate(total=Sum("amount_fen")).exclude(total=0)
    return list(sums.order_by("entry__key").values_list("entry__key", flat=True))
