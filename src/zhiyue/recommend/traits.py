"""What a model keeps of courses besides scores, for re-ranking: topic, teacher, near-duplicates, level, what comes
before what. Read from the catalogue in `inputs`, or from a file in `coded`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zhiyue.engine.kinds import Arrays, Ints
from zhiyue.engine.ranking import NOTHING

_PREFIX = "traits/"


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """A code for each item, NOTHING where nothing is known.

    groups  (2, items), in the order of `Variety.per_group`: topics, teachers
    level  (items,), the higher the harder; twins  (items,): items with the same code say nearly the same
    needs  item -> those that are better taken before it
    """

    groups: Ints
    twins: Ints
    level: Ints
    needs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def topic(self) -> Ints:
        return np.asarray(self.groups[0])

    def with_twins(self, items: Iterable[int]) -> set[int]:
        """These items and whatever says nearly the same as one of them."""
        known = set(items)
        codes = self.twins[sorted(known)]
        return known | set(np.flatnonzero(np.isin(self.twins, codes[codes != NOTHING])).tolist())

    def says_as(self, other: "Traits") -> bool:
        """Whether both know the same of the same items. By which number a topic goes doesn't count."""
        mine, theirs = ([*one.groups, one.twins] for one in (self, other))
        return (
            np.array_equal(self.level, other.level)
            and self.needs == other.needs
            and all(np.array_equal(_renumbered(a), _renumbered(b)) for a, b in zip(mine, theirs, strict=True))
        )

    def to_arrays(self) -> Arrays:
        pairs = [(item, first) for item, firsts in sorted(self.needs.items()) for first in firsts]
        return {
            f"{_PREFIX}groups": self.groups,
            f"{_PREFIX}twins": self.twins,
            f"{_PREFIX}level": self.level,
            f"{_PREFIX}needs": np.asarray(pairs, dtype=np.int64).reshape(-1, 2),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Traits | None":
        """The inverse of `to_arrays`; None where there are none. An artefact of an older version has topics only."""
        if f"{_PREFIX}groups" in arrays:
            groups, twins, level = (arrays[f"{_PREFIX}{name}"] for name in ("groups", "twins", "level"))
            return cls(groups, twins, level, together(arrays[f"{_PREFIX}needs"].tolist()))
        return cls.of_topics(arrays["groups"]) if "groups" in arrays else None

    @classmethod
    def of_topics(cls, topic: Ints, teacher: Ints | None = None) -> "Traits":
        unknown = np.full(len(topic), NOTHING, dtype=np.int64)
        return cls(np.stack([topic, unknown if teacher is None else teacher]), unknown, unknown)


def together(pairs: Iterable[Sequence[int]]) -> dict[int, tuple[int, ...]]:
    """Pairs by their first, the seconds in the order given."""
    found: dict[int, tuple[int, ...]] = {}
    for first, second in pairs:
        found[first] = (*found.get(first, ()), second)
    return found


def clusters(pairs: Iterable[tuple[int, int]], items: int) -> Ints:
    """A code for each item that is in a pair: the lowest of all that pairs join it to; NOTHING for the others."""
    lowest = np.arange(items, dtype=np.int64)
    paired = list(pairs)
    changed = bool(paired)
    while changed:
        changed = False
        for one, other in paired:
            least = min(lowest[one], lowest[other])
            changed |= bool(lowest[one] != least or lowest[other] != least)
            lowest[one] = lowest[other] = least
    found = np.full(items, NOTHING, dtype=np.int64)
    joined = np.unique(np.asarray(paired, dtype=np.int64))
    found[joined] = lowest[joined]
    return found


def _renumbered(codes: Ints) -> Ints:
    """The same groups, each by the place of its first item."""
    _, first, code = np.unique(codes, return_index=True, return_inverse=True)
    return np.where(codes == NOTHING, NOTHING, first[code])


def codes_by_value(values: Sequence[str]) -> Ints | None:
    """A code for each distinct word, NOTHING for an empty one; None where all are empty."""
    if not any(values):
        return None
    found = np.unique(np.asarray(values, dtype=np.str_), return_inverse=True)[1].astype(np.int64)
    # The empty word is the first of all: without it codes begin at 0, so that the highest says how many there are.
    return found - 1 if "" in values else found
