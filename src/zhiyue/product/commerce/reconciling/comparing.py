"""Comparing a bill with our books. What differs stands open until both tell the same, or until somebody decides about
it. Done again it changes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Bill, BillEntry, Difference, Payment, Refund
from zhiyue.product.commerce.reconciling import adjusting, items
from zhiyue.product.commerce.reconciling.fees import enter_fees
from zhiyue.product.commerce.reconciling.items import PAYMENT, REFUND, TAKEN, Ours

# Two clocks may tell different days of the same payment, so near to midnight.
NEAR_MIDNIGHT = timedelta(hours=1)
# A refund that we know to be on its way may stand in a bill before its word comes: so many days.
WORD_MAY_TAKE = timedelta(days=2)
CHINA = ZoneInfo("Asia/Shanghai")
_K, _S = Difference.Kind, Difference.State


@dataclass(slots=True)
class Theirs:
    """What bills say of an item, over all days: the lines that hold."""

    amount_fen: int = 0
    lines: list[BillEntry] = field(default_factory=list)


@transaction.atomic
def compare(bill_id: int) -> bool:
    """Compare a fetched bill with what our books say of its day, and see which differences came right since. False
    where there is nothing to compare yet."""
    bill = Bill.objects.select_for_update().get(pk=bill_id)
    if bill.fetched_at is None:
        return False
    ours = items.of_day(bill.provider, bill.day)
    theirs: dict[str, int] = defaultdict(int)
    lines = bill.lines.filter(withdrawn_at=None)
    for item, amount in lines.values_list("item", "amount_fen"):
        theirs[item] += amount
    told = {item: one.amount_fen for item, one in ours.items()}
    differing = {item for item in {*theirs, *told} if theirs.get(item, 0) != told.get(item, 0)}
    lasting = Difference.objects.filter(Q(state=_S.OPEN) | Q(entry__isnull=False), provider=bill.provider)
    _judge(bill, {*differing, *lasting.values_list("item", flat=True)})
    enter_fees(bill)
    bill.ours_fen = sum(one.amount_fen for item, one in ours.items() if not one.is_past or item in theirs)
    bill.compared_at = clock.now()
    bill.save(update_fields=["ours_fen", "compared_at"])
    return True


def compare_around(bill: Bill) -> None:
    """Compare a bill, and those of the days beside it: what lies in the next day's bill differs no more."""
    beside = Bill.objects.filter(provider=bill.provider, fetched_at__isnull=False)
    days = [bill.day - timedelta(days=1), bill.day, bill.day + timedelta(days=1)]
    for pk in list(beside.filter(day__in=days).order_by("day").values_list("pk", flat=True)):
        compare(pk)


def _judge(bill: Bill, about: Collection[str]) -> None:
    """Look at these items over all days, and open, change or end the difference of each."""
    if not about:
        return
    ours, theirs = items.of_items(bill.provider, about), _theirs(bill.provider, about)
    payments, refunds = items.payments_of(bill.provider, about), items.refunds_of(about)
    known: dict[str, list[Difference]] = defaultdict(list)
    for some in items.in_parts(about):
        rows = Difference.objects.filter(provider=bill.provider, item__in=some).select_related("payment")
        for one in rows.order_by("pk"):
            known[one.item].append(one)
    waiting = _Waiting(bill)
    for item in sorted(about):
        mine, they = ours.get(item), theirs.get(item, Theirs())
        refund = refunds.get(item)
        amount = mine.amount_fen if mine else 0
        _take_back(known[item], (they.amount_fen, amount))
        if amount == they.amount_fen or (mine is not None and mine.is_past and not they.lines):
            _came_right(known[item])
        elif not waiting.may_come_right(mine, they, refund):
            _open(bill, item, amount, they, known[item], payments.get(item), refund)


def _theirs(provider: str, about: Iterable[str]) -> dict[str, Theirs]:
    found: dict[str, Theirs] = defaultdict(Theirs)
    for some in items.in_parts(about):
        rows = BillEntry.objects.filter(bill__provider=provider, item__in=some, withdrawn_at=None)
        for line in rows.order_by("pk"):
            found[line.item].amount_fen += line.amount_fen
            found[line.item].lines.append(line)
    return found


