"""The table of events: every behaviour the academy may record, with its meaning, origins and bounds.

An analyst may add a line here. What each event is worth is not kept here but in `analyse.weights`.
"""

from dataclasses import dataclass
from typing import Literal

from zhiyue.core.consent.purposes import NOTHING, Purpose

Origin = Literal["browser", "server", "import"]
Family = Literal["browse", "buy", "learn", "interact", "account"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an event: its type and bounds (inclusive; for text and lists, of the length)."""

    name: str
    type: Literal["int", "text", "int_list"]
    least: int = 0
    most: int = 2**53
    required: bool = True


@dataclass(frozen=True, slots=True)
class EventKind:
    """One line of the vocabulary. `about` says which ids the event must carry.

    `serves` are the purposes it is collected for: it is stored where a person consents to one of them, and used for
    those they consent to. What `is_necessary` belongs to a service that the person asked for: it is always stored.
    """

    name: str
    family: Family
    meaning: str
    origins: frozenset[Origin]
    about: Literal["nothing", "course", "lesson"] = "nothing"
    properties: tuple[Property, ...] = ()
    serves: Purpose = Purpose.ANALYTICS | Purpose.PERSONALISATION
    is_necessary: bool = False
    days_kept: int = 400

    def stored_for(self, granted: Purpose) -> Purpose | None:
        """The purposes that an event of somebody who consents to `granted` is stored for; None where it isn't."""
        purposes = self.serves & granted
        return purposes if purposes != NOTHING or self.is_necessary else None


BROWSER: frozenset[Origin] = frozenset({"browser", "import"})
SERVER: frozenset[Origin] = frozenset({"server", "import"})

_SLATE = (
    Property("slate", "text", least=1, most=40),
    Property("policy", "text", least=1, most=60),
)

_TABLE = (
    EventKind(
        "page.viewed",
        "browse",
        "A page was looked at.",
        BROWSER,
        properties=(Property("path", "text", least=1, most=300),),
    ),
    EventKind(
        "slate.shown",
        "browse",
        "A shelf of recommendations came into view.",
        BROWSER,
        properties=(*_SLATE, Property("courses", "int_list", least=1, most=40)),
    ),
    EventKind(
        "slate.chosen",
        "browse",
        "A recommended course was chosen from a shelf.",
        BROWSER,
        about="course",
        properties=(*_SLATE, Property("position", "int", least=1, most=40)),
    ),
    EventKind("course.viewed", "browse", "The page of a course was opened.", SERVER, about="course"),
    EventKind("course.saved", "interact", "A course was put on the person's list.", SERVER, about="course"),
    EventKind(
        "course.unsaved", "interact", "A course was taken off the person's list.", SERVER, about="course"
    ),
    EventKind(
        "interest.chosen",
        "interact",
        "A person said that they care about a topic.",
        SERVER,
        properties=(Property("topic", "text", least=1, most=50),),
    ),
    EventKind(
        "search.made",
        "browse",
        "Somebody searched the academy; `found` is how much was found.",
        SERVER,
        properties=(Property("words", "text", least=1, most=60), Property("found", "int", most=100_000)),
    ),
    EventKind(
        "search.chosen",
        "browse",
        "Something found by a search was opened.",
        BROWSER,
        properties=(
            Property("words", "text", least=1, most=60),
            Property("kind", "text", least=1, most=12),
            Property("position", "int", least=1, most=500),
        ),
    ),
    EventKind(
        "course.enrolled",
        "buy",
        "A course became the member's own.",
        SERVER,
        about="course",
        is_necessary=True,
    ),
    EventKind(
        "lesson.opened", "learn", "A lesson was opened by somebody who may read it.", SERVER, about="lesson"
    ),
    EventKind(
        "lesson.progressed",
        "learn",
        "Active reading time, sent every few seconds while the lesson is in view.",
        BROWSER,
        about="lesson",
        properties=(Property("percent", "int", most=100), Property("seconds", "int", least=1, most=60)),
    ),
    EventKind("lesson.finished", "learn", "A lesson was finished.", SERVER, about="lesson"),
    EventKind("member.signed_up", "account", "A visitor became a member.", SERVER, is_necessary=True),
    EventKind("member.signed_in", "account", "A member signed in.", SERVER, is_necessary=True),
)

KINDS: dict[str, EventKind] = {kind.name: kind for kind in _TABLE}
