"""Reads of the ledger for staff: what the accounts stand at, what was posted to one, and money that may have gone
twice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Q, QuerySet, Sum

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.ledger import Balance
from zhiyue.product.commerce.models import BillEntry, Order, Posting

# How many entries that don't balance are named; there should never be one.
NAMED_AT_MOST = 20
AT_ONCE = 500
# Of which kind entries of refunds are.
REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Accounts:
    """What every account stands at. `unbalanced` are keys of entries that don't sum to 0: anything there, or a sum of
    all accounts other than 0, means that somebody wrote past the ledger."""

    balances: Sequence[Balance]
    unbalanced: Sequence[str]

    @property
    def debit_fen(self) -> int:
        return sum(one.amount_fen for one in self.balances if one.amount_fen > 0)

    @property
    def credit_fen(self) -> int:
        return -sum(one.amount_fen for one in self.balances if one.amount_fen < 0)

    @property
    def balances_out(self) -> bool:
        return not self.unbalanced and self.debit_fen == self.credit_fen


@dataclass(frozen=True, slots=True)
class SoughtPostings:
    """Which postings staff look for; what is empty narrows nothing. `account` is one, or with a colon at its end all of
    a kind. `words` are an order's number, or a part of the key of an entry."""

    account: str = ""
    words: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class GoneTwice:
    """Money of an order that may have gone back twice: `gone_fen` left, `due_fen` should have. `why`: “refunded” where
    the books have more refunds than the order, “owed” where more went back than was owed, “bill” where the provider's
    bills have more gone back than came."""

    order: Order
    why: str
    gone_fen: int
    due_fen: int


def accounts(viewer: Viewer, *, as_of: date | None = None) -> Accounts:
    """What the accounts stood at when a day ended; None: now. Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    before = None if as_of is None else clock.day_start(as_of + timedelta(days=1))
    return Accounts(ledger.balances(before=before), ledger.unbalanced()[:NAMED_AT_MOST])


def account_names(viewer: Viewer) -> list[str]:
    """Every account that anything was posted to. Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    return list(Posting.objects.order_by("account").values_list("account", flat=True).distinct())


def postings(viewer: Viewer, sought: SoughtPostings) -> QuerySet[Posting]:
    """The postings sought with their entries and orders, the latest first. Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    rows = Posting.objects.select_related("entry__order").filter(_of_account(sought.account))
    if sought.since is not None:
        rows = rows.filter(entry__at__gte=clock.day_start(sought.since))
    if sought.until is not None:
        rows = rows.filter(entry__at__lt=clock.day_start(sought.until + timedelta(days=1)))
    if words := sought.words.strip():
        rows = rows.filter(Q(entry__order__number__iexact=words) | Q(entry__key__icontains=words))
    return rows.order_by("-entry__at", "-pk")


def running(account: str, shown: Sequence[Posting]) -> list[int]:
    """What an account stood at after each of these postings of it, which follow each other, the latest first: of a
    page of `postings` that no words narrow."""
    if not shown:
        return []
    newest = shown[0]
    until = Q(entry__at__lt=newest.entry.at) | Q(entry__at=newest.entry.at, pk__lte=newest.pk)
    stood = Posting.objects.filter(_of_account(account)).filter(until).aggregate(total=Sum("amount_fen"))
    after, found = stood["total"] or 0, []
    for posting in shown:
        found.append(after)
        after -= posting.amount_fen
    return found


def gone_twice(viewer: Viewer) -> list[GoneTwice]:
    """Orders of which more went back than should have, by what the books or the bills tell; the latest first. Raises
    NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    found = [*_refunded_too_much(), *_owed_too_much(), *_gone_by_bills()]
    return sorted(found, key=lambda one: (one.order.pk, one.why), reverse=True)


def _of_account(account: str) -> Q:
    if not account:
        return Q()
    return Q(account__startswith=account) if account.endswith(":") else Q(account=account)


def _refunded_too_much() -> list[GoneTwice]:
    """The books have a refund that the order doesn't count: it was paid by hand, or sent again, and went all the same.
    Money of a membership leaves what it hasn't earned yet before it leaves what was sold."""
    of_memberships = Q(account__startswith=ledger.DEFERRED, amount_fen__gt=0, entry__kind=REFUNDED)
    gone = Posting.objects.filter(Q(account=ledger.REFUNDS) | of_memberships, entry__order__isnull=False)
    sums = gone.order_by().values_list("entry__order_id").annotate(total=Sum("amount_fen"))
    too_much = sums.filter(total__gt=F("entry__order__refunded_fen"))
    told = {pk: total for pk, total in too_much if pk is not None}
    return [GoneTwice(order, "refunded", told[order.pk], order.refunded_fen) for order in _orders(told)]


def _owed_too_much() -> list[GoneTwice]:
    """An account of what is owed stands above 0: more of it went back than came."""
    owed = Posting.objects.filter(account__startswith="owed:", entry__order__isnull=False).order_by()
    sums = owed.values_list("entry__order_id").annotate(
        gone=Sum("amount_fen", filter=Q(amount_fen__gt=0)), came=Sum("amount_fen", filter=Q(amount_fen__lt=0))
    )
    told = {pk: (gone or 0, -(came or 0)) for pk, gone, came in sums if (gone or 0) + (came or 0) > 0}
    return [GoneTwice(order, "owed", *told[order.pk]) for order in _orders(told)]


def _gone_by_bills() -> list[GoneTwice]:
    """Bills of the provider have more gone back of a payment than was paid."""
    lines = BillEntry.objects.filter(withdrawn_at=None, payment__isnull=False, amount_fen__lt=0).order_by()
    sums = lines.values_list("payment__order_id", "payment_id", "payment__amount_fen").annotate(
        gone=-Sum("amount_fen")
    )
    told = {
        order_id: (gone, paid) for order_id, _, paid, gone in sums.filter(gone__gt=F("payment__amount_fen"))
    }
    return [GoneTwice(order, "bill", *told[order.pk]) for order in _orders(told)]


def _orders(ids: Collection[int]) -> list[Order]:
    wanted = sorted(ids)
    return [
        order
        for start in range(0, len(wanted), AT_ONCE)
        for order in Order.objects.filter(pk__in=wanted[start : start + AT_ONCE])
    ]
