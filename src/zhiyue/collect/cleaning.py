"""Cleaning: is it in the vocabulary, whose is it, when was it. Pure of the database; `services` stores."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import NamedTuple, TypeGuard
from uuid import UUID

from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.vocabulary import KINDS, EventKind, Origin, Property

FUTURE_BOUND = timedelta(minutes=2)
PAST_BOUND = timedelta(days=7)
# How wrong a browser's clock may be and still be set right by when its batch arrived: any wrong time zone is within it.
SHIFT_BOUND = timedelta(hours=26)
# A batch may be so long on its way without its clock being thought wrong.
ON_THE_WAY = timedelta(seconds=5)
EVENT_BYTES = 5_000
_FIELDS = frozenset({"id", "name", "at", "course_id", "lesson_id", "properties"})
_LARGEST_ID = 2**62
_LONGEST_UUID = 45

_ROBOT = re.compile(
    r"bot\b|crawl|spider|slurp|scrapy|headlesschrome-lighthouse|facebookexternalhit|curl/|wget/|libwww|"
    r"python-requests|python-urllib|python-httpx|aiohttp|go-http-client|phantomjs|java/",
    re.I,
)


class Cleaned(NamedTuple):
    """An event that may be stored, with what cleaning had to correct."""

    kind: EventKind
    event_id: UUID
    course_id: int | None
    lesson_id: int | None
    properties: Mapping[str, object]
    occurred_at: datetime
    corrections: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
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
    properties: Mapping[str, object],
    occurred_at: datetime,
    received_at: datetime,
    shift: timedelta | None = None,
) -> Cleaned:
    """Hold one event against the vocabulary; `shift` sets a browser's clock right (see `clock_shift`).

    Raises NotInVocabulary with the reason counted in quarantine.
    """
    kind = check(name=name, origin=origin, course_id=course_id, lesson_id=lesson_id, properties=properties)
    corrections: tuple[str, ...] = ()
    if origin == "browser":
        occurred_at, corrections = _within_bounds(occurred_at, received_at, shift)
    # Readers of the log ask whether a property is there: one that is told to be nothing isn't.
    if None in properties.values():
        properties = {label: found for label, found in properties.items() if found is not None}
    # What isn't an id was refused above.
    return Cleaned(kind, event_id, course_id, lesson_id, properties, occurred_at, corrections)  # type: ignore[arg-type]


def check(
    *, name: object, origin: Origin, course_id: object, lesson_id: object, properties: Mapping[str, object]
) -> EventKind:
    """Hold what was done against the vocabulary. Returns its line there. Raises NotInVocabulary."""
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise NotInVocabulary("unknown_event", f"“{str(name)[:60]}” is not in the table of events.")
    if origin not in kind.origins:
        raise NotInVocabulary("wrong_origin", f"{kind.name} can't be told by a {origin}.")
    _check_about(kind, course_id, lesson_id)
    if properties or kind.required:
        _check_properties(kind, properties)
    return kind


def from_browser(entry: object, *, received_at: datetime, shift: timedelta | None = None) -> Cleaned:
    """The same for an entry of a browser's batch as it came. Raises NotInVocabulary."""
    try:
        return _entry(entry, received_at, shift)
    except NotInVocabulary:
        # Asked of what is refused alone: all that fits the table is smaller, which a test reckons.
        if _bytes_of(entry) > EVENT_BYTES:
            raise NotInVocabulary("too_large", f"An event holds at most {EVENT_BYTES} bytes.") from None
        raise


def _entry(entry: object, received_at: datetime, shift: timedelta | None) -> Cleaned:
    if not isinstance(entry, dict):
        raise NotInVocabulary("malformed", "An event must be an object.")
    properties = entry.get("properties") or {}
    if not isinstance(properties, dict):
        raise NotInVocabulary("malformed", "`properties` must be an object.")
    for extra in entry.keys() - _FIELDS:
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
        shift=shift,
    )


def moment_of(entry: object, *, received_at: datetime, shift: timedelta | None) -> datetime:
    """When an entry of a browser's batch happened, whatever else is wrong with it; when it arrived, where it doesn't
    say."""
    if not isinstance(entry, dict):
        return received_at
    try:
        return _within_bounds(_moment(entry.get("at")), received_at, shift)[0]
    except NotInVocabulary:
        return received_at


def clock_shift(sent_at: datetime | None, received_at: datetime) -> timedelta | None:
    """By how much the clock is to be set right that said `sent_at` when a batch left; None where it is right, isn't
    known, or is so wrong that nothing it says is believed."""
    if sent_at is None:
        return None
    shift = received_at - sent_at
    return shift if ON_THE_WAY < abs(shift) <= SHIFT_BOUND else None


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        moment.astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise NotInVocabulary("malformed", "`at` must be an ISO 8601 time.") from wrong
    if moment.tzinfo is None:
        raise NotInVocabulary("malformed", "`at` must carry its time zone.")
    return moment


def _bytes_of(entry: object) -> int:
    return len(json.dumps(entry, ensure_ascii=False, default=str).encode(errors="replace"))


def _uuid(text: object) -> UUID:
    try:
        # Python reads an id with any number of hyphens.
        return UUID(text[:_LONGEST_UUID] if isinstance(text, str) else str(text)[:_LONGEST_UUID])
    except ValueError as wrong:
        raise NotInVocabulary("malformed", "`id` must be a UUID.") from wrong