class _Waiting:
    """What may come right by itself with the bill or the word of another day isn't called a difference before."""

    def __init__(self, bill: Bill) -> None:
        self._bill, self._today = bill, clock.business_day()
        self._fetched: dict[date, bool] | None = None

    def may_come_right(self, ours: Ours | None, theirs: Theirs, refund: Refund | None) -> bool:
        if ours is not None and not theirs.amount_fen:
            return self._lies_beside(ours)
        is_recent = self._bill.day >= self._today - WORD_MAY_TAKE
        return ours is None and refund is not None and refund.status in Refund.TO_SEND and is_recent

    def _lies_beside(self, ours: Ours) -> bool:
        """May it stand in the bill of a day beside it that isn't fetched yet?"""
        slack = NEAR_MIDNIGHT if _counts_as_china(ours) else timedelta(days=1)
        days = {clock.business_day(ours.at + gap) for gap in (-slack, timedelta(0), slack)}
        return any(not self._is_fetched(day) for day in days)

    def _is_fetched(self, day: date) -> bool:
        if self._fetched is None:
            near = Bill.objects.filter(provider=self._bill.provider)
            self._fetched = {
                one: fetched is not None for one, fetched in near.values_list("day", "fetched_at")
            }
        # A day of which no bill was ever wanted can't tell anything, but one that isn't over yet will.
        return self._fetched.get(day, day < self._today - timedelta(days=1))


def _counts_as_china(ours: Ours) -> bool:
    """Are the academy's days those of the providers in China?"""
    return ours.at.astimezone(clock.business_zone()).utcoffset() == ours.at.astimezone(CHINA).utcoffset()


def _take_back(known: Iterable[Difference], amounts: tuple[int, int]) -> None:
    """What was entered about other amounts than these is true no more."""
    for one in known:
        if one.entry_id is not None and _amounts(one) != amounts:
            adjusting.take_back(one)


def _came_right(known: Iterable[Difference]) -> None:
    opened = [one.pk for one in known if one.state == _S.OPEN]
    if opened:
        still_open = Difference.objects.filter(pk__in=opened, state=_S.OPEN)
        still_open.update(state=_S.GONE, ended_at=clock.now())


def _open(
    bill: Bill,
    item: str,
    ours_fen: int,
    theirs: Theirs,
    known: list[Difference],
    payment: Payment | None,
    refund: Refund | None,
) -> None:
    """Open a difference, or change the one that stands open. What somebody decided about these very amounts is over."""
    last = known[-1] if known else None
    if payment is None and theirs.lines:
        payment = theirs.lines[0].payment
    told = {
        "kind": _kind(items.kind_of(item), theirs, ours_fen),
        "theirs_fen": theirs.amount_fen,
        "ours_fen": ours_fen,
        "payment": payment,
        "refund": refund,
        **_numbers(item, theirs, payment, refund),
    }
    if last is not None and _holds(last, (theirs.amount_fen, ours_fen)):
        return
    if last is not None and last.state == _S.OPEN:
        if any(getattr(last, name) != value for name, value in told.items()):
            Difference.objects.filter(pk=last.pk, state=_S.OPEN).update(**told)
        return
    Difference.objects.get_or_create(
        provider=bill.provider, item=item, state=_S.OPEN, defaults={"bill": bill, **told}
    )


def _holds(one: Difference, amounts: tuple[int, int]) -> bool:
    """Does what somebody decided still say everything? Not where what they had entered was taken back: then the books
    don't say it any more."""
    is_decided = one.state == _S.RESOLVED and _amounts(one) == amounts
    return is_decided and not adjusting.was_taken_back(one)


def _amounts(one: Difference) -> tuple[int, int]:
    return one.theirs_fen, one.ours_fen


def _numbers(item: str, theirs: Theirs, payment: Payment | None, refund: Refund | None) -> Mapping[str, str]:
    line = theirs.lines[0] if theirs.lines else None
    return {
        "number": payment.number if payment else line.number if line else items.number_of(item),
        "provider_number": line.provider_number if line else payment.provider_number if payment else "",
        "refund_number": refund.number if refund else line.refund_number if line else "",
    }


def _kind(what: str, theirs: Theirs, ours_fen: int) -> str:
    there, here, more_than_once = theirs.amount_fen, ours_fen, len(theirs.lines) > 1
    if what == TAKEN:
        return _K.TAKEN_BACK
    kinds = {
        PAYMENT: (_K.MISSING_HERE, _K.MISSING_THERE, _K.PAID_TWICE, _K.AMOUNT),
        REFUND: (_K.REFUND_MISSING_HERE, _K.REFUND_MISSING_THERE, _K.REFUND_TWICE, _K.REFUND_AMOUNT),
    }
    missing_here, missing_there, twice, amount = kinds[what]
    if not here:
        return missing_here
    if not there:
        return missing_there
    return twice if more_than_once and abs(there) > abs(here) else amount
