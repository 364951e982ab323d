"""What models made of one ridge regression onto all items share: solving it, scoring by it, saying who spoke."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor
from scipy.linalg.lapack import dpotri, spotri
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Arrays, CannotFit, Floats, Histories, Ints, Matrix, Profiles
from zhiyue.engine.matrix import stacked
from zhiyue.engine.recommenders.similarity import Similarity

# So many cells of a dense block of rows are held at once, beside the square matrix that is solved.
CELLS_AT_ONCE = 4_000_000
# float32 keeps about seven digits. While no eigenvalue is this much larger than the penalty, which is the smallest
# there can be, at least two of them are right; beyond it the matrix is held in float64, twice as large.
FLOAT32_UP_TO = 1e5


class TooManyItems(CannotFit):
    """Work grows with the cube of the items and memory with their square; here that would be too much."""

    def __init__(self, items: int, most: int) -> None:
        super().__init__(f"{items:,} items are more than the {most:,} that a linear model is fitted to")


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A score is a profile times `history`, plus the row of `newest` of the newest act's item, where it is known.

    history, newest  (items, items), cells of any sign, zero diagonal
    power  profiles are raised to it, and where there is a `newest` divided by their largest weight before, so that
    both halves are of the scale they were fitted at
    A sum below 0 is told as 0, nothing known: the protocol has no word for "rather not".
    """

    history: Similarity
    newest: Similarity | None = None
    power: float = 1.0

    @property
    def items(self) -> int:
        return self.history.items

    def scores(self, profiles: Profiles) -> Floats:
        total = self.history.scores(self._shaped(profiles))
        if self.newest is not None:
            total = total + self.newest.scores(_newest_alone(profiles))
        return np.ascontiguousarray(np.maximum(total, 0.0), dtype=np.float32)

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        """What each act gave, below 0 where it speaks against the item; they add up to the score, so that where it is
        0 nobody gave anything."""
        shares = self.history.shares(self._shaped(profile), wanted)
        if self.newest is not None:
            mine = profile.weights.indices == profile.newest[0]
            if mine.any():
                shares[:, mine] += self.newest.shares(_newest_alone(profile), wanted)
        shares[shares.sum(axis=1) <= 0] = 0.0
        return shares

    def spread(self, places: Ints, items: int) -> "Linear":
        """The same model over more items: item i becomes places[i]; of the others nothing is known.

        places  (self.items,), ascending, below `items`
        """
        newest = None if self.newest is None else self.newest.spread(places, items)
        return Linear(self.history.spread(places, items), newest, self.power)

    def to_arrays(self) -> Arrays:
        arrays: Arrays = {"power": np.asarray(self.power, dtype=np.float64)}
        arrays |= {f"history/{name}": array for name, array in self.history.to_arrays().items()}
        if self.newest is not None:
            arrays |= {f"newest/{name}": array for name, array in self.newest.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Linear":
        history, newest = (
            {name.removeprefix(part): array for name, array in arrays.items() if name.startswith(part)}
            for part in ("history/", "newest/")
        )
        return cls(
            Similarity.from_arrays(history),
            Similarity.from_arrays(newest) if newest else None,
            float(arrays["power"]),
        )

    def _shaped(self, profiles: Profiles) -> Profiles:
        weights = profiles.weights
        data = weights.data
        if self.newest is not None and len(data):
            lengths = np.diff(weights.indptr)
            largest = np.ones(len(lengths), dtype=data.dtype)
            largest[lengths > 0] = np.maximum.reduceat(data, weights.indptr[:-1][lengths > 0])
            data = data / np.repeat(largest, lengths)
        shaped = csr_array((data**self.power, weights.indices, weights.indptr), shape=weights.shape)
        return Profiles(shaped, profiles.newest)


@dataclass(frozen=True, slots=True)
class Finish:
    """What becomes of each weight b once it is solved: sign(b) |b / popularity ** to_power| ** temper, popularity the
    people of the proposed item; then so many `neighbours` of the largest size are kept of each item.

    to_power  how strongly the popularity of the proposed item is divided out
    temper  below 1 many weak voices count more against a single strong one
    """

    to_power: float = 0.0
    temper: float = 1.0
    neighbours: int = 800

    def __post_init__(self) -> None:
        if self.temper <= 0:
            raise ValueError("temper must be above 0")
        if self.neighbours < 1:
            raise ValueError("neighbours must be at least 1")

    def of(self, rows: Iterator[Floats], people: Ints) -> Similarity:
        """rows  dense blocks of the rows of (items, items) weights; people  (items,)"""
        popular = np.maximum(people, 1.0) ** self.to_power
        return Similarity(stacked(self._finished(rows, popular), len(people), self.neighbours))

    def _finished(self, rows: Iterator[Floats], popular: Floats) -> Iterator[Floats]:
        low = 0
        for block in rows:
            finished = np.sign(block) * np.abs(block / popular) ** self.temper
            finished[np.arange(len(block)), np.arange(low, low + len(block))] = 0.0
            low += len(block)
            yield finished


def without_itself(
    folded: Histories,
    weight: Floats,
    breadth: Floats,
    penalty: float,
    finish: Finish,
    own_penalty: float = 0.0,
) -> Similarity:
    """How each item is foretold by the others: B = I - P diag(1 / diag P), P = (G + own_penalty diag G + penalty I)^-1,
    G = X' L X: the ridge regression of every item on all others, whose diagonal is zero.

    weight  (rows of folded,), the cells of X; breadth  (users,), the diagonal of L
    One square matrix is held: items ** 2 * 4 bytes (8 where float32 would be too coarse).
    Source: Steck 2019, "Embarrassingly shallow autoencoders for sparse data"; Steck 2020, "Autoencoders that don't
    overfit towards the identity" (own_penalty).
    """
    shape = folded.users, folded.items
    taken: Matrix = csr_array((weight, folded.item, folded.start), shape=shape)
    weighed: Matrix = csr_array((weight * breadth[folded.user], folded.item, folded.start), shape=shape)
    # The sum of a row bounds the eigenvalues (Gershgorin): no cell is below 0.
    largest = float((weighed.T @ taken.sum(axis=1)).max(initial=0.0))
    square = np.zeros((folded.items, folded.items), dtype=precision(largest, penalty))
    by_item = csr_array(weighed.T)
    for low, high in blocks(folded.items):
        square[low:high] = (by_item[low:high] @ taken).toarray()
    add_to_diagonal(square, penalty + own_penalty * np.diag(square))
    if folded.items:
        _invert(square)
    diagonal = np.diag(square).copy()
    rows = (square[low:high] / -diagonal for low, high in blocks(folded.items))
    return finish.of(rows, np.bincount(folded.item[weight > 0], minlength=folded.items))


def precision(largest: float, penalty: float) -> type[np.float32] | type[np.float64]:
    """In what a matrix with eigenvalues from `penalty` to `penalty + largest` is held."""
    return np.float32 if largest <= FLOAT32_UP_TO * penalty else np.float64


def blocks(rows: int) -> Iterator[tuple[int, int]]:
    """Cut the rows of a (rows, rows) matrix into blocks of about CELLS_AT_ONCE cells."""
    size = max(1, CELLS_AT_ONCE // max(1, rows))
    for low in range(0, rows, size):
        yield low, min(low + size, rows)


def add_to_diagonal(square: Floats, amount: Floats | float) -> None:
    square[np.diag_indices(len(square))] += amount


def _invert(square: Floats) -> None:
    """Put the inverse of a symmetric positive definite matrix in its place."""
    # LAPACK reads by columns: the transposed view of a symmetric matrix is the matrix, and nothing is copied.
    factor, _ = cho_factor(square.T, lower=True, overwrite_a=True, check_finite=False)
    inverted, _ = (spotri if square.dtype == np.float32 else dpotri)(factor, lower=1, overwrite_c=1)
    upper = inverted.T
    for low, high in blocks(len(square)):
        rows = np.triu(upper[low:high], low)
        rows[:, low:high] += np.triu(rows[:, low:high], 1).T
        rows[:, :low] = square[:low, low:high].T
        square[low:high] = rows


def _newest_alone(profiles: Profiles) -> Profiles:
    """The newest act's item with weight 1, and nothing else."""
    known = profiles.newest >= 0
    start = np.concatenate([[0], np.cumsum(known)])
    ones = np.ones(int(start[-1]), dtype=np.float32)
    alone = csr_array((ones, profiles.newest[known], start), shape=profiles.weights.shape)
    return Profiles(alone, profiles.newest)
