"""Days of people under the policies of a contest, as columns: half a year of them is far too many for a record each."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from zhiyue.engine.kinds import Bools, Floats, Ints

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Choice(NamedTuple):
    """A course that was chosen from a showing: when, and with which chance it stood there."""

    course_id: int
    day: date
    at: datetime
    propensity: float


@dataclass(frozen=True, slots=True)
class PersonDay:
    """A person's day under one policy of a contest, which was drawn for them with `chance` (the first of the day):
    whether they chose a course from a slate of it, and took one of these up on the day of the choice."""

    person: str
    day: date
    policy: str
    chance: float
    is_chosen: bool
    is_taken: bool


@dataclass(frozen=True, slots=True, eq=False)
class PeopleDays:
    """One row per PersonDay. `person` and `policy` are places in `people` and `policies`, `day` an ordinal."""

    people: tuple[str, ...]
    policies: tuple[str, ...]
    person: Ints
    day: Ints
    policy: Ints
    chance: Floats
    is_chosen: Bools
    is_taken: Bools

    def __len__(self) -> int:
        return len(self.person)

    def people_shown(self, policy: str) -> int:
        """How many different people had a day under this policy."""
        if policy not in self.policies:
            return 0
        return len(np.unique(self.person[self.policy == self.policies.index(policy)]))

    def __iter__(self) -> Iterator[PersonDay]:
        """Row by row, for who looks at few of them."""
        for n in range(len(self)):
            yield PersonDay(
                self.people[self.person[n]],
                date.fromordinal(int(self.day[n])),
                self.policies[self.policy[n]],
                float(self.chance[n]),
                bool(self.is_chosen[n]),
                bool(self.is_taken[n]),
            )


class Gathering:
    """Rows as they are found, in their order, and what was chosen: 20 bytes for a row, 24 for a choice."""

    def __init__(self) -> None:
        self._people: dict[str, int] = {}
        self._policies: dict[str, int] = {}
        self._person, self._day, self._policy = array("i"), array("i"), array("h")
        self._chance, self._is_chosen = array("d"), array("b")
        # Of each choice: its row, its day, its course, and its moment in milliseconds.
        self._row, self._on, self._course, self._at = array("i"), array("i"), array("q"), array("q")

    def add(self, person: str, day: date, policy: str, chance: float, chosen: Sequence[Choice]) -> None:
        for one in chosen:
            self._row.append(len(self._person))
            self._on.append(one.day.toordinal())
            self._course.append(one.course_id)
            self._at.append(milliseconds(one.at))
        self._person.append(self._people.setdefault(person, len(self._people)))
        self._day.append(day.toordinal())
        self._policy.append(self._policies.setdefault(policy, len(self._policies)))
        self._chance.append(chance)
        self._is_chosen.append(bool(chosen))

    def chosen_on(self) -> list[date]:
        """The days on which anything was chosen, in order."""
        return [date.fromordinal(day) for day in np.unique(np.asarray(self._on)).tolist()]

    def choices_on(self, day: date) -> Iterator[tuple[int, str, int, int]]:
        """What was chosen on a day: the row that it belongs to, by whom, which course, and when."""
        people = tuple(self._people)
        for n in np.flatnonzero(np.asarray(self._on) == day.toordinal()).tolist():
            row = self._row[n]
            yield row, people[self._person[row]], self._course[n], self._at[n]

    def finished(self, taken: Sequence[int]) -> PeopleDays:
        """With the rows in which something that was chosen was also taken up."""
        is_taken = np.zeros(len(self._person), dtype=np.bool_)
        is_taken[np.asarray(taken, dtype=np.int64)] = True
        return PeopleDays(
            tuple(self._people),
            tuple(self._policies),
            np.asarray(self._person),
            np.asarray(self._day),
            np.asarray(self._policy),
            np.asarray(self._chance),
            np.asarray(self._is_chosen).astype(np.bool_),
            is_taken,
        )


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


NO_DAYS = Gathering().finished([])
