"""The door into the event log. `record` for servers, `receive` (`judge`, then `keep`) for browsers, `import_history`
for bulk."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from zhiyue.collect import quarantine
from zhiyue.collect.cleaning import Cleaned, clean, is_robot
from zhiyue.collect.errors import BatchTooLarge, NotInVocabulary
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.models import Event, SealedDay
from zhiyue.collect.quarantine import Refusal
from zhiyue.core.kit import clock

BATCH_LIMIT = 100
ROBOT = "robot"


@dataclass(frozen=True, slots=True)
class Judged:
    """A browser's batch between `judge` and `keep`: nothing of it is stored yet. `repeated` events stood in it
    more than once."""

    actor: Actor
    events: tuple[Event, ...]
    repeated: int
    refusals: tuple[Refusal, ...]
    received_at: datetime


@transaction.atomic
def record(
    name: str,
    *,
    actor: Actor,
    course_id: int | None = None,
    lesson_id: int | None = None,
    occurred_at: datetime | None = None,
    **properties: object,
) -> Event | None:
    """Record what a person did, in the caller's transaction. An actor that is nobody leaves no trace."""
    if actor.is_nobody:
        return None
    received_at = clock.now()
    cleaned = clean(
        name=name,
        origin="server",
        event_id=uuid4(),
        course_id=course_id,
        lesson_id=lesson_id,
        properties=properties,
        occurred_at=occurred_at or received_at,
        received_at=received_at,
    )
    event = _row(cleaned, actor=actor, origin="server", received_at=received_at)
    _reopen_days([event.day])
    event.save(force_insert=True)
    return event


def receive(
    batch: Sequence[object], *, actor: Actor, user_agent: str, refuse: Callable[[Cleaned], str] = lambda _: ""
) -> Receipt:
    """Take a browser's batch: store what is clean, count what was seen before, quarantine the rest.

    Arguments, entries and errors are those of `judge`.
    """
    return keep(judge(batch, actor=actor, user_agent=user_agent, refuse=refuse))


def judge(
    batch: Sequence[object], *, actor: Actor, user_agent: str, refuse: Callable[[Cleaned], str] = lambda _: ""
) -> Judged:
    """Hold a browser's batch against the vocabulary. Writes nothing, and is called outside a transaction: on SQLite
    that would keep all other writers waiting meanwhile.

    `refuse` lets the caller, who knows courses and rights, keep an event out: it returns the reason, or "".

    Each entry is an object with `id` (UUID), `name`, `at` (ISO 8601 with zone), and optional `course_id`,
    `lesson_id`, `properties`. Whose events they are comes from the session, never from the batch.
    Raises BatchTooLarge past 100 entries.
    """
    if len(batch) > BATCH_LIMIT:
        raise BatchTooLarge(f"A batch holds at most {BATCH_LIMIT} events.")
    received_at = clock.now()
    rows: dict[UUID, Event] = {}
    refusals: list[Refusal] = []
    repeated = 0
    for position, entry in enumerate(batch):
        try:
            if is_robot(user_agent):
                raise NotInVocabulary(ROBOT, f"Sent by a program: {user_agent[:80]}")
            cleaned = _from_browser(entry, received_at=received_at)
            if reason := refuse(cleaned):
                raise NotInVocabulary(reason, f"{cleaned.kind.name} was refused: {reason}.")
        except NotInVocabulary as why:
            refusals.append(_refusal(position, entry, why, actor))
            continue
        repeated += cleaned.event_id in rows
        rows.setdefault(
            cleaned.event_id, _row(cleaned, actor=actor, origin="browser", received_at=received_at)
        )
    return Judged(actor, tuple(rows.values()), repeated, tuple(refusals), received_at)


@transaction.atomic
def keep(judged: Judged) -> Receipt:
    """Store what was judged: the events under the unique key of their ids, the refusals in quarantine."""
    refused = tuple((one.position, one.reason) for one in judged.refusals)
    accepted = duplicates = 0
    if not judged.actor.is_nobody:
        accepted = _insert_once(list(judged.events))
        duplicates = len(judged.events) - accepted + judged.repeated
    # Last, because everybody's refusals of one reason wait here for each other.
    quarantine.keep(judged.refusals, received_at=judged.received_at)
    return Receipt(accepted=accepted, duplicates=duplicates, refused=refused)


