"""Items that the same people take: cosine or correlation between items with shrinkage, aware of order where there is
one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from zhiyue.engine.kinds import Acts, Floats, Histories, Ints
from zhiyue.engine.matrix import histories, stacked
from zhiyue.engine.recommenders.similarity import Similarity
from zhiyue.engine.recommenders.weighting import UNWEIGHTED, Weighting, rarity, weighed

Likeness = Literal["cosine", "pearson"]

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
    likeness  cosine, or Pearson's correlation over the people who rated both (it needs ratings that differ: where all
    weights are equal nothing is alike)
    weighting  how much a person tells about an item (items are the documents, people the terms); cosine only. With
    both powers 0 the plain products of weighted rows are compared, as BM25 usually is
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
    likeness: Likeness = "cosine"
    weighting: Weighting = UNWEIGHTED

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError("neighbours must be at least 1")
        if self.shrink < 0:
            raise ValueError("shrink must not be negative")
        if self.gap_scale <= 0 or self.temper <= 0:
            raise ValueError("gap_scale and temper must be above 0")
        if self.likeness not in get_args(Likeness):
            raise ValueError(f"likeness must be one of {', '.join(get_args(Likeness))}")
        if self.likeness == "pearson" and self.weighting.scheme != "none":
            raise ValueError("pearson compares ratings as they are: leave the weighting at none")


def fit(acts: Acts, config: ItemNeighboursConfig) -> Similarity:
    """Similarity of every item to its nearest neighbours.

    With w_ui the folded weight, l_u = (items of u) ** -breadth_power, g_uij = (place of j) - (place of i) in
    u's order,
    d(g) = (1 + (g - 1) / gap_scale) ** -gap_power, times `backward` where j came before i, and
    n_i = sum_u l_u w_ui^2:

        s(i -> j) = (sum_u l_u d(g_uij) w_ui w_uj / (n_i ** from_power * n_j ** to_power + shrink)) ** temper

    Without order d is 1. For Pearson's correlation w_ui is taken less the mean of item i, and n_i and n_j are the sums
    l_u d(g_uij) w^2 over those who rated both i and j; what is below 0 is no neighbour.
    returns  zero diagonal, cells at least 0, at most 1 when the powers add up to 1 or
    more and every n is at least 1.
    Sources: Sarwar et al. 2001 (item cosine and correlation); Bell and Koren 2007 (shrinkage); Deshpande and Karypis
    2004 (dividing out popularity, unequal powers); Garg et al. 2019 (STAN, decay with the distance in a sequence).
    """
    folded = histories(acts)
    user = folded.user
    weight = _weights(folded, user, config)
    breadth = np.asarray(np.maximum(folded.lengths, 1.0) ** -config.breadth_power)
    norm = np.asarray(
        np.bincount(folded.item, weights=breadth[user] * weight**2, minlength=folded.items), dtype=np.float64
    )
    keep = int(min(config.neighbours, max(1, config.stored_pairs // max(1, folded.items))))
    evidence = _Evidence(folded, user, weight, breadth)
    return Similarity(stacked(_rows(evidence, norm, config), folded.items, keep))


def _weights(folded: Histories, user: Ints, config: ItemNeighboursConfig) -> Floats:
    """What each (user, item) counts in the sums: weighted, or less the item's mean."""
    counts = folded.weight > 0
    weight = np.asarray(folded.weight**config.weight_power * counts)
    if config.likeness == "cosine" and config.weighting.scheme == "none":
        return weight
    total = np.bincount(folded.item, weights=weight, minlength=folded.items)
    if config.likeness == "pearson":
        raters = np.bincount(folded.item, weights=counts, minlength=folded.items)
        return np.asarray((weight - (total / np.maximum(raters, 1.0))[folded.item]) * counts)
    rare = rarity(np.bincount(user[counts], minlength=folded.users), folded.items)
    mean_length = float(total.mean()) if folded.items else 0.0
    return weighed(
        weight, rare[user], np.asarray(total[folded.item], dtype=np.float64), mean_length, config.weighting
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """Histories with what each row (user code, weight) and each user (breadth) counts."""

    folded: Histories
    user: Ints
    weight: Floats
    breadth: Floats


def _rows(evidence: _Evidence, norm: Floats, config: ItemNeighboursConfig) -> Iterator[Floats]:
    """Dense blocks of rows of the similarity matrix, in item order."""
    folded, items, weight = evidence.folded, evidence.folded.items, evidence.weight
    by_item = np.argsort(folded.item, kind="stable")
    first = np.searchsorted(folded.item[by_item], np.arange(items + 1))
    to = norm**config.to_power
    size = max(1, CELLS_AT_ONCE // max(1, items))
    for low in range(0, items, size):
        high = min(low + size, items)
        rows = by_item[first[low] : first[high]]
        block = _joint(rows, low, high, evidence, weight, weight, config)
        if config.likeness == "pearson":
            rated, square = (folded.weight > 0).astype(np.float64), weight**2
            mine = _joint(rows, low, high, evidence, square, rated, config)
            theirs = _joint(rows, low, high, evidence, rated, square, config)
            bottom = mine**config.from_power * theirs**config.to_power
            # Of who gave all the same nothing can be said.
            bottom += np.where(bottom > 0, config.shrink, 0.0)
            block = np.maximum(block, 0.0)
        else:
            bottom = np.outer(norm[low:high] ** config.from_power, to) + config.shrink
        similar = np.divide(block, bottom, out=np.zeros_like(block), where=bottom > 0)
        similar[np.arange(high - low), np.arange(low, high)] = 0.0
        yield similar**config.temper


def _joint(
    rows: Ints,
    low: int,
    high: int,
    evidence: _Evidence,
    from_weight: Floats,
    to_weight: Floats,
    config: ItemNeighboursConfig,
) -> Floats:
    """sum_u l_u d(g_uij) from_ui to_uj for the items low..high-1, whose history rows are `rows`, and every j."""
    items = evidence.folded.items
    joint = np.zeros((high - low) * items)
    for part in _chunks(rows, evidence):
        cell, amount = _pairs(part, evidence, from_weight, to_weight, config)
        joint += np.bincount(cell - low * items, weights=amount, minlength=len(joint))
    return joint.reshape(high - low, items)


def _chunks(rows: Ints, evidence: _Evidence) -> Iterator[Ints]:
    """Cut history rows into chunks that unfold to about TRIPLES_AT_ONCE pairs each."""
    if len(rows):
        unfolded = np.cumsum(evidence.folded.lengths[evidence.user[rows]])
        cuts = np.searchsorted(
            unfolded, np.arange(TRIPLES_AT_ONCE, unfolded[-1], TRIPLES_AT_ONCE), side="right"
        )
        yield from np.split(rows, np.unique(cuts))


def _pairs(
    rows: Ints, evidence: _Evidence, from_weight: Floats, to_weight: Floats, config: ItemNeighboursConfig
) -> tuple[Ints, Floats]:
    """Every (row, row of the same person): flat cell item * items + other item, and what the pair counts."""
    folded, user = evidence.folded, evidence.user[rows]
    lengths = folded.lengths[user]
    source = np.repeat(rows, lengths)
    step = np.arange(len(source)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    other = np.repeat(folded.start[user], lengths) + step
    amount = np.repeat(evidence.breadth[user], lengths) * from_weight[source] * to_weight[other]
    if folded.order is not None:
        longest = int(lengths.max(initial=1))
        amount *= _decay(config, longest)[other - source + longest]
    return folded.item[source] * folded.items + folded.item[other], amount


def _decay(config: ItemNeighboursConfig, longest: int) -> Floats:
    """d(g) for gaps -longest..longest as a table, looked up at gap + longest."""
    gap = np.arange(-longest, longest + 1)
    decay = (1.0 + np.maximum(np.abs(gap) - 1, 0) / config.gap_scale) ** -config.gap_power
    return np.asarray(np.where(gap < 0, config.backward, 1.0) * decay)
