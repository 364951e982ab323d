"""Forgetting a person: what they did goes from the log, and what is sealed of it is nobody's from that moment on."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from zhiyue.collect import subjects
from zhiyue.collect.days import touch
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.tasks import compact
from zhiyue.core.jobs.services import enqueue

COMPACTED_AFTER_SECONDS = 60


def forget_samples(*, member_id: int | None, visitor: UUID | None) -> int:
    """Delete what the quarantine keeps of a person who lets nothing of theirs be looked into any more; the counts stay.
    Returns how many entries that were."""
    whose = _whose(member_id, visitor)
    return Quarantined.objects.filter(whose).delete()[0] if whose else 0


@transaction.atomic
def forget_person(*, member_id: int | None, visitor: UUID | None) -> int:
    """Delete every act of a member, and of a visitor's key what no member owns. Returns how many events that were.

    Sealed files keep those rows until they are written again, soon after; but nobody reads them any more, and nothing
    tells whose they were.
    """
    whose = _whose(member_id, visitor)
    if not whose:
        return 0
    theirs = Event.objects.filter(whose)
    touch(theirs.order_by().values_list("day", flat=True).distinct())
    forgotten, _ = theirs.delete()
    forget_samples(member_id=member_id, visitor=visitor)
    subjects.forget(member_id=member_id, visitor=visitor)
    enqueue(compact, key="forgotten", delay_seconds=COMPACTED_AFTER_SECONDS)
    return forgotten


def _whose(member_id: int | None, visitor: UUID | None) -> Q:
    """What is a member's, or a visitor's and no member's; empty for nobody."""
    whose = Q(member_id=member_id) if member_id is not None else Q()
    return whose | Q(visitor=visitor, member__isnull=True) if visitor is not None else whose
