"""What a line of the table of events is made of. How a line is held against an event, `collect.cleaning` knows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, Purpose

Origin = Literal["browser", "server", "import"]
Family = Literal["browse", "buy", "learn", "interact", "support", "message", "account"]
PropertyType = Literal["int", "number", "text", "choice", "bool", "int_list", "number_list"]

# What a browser may say of itself, and what only the service that did it may. Past events may be imported of both.
BROWSER: frozenset[Origin] = frozenset({"browser", "import"})
SERVER: frozenset[Origin] = frozenset({"server", "import"})

# How long events are kept. The reasons stand in docs/events.md, which a test compares.
BROWSE_DAYS = 180
SIGN_IN_DAYS = 190
TALK_DAYS = 365
LEARN_DAYS = 730
ORDER_DAYS = 1826


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an event: its type and bounds, inclusive.

    The bounds are those of a number's value, of a text's letters, of a list's length; of the entries of a
    `number_list` they are (`least`, `most`), and it is as long as the list named by `along`. A `choice` is one of
    `choices`.
    """

    name: str
    type: PropertyType
    least: float = 0
    most: float = 2**53
    required: bool = True
    choices: tuple[str, ...] = ()
    along: str = ""


@dataclass(frozen=True)
class EventKind:
    """One line of the vocabulary. `about` says which ids the event must carry; where `is_course_optional` it may be
    about no one course.

    `serves` are the purposes it is collected for: it is stored where a person consents to one of them, and used for
    those they consent to. What `is_necessary` belongs to a service that the person asked for: it is always stored.
    """

    name: str
    family: Family
    meaning: str
    origins: frozenset[Origin]
    about: Literal["nothing", "course", "lesson"] = "nothing"
    is_course_optional: bool = False
    properties: tuple[Property, ...] = ()
    serves: Purpose = Purpose.ANALYTICS | Purpose.PERSONALISATION
    is_necessary: bool = False
    days_kept: int = LEARN_DAYS

    @cached_property
    def by_name(self) -> dict[str, Property]:
        return {one.name: one for one in self.properties}

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(one.name for one in self.properties if one.required)

    def stored_for(self, granted: Purpose) -> Purpose | None:
        """The purposes that an event of somebody who consents to `granted` is stored for; None where it isn't."""
        return self._stored_for[granted]

    @cached_property
    def _stored_for(self) -> dict[Purpose, Purpose | None]:
        """For everything that may be consented to: asked of each event, flags are slow to reckon with."""
        found: dict[Purpose, Purpose | None] = {}
        for granted in map(Purpose, range(EVERYTHING + 1)):
            purposes = self.serves & granted
            found[granted] = purposes if purposes != NOTHING or self.is_necessary else None
        return found


def row_id(name: str) -> Property:
    """The id of a row of another room that the event is about."""
    return Property(name, "int", least=1, most=2**62 - 1)


def word(name: str, *, most: int, required: bool = True) -> Property:
    """A short text that isn't empty."""
    return Property(name, "text", least=1, most=most, required=required)


def choice(name: str, *choices: str, required: bool = True) -> Property:
    return Property(name, "choice", choices=choices, required=required)


def money(name: str, *, required: bool = True) -> Property:
    """An amount in fen, at most ten million yuan."""
    return Property(name, "int", most=10**9, required=required)
