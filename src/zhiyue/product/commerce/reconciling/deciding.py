"""What staff do about bills and differences: fetch days by hand, ask a provider about money that we don't know, resolve
what can't come right by itself. Each act asks for its permission here and is noted."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import Subject, note
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.commerce import payments
from zhiyue.product.commerce.errors import DifferenceOver, NoSuchBill
from zhiyue.product.commerce.models import Bill, Difference
from zhiyue.product.commerce.providers.register import offered, provider_named
from zhiyue.product.commerce.reconciling import adjusting
from zhiyue.product.commerce.reconciling.comparing import compare
from zhiyue.product.commerce.reconciling.fetching import fetch
from zhiyue.product.commerce.reconciling.jobs import reconcile_provider
from zhiyue.product.commerce.refunds import sending

# No provider keeps bills for longer than a year or two, and a range is asked for day by day.
OLDEST_DAYS, MOST_DAYS = 366, 92
_K, _S = Difference.Kind, Difference.State


def fetch_day(*, viewer: Viewer, provider: str, day: date) -> Bill:
    """Ask a provider for the bill of a day now, whether or not it was fetched before; what came of it stands on the
    bill. Raises NotAllowed, ProviderNotOffered, Unfit."""
    by = require(viewer, Permission.RECONCILE)
    provider_named(provider)
    _check(day, day)
    with transaction.atomic():
        bill, _ = Bill.objects.get_or_create(provider=provider, day=day)
        note(by=by, act="bill.fetched", subject=_subject(bill))
    fetch(bill)
    bill.refresh_from_db()
    return bill


@transaction.atomic
def fetch_days(*, viewer: Viewer, since: date, until: date) -> int:
    """Have the bills of some days fetched in the background, from every provider that is offered; how many. Raises
    NotAllowed, Unfit."""
    by = require(viewer, Permission.RECONCILE)
    _check(since, until)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    now, names = clock.now(), [one.name for one in offered()]
    for name in names:
        Bill.objects.bulk_create(
            [Bill(provider=name, day=day, due_at=now) for day in days], ignore_conflicts=True
        )
        Bill.objects.filter(provider=name, day__in=days).update(due_at=now)
        enqueue(reconcile_provider, provider=name, key=f"commerce.reconcile:{name}")
    told = {"since": since.isoformat(), "until": until.isoformat(), "providers": names}
    note(by=by, act="bills.fetched", subject=("bills", "", f"{since} – {until}"), after=told)
    return len(days) * len(names)


def can_be_asked(one: Difference) -> bool:
    """Is it about money that the provider knows and we don't, under a number of ours?"""
    is_of_payment = one.kind == _K.MISSING_HERE and one.payment_id is not None
    is_of_refund = one.kind == _K.REFUND_MISSING_HERE and one.refund_id is not None
    return one.state == _S.OPEN and (is_of_payment or is_of_refund)


def ask(*, viewer: Viewer, difference_id: int) -> str:
    """Ask the provider about money that we don't know, and enter what it says; what became of it, as `payments.take_in`
    tells. Nothing but its word is believed. Raises NotAllowed, NoSuchBill, DifferenceOver, ProviderUnreachable,
    ProviderNotOffered."""
    by = require(viewer, Permission.RECONCILE)
    one = _found(difference_id)
    if not can_be_asked(one):
        raise DifferenceOver(pgettext_lazy("reconciliation", "There is nothing to ask about this any more."))
    note(by=by, act="difference.asked", subject=_of(one))
    # Outside of a transaction: nobody else waits for the provider.
    outcome = ""
    if one.refund is not None:
        outcome = sending.ask_about(one.refund)
    elif one.payment is not None:
        outcome = payments.ask_about(one.payment)
    compare(one.bill_id)
    return outcome


@transaction.atomic
def resolve(*, viewer: Viewer, difference_id: int, seen_fen: int, why: str, enter: bool) -> Difference:
    """Say what a difference comes from; it is open no more, until its amounts change. `seen_fen` is by how much they
    told more than we when it was looked at. `enter`: our books then say what the provider says. Raises NotAllowed,
    NoSuchBill, DifferenceOver, NotOneself, Unfit."""
    by, why = require(viewer, Permission.RECONCILE), tidy_why(why)
    one = _found(difference_id)
    if one.payment is not None and one.payment.order.user_id == by.pk:
        raise NotOneself(
            pgettext_lazy("reconciliation", "Nobody decides about money of their own. Ask a colleague.")
        )
    ended = {"state": _S.RESOLVED, "ended_at": clock.now(), "by": by, "why": why}
    still_so = Difference.objects.filter(pk=one.pk, state=_S.OPEN, theirs_fen=F("ours_fen") + seen_fen)
    if not still_so.update(**ended):
        raise DifferenceOver(
            pgettext_lazy("reconciliation", "It isn't as you saw it any more: see how it stands now.")
        )
    one.refresh_from_db()
    after = {"kind": one.kind, "theirs_fen": one.theirs_fen, "ours_fen": one.ours_fen, "entered": enter}
    if enter:
        one.entry = adjusting.enter(one)
        one.save(update_fields=["entry"])
    note(by=by, act="difference.resolved", subject=_of(one), after=after, why=why)
    return one


def _found(difference_id: int) -> Difference:
    rows = Difference.objects.select_related("bill", "payment__order", "refund__payment", "refund__order")
    found = rows.filter(pk=difference_id).first()
    if found is None:
        raise NoSuchBill(pgettext_lazy("reconciliation", "There is no such difference."))
    return found


def _check(since: date, until: date) -> None:
    """Raises Unfit."""
    today = clock.business_day()
    if until >= today:
        raise Unfit(
            pgettext_lazy("reconciliation", "A day has its bill once it is over: choose yesterday or before.")
        )
    if since > until or (until - since).days >= MOST_DAYS:
        words = pgettext_lazy("reconciliation", "Choose 1 to %(days)s days, the first one first.")
        raise Unfit(words % {"days": MOST_DAYS})
    if (today - since).days > OLDEST_DAYS:
        raise Unfit(pgettext_lazy("reconciliation", "Providers keep no bills for longer than a year."))


def _subject(bill: Bill) -> Subject:
    return ("bill", bill.pk, f"{bill.provider} {bill.day.isoformat()}")


def _of(one: Difference) -> Subject:
    return ("difference", one.pk, f"{one.provider} {one.number or one.provider_number}")
