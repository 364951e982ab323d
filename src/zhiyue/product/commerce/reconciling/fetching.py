"""Fetching the bills of providers, and keeping their lines. A provider is asked outside of transactions; the lines of a
bill and its fees are kept in one, and compared in another: killed between any two steps, it goes on where it stood."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import ProviderNotOffered, ProviderUnreachable
from zhiyue.product.commerce.models import Bill, BillEntry, Posting
from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.protocol import BillLine
from zhiyue.product.commerce.providers.register import provider_named
from zhiyue.product.commerce.reconciling.comparing import CHINA, compare, compare_around
from zhiyue.product.commerce.reconciling.fees import take_back_fee
from zhiyue.product.commerce.reconciling.items import named
from zhiyue.product.commerce.waits import wait_after

# Days before today that are fetched by themselves, as far as there was money then.
LOOKS_BACK_DAYS = 30
# Providers publish the bill of a day on the next one, at about ten o'clock in China.
PUBLISHED = time(10, 30)
FIRST_WAIT = timedelta(minutes=30)
# A provider that is silent so often is asked no more in this round.
SILENCES_AT_MOST = 2
# Words of ours may come late: fetched days are compared anew, once a day for so long.
COMPARED_FOR_DAYS, COMPARED_EVERY = 7, timedelta(hours=20)

Alike = tuple[str, str, str, int, int]
_SILENT = pgettext_lazy(
    "reconciliation", "The provider can't be reached at the moment, or sends no bill that can be read."
)
_EMPTIED = pgettext_lazy(
    "reconciliation",
    "The provider has no bill of this day any more. What it told before stands here still; ask it why.",
)


def reconcile(provider: str, *, now: datetime | None = None) -> int:
    """Fetch what is due of a provider's bills, and compare what isn't compared yet; how many were fetched."""
    moment = now or clock.now()
    plan(provider, now=moment)
    due = Bill.objects.filter(provider=provider, due_at__lte=moment)
    fetched = silences = 0
    for bill in list(due.order_by("day")):
        if fetch(bill, now=moment):
            fetched += 1
        else:
            silences += 1
        if silences == SILENCES_AT_MOST:
            break
    stale = Q(day__gte=_today(moment) - timedelta(days=COMPARED_FOR_DAYS)) & Q(
        compared_at__lt=moment - COMPARED_EVERY
    )
    open_ones = Bill.objects.filter(Q(compared_at=None) | stale, provider=provider, fetched_at__isnull=False)
    for bill in list(open_ones.order_by("day")):
        if bill.compared_at is None:
            compare_around(bill)
        else:
            compare(bill.pk)
    return fetched


def plan(provider: str, *, now: datetime) -> int:
    """Note which days of a provider want fetching: from the first that its money came on; how many are new."""
    yesterday = _today(now) - timedelta(days=1)
    first = max(_first_day(provider) or _today(now), yesterday - timedelta(days=LOOKS_BACK_DAYS - 1))
    wanted = [first + timedelta(days=n) for n in range((yesterday - first).days + 1)]
    known = set(Bill.objects.filter(provider=provider, day__in=wanted).values_list("day", flat=True))
    new = [Bill(provider=provider, day=day, due_at=published_at(day)) for day in wanted if day not in known]
    Bill.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def published_at(day: date) -> datetime:
    """From when a provider has the bill of a day."""
    return datetime.combine(day + timedelta(days=1), PUBLISHED, tzinfo=CHINA)


def fetch(bill: Bill, *, now: datetime | None = None) -> bool:
    """Ask a provider for a bill, keep it and compare it. False where it can't be had: why is kept, and it is asked for
    again ever more rarely."""
    moment = now or clock.now()
    try:
        lines = list(provider_named(bill.provider).bill(bill.day))
    except (ProviderUnreachable, ProviderNotOffered) as why:
        is_silence = isinstance(why, ProviderUnreachable) and refusing.is_silence(why)
        _note_fault(bill, str(_SILENT if is_silence else why.message), moment)
        return False
    if not keep(bill.pk, lines, now=moment):
        return False
    compare_around(bill)
    return True


@transaction.atomic
def keep(bill_id: int, lines: Sequence[BillLine], *, now: datetime) -> bool:
    """Keep the lines of a bill, each once however often they are fetched; one that it lacks now is withdrawn. False
    where a bill that had lines has none any more: nothing is changed."""
    bill = Bill.objects.select_for_update().get(pk=bill_id)
    held: dict[Alike, list[BillEntry]] = defaultdict(list)
    for line in bill.lines.filter(withdrawn_at=None).select_related("payment__order").order_by("pk"):
        held[_alike(line)].append(line)
    if held and not lines:
        _note_fault(bill, str(_EMPTIED), now)
        return False
    told = Counter(_alike(line) for line in lines)
    _withdraw(bill, [one for key, some in held.items() for one in some[told[key] :]], now)
    _add(bill, lines, Counter({key: len(some) for key, some in held.items()}))
    sums = bill.lines.filter(withdrawn_at=None).aggregate(theirs=Sum("amount_fen"), fee=Sum("fee_fen"))
    bill.theirs_fen, bill.fee_fen, bill.line_count = sums["theirs"] or 0, sums["fee"] or 0, len(lines)
    bill.fetched_at, bill.compared_at, bill.due_at, bill.tries, bill.fault = now, None, None, 0, ""
    bill.save()
    return True


def _withdraw(bill: Bill, lines: Iterable[BillEntry], now: datetime) -> None:
    for line in lines:
        take_back_fee(bill, line)
        line.withdrawn_at = now
        line.save(update_fields=["withdrawn_at"])


def _add(bill: Bill, lines: Sequence[BillLine], held: Counter[Alike]) -> None:
    """The lines that aren't held yet."""
    left = Counter(held)
    fresh: list[BillLine] = []
    for line in lines:
        if left[_alike(line)]:
            left[_alike(line)] -= 1
        else:
            fresh.append(line)
    # What was withdrawn keeps its place among those alike.
    nth: Counter[Alike] = Counter(_alike(line) for line in bill.lines.all()) if fresh else Counter()
    rows: list[BillEntry] = []
    for one in named(bill.provider, fresh):
        key = _alike(one.line)
        rows.append(_row(bill, key, nth[key], one.item, one.payment_id))
        nth[key] += 1
    BillEntry.objects.bulk_create(rows, batch_size=500)


