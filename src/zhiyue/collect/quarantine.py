"""What cleaning kept out: all of it counted by day and reason, and a sample kept to look at and to take in later."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import QuarantineCount, Quarantined
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import storable

DAYS = 14
# By reason and business day. Anybody may send rubbish: this is what keeps it from filling the disk, at most 1.25 MB a
# reason and day where it is plain text. One person fills so little of it that room is left for others.
SAMPLE = 500
SAMPLE_OF_ONE = 20
PAYLOAD_LIMIT = 2000
DETAIL_LIMIT = 300
NAME_LIMIT = 40
EXPIRY_BATCH = 500
# What programs send is only counted.
ROBOT = "robot"
# What a replay may find: taken in, or there before. Anything else is the reason for which it stays out.
ACCEPTED = "accepted"
DUPLICATE = "duplicate"
TAKEN_IN = frozenset({ACCEPTED, DUPLICATE})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry of a batch that was kept out. Where `is_sampled` is false it is counted, and no more. `sent_at` is what
    the browser's clock said, where it had to be set right."""

    position: int
    reason: str
    detail: str
    payload: str
    is_sampled: bool
    name: str
    actor: Actor
    sent_at: datetime | None = None


def keep(refusals: Sequence[Refusal], *, received_at: datetime) -> None:
    """Count every refusal; keep those that are to be sampled and still fit in the day's sample of their reason, and in
    their sender's part of it."""
    if refusals:
        _keep(refusals, received_at)


@transaction.atomic
def _keep(refusals: Sequence[Refusal], received_at: datetime) -> None:
    day = clock.business_day(received_at)
    counts = _locked({one.reason for one in refusals}, day)
    kept = _kept_of({one.actor for one in refusals if one.is_sampled}, day)
    sample = []
    for one in refusals:
        count, whose = counts[one.reason], (*_person(one.actor), one.reason)
        count.n += 1
        if one.is_sampled and count.kept < SAMPLE and kept[whose] < SAMPLE_OF_ONE:
            count.kept += 1
            kept[whose] += 1
            sample.append(_row(one, received_at))
    QuarantineCount.objects.bulk_update(counts.values(), ["n", "kept"])
    Quarantined.objects.bulk_create(sample)


def replayable() -> QuerySet[Quarantined]:
    """What can be judged again: kept whole, and not taken in yet. The oldest first."""
    return Quarantined.objects.filter(is_whole=True).exclude(outcome__in=TAKEN_IN).order_by("pk")


def kept_until(row: Quarantined) -> datetime:
    """When an entry of the sample is forgotten."""
    return row.received_at + timedelta(days=DAYS)


@transaction.atomic
def settle(row: Quarantined, *, outcome: str) -> None:
    """Note what became of an entry that was judged again."""
    Quarantined.objects.filter(pk=row.pk).update(outcome=outcome, replayed_at=clock.now())
    if outcome == ACCEPTED:
        # Only what was kept out longer than counts are kept has none left.
        counts = QuarantineCount.objects.filter(day=clock.business_day(row.received_at), reason=row.reason)
        counts.update(replayed=F("replayed") + 1)


def expire() -> int:
    """Forget the sample and the counts after two weeks. Returns how many rows of the sample went.

    A batch at a time and not in one transaction, so that nobody waits long for it.
    """
    QuarantineCount.objects.filter(day__lte=clock.days_before(clock.business_day(), DAYS)).delete()
    old = Quarantined.objects.filter(received_at__lt=clock.now() - timedelta(days=DAYS)).order_by(
        "received_at"
    )
    gone = 0
    while batch := list(old.values_list("pk", flat=True)[:EXPIRY_BATCH]):
        gone += Quarantined.objects.filter(pk__in=batch).delete()[0]
    return gone


def _locked(reasons: set[str], day: date) -> dict[str, QuarantineCount]:
    """The day's count of each reason, made where there is none, and this transaction's until its end."""
    # In the order of reasons, so that two batches at once can't wait for each other in a circle.
    fresh = [QuarantineCount(day=day, reason=reason) for reason in sorted(reasons)]
    QuarantineCount.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = QuarantineCount.objects.select_for_update().filter(day=day, reason__in=reasons)
    return {row.reason: row for row in rows.order_by("reason")}


def _person(actor: Actor) -> tuple[int | None, UUID | None]:
    """A member is one person in all browsers."""
    return actor.member_id, None if actor.member_id is not None else actor.visitor


def _kept_of(actors: Collection[Actor], day: date) -> Counter[tuple[int | None, UUID | None, str]]:
    """How much of the day's sample each person has by reason."""
    kept: Counter[tuple[int | None, UUID | None, str]] = Counter()
    start = clock.day_start(day)
    for member_id, visitor in {_person(actor) for actor in actors}:
        whose = Q(member_id=member_id) if member_id is not None else Q(member=None, visitor=visitor)
        rows = Quarantined.objects.filter(whose, received_at__gte=start).order_by()
        for reason, n in rows.values_list("reason").annotate(n=Count("pk")):
            kept[member_id, visitor, reason] = n
    return kept


def _row(one: Refusal, received_at: datetime) -> Quarantined:
    payload = storable(one.payload)[:PAYLOAD_LIMIT]
    # As in the log: a member's row doesn't lead to what the same browser did as a visitor.
    member_id, visitor = _person(one.actor)
    return Quarantined(
        received_at=received_at,
        sent_at=one.sent_at,
        reason=one.reason,
        detail=storable(one.detail)[:DETAIL_LIMIT],
        payload=payload,
        is_whole=payload != "" and payload == one.payload,
        name=storable(one.name)[:NAME_LIMIT],
        member_id=member_id,
        visitor=visitor,
    )
