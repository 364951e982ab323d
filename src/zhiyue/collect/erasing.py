"""Forgetting a person: what they did goes from the log, and what is sealed of it is nobody's from that moment on."""

from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from zhiyue.collect import subjects
from zhiyue.collect.days import touch
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.tasks import compact
from zhiyue.core.jobs.services import enqueue

COMPACTED_AFTER_SECONDS = 60


@transaction.atomic
def forget_person(*, member_id: int | None, visitor: UUID | None) -> int:
    """Delete every act of a member, and of a visitor's key what no member owns. Returns how many events that were.

    Sealed files keep those rows until they are written again, soon after; but nobody reads them any more, and nothing
    tells whose they were.
    """
    whose = [Q(member_id=member_id)] if member_id is not None else []
    if visitor is not None:
        whose.append(Q(visitor=visitor, member__isnull=True))
    if not whose:
        return 0
    theirs = Event.objects.filter(reduce(or_, whose))
    touch(theirs.order_by().values_list("day", flat=True).distinct())
    forgotten, _ = theirs.delete()
    Quarantined.objects.filter(reduce(or_, whose)).delete()
    subjects.forget(member_id=member_id, visitor=visitor)
    enqueue(compact, key="forgotten", delay_seconds=COMPACTED_AFTER_SECONDS)
    return forgotten
