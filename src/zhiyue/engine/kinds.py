"""The shapes that every engine part agrees on. How they are computed is not kept here."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]
Matrix = csr_array[Any, tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """What people did to items, one row per act, in any order.

    `user` and `item` are dense codes below `users` and `items`; `weight` is how much an act means, below 0 if
    it speaks against the item (the sum of a person's acts on one item never counts as less than 0).
    `order` says which act came first (only comparisons count; None: not known). `days` is the same moment in
    days from any fixed origin (None: moments have no unit, so nothing may decay by the calendar).
    """

    user: Ints
    item: Ints
    weight: Floats
    users: int
    items: int
    order: Ints | None = None
    days: Floats | None = None

    def __post_init__(self) -> None:
        columns = [self.user, self.item, self.weight, self.order, self.days]
        if len({len(column) for column in columns if column is not None}) > 1:
            raise ValueError("the columns of acts differ in length")
        if len(self.user) and (self.user.min() < 0 or self.user.max() >= self.users):
            raise ValueError("a user code lies outside 0..users-1")
        if len(self.item) and (self.item.min() < 0 or self.item.max() >= self.items):
            raise ValueError("an item code lies outside 0..items-1")
        if not np.all(np.isfinite(self.weight)):
            raise ValueError("weights must be finite")


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """One row per (user, item), sorted by user and then oldest first; rows of user u are start[u]:start[u+1].

    `weight` is the sum over the pair's acts, at least 0; `order` and `days` belong to its newest act. Where
    the order is not known the rows of a user stand by item code, which means nothing.
    """

    start: Ints
    item: Ints
    weight: Floats
    items: int
    order: Ints | None = None
    days: Floats | None = None

    @property
    def users(self) -> int:
        return len(self.start) - 1

    @property
    def lengths(self) -> Ints:
        return np.diff(self.start)

    @property
    def user(self) -> Ints:
        return np.repeat(np.arange(self.users, dtype=np.int64), self.lengths)


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """People as weights over items. `newest` is the item of each one's newest act that counts, -1: not
    known."""

    weights: Matrix
    newest: Ints

    def block(self, low: int, high: int) -> "Profiles":
        """The people low..high-1."""
        if low == 0 and high >= len(self.newest):
            return self
        return Profiles(self.weights[low:high], self.newest[low:high])


class CannotFit(ValueError):
    """What a model is made of isn't there, or is too much for it. A pipeline does without it and says why."""


class Recommender(Protocol):
    """A fitted model. A person is nothing but a profile to it, so that whoever was no part of the fit, or acted since,
    is served as well."""

    @property
    def items(self) -> int: ...

    def scores(self, profiles: Profiles) -> Floats:
        """How much each profile (rows) is drawn to each item (columns): (profiles, items), at least 0; 0 is
        "nothing known"."""
        ...

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        """What each item of one profile (columns, in the stored order of its weights) gave to each wanted item
        (rows)."""
        ...

    def spread(self, places: Ints, items: int) -> "Recommender":
        """The same model over more items: item i becomes places[i], of the others nothing is known.

        places  (self.items,), ascending, below `items`
        """
        ...

    def to_arrays(self) -> Arrays: ...