def _row(bill: Bill, key: Alike, nth: int, item: str, payment_id: int | None) -> BillEntry:
    number, provider_number, refund_number, amount, fee = key
    return BillEntry(
        bill=bill,
        item=item,
        number=number,
        provider_number=provider_number,
        refund_number=refund_number,
        amount_fen=amount,
        fee_fen=fee,
        nth=nth,
        payment_id=payment_id,
    )


def _alike(line: BillLine | BillEntry) -> Alike:
    numbers = [one[:80] for one in (line.number, line.provider_number, line.refund_number)]
    return numbers[0], numbers[1], numbers[2], line.amount_fen, line.fee_fen


def _note_fault(bill: Bill, why: str, now: datetime) -> None:
    """Whatever was fetched before stands."""
    wait = wait_after(bill.tries, first=FIRST_WAIT)
    Bill.objects.filter(pk=bill.pk).update(fault=why[:300], tries=F("tries") + 1, due_at=now + wait)


def _first_day(provider: str) -> date | None:
    """The first day of which our books say anything of a provider."""
    first = Posting.objects.filter(account=ledger.receivable(provider)).order_by("entry__at")
    at = first.values_list("entry__at", flat=True).first()
    return None if at is None else clock.business_day(at)


def _today(now: datetime) -> date:
    return clock.business_day(now)
