"""What a line of a bill and a posting of ours are about, by one name for both, and what our books say of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Payment, Posting, Refund
from zhiyue.product.commerce.models.payments import PAST
from zhiyue.product.commerce.providers.protocol import BillLine

PAYMENT, REFUND, TAKEN = "payment", "refund", "taken"
# Entries of these beginnings are about money at a provider that its bill tells of as well.
_OF_PAYMENTS, _OF_REFUNDS, _IMPORTED = ("paid",), ("refunded", "refunded_after_all"), "imported"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Named:
    """A line with the name of what it is about, and the payment of ours that it belongs to."""

    line: BillLine
    item: str
    payment_id: int | None


@dataclass(slots=True)
class Ours:
    """What our books say of an item. `at` is when, the first time. `is_past`: it was brought in with a past order, and
    nobody expects it in a bill."""

    amount_fen: int
    at: datetime
    is_past: bool = False


def in_parts(values: Iterable[str]) -> Iterator[list[str]]:
    """A database takes only so many values in one question."""
    told = sorted(values)
    for start in range(0, len(told), AT_ONCE):
        yield told[start : start + AT_ONCE]


def kind_of(item: str) -> str:
    return item.partition(":")[0]


def named(provider: str, lines: Iterable[BillLine]) -> list[Named]:
    """Each line by what it is about. A payment is found by our number, else by theirs: what was taken back or disputed
    there bears only that."""
    told = list(lines)
    payments = _payments(provider, told)
    known = _known_refunds({line.refund_number for line in told if line.refund_number})
    return [_named(line, payments, known) for line in told]


def of_day(provider: str, day: date) -> dict[str, Ours]:
    """What our books say of a provider's day, by item."""
    begin, end = clock.day_start(day), clock.day_start(day + timedelta(days=1))
    return _by_item(_postings(provider).filter(entry__at__gte=begin, entry__at__lt=end))


def of_items(provider: str, items: Collection[str]) -> dict[str, Ours]:
    """What our books say of these items, whenever it was."""
    found: dict[str, Ours] = {}
    for some in in_parts(items):
        past = _past_orders(item.partition(":")[2] for item in some if kind_of(item) == PAYMENT)
        keys = [key for item in some for key in _keys(item, past)]
        found |= _by_item(_postings(provider).filter(entry__key__in=keys))
    return found


def payments_of(provider: str, items: Iterable[str]) -> dict[str, Payment]:
    """The payment of ours that each item is about, where we know it."""
    numbers = {number_of(item): item for item in items if kind_of(item) in (PAYMENT, TAKEN)}
    by_refund = refunds_of(items)
    found = {item: one.payment for item, one in by_refund.items() if one.payment is not None}
    for some in in_parts(numbers):
        rows = Payment.objects.select_related("order").filter(provider=provider, number__in=some)
        found |= {numbers[one.number]: one for one in rows}
    return found


def refunds_of(items: Iterable[str]) -> dict[str, Refund]:
    """The refund of ours that each item is about, where we know it."""
    numbers = {number_of(item): item for item in items if kind_of(item) == REFUND}
    found: dict[str, Refund] = {}
    for some in in_parts(numbers):
        rows = Refund.objects.select_related("payment__order", "order").filter(number__in=some)
        found |= {numbers[one.number]: one for one in rows}
    return found


def number_of(item: str) -> str:
    return item.partition(":")[2]


def _named(line: BillLine, payments: Mapping[str, Payment], known: Collection[str]) -> Named:
    ours = payments.get(line.number)
    by_theirs = ours is None
    ours = ours or payments.get(line.provider_number)
    number = ours.number if ours else line.number or line.provider_number
    if line.refund_number:
        # Another system that uses the same account may give the same name to refunds of different payments.
        is_known = line.refund_number in known
        item = f"{REFUND}:{line.refund_number}" if is_known else f"{REFUND}:{line.refund_number}@{number}"
    elif line.amount_fen < 0 or (by_theirs and ours is not None and not line.number):
        item = f"{TAKEN}:{number}"
    else:
        item = f"{PAYMENT}:{number}"
    return Named(line, item[:180], ours.pk if ours else None)


def _payments(provider: str, lines: Iterable[BillLine]) -> dict[str, Payment]:
    """By our numbers and by theirs, which are never alike."""
    wanted = {number for line in lines for number in (line.number, line.provider_number) if number}
    found: dict[str, Payment] = {}
    for some in in_parts(wanted):
        rows = Payment.objects.filter(provider=provider).filter(
            Q(number__in=some) | Q(provider_number__in=some)
        )
        for one in rows.only("pk", "number", "provider_number"):
            found[one.number] = one
            if one.provider_number:
                found.setdefault(one.provider_number, one)
    return found


def _known_refunds(numbers: Collection[str]) -> set[str]:
    return {
        number
        for some in in_parts(numbers)
        for number in Refund.objects.filter(number__in=some).values_list("number", flat=True)
    }


def _postings(provider: str) -> Any:
    postings = Posting.objects.filter(account=ledger.receivable(provider)).order_by("entry__at", "pk")
    return postings.values_list("entry__key", "amount_fen", "entry__at", "entry__order_id")


def _by_item(rows: Iterable[tuple[str, int, datetime, int | None]]) -> dict[str, Ours]:
    told = list(rows)
    past = _past_payments(order_id for key, _, _, order_id in told if key.startswith(f"{_IMPORTED}:"))
    found: dict[str, Ours] = {}
    for key, amount, at, order_id in told:
        item = _item_of(key, order_id, past)
        if item is None:
            continue
        if item in found:
            found[item].amount_fen += amount
        else:
            found[item] = Ours(amount, at, is_past=key.startswith(f"{_IMPORTED}:"))
    return found


def _item_of(key: str, order_id: int | None, past: Mapping[int, str]) -> str | None:
    """None of what bills don't tell of: fees are lines' own, and what the provider paid out to the bank isn't in it."""
    occasion, _, number = key.partition(":")
    if occasion in _OF_PAYMENTS:
        return f"{PAYMENT}:{number}"
    if occasion in _OF_REFUNDS:
        return f"{REFUND}:{number}"
    if occasion == _IMPORTED and order_id is not None and order_id in past:
        return f"{PAYMENT}:{past[order_id]}"
    return None


def _keys(item: str, past: Mapping[str, str]) -> Iterator[str]:
    """By which keys our books may know an item."""
    number = number_of(item)
    if kind_of(item) == PAYMENT:
        yield from (f"{one}:{number}" for one in _OF_PAYMENTS)
        if number in past:
            yield f"{_IMPORTED}:{past[number]}"
    elif kind_of(item) == REFUND:
        yield from (f"{one}:{number}" for one in _OF_REFUNDS)


def _past_payments(order_ids: Iterable[int | None]) -> dict[int, str]:
    """The numbers of payments that were brought in, by their order."""
    wanted = sorted({pk for pk in order_ids if pk is not None})
    found: dict[int, str] = {}
    for start in range(0, len(wanted), AT_ONCE):
        past = Payment.objects.filter(channel=PAST, order_id__in=wanted[start : start + AT_ONCE])
        found |= dict(past.values_list("order_id", "number"))
    return found


def _past_orders(numbers: Iterable[str]) -> dict[str, str]:
    """The numbers of past orders, by those of their payments."""
    past = Payment.objects.filter(channel=PAST, number__in=list(numbers))
    return dict(past.values_list("number", "order__number"))
