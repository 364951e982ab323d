"""Which jobs and schedules exist: filled by each app's `tasks.py` and `reactions.py` when Django starts."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Generic, ParamSpec, Protocol

from zhiyue.core.kit import clock

P = ParamSpec("P")

_TAKEN_WORDS = {"job", "delay_seconds", "key"}
_jobs: dict[str, "JobKind[Any]"] = {}
_schedules: dict[str, "ScheduleKind"] = {}


@dataclass(frozen=True)
class JobKind(Generic[P]):
    """A function that can be enqueued. Calling it runs it here and now."""

    name: str
    function: Callable[P, None]
    attempts: int
    lease_seconds: float
    backoff_seconds: float

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        self.function(*args, **kwargs)

    def check(self, kwargs: Mapping[str, object]) -> None:
        """Raises `TypeError` unless the function takes `kwargs` and JSON gives each one back unchanged."""
        try:
            inspect.signature(self.function).bind(**kwargs)
        except TypeError as problem:
            raise TypeError(f"Job “{self.name}”: {problem}.") from None
        for word, value in kwargs.items():
            try:
                survives = json.loads(json.dumps(value, allow_nan=False)) == value
            except (TypeError, ValueError):
                survives = False
            if not survives:
                raise TypeError(
                    f"Job “{self.name}”: {word}={value!r} is not plain JSON. "
                    "Pass ids, numbers, text, lists, or dicts with text keys."
                )


class Timing(Protocol):
    """When something is due."""

    def first(self, now: datetime) -> datetime: ...

    def following(self, due: datetime, now: datetime) -> datetime: ...


@dataclass(frozen=True)
class Every:
    """At once when first met, then in even steps; steps that were missed are left out."""

    seconds: int

    def first(self, now: datetime) -> datetime:
        return now

    def following(self, due: datetime, now: datetime) -> datetime:
        missed = max(0, int((now - due).total_seconds() // self.seconds))
        return due + timedelta(seconds=self.seconds * (missed + 1))

    def __str__(self) -> str:
        minutes, rest = divmod(self.seconds, 60)
        return f"every {self.seconds} s" if rest else f"every {minutes} min"


@dataclass(frozen=True)
class Daily:
    """Once a day at a wall-clock time of the academy's business zone."""

    at: time

    def first(self, now: datetime) -> datetime:
        return self.following(now, now)

    def following(self, due: datetime, now: datetime) -> datetime:
        today, zone = clock.business_day(now), clock.business_zone()
        moment = datetime.combine(today, self.at, tzinfo=zone)
        return moment if moment > now else datetime.combine(today + timedelta(days=1), self.at, tzinfo=zone)

    def __str__(self) -> str:
        return f"daily {self.at:%H:%M}"


@dataclass(frozen=True)
class ScheduleKind:
    name: str
    timing: Timing
    job: JobKind[Any]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def job(
    *, name: str, attempts: int = 5, lease_seconds: float = 300, backoff_seconds: float = 5
) -> Callable[[Callable[P, None]], JobKind[P]]:
    """Registers a keyword-only function as background work.

    It may run more than once (a worker can die after the work, before saying so), so it must be idempotent.
    The lease is renewed while it runs: `lease_seconds` is how long a dead worker's job lies still, no limit.
    """
    if attempts < 1 or lease_seconds <= 0 or backoff_seconds < 0:
        raise ValueError(f"Job “{name}” needs attempts ≥ 1, lease_seconds > 0 and backoff_seconds ≥ 0.")

    def register(function: Callable[P, None]) -> JobKind[P]:
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name in _TAKEN_WORDS:
                taken = ", ".join(sorted(_TAKEN_WORDS))
                raise TypeError(
                    f"Job “{name}”: “{parameter.name}” must be keyword-only, and none of {taken}."
                )
        if name in _jobs:
            raise ValueError(f"Two jobs are called “{name}”; give one of them another name.")
        kind = JobKind(name, function, attempts, lease_seconds, backoff_seconds)
        _jobs[name] = kind
        return kind

    return register


def every(
    *,
    job: JobKind[Any],
    minutes: int = 0,
    seconds: int = 0,
    kwargs: Mapping[str, object] | None = None,
    name: str | None = None,
) -> ScheduleKind:
    """Enqueues `job` again and again. A period in which the former one is still unfinished is left out."""
    period_seconds = 60 * minutes + seconds
    if period_seconds < 1:
        raise ValueError("every() needs minutes or seconds of at least 1.")
    return _add_schedule(ScheduleKind(name or job.name, Every(period_seconds), job, kwargs or {}))


def daily(
    *, at: str, job: JobKind[Any], kwargs: Mapping[str, object] | None = None, name: str | None = None
) -> ScheduleKind:
    """Enqueues `job` each day `at` ("03:30") in the academy's business zone."""
    try:
        moment = datetime.strptime(at, "%H:%M").time()
    except ValueError:
        raise ValueError(f"daily() needs a time such as “03:30”, not “{at}”.") from None
    return _add_schedule(ScheduleKind(name or job.name, Daily(moment), job, kwargs or {}))


def find(name: str) -> JobKind[Any] | None:
    return _jobs.get(name)


def jobs() -> Mapping[str, JobKind[Any]]:
    return _jobs


def schedules() -> Mapping[str, ScheduleKind]:
    return _schedules


def _add_schedule(kind: ScheduleKind) -> ScheduleKind:
    kind.job.check(kind.kwargs)
    if kind.name in _schedules:
        raise ValueError(f"Two schedules are called “{kind.name}”; pass name= to one of them.")
    _schedules[kind.name] = kind
    return kind
