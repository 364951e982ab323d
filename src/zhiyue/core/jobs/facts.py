"""Facts go up: announced below, reacted to above, through job rows written in the same transaction."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction

from zhiyue.core.jobs import services
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.registry import JobKind, job
from zhiyue.core.kit.facts import Fact, check_fact_type

F = TypeVar("F", bound=Fact)

_reactions: dict[type[Fact], list[JobKind[Any]]] = {}


def announce(fact: Fact) -> list[Job]:
    """One job per reaction, in the caller's transaction. Raises `RuntimeError` outside one: the fact
    could then outlive, or miss, what it tells of."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"Announce {type(fact).__name__} inside the transaction that makes it true.")
    stored = fact.to_json()
    return [services.enqueue(kind, fact=stored) for kind in _reactions.get(type(fact), [])]


def reaction(
    fact_type: type[F], *, name: str, attempts: int = 8, lease_seconds: float = 60
) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Registers a function of one fact as background work. It may run twice, so it must be idempotent."""
    check_fact_type(fact_type)

    def register(function: Callable[[F], None]) -> Callable[[F], None]:
        @job(name=name, attempts=attempts, lease_seconds=lease_seconds)
        def react(*, fact: dict[str, Any]) -> None:
            function(fact_type.from_json(fact))

        _reactions.setdefault(fact_type, []).append(react)
        return function

    return register
