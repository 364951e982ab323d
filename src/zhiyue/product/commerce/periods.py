"""The time that memberships run, reckoned from what was paid: orders in, periods out. No clock, no database."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Bought:
    """A paid order of a plan: so many months, so many days of grace after them. `credited_at`: what ran or waited then
    was paid for at an earlier time, came off this order's price, and ends when this is paid; None: nothing did.
    `returned_at` is when it was given back."""

    order_id: int
    paid_at: datetime
    months: int
    grace_days: int
    credited_at: datetime | None = None
    returned_at: datetime | None = None
    plan_id: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """The time of one order. Periods of a member follow each other and never overlap. `opens_until` is the moment at
    which the next one begins, or would; until `grace_until` it stays open. `months` were counted from `anchor`, which
    is where a row of renewals began: thus somebody of the 31st comes back to the 31st after a short month."""

    order: Bought
    opens_from: datetime
    opens_until: datetime
    grace_until: datetime
    anchor: datetime
    months: int


def periods(bought: Iterable[Bought], zone: ZoneInfo) -> list[Period]:
    """What each order opens, in the order of time; one that was credited in full before it began has no period.

    Who buys again before the end, or the same plan while grace lasts, goes on from the end; else from the moment of
    paying. What was given back ends then, and what follows it begins then; given back before it began it has no period.
    One that took the place of others is as if it had never been: those have their time again.
    """
    found: list[Period] = []
    for _, _, one, is_back in sorted(_events(bought), key=lambda event: event[:2]):
        if is_back:
            found = _return(found, one, zone)
            continue
        if one.credited_at is not None:
            found = _cut(found, before=one.credited_at, at=one.paid_at, zone=zone)
        _append(found, one, zone)
    return found


def _events(bought: Iterable[Bought]) -> Iterable[tuple[datetime, int, Bought, bool]]:
    for one in bought:
        if one.returned_at is not None and one.credited_at is not None:
            continue
        yield one.paid_at, one.order_id, one, False
        if one.returned_at is not None:
            yield max(one.returned_at, one.paid_at), one.order_id, one, True


def _append(found: list[Period], one: Bought, zone: ZoneInfo) -> None:
    last = found[-1] if found else None
    anchor, months = one.paid_at, one.months
    start = one.paid_at
    # In grace another plan would be sold time that it didn't open.
    is_same = last is not None and last.order.plan_id == one.plan_id
    if last is not None and (last.grace_until if is_same else last.opens_until) > one.paid_at:
        anchor, months, start = last.anchor, last.months + one.months, last.opens_until
        # It has no grace any more: the next one follows.
        found[-1] = replace(last, grace_until=last.opens_until)
    elif last is not None and last.grace_until > one.paid_at:
        found[-1] = replace(last, grace_until=one.paid_at)
    until = months_later(anchor, months, zone)
    found.append(Period(one, start, until, until + timedelta(days=one.grace_days), anchor, months))


def _cut(found: Sequence[Period], *, before: datetime, at: datetime, zone: ZoneInfo) -> list[Period]:
    """What was paid for until a moment ends `at` another, without grace, or never begins. What was bought later, and
    waits for the end of that, begins now instead."""
    kept: list[Period] = []
    for period in found:
        is_later = period.order.paid_at > before
        if period.opens_from <= at and not is_later:
            until = min(period.opens_until, at)
            kept.append(replace(period, opens_until=until, grace_until=until))
        elif period.opens_from <= at:
            kept.append(period)
        elif is_later:
            _append(kept, replace(period.order, paid_at=at), zone)
            kept[-1] = replace(kept[-1], order=period.order)
    return [period for period in kept if period.opens_from < period.opens_until]


def _return(found: Sequence[Period], order: Bought, zone: ZoneInfo) -> list[Period]:
    at = order.returned_at
    kept: list[Period] = []
    is_after = False
    for period in found:
        if period.order.order_id == order.order_id and at is not None:
            is_after = period.opens_until > at
            if period.opens_from < at:
                until = min(period.opens_until, at)
                kept.append(replace(period, opens_until=until, grace_until=min(period.grace_until, at)))
            elif kept:
                # Nothing follows it any more: it has its grace again.
                grace = timedelta(days=kept[-1].order.grace_days)
                kept[-1] = replace(kept[-1], grace_until=kept[-1].opens_until + grace)
        elif is_after and at is not None:
            _append(kept, replace(period.order, paid_at=at), zone)
            kept[-1] = replace(kept[-1], order=period.order)
        else:
            kept.append(period)
    return kept


def months_later(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many calendar months later; of a month that is too short its last day."""
    local = moment.astimezone(zone)
    years, month = divmod(local.month - 1 + months, 12)
    year, month = local.year + years, month + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(moment.tzinfo)


def left_fen(paid_fen: int, period: Period, at: datetime, zone: ZoneInfo) -> int:
    """What is left at a moment of what was paid for a period: by calendar days, of which the one that runs is used up;
    rounded down. All of it before it begins, nothing after its end."""
    used, days = days_used(period, at, zone)
    return paid_fen * (days - used) // days if days else 0


def days_used(period: Period, at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """How many calendar days of a period are used up at a moment, the one that runs among them, and how many it has. A
    period within one day has one."""
    first, last = period.opens_from.astimezone(zone).date(), period.opens_until.astimezone(zone).date()
    days = max((last - first).days, 1)
    if at < period.opens_from:
        return 0, days
    return min(max((at.astimezone(zone).date() - first).days + 1, 1), days), days