@transaction.atomic
def import_history(*, events: Iterable[tuple[Cleaned, Actor]], received_at: datetime | None = None) -> int:
    """Add many past events at once (origin `import`); those seen before are left alone. Returns how many were new."""
    moment = received_at or clock.now()
    rows = [_row(cleaned, actor=actor, origin="import", received_at=moment) for cleaned, actor in events]
    return _insert_once(rows)


@transaction.atomic
def join_visitor(*, visitor: UUID, member_id: int) -> int:
    """Give a visitor's history to the member they turned out to be. Returns how many events moved."""
    theirs = Event.objects.filter(visitor=visitor, member__isnull=True)
    _reopen_days(theirs.order_by().values_list("day", flat=True).distinct())
    return theirs.update(member_id=member_id)


def _from_browser(entry: object, *, received_at: datetime) -> Cleaned:
    if not isinstance(entry, dict):
        raise NotInVocabulary("malformed", "An event must be an object.")
    properties = entry.get("properties") or {}
    if not isinstance(properties, dict):
        raise NotInVocabulary("malformed", "`properties` must be an object.")
    for extra in entry.keys() - {"id", "name", "at", "course_id", "lesson_id", "properties"}:
        raise NotInVocabulary("unknown_property", f"An event has no field “{str(extra)[:60]}”.")
    return clean(
        name=entry.get("name"),
        origin="browser",
        event_id=_uuid(entry.get("id")),
        course_id=entry.get("course_id"),
        lesson_id=entry.get("lesson_id"),
        properties=properties,
        occurred_at=_moment(entry.get("at")),
        received_at=received_at,
    )


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as wrong:
        raise NotInVocabulary("malformed", "`id` must be a UUID.") from wrong


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        moment.astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise NotInVocabulary("malformed", "`at` must be an ISO 8601 time.") from wrong
    if moment.tzinfo is None:
        raise NotInVocabulary("malformed", "`at` must carry its time zone.")
    return moment


def _row(cleaned: Cleaned, *, actor: Actor, origin: str, received_at: datetime) -> Event:
    return Event(
        event_id=cleaned.event_id,
        name=cleaned.kind.name,
        member_id=actor.member_id,
        visitor=actor.visitor,
        course_id=cleaned.course_id,
        lesson_id=cleaned.lesson_id,
        properties=cleaned.properties,
        origin=origin,
        occurred_at=cleaned.occurred_at,
        recorded_at=received_at,
        day=clock.business_day(cleaned.occurred_at),
        corrections=cleaned.corrections,
    )


def _insert_once(rows: list[Event]) -> int:
    """Insert rows whose event id is new; the unique key decides, so two requests can't both store one."""
    if not rows:
        return 0
    _reopen_days({row.day for row in rows})
    ids = [row.event_id for row in rows]
    before = _count(ids)
    Event.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return _count(ids) - before


def _count(ids: list[UUID]) -> int:
    return sum(
        Event.objects.filter(event_id__in=ids[start : start + 500]).count()
        for start in range(0, len(ids), 500)
    )


def _reopen_days(days: Iterable[date]) -> None:
    """Past days that get or lose events are read from the log again until they are sealed anew.

    The rows are made and locked here, so that a sealing under way ends first or sees these events. Both happen in
    the order of days, so that of two who want the same days one waits for the other, and never each for each.
    """
    today = clock.business_day()
    past = sorted({day for day in days if day < today})
    if past:
        SealedDay.objects.bulk_create([SealedDay(day=day) for day in past], ignore_conflicts=True)
        locked = SealedDay.objects.select_for_update().filter(day__in=past).order_by("day")
        SealedDay.objects.filter(pk__in=[row.pk for row in locked]).update(file="")


def _refusal(position: int, entry: object, why: NotInVocabulary, actor: Actor) -> Refusal:
    """Nobody's rubbish is only counted, and of what a program sends the payload is left out."""
    payload = (
        "" if why.reason == ROBOT or actor.is_nobody else json.dumps(entry, ensure_ascii=False, default=str)
    )
    return Refusal(
        position=position,
        reason=why.reason,
        detail=str(why),
        payload=payload,
        is_sampled=not actor.is_nobody,
    )
