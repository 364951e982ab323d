"""What staff do with the quarantine: look, and throw away. Taking in again asks rights to courses: `product.learning`
does it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import QuarantineCount, Quarantined
from zhiyue.collect.quarantine import DAYS, ROBOT, replayable
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock


@dataclass(frozen=True, slots=True)
class KeptOut:
    """What was kept out for one reason in two weeks, by day, today last; how many of them were taken in later, how
    many are in the sample, and how many of those can be judged again."""

    reason: str
    by_day: tuple[int, ...]
    taken_in: int
    sampled: int
    replayable: int

    @property
    def total(self) -> int:
        return sum(self.by_day)


def days() -> list[date]:
    """The days that are counted, today last."""
    today = clock.business_day()
    return [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]


def kept_out(viewer: Viewer) -> list[KeptOut]:
    """By reason, most first. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    counted = days()
    by_reason: dict[str, dict[date, int]] = {}
    taken_in: dict[str, int] = {}
    for reason, day, n, replayed in QuarantineCount.objects.filter(day__gte=counted[0]).values_list(
        "reason", "day", "n", "replayed"
    ):
        by_reason.setdefault(reason, {})[day] = n
        taken_in[reason] = taken_in.get(reason, 0) + replayed
    sampled = dict(Quarantined.objects.order_by().values_list("reason").annotate(n=Count("pk")))
    again = dict(replayable().order_by().values_list("reason").annotate(n=Count("pk")))
    rows = [
        KeptOut(
            reason=reason,
            by_day=tuple(found.get(day, 0) for day in counted),
            taken_in=taken_in[reason],
            sampled=sampled.get(reason, 0),
            replayable=again.get(reason, 0),
        )
        for reason, found in by_reason.items()
    ]
    return sorted(rows, key=lambda row: (-row.total, row.reason))


def entries(viewer: Viewer, *, reason: str = "", name: str = "") -> QuerySet[Quarantined]:
    """The sample, newest first, of one reason or kind where it is named. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    found = Quarantined.objects.select_related("member").order_by("-pk")
    found = found.filter(reason=reason) if reason else found
    return found.filter(name=name) if name else found


def of_people(viewer: Viewer, *, actor: Actor | None = None) -> QuerySet[Quarantined]:
    """What was kept out of people, newest first; of one person where one is given. What programs sent is left out.
    Raises NotAllowed."""
    found = entries(viewer).exclude(reason=ROBOT)
    if actor is None:
        return found.filter(Q(member__isnull=False) | Q(visitor__isnull=False))
    if actor.member_id is not None:
        return found.filter(member_id=actor.member_id)
    return found.filter(visitor=actor.visitor, member__isnull=True) if actor.visitor else found.none()


def entry(viewer: Viewer, entry_id: int) -> Quarantined:
    """One entry. Raises NotAllowed, Quarantined.DoesNotExist."""
    return entries(viewer).get(pk=entry_id)


def reason_of(rows: QuerySet[Quarantined]) -> str:
    """What the audit log calls entries: by their reason, where they have one in common."""
    reasons = list(rows.order_by().values_list("reason", flat=True).distinct()[:2])
    return reasons[0] if len(reasons) == 1 else "entries"


@transaction.atomic
def throw_away(*, viewer: Viewer, reason: str = "", entry_ids: Collection[int] = ()) -> int:
    """Delete entries of the sample: those of a reason, or those named. The counts stay. Returns how many went. Raises
    NotAllowed."""
    by = require(viewer, Permission.RUN_JOBS)
    rows = (
        Quarantined.objects.filter(pk__in=entry_ids)
        if entry_ids
        else Quarantined.objects.filter(reason=reason)
    )
    label = reason_of(rows)
    gone = rows.delete()[0]
    if gone:
        note(
            by=by,
            act="quarantine.thrown_away",
            subject=("quarantine", label, label),
            after={"entries": gone},
        )
    return gone
