"""Items that the same people take: cosine between items with shrinkage, aware of order where there is one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Acts, Floats, Histories, Ints
from zhiyue.engine.matrix import histories, stacked
from zhiyue.engine.recommenders.similarity import Similarity

# How many (person, item, item) triples are unfolded at once, and how many cells of the dense block they fall
# into: together they bound the memory of a fit to a few hundred megabytes whatever the data.
TRIPLES_AT_ONCE = 4_000_000
CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class ItemNeighboursConfig:
    """With its defaults the plain cosine.

    neighbours  how many neighbours an item keeps; stored_pairs bounds the sum over all items
    shrink  weighted number of joint learners that is taken off the evidence of each pair
    from_power, to_power  how strongly the popularity of the profile's item and of the proposed item is
    divided out gap_power, gap_scale  a pair g places apart in a person's order counts (1 + (g - 1) /
    gap_scale) ** -gap_power backward  what a pair counts when the proposed item came before the profile's
    item (1: order does not matter) breadth_power  a person with n items counts n ** -breadth_power
    weight_power  the weight of a person's acts on an item is raised to this power
    temper  the similarity is raised to this power: below 1 many weak voices count more against a single
    strong one
    """

    neighbours: int = 200
    stored_pairs: int = 12_000_000
    shrink: float = 0.0
    from_power: float = 0.5
    to_power: float = 0.5
    gap_power: float = 0.0
    gap_scale: float = 1.0
    backward: float = 1.0
    breadth_power: float = 0.0
    weight_power: float = 1.0
    temper: float = 1.0

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError("neighbours must be at least 1")
        if self.shrink < 0:
            raise ValueError("shrink must not be negative")
        if self.gap_scale <= 0 or self.temper <= 0:
            raise ValueError("gap_scale and temper must be above 0")


def fit(acts: Acts, config: ItemNeighboursConfig) -> Similarity:
    """Similarity of every item to its nearest neighbours.

    With w_ui the folded weight, l_u = (items of u) ** -breadth_power, g_uij = (place of j) - (place of i) in
    u's order,
    d(g) = (1 + (g - 1) / gap_scale) ** -gap_power, times `backward` where j came before i, and
    n_i = sum_u l_u w_ui^2:

        s(i -> j) = (sum_u l_u d(g_uij) w_ui w_uj / (n_i ** from_power * n_j ** to_power + shrink)) ** temper

    Without order d is 1. returns  zero diagonal, cells at least 0, at most 1 when the powers add up to 1 or
    more and every n is at least 1.
    Sources: Sarwar et al. 2001 (item cosine); Bell and Koren 2007 (shrinkage); Deshpande and Karypis 2004
    (dividing out popularity, unequal powers); Garg et al. 2019 (STAN, decay with the distance in a sequence).
    """
    folded = histories(acts)
    user = folded.user
    weight = folded.weight**config.weight_power * (folded.weight > 0)
    breadth = np.asarray(np.maximum(folded.lengths, 1.0) ** -config.breadth_power)
    norm = np.asarray(
        np.bincount(folded.item, weights=breadth[user] * weight**2, minlength=folded.items), dtype=np.float64
    )
    keep = int(min(config.neighbours, max(1, config.stored_pairs // max(1, folded.items))))
    evidence = _Evidence(folded, user, weight, breadth)
    return Similarity(stacked(_rows(evidence, norm, config), folded.items, keep))


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """Histories with what each row (user code, weight) and each user (breadth) counts."""

    folded: Histories
    user: Ints
    weight: Floats
    breadth: Floats


def _rows(evidence: _Evidence, norm: Floats, config: ItemNeighboursConfig) -> Iterator[Floats]:
    """Dense blocks of rows of the similarity matrix, in item order."""
    folded, items = evidence.folded, evidence.folded.items
    by_item = np.argsort(folded.item, kind="stable")
    first = np.searchsorted(folded.item[by_item], np.arange(items + 1))
    to = norm**config.to_power
    size = max(1, CELLS_AT_ONCE // max(1, items))
    for low in range(0, items, size):
        high = min(low + size, items)
        joint = np.zeros((high - low) * items)
        for rows in _chunks(by_item[first[low] : first[high]], evidence):
            cell, amount = _pairs(rows, evidence, config)
            joint += np.bincount(cell - low * items, weights=amount, minlength=len(joint))
        block = joint.reshape(high - low, items)
        bottom = np.outer(norm[low:high] ** config.from_power, to) + config.shrink
        similar = np.divide(block, bottom, out=np.zeros_like(block), where=bottom > 0)
        similar[np.arange(high - low), np.arange(low, high)] = 0.0
        yield similar**config.temper


def _chunks(rows: Ints, evidence: _Evidence) -> Iterator[Ints]:
    """Cut history rows into chunks that unfold to about TRIPLES_AT_ONCE pairs each."""
    if len(rows):
        unfolded = np.cumsum(evidence.folded.lengths[evidence.user[rows]])
        cuts = np.searchsorted(
            unfolded, np.arange(TRIPLES_AT_ONCE, unfolded[-1], TRIPLES_AT_ONCE), side="right"
        )
        yield from np.split(rows, np.unique(cuts))


def _pairs(rows: Ints, evidence: _Evidence, config: ItemNeighboursConfig) -> tuple[Ints, Floats]:
    """Every (row, row of the same person): flat cell item * items + other item, and what the pair counts."""
    folded, user = evidence.folded, evidence.user[rows]
    lengths = folded.lengths[user]
    source = np.repeat(rows, lengths)
    step = np.arange(len(source)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    other = np.repeat(folded.start[user], lengths) + step
    amount = np.repeat(evidence.breadth[user], lengths) * evidence.weight[source] * evidence.weight[other]
    if folded.order is not None:
        longest = int(lengths.max(initial=1))
        amount *= _decay(config, longest)[other - source + longest]
    return folded.item[source] * folded.items + folded.item[other], amount


def _decay(config: ItemNeighboursConfig, longest: int) -> Floats:
    """d(g) for gaps -longest..longest as a table, looked up at gap + longest."""
    gap = np.arange(-longest, longest + 1)
    decay = (1.0 + np.maximum(np.abs(gap) - 1, 0) / config.gap_scale) ** -config.gap_power
    return np.asarray(np.where(gap < 0, config.backward, 1.0) * decay)
