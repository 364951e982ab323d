"""What is consented to: the one place that decides it."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Max, QuerySet

from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import HOLDS_SINCE_VERSION, NOTHING, VISITOR_HOLDS_DAYS, Purpose
from zhiyue.core.kit import clock

PEOPLE_AT_ONCE = 5000
P = TypeVar("P")


def choice_of(*, member_id: int | None, visitor: UUID | None) -> Choice | None:
    """The choice that holds for a person; None where they have to be asked (again).

    A member's own choice counts, whichever browser they use; a visitor's is found by their key.
    """
    return _of(member_id, visitor).order_by("-pk").first()


def granted(*, member_id: int | None, visitor: UUID | None) -> Purpose:
    """The purposes that a person consents to now; nothing before they were asked."""
    choice = choice_of(member_id=member_id, visitor=visitor)
    return Purpose(choice.granted) if choice else NOTHING


def granted_at(
    *, member_id: int | None, visitor: UUID | None, moments: Collection[datetime]
) -> dict[datetime, Purpose]:
    """The purposes that a person consented to at each of these moments. Until a member chose for the first time, what
    was chosen under the key of the browser they sit at counts: that is what became theirs when they signed in."""
    own: list[tuple[datetime, int]] = []
    browsers: list[tuple[datetime, int]] = []
    if moments and member_id is not None:
        own = _made(_holding().filter(member_id=member_id))
    if moments and visitor is not None:
        browsers = _made(_holding().filter(visitor=visitor))
    found = {}
    for moment in moments:
        bits = next((granted for made_at, granted in own if made_at <= moment), None)
        if bits is None:
            first = moment - timedelta(days=VISITOR_HOLDS_DAYS)
            bits = next((granted for made_at, granted in browsers if first < made_at <= moment), 0)
        found[moment] = Purpose(bits)
    return found


def granted_to_many(
    *, member_ids: Collection[int] = (), visitors: Collection[UUID] = ()
) -> tuple[dict[int, Purpose], dict[UUID, Purpose]]:
    """The same for many people at once, members by id and visitors by key; who wasn't asked is left out."""
    members: dict[int, Purpose] = {}
    keys: dict[UUID, Purpose] = {}
    for some in _in_parts(member_ids):
        rows = _newest(_holding().filter(member__in=some), "member")
        members.update((person, Purpose(bits)) for person, bits in rows.values_list("member", "granted"))
    for some_keys in _in_parts(visitors):
        rows = _newest(_visitors_holding().filter(visitor__in=some_keys), "visitor")
        keys.update((key, Purpose(bits)) for key, bits in rows.values_list("visitor", "granted") if key)
    return members, keys


def changed_by(member_ids: Collection[int]) -> dict[int, list[tuple[datetime, Purpose]]]:
    """What those of the members chose who chose more than once, and when: the newest first."""
    found: dict[int, list[tuple[datetime, Purpose]]] = {}
    for some in _in_parts(member_ids):
        rows = _holding().filter(member__in=some).order_by("-pk")
        for member_id, made_at, bits in rows.values_list("member_id", "made_at", "granted"):
            if member_id is not None:
                found.setdefault(member_id, []).append((made_at, Purpose(bits)))
    return {member_id: choices for member_id, choices in found.items() if len(choices) > 1}


def who_grants(purpose: Purpose) -> tuple[list[int], list[UUID]]:
    """Everybody who consents to `purpose` now: ids of members, and keys of visitors."""
    members = _newest(_holding().filter(member__isnull=False), "member")
    visitors = _newest(_visitors_holding().filter(visitor__isnull=False), "visitor")
    grants = {"bits__gt": 0}
    bits = F("granted").bitand(int(purpose))
    return (
        [pk for pk in members.annotate(bits=bits).filter(**grants).values_list("member_id", flat=True) if pk],
        [
            key
            for key in visitors.annotate(bits=bits).filter(**grants).values_list("visitor", flat=True)
            if key
        ],
    )


def history_of(member_id: int) -> list[Choice]:
    """Every choice that a member made, newest first."""
    return list(Choice.objects.filter(member_id=member_id).order_by("-pk"))


def _of(member_id: int | None, visitor: UUID | None) -> QuerySet[Choice]:
    if member_id is not None:
        return _holding().filter(member_id=member_id)
    if visitor is not None:
        return _visitors_holding().filter(visitor=visitor)
    return Choice.objects.none()


def _made(choices: QuerySet[Choice]) -> list[tuple[datetime, int]]:
    """When they were made and what was granted, the newest first."""
    return list(choices.order_by("-made_at", "-pk").values_list("made_at", "granted"))


def _holding() -> QuerySet[Choice]:
    return Choice.objects.filter(version__gte=HOLDS_SINCE_VERSION)


def _visitors_holding() -> QuerySet[Choice]:
    return _holding().filter(made_at__gt=clock.now() - timedelta(days=VISITOR_HOLDS_DAYS))


def _newest(choices: QuerySet[Choice], whose: str) -> QuerySet[Choice]:
    """The newest of each person's choices."""
    newest = choices.order_by().values(whose).annotate(newest=Max("pk")).values("newest")
    return Choice.objects.filter(pk__in=newest)


def _in_parts(people: Collection[P]) -> Iterator[list[P]]:
    """SQLite takes only so many parameters in one statement."""
    listed = list(people)
    for start in range(0, len(listed), PEOPLE_AT_ONCE):
        yield listed[start : start + PEOPLE_AT_ONCE]
