"""Cleaning: is it in the vocabulary, whose is it, when was it. Pure of the database; `services` stores."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.vocabulary import KINDS, EventKind, Origin, Property

FUTURE_BOUND = timedelta(minutes=2)
PAST_BOUND = timedelta(days=7)

_ROBOT = re.compile(
    r"bot\b|crawl|spider|slurp|headlesschrome-lighthouse|facebookexternalhit|curl/|wget/|python-requests",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """An event that may be stored, with what cleaning had to correct."""

    kind: EventKind
    event_id: UUID
    course_id: int | None
    lesson_id: int | None
    properties: dict[str, object]
    occurred_at: datetime
    corrections: list[str] = field(default_factory=list)


def is_robot(user_agent: str) -> bool:
    """Does the browser say of itself that it is a program? An empty name counts as one."""
    return not user_agent.strip() or bool(_ROBOT.search(user_agent))


def clean(
    *,
    name: object,
    origin: Origin,
    event_id: UUID,
    course_id: object,
    lesson_id: object,
    properties: dict[str, object],
    occurred_at: datetime,
    received_at: datetime,
) -> Cleaned:
    """Hold one event against the vocabulary. Raises NotInVocabulary with the reason counted in quarantine."""
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise NotInVocabulary("unknown_event", f"“{str(name)[:60]}” is not in the table of events.")
    if origin not in kind.origins:
        raise NotInVocabulary("wrong_origin", f"{kind.name} can't be told by a {origin}.")
    _check_about(kind, course_id=course_id, lesson_id=lesson_id)
    known = {p.name for p in kind.properties}
    for extra in properties.keys() - known:
        raise NotInVocabulary("unknown_property", f"{kind.name} has no property “{str(extra)[:60]}”.")
    for wanted in kind.properties:
        _check_property(kind, wanted, properties.get(wanted.name))
    moment, corrections = (
        _within_bounds(occurred_at, received_at) if origin == "browser" else (occurred_at, [])
    )
    return Cleaned(
        kind=kind,
        event_id=event_id,
        course_id=course_id if isinstance(course_id, int) else None,
        lesson_id=lesson_id if isinstance(lesson_id, int) else None,
        properties=properties,
        occurred_at=moment,
        corrections=corrections,
    )


def _is_id(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**62


def _check_about(kind: EventKind, *, course_id: object, lesson_id: object) -> None:
    for label, number, wanted in (
        ("course_id", course_id, kind.about != "nothing"),
        ("lesson_id", lesson_id, kind.about == "lesson"),
    ):
        if wanted and not _is_id(number):
            raise NotInVocabulary("missing_id", f"{kind.name} needs {label}, a positive whole number.")
        if not wanted and number is not None:
            raise NotInVocabulary("unknown_property", f"{kind.name} takes no {label}.")


def _check_property(kind: EventKind, wanted: Property, found: object) -> None:
    if found is None:
        if wanted.required:
            raise NotInVocabulary("missing_property", f"{kind.name} needs “{wanted.name}”.")
        return
    right_type = {
        "int": isinstance(found, int) and not isinstance(found, bool),
        "text": isinstance(found, str),
        "int_list": isinstance(found, list) and all(_is_id(entry) for entry in found),
    }[wanted.type]
    if not right_type:
        raise NotInVocabulary("wrong_type", f"“{wanted.name}” of {kind.name} must be {wanted.type}.")
    if isinstance(found, str) and not _storable(found):
        raise NotInVocabulary(
            "wrong_type", f"“{wanted.name}” of {kind.name} holds characters that can't be stored."
        )
    size = found if isinstance(found, int) else len(found)  # type: ignore[arg-type]
    if not wanted.least <= size <= wanted.most:
        raise NotInVocabulary(
            "out_of_bounds", f"“{wanted.name}” of {kind.name} must lie in {wanted.least}–{wanted.most}."
        )


def _storable(text: str) -> bool:
    """PostgreSQL takes no NUL in JSON, and nothing takes half a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _within_bounds(occurred_at: datetime, received_at: datetime) -> tuple[datetime, list[str]]:
    """A browser's clock is believed within a week back and two minutes ahead; beyond, ours is taken."""
    if occurred_at > received_at + FUTURE_BOUND:
        return received_at, ["clock_ahead"]
    if occurred_at < received_at - PAST_BOUND:
        return received_at, ["clock_behind"]
    return min(occurred_at, received_at), []