def is_id(number: object) -> TypeGuard[int]:
    return isinstance(number, int) and number is not True and 0 < number < _LARGEST_ID


def _check_about(kind: EventKind, course_id: object, lesson_id: object) -> None:
    about = kind.about
    is_left_out = course_id is None and kind.is_course_optional
    if not is_left_out and (about == "nothing" or not is_id(course_id)):
        _check_id(kind, "course_id", course_id, wanted=about != "nothing")
    if about != "lesson" or not is_id(lesson_id):
        _check_id(kind, "lesson_id", lesson_id, wanted=about == "lesson")


def _check_id(kind: EventKind, label: str, number: object, *, wanted: bool) -> None:
    if wanted:
        raise NotInVocabulary("missing_id", f"{kind.name} needs {label}, a positive whole number.")
    if number is not None:
        raise NotInVocabulary("unknown_property", f"{kind.name} takes no {label}.")


def _check_properties(kind: EventKind, properties: Mapping[str, object]) -> None:
    known = kind.by_name
    for name in properties:
        if name not in known:
            raise NotInVocabulary("unknown_property", f"{kind.name} has no property “{str(name)[:60]}”.")
    for name in kind.required:
        if properties.get(name) is None:
            raise NotInVocabulary("missing_property", f"{kind.name} needs “{name}”.")
    for name, found in properties.items():
        wanted = known[name]
        if found is not None and (reason := _FAULTS[wanted.type](wanted, found, properties)):
            raise NotInVocabulary(reason, _told(kind, wanted, reason))


def _told(kind: EventKind, wanted: Property, reason: str) -> str:
    which = f"“{wanted.name}” of {kind.name}"
    if reason == "wrong_type":
        return f"{which} must be {wanted.type}, of characters that can be stored."
    if wanted.choices:
        return f"{which} must be one of {', '.join(wanted.choices)}."
    along = f" and be as long as “{wanted.along}”" if wanted.along else ""
    return f"{which} must lie in {wanted.least:g}–{wanted.most:g}{along}."


# Each returns the reason why a value doesn't fit, or "". They are called for every property there is: no detours.
Fault = Callable[[Property, object, Mapping[str, object]], str]


def _int_fault(wanted: Property, found: object, _: Mapping[str, object]) -> str:
    if not isinstance(found, int) or isinstance(found, bool):
        return "wrong_type"
    return "" if wanted.least <= found <= wanted.most else "out_of_bounds"


def _number_fault(wanted: Property, found: object, _: Mapping[str, object]) -> str:
    if not _is_number(found):
        return "wrong_type"
    return "" if wanted.least <= found <= wanted.most else "out_of_bounds"  # type: ignore[operator]


def _text_fault(wanted: Property, found: object, _: Mapping[str, object]) -> str:
    if not isinstance(found, str) or not _storable(found):
        return "wrong_type"
    return "" if wanted.least <= len(found) <= wanted.most else "out_of_bounds"


def _choice_fault(wanted: Property, found: object, _: Mapping[str, object]) -> str:
    if not isinstance(found, str):
        return "wrong_type"
    return "" if found in wanted.choices else "out_of_bounds"


def _bool_fault(wanted: Property, found: object, _: Mapping[str, object]) -> str:
    return "" if isinstance(found, bool) else "wrong_type"


def _int_list_fault(wanted: Property, found: object, _: Mapping[str, object]) -> str:
    if not isinstance(found, list) or not all(is_id(entry) for entry in found):
        return "wrong_type"
    return "" if wanted.least <= len(found) <= wanted.most else "out_of_bounds"


def _number_list_fault(wanted: Property, found: object, properties: Mapping[str, object]) -> str:
    if not isinstance(found, list) or not all(_is_number(entry) for entry in found):
        return "wrong_type"
    beside = properties.get(wanted.along)
    fits = isinstance(beside, list) and len(beside) == len(found)
    return "" if fits and all(wanted.least <= entry <= wanted.most for entry in found) else "out_of_bounds"


_FAULTS: dict[str, Fault] = {
    "int": _int_fault,
    "number": _number_fault,
    "text": _text_fault,
    "choice": _choice_fault,
    "bool": _bool_fault,
    "int_list": _int_list_fault,
    "number_list": _number_list_fault,
}


def _is_number(found: object) -> bool:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    # A whole number past what a float holds is no number that anything measured.
    return isfinite(found) if isinstance(found, float) else abs(found) < 2**53


def _storable(text: str) -> bool:
    """PostgreSQL takes no NUL in JSON, and nothing takes half a surrogate pair."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _within_bounds(
    occurred_at: datetime, received_at: datetime, shift: timedelta | None
) -> tuple[datetime, tuple[str, ...]]:
    """A browser's clock, set right where it can be, is believed within a week back and two minutes ahead; beyond, ours
    is taken."""
    corrections: tuple[str, ...] = ()
    if shift is not None:
        try:
            occurred_at += shift
        except OverflowError:
            return received_at, ("clock_behind",)
        corrections = ("clock_shifted",)
    if occurred_at > received_at + FUTURE_BOUND:
        return received_at, (*corrections, "clock_ahead")
    if occurred_at < received_at - PAST_BOUND:
        return received_at, (*corrections, "clock_behind")
    return min(occurred_at, received_at), corrections
