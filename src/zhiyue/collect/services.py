"""The door into the event log. `record` for servers, `judge` and `keep` for browsers, `import_history` for bulk."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from zhiyue.collect import quarantine, subjects
from zhiyue.collect.cleaning import Cleaned, clean, clock_shift, from_browser, is_robot, moment_of
from zhiyue.collect.consenting import Standing, among, count_after_commit, granted_by
from zhiyue.collect.days import reopen, touch
from zhiyue.collect.errors import BatchTooLarge, NotInVocabulary
from zhiyue.collect.keeping import ALONE, Beside
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.log import LogRow, append, row_of
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.pacing import PACED, lock, paced
from zhiyue.collect.quarantine import ROBOT, Refusal
from zhiyue.collect.selectors import by
from zhiyue.collect.slates import proved
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.consent.selectors import granted_to_many
from zhiyue.core.kit import clock

BATCH_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """A browser's batch between `judge` and `keep`: nothing of it is stored yet. `repeated` events stood in it
    more than once; `unconsented` ones will not be stored."""

    actor: Actor
    rows: tuple[LogRow, ...]
    repeated: int
    refusals: tuple[Refusal, ...]
    unconsented: tuple[LogRow, ...]
    received_at: datetime


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
    row = row_of(
        cleaned,
        actor=actor,
        origin="server",
        received_at=received_at,
        purposes=purposes,
        zone=clock.business_zone(),
    )
    event = Event(**row._asdict())
    # Whatever is refused was refused above: a savepoint would cost two statements each time.
    with transaction.atomic(savepoint=False):
        reopen([event.day])
        event.save(force_insert=True)
    return event


def judge(
    batch: Sequence[object],
    *,
    actor: Actor,
    user_agent: str,
    sent_at: datetime | None = None,
    received_at: datetime | None = None,
    refuse: Callable[[Cleaned], str] = lambda _: "",
) -> Judged:
    """Hold a browser's batch against the vocabulary. Writes nothing, and is called outside a transaction: on SQLite
    that would keep all other writers waiting meanwhile.

    `sent_at` is what the browser's clock said when the batch left, `received_at` when it arrived (default: now).
    What is told is stored for what the person consents to now and did when it happened. `refuse` lets the caller, who
    knows courses and rights, keep an event out: it returns the reason, or "".

    Each entry is an object with `id` (UUID), `name`, `at` (ISO 8601 with zone), and optional `course_id`,
    `lesson_id`, `properties`. Whose events they are comes from the session, never from the batch.
    Raises BatchTooLarge past 100 entries.
    """
    if len(batch) > BATCH_LIMIT:
        raise BatchTooLarge(f"A batch holds at most {BATCH_LIMIT} events.")
    arrived = received_at or clock.now()
    shift = clock_shift(sent_at, arrived)
    standing = Standing(actor)
    by_program, zone = is_robot(user_agent), clock.business_zone()
    clean_ones: list[Cleaned] = []
    refused: list[tuple[int, object, NotInVocabulary, datetime]] = []
    for position, entry in enumerate(batch):
        try:
            if by_program:
                raise NotInVocabulary(ROBOT, f"Sent by a program: {user_agent[:80]}")
            cleaned = proved(from_browser(entry, received_at=arrived, shift=shift), actor)
            if reason := refuse(cleaned):
                raise NotInVocabulary(reason, f"{cleaned.kind.name} was refused: {reason}.")
        except NotInVocabulary as why:
            refused.append((position, entry, why, moment_of(entry, received_at=arrived, shift=shift)))
            continue
        clean_ones.append(cleaned)
    rows: dict[UUID, LogRow] = {}
    unconsented: dict[UUID, LogRow] = {}
    repeated = 0
    moments = {*(cleaned.occurred_at for cleaned in clean_ones), *(moment for *_, moment in refused)}
    granted = standing.for_acts(moments)
    for cleaned in clean_ones:
        purposes = cleaned.kind.stored_for(granted[cleaned.occurred_at])
        row = row_of(
            cleaned,
            actor=actor,
            origin="browser",
            received_at=arrived,
            purposes=purposes or NOTHING,
            zone=zone,
        )
        if row.event_id in rows or row.event_id in unconsented:
            repeated += 1
        elif purposes is None:
            unconsented[row.event_id] = row
        else:
            rows[row.event_id] = row
    told_at = sent_at if shift else None
    refusals = tuple(
        _refusal(position, entry, why, actor, granted[moment], told_at)
        for position, entry, why, moment in refused
    )
    return Judged(actor, tuple(rows.values()), repeated, refusals, tuple(unconsented.values()), arrived)


@transaction.atomic(savepoint=False)
def keep(judged: Judged, *, beside: Beside = ALONE) -> Receipt:
    """Store what was judged: the events under the unique key of their ids, the refusals in quarantine. `beside` is
    what the caller keeps of the same events."""
    accepted, duplicates = store(judged, beside=beside)
    # Last, because everybody's refusals of one reason wait here for each other.
    quarantine.keep(judged.refusals, received_at=judged.received_at)
    return Receipt(
        accepted=accepted,
        duplicates=duplicates,
        refused=tuple((one.position, one.reason) for one in judged.refusals),
        unconsented=len(judged.unconsented),
    )


@transaction.atomic(savepoint=False)
def store(judged: Judged, *, beside: Beside = ALONE) -> tuple[int, int]:
    """What `keep` does without the refusals. Returns how many events were new, and how many were there before."""
    if judged.actor.is_nobody:
        return 0, 0
    count_after_commit([row.name for row in judged.unconsented], day=clock.business_day(judged.received_at))
    told = len(judged.rows) + judged.repeated
    timed = [row.event_id for row in (*judged.rows, *judged.unconsented) if row.name in PACED]
    if not timed:
        accepted = append(judged.rows)
        return accepted, told - accepted
    lock(judged.actor)
    # A report that came before takes no time again, and moves nothing.
    before = set(Event.objects.filter(event_id__in=timed).values_list("event_id", flat=True))
    found = paced(
        [row for row in judged.rows if row.event_id not in before],
        [row for row in judged.unconsented if row.event_id not in before],
        actor=judged.actor,
        spent_until=beside.spent_until(),
    )
    rows, unstored = beside.amend(found.rows, found.unstored)
    accepted = append(rows)
    if accepted < len(rows):
        # Somebody else may have brought one of these ids at the same moment.
        own = set(by(judged.actor).filter(event_id__in=timed).values_list("event_id", flat=True))
        rows = [row for row in rows if row.name not in PACED or row.event_id in own]
    beside.keep([*rows, *unstored], found.spent_until)
    return accepted, told - accepted


@transaction.atomic
def import_history(*, events: Iterable[tuple[Cleaned, Actor]]) -> int:
    """Add many past events at once (origin `import`); those seen before are left alone, and what their people don't
    consent to now is only counted. Returns how many were new."""
    moment = clock.now()
    told, zone = list(events), clock.business_zone()
    members, visitors = granted_to_many(
        member_ids={actor.member_id for _, actor in told if actor.member_id is not None},
        visitors={actor.visitor for _, actor in told if actor.member_id is None and actor.visitor},
    )
    rows: list[LogRow] = []
    unconsented: dict[date, list[str]] = {}
    for cleaned, actor in told:
        purposes = cleaned.kind.stored_for(among(members, visitors, actor))
        row = row_of(
            cleaned,
            actor=actor,
            origin="import",
            received_at=moment,
            purposes=purposes or NOTHING,
            zone=zone,
        )
        if purposes is None:
            unconsented.setdefault(row.day, []).append(row.name)
        else:
            rows.append(row)
    for day, names in unconsented.items():
        count_after_commit(names, day=day)
    return append(rows)


@transaction.atomic
def join_visitor(*, visitor: UUID, member_id: int) -> int:
    """Give a visitor's history to the member they turned out to be. Returns how many events moved."""
    theirs = Event.objects.filter(visitor=visitor, member__isnull=True)
    touch(theirs.order_by().values_list("day", flat=True).distinct())
    subjects.join(visitor=visitor, member_id=member_id)
    Quarantined.objects.filter(visitor=visitor, member=None).update(member_id=member_id)
    return theirs.update(member_id=member_id)


def _refusal(
    position: int,
    entry: object,
    why: NotInVocabulary,
    actor: Actor,
    granted: Purpose,
    sent_at: datetime | None,
) -> Refusal:
    """What nobody sent, or a program, or somebody who consents to no analysis, is only counted."""
    is_sampled = not actor.is_nobody and Purpose.ANALYTICS in granted and why.reason != ROBOT
    payload = json.dumps(entry, ensure_ascii=False, default=str) if is_sampled else ""
    name = entry.get("name") if isinstance(entry, dict) else None
    return Refusal(
        position=position,
        reason=why.reason,
        detail=str(why),
        payload=payload,
        is_sampled=is_sampled,
        name=name if isinstance(name, str) else "",
        actor=actor,
        sent_at=sent_at,
    )
