"""What staff do about a statement: say that it was paid, or make it void. Each act asks for its permission here, and is
noted; nobody decides about their own money."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import NoSuchStatement, StatementDecided
from zhiyue.product.commerce.models import PayoutStatement
from zhiyue.product.commerce.teaching_shares.telling import tell

_S = PayoutStatement.Status
LONGEST_REFERENCE = 80


@dataclass(frozen=True, slots=True)
class PaidOut:
    """How the money went: on which day, by which way (one of `PayoutStatement.How`), and what it is called there."""

    on: date
    how: str
    reference: str = ""


@transaction.atomic
def mark_paid(*, viewer: Viewer, number: str, paid: PaidOut) -> PayoutStatement:
    """Say that a statement's amount was paid out by hand: it is in the books, and the teacher is told.

    Raises NotAllowed, NoSuchStatement, StatementDecided, NotOneself, Unfit."""
    by = require(viewer, Permission.PAY_TEACHERS)
    statement = _open(number, by)
    reference = " ".join(paid.reference.split())
    _check(statement, paid, reference)
    statement.status, statement.paid_on = _S.PAID, paid.on
    statement.how, statement.reference = paid.how, reference
    statement.decided_at, statement.decided_by = clock.now(), by
    statement.save()
    ledger.post(
        f"payout:{statement.number}",
        kind="payout",
        order=None,
        at=ledger.moment_of(paid.on),
        postings={
            ledger.teacher(statement.teacher_id): statement.amount_fen,
            ledger.PAID_TO_TEACHERS: -statement.amount_fen,
        },
    )
    after = {"paid_on": paid.on.isoformat(), "how": paid.how, "reference": reference}
    _note(by, "payout.paid", statement, after=after)
    tell(statement, on=paid.on)
    return statement


@transaction.atomic
def void(*, viewer: Viewer, number: str, why: str) -> PayoutStatement:
    """Make a statement void that isn't paid: its shares are due still, and come into the next one. Raises as
    `mark_paid` does."""
    by, why = require(viewer, Permission.PAY_TEACHERS), tidy_why(why)
    statement = _open(number, by)
    statement.status = _S.VOID
    statement.decided_at, statement.decided_by, statement.decided_why = clock.now(), by, why
    statement.save()
    statement.shares.update(statement=None)
    _note(by, "payout.voided", statement, why=why)
    return statement


def _open(number: str, by: User) -> PayoutStatement:
    """The statement, held, while nobody decided about it. Raises NoSuchStatement, NotOneself, StatementDecided."""
    found = PayoutStatement.objects.select_for_update(of=("self",)).select_related("teacher__user")
    statement = found.filter(number=number).first()
    if statement is None:
        raise NoSuchStatement(pgettext_lazy("payout", "There is no such statement."))
    if statement.teacher.user_id == by.pk:
        raise NotOneself(
            pgettext_lazy("payout", "Nobody decides about a statement of their own. Ask a colleague.")
        )
    if statement.status != _S.OPEN:
        raise StatementDecided(
            pgettext_lazy("payout", "This was decided already: see the statement as it is now.")
        )
    return statement


def _check(statement: PayoutStatement, paid: PaidOut, reference: str) -> None:
    """Raises Unfit."""
    if not clock.business_day(statement.made_at) <= paid.on <= clock.business_day():
        raise Unfit(
            pgettext_lazy("payout", "Give the day it was paid: not before the statement, not after today.")
        )
    if paid.how not in PayoutStatement.How.values:
        raise Unfit(pgettext_lazy("payout", "Choose from the list how it was paid."))
    if len(reference) > LONGEST_REFERENCE:
        raise Unfit(pgettext_lazy("payout", "Shorten the reference to 80 characters."))


def _note(
    by: User, act: str, statement: PayoutStatement, *, after: dict[str, str] | None = None, why: str = ""
) -> None:
    told = {"teacher": statement.teacher.slug, "amount_fen": statement.amount_fen, **(after or {})}
    note(by=by, act=act, subject=("payout", statement.pk, statement.number), after=told, why=why)
