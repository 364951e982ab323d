"""What recommendation hands to pages: frozen, without words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Kind = Literal[
    "act", "people", "popular", "new", "similar", "interest", "prerequisite", "exploration", "pinned"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Where a slate is shown: a shelf of one's own, the one that is everybody's, and the order of all courses.
Slot = Literal["for-you", "popular", "explore"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a course is shown.

    act: `event` on `course_id`, the viewer's own act that gave most. people: `learners` people of like taste did
    something with it, None where they are so few that the number would tell of one; `event` on `course_id` is the
    viewer's act that made them alike most. similar: it is like `course_id`.
    popular: `learners` people joined it or were at its lessons during the last week, None where nobody was or it is
    not known. new: published during the last week. interest: the viewer said they care about its topic. prerequisite:
    it is better taken before `course_id`. exploration: drawn by lot among new courses. pinned: the academy's choice.
    """

    kind: Kind
    event: str | None = None
    course_id: int | None = None
    learners: int | None = None
    topic: str | None = None
    topic_en: str | None = None


@dataclass(frozen=True, slots=True)
class Recommended:
    """A course in its place (from 1). Scores compare inside one slate only. `propensity` is the chance with which the
    policy puts this course there: 1 where it leaves nothing to chance."""

    course_id: int
    score: float
    reason: Reason
    position: int
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Slate:
    """Courses in order, the policy that really chose them and the version of its artefact ("cold": none yet). Where the
    policy was drawn by lot: in which contest, and with which chance. `made_for`: whose it is, as slates are signed
    (`collect.slates`); "": anybody's."""

    items: tuple[Recommended, ...]
    policy: str
    version: str
    contest: int | None = None
    policy_chance: float = 1.0
    made_for: str = ""

    def __iter__(self) -> Iterator[Recommended]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class RefusedTraining:
    """A training that wasn't let serve. `is_worse`: it foretells worse than what serves, NDCG@10 `became` instead of
    `was`; else it broke off, as `why` says."""

    policy: str
    at: datetime
    why: str
    is_worse: bool
    was: float
    became: float
