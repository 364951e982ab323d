"""Reads of bills and differences for staff: day by day, one day, and every difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NoSuchBill
from zhiyue.product.commerce.models import Bill, BillEntry, Difference
from zhiyue.product.commerce.providers.register import offered
from zhiyue.product.commerce.reconciling import fees, items
from zhiyue.product.commerce.reconciling.fetching import published_at

_S = Difference.State
# A bill that isn't there so many days after it should be needs somebody.
DOCTORS_DAYS = 7


@dataclass(frozen=True, slots=True)
class SoughtBills:
    """Which days staff look for; what is empty narrows nothing. `state` is “differs” or “missing”."""

    provider: str = ""
    state: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class SoughtDifferences:
    """Which differences staff look for. `words` are part of a number: ours, the provider's, a refund's, an order's."""

    words: str = ""
    provider: str = ""
    state: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How reconciliation stands: differences that are open, what they sum to whichever way they point, and days of
    which the bill should be here and isn't."""

    open: int
    open_fen: int
    missing: int


@dataclass(frozen=True, slots=True)
class Beside:
    """Something that agrees, only that their bill and our books have it on different days."""

    number: str
    order_number: str
    amount_fen: int
    their_day: date
    our_day: date


@dataclass(frozen=True, slots=True)
class WholeBill:
    """A provider's day: its differences, what lies on another day, and how much of its fees is in the books."""

    bill: Bill
    differences: Sequence[Difference]
    beside: Sequence[Beside]
    fee_entered_fen: int


def all_bills(viewer: Viewer, sought: SoughtBills) -> QuerySet[Bill]:
    """The days sought, the latest first, each with `open_count` and `resolved_count` of its differences. Raises
    NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    is_open = Q(differences__state=_S.OPEN)
    bills = Bill.objects.annotate(
        open_count=Count("differences", filter=is_open),
        resolved_count=Count("differences", filter=Q(differences__state=_S.RESOLVED)),
    )
    if sought.provider:
        bills = bills.filter(provider=sought.provider)
    if sought.state == "differs":
        bills = bills.filter(open_count__gt=0)
    elif sought.state == "missing":
        bills = bills.filter(fetched_at=None)
    return _within(bills, "day", sought.since, sought.until).order_by("-day", "provider")


def standing(viewer: Viewer) -> Standing:
    """Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    opened = Difference.objects.filter(state=_S.OPEN)
    count, total = 0, 0
    for theirs, ours in opened.values_list("theirs_fen", "ours_fen"):
        count, total = count + 1, total + abs(theirs - ours)
    return Standing(open=count, open_fen=total, missing=len(missing_days()))


def missing_days(*, days: int | None = None) -> list[Bill]:
    """Bills that should be here and aren't, the oldest first; `days`: of the last so many."""
    now = clock.now()
    bills = Bill.objects.filter(fetched_at=None, day__lt=clock.business_day(now))
    if days is not None:
        bills = bills.filter(day__gte=clock.business_day(now) - timedelta(days=days))
    # A provider gets a while after it published: the first round may have come to a silent one.
    late = timedelta(hours=2)
    return [one for one in bills.order_by("day", "provider") if published_at(one.day) + late < now]


def open_count() -> int:
    """How many differences are open."""
    return Difference.objects.filter(state=_S.OPEN).count()


def whole_bill(viewer: Viewer, provider: str, day: date) -> WholeBill:
    """Raises NotAllowed, NoSuchBill."""
    require(viewer, Permission.SEE_BOOKS)
    bill = Bill.objects.filter(provider=provider, day=day).first()
    if bill is None:
        raise NoSuchBill(
            pgettext_lazy("reconciliation", "Nothing is known of this day. Have its bill fetched.")
        )
    found = _with_orders(bill.differences.all())
    states = {_S.OPEN.value: 0, _S.RESOLVED.value: 1, _S.GONE.value: 2}
    return WholeBill(
        bill=bill,
        differences=sorted(found, key=lambda one: (states[one.state], one.pk)),
        beside=_beside(bill),
        fee_entered_fen=fees.entered_fen(bill),
    )


def difference_named(viewer: Viewer, difference_id: int) -> Difference:
    """Raises NotAllowed, NoSuchBill."""
    require(viewer, Permission.SEE_BOOKS)
    found = _with_orders(Difference.objects.filter(pk=difference_id)).first()
    if found is None:
        raise NoSuchBill(pgettext_lazy("reconciliation", "There is no such difference."))
    return found


def all_differences(viewer: Viewer, sought: SoughtDifferences) -> QuerySet[Difference]:
    """The differences sought, open ones first, then the latest. Raises NotAllowed."""
    require(viewer, Permission.SEE_BOOKS)
    found = Difference.objects.all()
    if sought.provider:
        found = found.filter(provider=sought.provider)
    if sought.state:
        found = found.filter(state=sought.state)
    if words := sought.words.strip():
        ours = Q(number__icontains=words) | Q(payment__order__number__icontains=words)
        found = found.filter(ours | Q(provider_number__icontains=words) | Q(refund_number__icontains=words))
    found = _within(found, "bill__day", sought.since, sought.until)
    return _with_orders(found).order_by("-bill__day", "-pk")


def providers() -> list[str]:
    """Those that are offered, and those that ever were as far as there is a bill."""
    names = [one.name for one in offered()]
    before = Bill.objects.order_by("provider").values_list("provider", flat=True).distinct()
    return [*names, *(name for name in before if name not in names)]


def _with_orders(found: QuerySet[Difference]) -> QuerySet[Difference]:
    return found.select_related("bill", "payment__order", "refund__order", "by")


def _within(rows: QuerySet, column: str, since: date | None, until: date | None) -> QuerySet:  # type: ignore[type-arg]
    if since is not None:
        rows = rows.filter(**{f"{column}__gte": since})
    return rows if until is None else rows.filter(**{f"{column}__lte": until})


def _beside(bill: Bill) -> list[Beside]:
    """What agrees and lies on another day at one side: why the sums of a day differ where nothing is wrong."""
    if bill.fetched_at is None:
        return []
    live = BillEntry.objects.filter(bill__provider=bill.provider, withdrawn_at=None)
    told = {line.item: line for line in live.filter(bill=bill).select_related("payment__order")}
    ours_today = items.of_day(bill.provider, bill.day)
    elsewhere = items.of_items(bill.provider, [item for item in told if item not in ours_today])
    found = [
        _shift(told[item], bill.day, clock.business_day(ours.at))
        for item, ours in elsewhere.items()
        if ours.amount_fen == told[item].amount_fen
    ]
    for some in items.in_parts(item for item in ours_today if item not in told):
        lines = live.filter(item__in=some).select_related("bill", "payment__order")
        found += [
            _shift(line, line.bill.day, bill.day)
            for line in lines
            if line.amount_fen == ours_today[line.item].amount_fen
        ]
    return sorted(found, key=lambda one: (one.their_day, one.number))


def _shift(line: BillEntry, their_day: date, our_day: date) -> Beside:
    order = line.payment.order.number if line.payment else ""
    return Beside(line.refund_number or line.number, order, line.amount_fen, their_day, our_day)
