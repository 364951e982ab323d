"""What a comparison of policies found, as records; and as the plain numbers that a row of the lab keeps."""

from dataclasses import asdict, dataclass
from typing import Any

from zhiyue.engine.evaluate import Measure, Missing


@dataclass(frozen=True, slots=True)
class Cell:
    """A measure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __neg__(self) -> "Cell":
        return Cell(-self.value, -self.high, -self.low)


@dataclass(frozen=True, slots=True)
class Segment:
    """NDCG@10 of the people of one kind. `of`: by what people are told apart (`comparing`); `key`: which they are."""

    of: str
    key: str
    people: int
    ndcg: Cell


@dataclass(frozen=True, slots=True)
class Compared:
    """One policy. A cell is None where there were too few people for it, or nothing it could be reckoned from.

    `above`: NDCG@10 above that of each other policy, on the same people; `left_out`: parts it had to do without.
    """

    policy: str
    cells: dict[str, Cell | None]
    fit_seconds: float
    milliseconds: float
    left_out: tuple[str, ...]
    above: dict[str, Cell | None]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared on how much. `people`: of whom something was hidden, `hidden` courses in all, each of which was
    to be found among `courses`, of them `new_courses` new ones. Of too few people nothing is compared.
    `passed_over`: policies of which nothing could be fitted, and why.
    """

    acts: int
    learners: int
    courses: int
    new_courses: int
    people: int
    hidden: int
    policies: tuple[Compared, ...]
    passed_over: dict[str, str]
    # Of how many people a new course was hidden; older comparisons don't say.
    people_of_new: int = 0
    # How many more weren't asked, as their times don't tell which course was the newest; nor do older ones say that.
    untold: int = 0

    def of(self, policy: str) -> Compared | None:
        return next((one for one in self.policies if one.policy == policy), None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Comparison":
        """The inverse of `to_json`."""
        policies = tuple(_compared(one) for one in kept["policies"])
        return cls(**kept | {"policies": policies})


def cell(measure: Measure) -> Cell | None:
    if isinstance(measure, Missing):
        return None
    return Cell(float(measure.value), float(measure.low), float(measure.high))


def _compared(kept: dict[str, Any]) -> Compared:
    read = {
        "cells": {name: _cell(one) for name, one in kept["cells"].items()},
        "left_out": tuple(kept["left_out"]),
        "above": {name: _cell(one) for name, one in kept["above"].items()},
        "segments": tuple(Segment(**one | {"ndcg": Cell(**one["ndcg"])}) for one in kept["segments"]),
    }
    return Compared(**kept | read)


def _cell(kept: dict[str, float] | None) -> Cell | None:
    return None if kept is None else Cell(**kept)
