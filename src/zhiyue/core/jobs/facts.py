"""Facts go up: announced below, reacted to above, through job rows written in the same transaction."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction

from zhiyue.core.jobs import services
from zhiyue.core.jobs.models import Job, Reacted
from zhiyue.core.jobs.registry import JobKind, job
from zhiyue.core.kit import clock
from zhiyue.core.kit.facts import SUBJECT_CHARACTERS, Fact, check_fact_type

F = TypeVar("F", bound=Fact)

# The ids of facts announced `once` are made under it; another one would announce all of them again.
_ONCE = UUID("6f0f3a0e-5b0c-4a0f-9d43-2f4c0d9b7a51")

_reacting_to: ContextVar[UUID] = ContextVar("fact_id")

_reactions: dict[type[Fact], list[tuple[JobKind[Any], Callable[[], bool]]]] = {}
_types: dict[str, type[Fact]] = {}


class UnknownFactError(Exception):
    """The code that runs here has no fact of that name."""


def announce(fact: Fact, *, once: str = "") -> list[Job]:
    """One delivery per reaction, in the caller's transaction, all with the id this fact is given here.

    Each reaction gets the facts about one subject in the order in which they were announced, the next when the one
    before has ended. That is the order of the facts where whoever announces has locked the row of the subject before;
    of two transactions that go on about one subject at the same time, either may come first.

    `once`: words that name the occasion (“out at 2026-03-01T10:00Z”), for who may have to announce again without
    knowing whether it has: the same fact type with the same words is delivered once, as long as finished jobs are kept.

    Raises `RuntimeError` outside a transaction (the fact could then outlive, or miss, what it tells of) and
    `ValueError` for a subject that is empty or too long.
    """
    name = type(fact).__name__
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"Announce {name} inside the transaction that makes it true.")
    if not 0 < len(fact.subject) <= SUBJECT_CHARACTERS:
        raise ValueError(f"{name} is about “{fact.subject}”: use 1 to {SUBJECT_CHARACTERS} characters.")
    reactions = _reactions.get(type(fact), [])
    if not reactions:
        return []
    fact_id = uuid5(_ONCE, f"{name} {once}") if once else uuid4()
    stored = fact.to_json()
    return [
        services.deliver(
            kind, fact_id=fact_id, subject=fact.subject, fact_name=name, fact=stored, is_new=not once
        )
        for kind, is_wanted in reactions
        if is_wanted()
    ]


def reaction(
    *fact_types: type[F],
    name: str,
    attempts: int = 8,
    lease_seconds: float = 60,
    backoff_seconds: float = 5,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Registers a function of one fact, of any of these types, as background work.

    It runs inside a transaction, with the line of the ledger that says so: what it writes to the database happens once
    per fact, however often it is delivered. Whatever can't be rolled back (a mail, a file, a call) and whatever takes
    longer than a second belongs into a job that the reaction enqueues.

    `is_wanted` is asked when a fact is announced, in that transaction: where it says no, the reaction hears nothing of
    it, then or later. For what few installations have, so that the others don't pay for it.
    """
    for fact_type in fact_types:
        check_fact_type(fact_type)
        if _types.setdefault(fact_type.__name__, fact_type) is not fact_type:
            raise ValueError(f"Two facts are called “{fact_type.__name__}”; give one of them another name.")

    def register(function: Callable[[F], None]) -> Callable[[F], None]:
        @job(name=name, attempts=attempts, lease_seconds=lease_seconds, backoff_seconds=backoff_seconds)
        def react(*, fact_id: str, fact_name: str, fact: dict[str, Any]) -> None:
            told = {fact_type.__name__: fact_type for fact_type in fact_types}.get(fact_name)
            if told is None:
                raise UnknownFactError(f"“{name}” knows no fact “{fact_name}”: renamed, or newer than this?")
            with transaction.atomic():
                if _entered(UUID(fact_id), name):
                    _react(function, told.from_json(fact), UUID(fact_id))

        for fact_type in fact_types:
            _reactions.setdefault(fact_type, []).append((react, is_wanted))
        return function

    return register


def fact_id() -> UUID:
    """Inside a reaction: the id of the fact, the same however often it is delivered. For names that must be so too.
    Raises LookupError elsewhere."""
    return _reacting_to.get()


def _react(function: Callable[[F], None], fact: F, fact_id: UUID) -> None:
    token = _reacting_to.set(fact_id)
    try:
        function(fact)
    finally:
        _reacting_to.reset(token)


def _entered(fact_id: UUID, reaction_name: str) -> bool:
    """Writes the line of the ledger; `False` when it stands there. While another worker's transaction is writing it
    this waits for how that ends."""
    try:
        with transaction.atomic():
            Reacted.objects.create(fact_id=fact_id, reaction=reaction_name, reacted_at=clock.now())
    except IntegrityError:
        return False
    return True
