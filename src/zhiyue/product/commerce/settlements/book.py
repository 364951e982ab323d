"""Reads of settlements for staff: what each provider owes now, the settlements, and one with who entered it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Concat, StrIndex, Substr
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.audit.selectors import Sought, entries
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import NoSuchSettlement
from zhiyue.product.commerce.models import Entry, Posting
from zhiyue.product.commerce.settlements.entering import BACK, KIND, parts_of

# Of `_rows`: those that weren't taken back.
_STANDS = Q(taken_back_at=None)


@dataclass(frozen=True, slots=True)
class SoughtSettlements:
    """Which settlements staff look for; what is empty narrows nothing. `words` are part of the reference."""

    provider: str = ""
    words: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Owing:
    """What a provider owes us now; below 0 more went back through it than came. `last_on`: when it last paid in."""

    provider: str
    owed_fen: int
    last_on: date | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a provider paid in. `id` is that of its entry in the books."""

    id: int
    provider: str
    on: date
    amount_fen: int
    reference: str
    taken_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class WholeSettlement:
    """A settlement, and who entered it and took it back, and why, as the audit log tells."""

    settlement: Settlement
    acts: Sequence[AuditEntry]


def owing(viewer: Viewer) -> list[Owing]:
    """Every provider through which money ever came, whoever owes most first. Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    of_providers = Posting.objects.filter(account__startswith=ledger.RECEIVABLE).order_by()
    sums = of_providers.values_list("account").annotate(total=Sum("amount_fen"))
    paid = _rows().filter(_STANDS, entry__postings__account__startswith=ledger.RECEIVABLE)
    last = dict(paid.order_by().values_list("entry__postings__account").annotate(at=Max("entry__at")))
    found = [
        Owing(
            account.removeprefix(ledger.RECEIVABLE),
            total,
            clock.business_day(last[account]) if account in last else None,
        )
        for account, total in sums
    ]
    return sorted(found, key=lambda one: (-one.owed_fen, one.provider))


def all_settlements(viewer: Viewer, sought: SoughtSettlements) -> QuerySet[Posting]:
    """The settlements sought, the newest first, as what they posted to the bank, for `told`. Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    found = _rows().select_related("entry")
    if sought.provider:
        found = found.filter(entry__postings__account=ledger.receivable(sought.provider))
    if words := " ".join(sought.words.split()):
        found = found.alias(reference=_reference()).filter(reference__icontains=words)
    if sought.since is not None:
        found = found.filter(entry__at__gte=clock.day_start(sought.since))
    if sought.until is not None:
        found = found.filter(entry__at__lt=clock.day_start(sought.until + timedelta(days=1)))
    return found.order_by("-entry__at", "-pk")


def paid_in_fen(found: QuerySet[Posting]) -> int:
    """What these settlements sum to, without those that were taken back."""
    total = found.filter(_STANDS).order_by().aggregate(total=Sum("amount_fen"))["total"]
    return total or 0


def told(one: Posting) -> Settlement:
    """A row of `all_settlements`."""
    provider, reference = parts_of(one.entry.key)
    return Settlement(
        id=one.entry_id,
        provider=provider,
        on=clock.business_day(one.entry.at),
        amount_fen=one.amount_fen,
        reference=reference,
        taken_back_at=one.taken_back_at,  # type: ignore[attr-defined]
    )


def whole_settlement(viewer: Viewer, settlement_id: int) -> WholeSettlement:
    """Raises NotAllowed, NoSuchSettlement."""
    # A number that no column takes finds nothing there, and breaks as `entry_id`.
    of_it = Entry.objects.filter(pk=settlement_id)
    found = all_settlements(viewer, SoughtSettlements()).filter(entry__in=of_it).first()
    if found is None:
        raise NoSuchSettlement(pgettext_lazy("settlement", "There is no such settlement."))
    acts = entries(Sought(kind=KIND, subject_id=str(settlement_id)))
    return WholeSettlement(told(found), list(acts.order_by("pk")))


def _rows() -> QuerySet[Posting]:
    """What settlements posted to the bank, each with `taken_back_at`; None where it stands."""
    after_kind = Substr(OuterRef("entry__key"), len(KIND) + 1)
    back = Entry.objects.filter(key=Concat(Value(BACK), after_kind)).values("at")
    rows = Posting.objects.filter(account=ledger.BANK, entry__kind=KIND)
    return rows.annotate(taken_back_at=Subquery(back))


def _reference() -> Substr:
    """What stands in a key after the second colon."""
    after_kind = Substr("entry__key", StrIndex("entry__key", Value(":")) + 1)
    return Substr(after_kind, StrIndex(after_kind, Value(":")) + 1)
