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
from zhiyue.collect.consenting import count_after_commit, granted_by
from zhiyue.collect.errors import BatchTooLarge, NotInVocabulary
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.models import Event, SealedDay
from zhiyue.collect.quarantine import Refusal
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.consent.selectors import granted_to_many
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
    unconsented: tuple[str, ...]
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
    """Record what a person did, in the caller's transaction. None where it isn't stored: an actor that is nobody
    leaves no trace, and what a person doesn't consent to is only counted."""
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
    purposes = cleaned.kind.stored_for(granted_by(actor))
    if purposes is None:
        count_after_commit([name], day=clock.business_day(received_at))
        return None
    event = _row(cleaned, actor=actor, origin="server", received_at=received_at, purposes=purposes)
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
    granted = granted_by(actor)
    rows: dict[UUID, Event] = {}
    refusals: list[Refusal] = []
    unconsented: list[str] = []
    repeated = 0
    for position, entry in enumerate(batch):
        try:
            if is_robot(user_agent):
                raise NotInVocabulary(ROBOT, f"Sent by a program: {user_agent[:80]}")
            cleaned = _from_browser(entry, received_at=received_at)
            if reason := refuse(cleaned):
                raise NotInVocabulary(reason, f"{cleaned.kind.name} was refused: {reason}.")
        except NotInVocabulary as why:
            refusals.append(_refusal(position, entry, why, actor, granted))
            continue
        purposes = cleaned.kind.stored_for(granted)
        if purposes is None:
            unconsented.append(cleaned.kind.name)
            continue
        repeated += cleaned.event_id in rows
        rows.setdefault(
            cleaned.event_id,
            _row(cleaned, actor=actor, origin="browser", received_at=received_at, purposes=purposes),
        )
    return Judged(actor, tuple(rows.values()), repeated, tuple(refusals), tuple(unconsented), received_at)


@transaction.atomic
def keep(judged: Judged) -> Receipt:
    """Store what was judged: the events under the unique key of their ids, the refusals in quarantine."""
    refused = tuple((one.position, one.reason) for one in judged.refusals)
    accepted = duplicates = 0
    if not judged.actor.is_nobody:
        accepted = _insert_once(list(judged.events))
        duplicates = len(judged.events) - accepted + judged.repeated
        count_after_commit(judged.unconsented, day=clock.business_day(judged.received_at))
    # Last, because everybody's refusals of one reason wait here for each other.
    quarantine.keep(judged.refusals, received_at=judged.received_at)
    return Receipt(
        accepted=accepted, duplicates=duplicates, refused=refused, unconsented=len(judged.unconsented)
    )


@transaction.atomic
def import_history(*, events: Iterable[tuple[Cleaned, Actor]], received_at: datetime | None = None) -> int:
    """Add many past events at once (origin `import`); those seen before are left alone, and what their people don't
    consent to now is only counted. Returns how many were new."""
    moment = received_at or clock.now()
    told = list(events)
    members, visitors = granted_to_many(
        member_ids={actor.member_id for _, actor in told if actor.member_id is not None},
        visitors={actor.visitor for _, actor in told if actor.member_id is None and actor.visitor},
    )
    rows = []
    unconsented: dict[date, list[str]] = {}
    for cleaned, actor in told:
        granted = (
            members.get(actor.member_id, NOTHING)
            if actor.member_id is not None
            else visitors.get(actor.visitor, NOTHING)
            if actor.visitor is not None
            else NOTHING
        )
        purposes = cleaned.kind.stored_for(granted)
        if purposes is None:
            day = clock.business_day(cleaned.occurred_at)
            unconsented.setdefault(day, []).append(cleaned.kind.name)
            continue
        rows.append(_row(cleaned, actor=actor, origin="import", received_at=moment, purposes=purposes))
    for day, names in unconsented.items():
        count_after_commit(names, day=day)
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


def _row(cleaned: Cleaned, *, actor: Actor, origin: str, received_at: datetime, purposes: Purpose) -> Event:
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
        purposes=int(purposes),
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


def _refusal(position: int, entry: object, why: NotInVocabulary, actor: Actor, granted: Purpose) -> Refusal:
    """What nobody sent, or somebody who consents to no analysis, is only counted; of what a program sends the payload
    is left out."""
    is_sampled = not actor.is_nobody and Purpose.ANALYTICS in granted
    payload = json.dumps(entry, ensure_ascii=False, default=str) if is_sampled and why.reason != ROBOT else ""
    name = entry.get("name") if isinstance(entry, dict) else None
    return Refusal(
        position=position,
        reason=why.reason,
        detail=str(why),
        payload=payload,
        is_sampled=is_sampled,
        name=name if isinstance(name, str) else "",
        actor=actor,
    )
