"""Writes of consent. Choices are only ever added."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhiyue.core.accounts.models import User
from zhiyue.core.consent.errors import NobodyChose
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import VERSION, Purpose
from zhiyue.core.consent.selectors import choice_of
from zhiyue.core.kit import clock


@transaction.atomic
def choose(*, member_id: int | None, visitor: UUID | None, granted: Purpose, way: Choice.Way) -> Choice:
    """Keep what somebody chose, for all purposes at once. The same again is kept once, of visitors but for two taps at
    the same instant. Raises NobodyChose."""
    if member_id is None and visitor is None:
        raise NobodyChose
    _one_after_the_other(member_id)
    current = choice_of(member_id=member_id, visitor=visitor)
    if current is not None and (current.granted, current.version) == (int(granted), VERSION):
        return current
    return Choice.objects.create(
        member_id=member_id,
        # A member's choice is theirs in every browser.
        visitor=None if member_id is not None else visitor,
        granted=int(granted),
        version=VERSION,
        way=way,
        made_at=clock.now(),
    )


@transaction.atomic
def bring(*, visitor: UUID, member_id: int) -> Choice | None:
    """A visitor turned out to be a member: where the member has no choice that holds, the visitor's becomes theirs.
    Returns the member's choice."""
    _one_after_the_other(member_id)
    own = choice_of(member_id=member_id, visitor=None)
    theirs = choice_of(member_id=None, visitor=visitor)
    if own is not None or theirs is None:
        return own
    return Choice.objects.create(
        member_id=member_id,
        granted=theirs.granted,
        version=theirs.version,
        way=Choice.Way.SIGN_IN,
        made_at=clock.now(),
    )


@transaction.atomic
def import_choices(*, rows: Iterable[tuple[int | None, UUID | None, Purpose, datetime]]) -> int:
    """Add past choices in bulk: (member id or None, visitor key or None, granted, when). Returns how many."""
    choices = [
        Choice(
            member_id=member_id,
            visitor=visitor,
            granted=int(granted),
            version=VERSION,
            way=Choice.Way.IMPORT,
            made_at=made_at,
        )
        for member_id, visitor, granted, made_at in rows
    ]
    Choice.objects.bulk_create(choices, batch_size=1000)
    return len(choices)


def _one_after_the_other(member_id: int | None) -> None:
    """Two devices of a member choose in turn."""
    if member_id is not None:
        list(User.objects.select_for_update().filter(pk=member_id).values_list("pk"))
