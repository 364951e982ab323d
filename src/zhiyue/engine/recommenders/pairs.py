"""Which items the same person took, and how far apart: counted for models of pairs of items. What is made of the
counts is kept with each algorithm."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Floats, Histories, Ints

# How many (person, item, item) triples are unfolded at once, and how many cells of the dense block they fall
# into: together they bound the memory of a fit to a few hundred megabytes whatever the data.
TRIPLES_AT_ONCE = 4_000_000
CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Decay:
    """What a pair counts by its gap g, (place of the other item) - (place of the item) in a person's order:
    (1 + (|g| - 1) / gap_scale) ** -gap_power, times `backward` where the other item came before."""

    gap_power: float
    gap_scale: float
    backward: float

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

    def damped(self, low: int, joint: Floats, bottom: Floats) -> Floats:
        """(joint / bottom) ** temper of a block of rows from `low` on, zero where `bottom` is and on the diagonal."""
        rows = np.arange(len(joint))
        related = np.divide(joint, bottom, out=np.zeros_like(joint), where=bottom > 0)
        related[rows, low + rows] = 0.0
        return np.asarray(related**self.temper)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Histories with what each row (user code, weight) and each user (breadth) counts."""

    folded: Histories
    user: Ints
    weight: Floats
    breadth: Floats

    @classmethod
    def of(cls, folded: Histories, weight_power: float, breadth_power: float) -> "Evidence":
        """A row counts its weight ** weight_power, a person with n items n ** -breadth_power."""
        weight = np.asarray(folded.weight**weight_power * (folded.weight > 0))
        breadth = np.asarray(np.maximum(folded.lengths, 1.0) ** -breadth_power)
        return cls(folded, folded.user, weight, breadth)

    def norm(self) -> Floats:
        """(items,): the sum of breadth * weight² over an item's people."""
        amount = self.breadth[self.user] * self.weight**2
        found = np.bincount(self.folded.item, weights=amount, minlength=self.folded.items)
        return np.asarray(found, dtype=np.float64)

    def related(self, decay: Decay, damping: Damping) -> Iterator[Floats]:
        """Dense blocks of rows, in item order: the damped joint evidence of each pair, zero on the diagonal."""
        norm = self.norm()
        to = norm**damping.to_power
        for low, block in self.joint(decay):
            bottom = np.outer(norm[low : low + len(block)] ** damping.from_power, to) + damping.shrink
            yield damping.damped(low, block, bottom)

    def joint(
        self, decay: Decay, from_weight: Floats | None = None, to_weight: Floats | None = None
    ) -> Iterator[tuple[int, Floats]]:
        """The sum over people of breadth * d(g) * from_weight * to_weight of every pair, as dense blocks of rows in
        item order, each with the number of its first row. Without order d is 1.

        from_weight, to_weight  what each row counts as the pair's first and as its second; None: `weight`
        """
        source_weight = self.weight if from_weight is None else from_weight
        other_weight = self.weight if to_weight is None else to_weight
        folded, items = self.folded, self.folded.items
        by_item = np.argsort(folded.item, kind="stable")
        first = np.searchsorted(folded.item[by_item], np.arange(items + 1))
        size = max(1, CELLS_AT_ONCE // max(1, items))
        for low in range(0, items, size):
            high = min(low + size, items)
            joint = np.zeros((high - low) * items)
            for rows in self._chunks(by_item[first[low] : first[high]]):
                cell, amount = self._unfolded(rows, decay, source_weight, other_weight)
                joint += np.bincount(cell - low * items, weights=amount, minlength=len(joint))
            yield low, joint.reshape(high - low, items)

    def _chunks(self, rows: Ints) -> Iterator[Ints]:
        """Cut history rows into chunks that unfold to about TRIPLES_AT_ONCE pairs each."""
        if len(rows):
            unfolded = np.cumsum(self.folded.lengths[self.user[rows]])
            cuts = np.searchsorted(
                unfolded, np.arange(TRIPLES_AT_ONCE, unfolded[-1], TRIPLES_AT_ONCE), side="right"
            )
            yield from np.split(rows, np.unique(cuts))

    def _unfolded(
        self, rows: Ints, decay: Decay, from_weight: Floats, to_weight: Floats
    ) -> tuple[Ints, Floats]:
        """Every (row, row of the same person): flat cell item * items + other item, and what the pair counts."""
        folded, user = self.folded, self.user[rows]
        lengths = folded.lengths[user]
        source = np.repeat(rows, lengths)
        step = np.arange(len(source)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        other = np.repeat(folded.start[user], lengths) + step
        amount = np.repeat(self.breadth[user], lengths) * from_weight[source] * to_weight[other]
        if folded.order is not None:
            longest = int(lengths.max(initial=1))
            amount *= decay.table(longest)[other - source + longest]
        return folded.item[source] * folded.items + folded.item[other], amount
