"""What consent keeps out of the log: asked per person, counted per kind and day, never stored."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import ConsentCount
from zhiyue.core.consent import selectors as consent
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.kit import clock


def granted_by(actor: Actor) -> Purpose:
    """What the actor consents to now."""
    if actor.granted is not None:
        return actor.granted
    return consent.granted(member_id=actor.member_id, visitor=actor.visitor)


def granting(purpose: Purpose, actors: Iterable[Actor]) -> set[Actor]:
    """Those of the actors who consent to `purpose` now."""
    asked = set(actors)
    members, visitors = consent.granted_to_many(
        member_ids={one.member_id for one in asked if one.member_id is not None},
        visitors={one.visitor for one in asked if one.member_id is None and one.visitor is not None},
    )
    return {one for one in asked if purpose in among(members, visitors, one)}


class Standing:
    """What one person consents to now, and consented to at the moment of an act: what browsers tell late is stored for
    what both hold. Earlier choices are asked for once, and only where an act is older than the choice in force."""

    granted: Purpose

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        if actor.granted is not None:
            self.granted, self._since = actor.granted, actor.granted_since
        else:
            choice = consent.choice_of(member_id=actor.member_id, visitor=actor.visitor)
            self.granted = Purpose(choice.granted) if choice else NOTHING
            self._since = choice.made_at if choice else None

    def for_acts(self, moments: Collection[datetime]) -> dict[datetime, Purpose]:
        """The purposes for which an act of each of these moments may be stored."""
        now, since = self.granted, self._since
        older = {moment for moment in moments if now != NOTHING and (since is None or moment < since)}
        then = consent.granted_at(member_id=self._actor.member_id, visitor=self._actor.visitor, moments=older)
        return {moment: now & then.get(moment, now) for moment in moments}


def count_after_commit(names: Iterable[str], *, day: date) -> None:
    """Count events that were not stored. After the transaction, so that nobody waits for another's page; what is
    rolled back didn't happen and isn't counted."""
    counted = Counter(names)
    if counted:
        transaction.on_commit(lambda: _count(counted, day))


@transaction.atomic
def _count(counted: Counter[str], day: date) -> None:
    # In the order of names, so that two at once can't wait for each other in a circle.
    for name, n in sorted(counted.items()):
        ConsentCount.objects.bulk_create([ConsentCount(day=day, name=name)], ignore_conflicts=True)
        ConsentCount.objects.filter(day=day, name=name).update(n=F("n") + n)


def forget_counts(*, days: int) -> None:
    """Counts older than `days` go."""
    ConsentCount.objects.filter(day__lt=clock.days_before(clock.business_day(), days)).delete()


def among(members: Mapping[int, Purpose], visitors: Mapping[UUID, Purpose], actor: Actor) -> Purpose:
    """What one actor grants, of what was asked for many at once."""
    if actor.member_id is not None:
        return members.get(actor.member_id, NOTHING)
    return visitors.get(actor.visitor, NOTHING) if actor.visitor is not None else NOTHING
