"""Which items the same person took, and how far apart: counted for models of pairs of items. What is made of the
counts is kept with each algorithm."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Floats, Histories, Matrix
from zhiyue.engine.matrix import nearest

# How many (person, item, item) triples are unfolded at once: few enough that the processor's cache holds them.
TRIPLES_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Decay:
    """What a pair counts by its gap g, (place of the other item) - (place of the item) in a person's order:
    (1 + (|g| - 1) / gap_scale) ** -gap_power, times `backward` where the other item came before."""

    gap_power: float
    gap_scale: float
    backward: float

    @property
    def is_flat(self) -> bool:
        """Whether every pair counts the same."""
        return self.gap_power == 0 and self.backward == 1

    def table(self, longest: int) -> Floats:
        """d(g) for gaps -longest..longest, looked up at gap + longest."""
        gap = np.arange(-longest, longest + 1)
        decay = (1.0 + np.maximum(np.abs(gap) - 1, 0) / self.gap_scale) ** -self.gap_power
        return np.asarray(np.where(gap < 0, self.backward, 1.0) * decay)


@dataclass(frozen=True, slots=True)
class Damping:
    """How the joint evidence e of a pair is damped: (e / (n_i ** from_power * n_j ** to_power + shrink)) ** temper,
    n the `norm` of each item."""

    from_power: float
    to_power: float
    shrink: float
    temper: float

    def tempered(self, similar: Matrix) -> Matrix:
        """Which cells are the largest doesn't change with it, so only those that were kept are raised to it."""
        if self.temper != 1:
            similar.data **= np.float32(self.temper)
        return similar


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What every pair (i, j) of items of one person u counts, summed over people: sum_u l_u d(g_uij) first_ui second_uj
    (breadth l, `decay` d of the gap).

    rows  (users, items): cells are second_uj, oldest first where there is a decay; they say in what precision sums are
    takers  (items, users): cells are the places of first_ui in `first`
    first  aligned with the cells of `rows`
    decay  None: every gap counts 1
    """

    rows: Matrix
    takers: Matrix
    first: Floats
    breadth: Floats
    decay: Floats | None
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        ones = bool((self.first == 1).all() and (self.breadth == 1).all())
        object.__setattr__(self, "plain", ones)

    @classmethod
    def of(cls, rows: Matrix, breadth: Floats, decay: Decay | None = None) -> "Pairs":
        """Pairs in which both count what the cells of `rows` say. Flat decays cost nothing."""
        places = np.arange(rows.nnz, dtype=np.int32 if rows.nnz <= np.iinfo(np.int32).max else np.int64)
        by_user: Matrix = csr_array((places, rows.indices, rows.indptr), shape=rows.shape)
        takers = csr_array(by_user.T.tocsr())
        table = None
        if decay is not None and not decay.is_flat:
            table = decay.table(int(np.diff(rows.indptr).max(initial=1))).astype(rows.dtype)
        return cls(rows, takers, rows.data, breadth, table)

    def counting(self, first: Floats, second: Floats) -> "Pairs":
        """The same pairs, which count something else; both aligned with the cells of `rows`."""
        rows: Matrix = csr_array((second, self.rows.indices, self.rows.indptr), shape=self.rows.shape)
        return replace(self, rows=rows, first=first)

    @property
    def items(self) -> int:
        return int(self.takers.shape[0])

    def norm(self) -> Floats:
        """(items,): the sum of breadth * first² over an item's people."""
        if self.plain:
            return np.diff(self.takers.indptr).astype(np.float64)
        found = np.zeros(self.items)
        users, size = self.rows.shape[0], 100_000
        for low in range(0, users, size):
            start = self.rows.indptr[low : low + size + 1]
            some = slice(start[0], start[-1])
            amount = np.repeat(self.breadth[low : low + size], np.diff(start)) * self.first[some] ** 2.0
            found += np.bincount(self.rows.indices[some], weights=amount, minlength=self.items)
        return found

    def joint(self, low: int, high: int) -> Floats:
        """The sums of the pairs that begin with the items low..high-1: (high - low, items)."""
        total = np.zeros((high - low, self.items), dtype=self.rows.dtype)
        start = self.takers.indptr[low : high + 1]
        for first, last in self._chunks(int(start[0]), int(start[-1])):
            top = int(np.searchsorted(start, first, side="right")) - 1
            bottom = int(np.searchsorted(start, last, side="left"))
            seconds = self._seconds(first, last)
            own = seconds.indptr[np.clip(start[top : bottom + 1], first, last) - first]
            # Dense, equal columns of a row are summed.
            rows: Matrix = csr_array((seconds.data, seconds.indices, own), shape=(bottom - top, self.items))
            total[top:bottom] += rows.toarray()
        return total

    def _chunks(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Cut cells of `takers` into runs that unfold to about TRIPLES_AT_ONCE pairs each."""
        if first == last:
            return
        users = self.takers.indices[first:last]
        unfolded = np.cumsum(np.diff(self.rows.indptr)[users], dtype=np.int64)
        cuts = np.searchsorted(unfolded, np.arange(TRIPLES_AT_ONCE, unfolded[-1], TRIPLES_AT_ONCE))
        bounds = np.unique([0, *cuts, last - first]) + first
        yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)

    def _seconds(self, first: int, last: int) -> Matrix:
        """For each of the cells of `takers` the row of its person, counting what the pair does."""
        users, places = self.takers.indices[first:last], self.takers.data[first:last]
        seconds: Matrix = self.rows[users]
        lengths = np.diff(seconds.indptr)
        if not self.plain:
            amount = self.first[places] * self.breadth[users]
            seconds.data *= np.repeat(amount.astype(seconds.dtype), lengths)
        if self.decay is not None:
            own = places - self.rows.indptr[users]
            shift = len(self.decay) // 2 - own - seconds.indptr[:-1]
            gap = np.repeat(shift.astype(np.int32), lengths)
            gap += np.arange(len(gap), dtype=np.int32)
            seconds.data *= self.decay[gap]
        return seconds

    def nearest(self, damping: Damping, keep: int) -> Matrix:
        """The `keep` largest of each item's damped sums, zero on the diagonal."""
        norm, kind = self.norm(), self.rows.dtype
        source, to = (norm**power for power in (damping.from_power, damping.to_power))
        over_source, over_to = (_over(bottom).astype(kind) for bottom in (source, to))

        def related(low: int, high: int) -> Floats:
            joint = self.joint(low, high)
            if damping.shrink > 0:
                bottom = np.outer(source[low:high].astype(kind), to.astype(kind))
                bottom += kind.type(damping.shrink)
                joint /= bottom
            else:
                joint *= over_source[low:high, None]
                joint *= over_to
            joint[np.arange(high - low), np.arange(low, high)] = 0.0
            return joint

        return damping.tempered(nearest(related, self.items, keep))


def taken(folded: Histories, weight: Floats, kind: type[np.floating[Any]] = np.float32) -> Matrix:
    """(users, items): what each row of histories counts."""
    # Narrow indices halve what is read: scipy widens both to the wider of columns and starts.
    narrow = np.int32 if len(folded.item) <= np.iinfo(np.int32).max else np.int64
    parts = weight.astype(kind), folded.item.astype(narrow), folded.start.astype(narrow)
    return csr_array(parts, shape=(folded.users, folded.items))


def _over(bottom: Floats) -> Floats:
    """One over it, 0 where it is."""
    return np.divide(1.0, bottom, out=np.zeros_like(bottom), where=bottom > 0)
