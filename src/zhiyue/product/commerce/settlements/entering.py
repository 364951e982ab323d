"""What staff say of a settlement: that it came, and that it was entered wrongly. It lives in the books alone: an entry
with the provider and the bank's reference in its key, and one that takes it back."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Min, Sum
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import NoSuchSettlement, SettlementKnown, SettlementTakenBack
from zhiyue.product.commerce.models import Entry, Posting

KIND = "settlement"
BACK = "settlement_back"
# A key holds 80 characters: the kind, which turn it is, the provider (20 at most) and this.
LONGEST_REFERENCE = 40
# No bank has a line of more.
MOST_FEN = 10**16
# So often a reference can be entered anew after it was taken back; nobody errs so often about one line of the bank.
MOST_TURNS = 99


@dataclass(frozen=True, slots=True)
class PaidIn:
    """What a provider paid in: on which day, how much, and what the bank calls it."""

    provider: str
    on: date
    amount_fen: int
    reference: str


@transaction.atomic
def enter(*, viewer: Viewer, paid: PaidIn) -> Entry:
    """Enter what a provider paid into the bank: it owes so much less. Raises NotAllowed, Unfit, SettlementKnown."""
    by = require(viewer, Permission.RECONCILE)
    reference = _tidy(paid.reference)
    account = _hold(paid.provider)
    _check_day(account, paid.on)
    key = _free_key(paid.provider, reference)
    _check_amount(account, paid.amount_fen)
    ledger.post(
        key,
        kind=KIND,
        order=None,
        at=ledger.moment_of(paid.on),
        postings={ledger.BANK: paid.amount_fen, account: -paid.amount_fen},
    )
    entry = Entry.objects.get(key=key)
    after = {"paid_on": paid.on.isoformat(), "amount_fen": paid.amount_fen, "reference": reference}
    subject = (KIND, entry.pk, f"{paid.provider} {reference}")
    note(by=by, act="settlement.entered", subject=subject, after=after)
    return entry


@transaction.atomic
def take_back(*, viewer: Viewer, settlement_id: int, why: str) -> Entry:
    """Take back what was entered wrongly, by an entry of today; its reference can then be entered anew. Raises
    NotAllowed, Unfit, NoSuchSettlement, SettlementTakenBack."""
    by, why = require(viewer, Permission.RECONCILE), tidy_why(why)
    entry = Entry.objects.filter(pk=settlement_id, kind=KIND).first()
    if entry is None:
        raise NoSuchSettlement(pgettext_lazy("settlement", "There is no such settlement."))
    provider, reference = parts_of(entry.key)
    account = _hold(provider)
    amount_fen = entry.postings.get(account=ledger.BANK).amount_fen
    postings = {account: amount_fen, ledger.BANK: -amount_fen}
    if not ledger.post(back_of(entry.key), kind=BACK, order=None, postings=postings):
        raise SettlementTakenBack(pgettext_lazy("settlement", "This settlement was taken back already."))
    before = {
        "paid_on": clock.business_day(entry.at).isoformat(),
        "amount_fen": amount_fen,
        "reference": reference,
    }
    subject = (KIND, entry.pk, f"{provider} {reference}")
    note(by=by, act="settlement.taken_back", subject=subject, before=before, why=why)
    return entry


def parts_of(key: str) -> tuple[str, str]:
    """Provider and reference in the key of a settlement; a reference may hold colons of its own."""
    _, provider, reference = key.split(":", 2)
    return provider, reference


def back_of(key: str) -> str:
    """The key of the entry that takes a settlement back."""
    return f"{BACK}{key.removeprefix(KIND)}"


def _tidy(text: str) -> str:
    """The reference as it is kept. Raises Unfit."""
    reference = " ".join(text.split())
    if not 0 < len(reference) <= LONGEST_REFERENCE or not reference.isprintable():
        words = pgettext_lazy(
            "settlement", "Give the reference of the bank's line, in 1 to %(most)s characters."
        )
        raise Unfit(words % {"most": LONGEST_REFERENCE})
    return reference


def _hold(provider: str) -> str:
    """What a provider owes us, held: of two settlements at the same moment one waits, and sees what the other left to
    owe. Held is the oldest posting, for that never changes. Raises Unfit."""
    account = ledger.receivable(provider)
    held = Posting.objects.select_for_update().filter(account=account).order_by("pk").first()
    if held is None:
        raise Unfit(pgettext_lazy("settlement", "Choose a provider through which money came."))
    return account


def _check_day(account: str, on: date) -> None:
    """Raises Unfit."""
    first = Posting.objects.filter(account=account).aggregate(at=Min("entry__at"))["at"]
    if not clock.business_day(first) <= on <= clock.business_day():
        words = pgettext_lazy(
            "settlement",
            "Give the day on which the bank had it: not before %(first)s, when this provider first took money, "
            "not after today.",
        )
        raise Unfit(words % {"first": clock.business_day(first).isoformat()})


def _free_key(provider: str, reference: str) -> str:
    """The key under which this can be entered: its own, or the next one where each before was taken back. Raises
    SettlementKnown."""
    for turn in range(1, MOST_TURNS + 1):
        key = f"{KIND}{'' if turn == 1 else f'.{turn}'}:{provider}:{reference}"
        entry = Entry.objects.filter(key=key).first()
        if entry is None:
            return key
        if not Entry.objects.filter(key=back_of(key)).exists():
            words = pgettext_lazy(
                "settlement", "This is entered already: %(reference)s, %(amount)s of %(day)s."
            )
            raise SettlementKnown(
                words
                % {
                    "reference": reference,
                    "amount": yuan(entry.postings.get(account=ledger.BANK).amount_fen),
                    "day": clock.business_day(entry.at).isoformat(),
                }
            )
    raise SettlementKnown(pgettext_lazy("settlement", "This reference was entered and taken back too often."))


def _check_amount(account: str, amount_fen: int) -> None:
    """Raises Unfit."""
    owed_fen = Posting.objects.filter(account=account).aggregate(total=Sum("amount_fen"))["total"]
    if not 0 < amount_fen <= owed_fen:
        words = pgettext_lazy(
            "settlement", "Give an amount above 0 and no more than this provider owes: %(owed)s."
        )
        raise Unfit(words % {"owed": yuan(max(owed_fen, 0))})
