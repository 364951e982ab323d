"""Items that the same people take: cosine or correlation between items with shrinkage, aware of order where there is
one."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, Bools, Floats, Ints, Matrix
from zhiyue.engine.matrix import histories, nearest
from zhiyue.engine.recommenders.pairs import Damping, Decay, Pairs, taken
from zhiyue.engine.recommenders.similarity import Similarity
from zhiyue.engine.recommenders.weighting import UNWEIGHTED, Weighting, rarity, weighed

Likeness = Literal["cosine", "pearson"]


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
    counts = folded.weight > 0
    weight = folded.weight**config.weight_power * counts
    breadth = _breadth(folded.lengths, config)
    if folded.order is None:
        config = replace(config, gap_power=0.0, backward=1.0)
    if config.likeness == "pearson":
        means = _means(folded.item, weight, counts, folded.items)
        # Differences of large sums: they need more digits.
        rows = taken(folded, (weight - means[folded.item]) * counts, np.float64)
        return Similarity(_correlated(Pairs.of(rows, breadth, _decay(config)), counts, config))
    rows = taken(folded, weight)
    del folded, weight, counts
    return _of(rows, breadth, config)


def similar(rows: Matrix, config: ItemNeighboursConfig) -> Similarity:
    """As `fit`, of people whose acts are folded already.

    rows  (users, items) float32, cells above 0 in each person's order, oldest first, or in any where the decay is flat
    Raises ValueError for Pearson's correlation.
    """
    if config.likeness == "pearson":
        raise ValueError("correlations are fitted to acts")
    if config.weight_power != 1:
        powered = rows.data**config.weight_power
        rows = csr_array((powered, rows.indices, rows.indptr), shape=rows.shape)
    return _of(rows, _breadth(np.diff(rows.indptr), config), config)


def _of(rows: Matrix, breadth: Floats, config: ItemNeighboursConfig) -> Similarity:
    """By the cosine."""
    if config.weighting.scheme != "none":
        rows = _weighed(rows, config.weighting)
    pairs = Pairs.of(rows, breadth, _decay(config))
    return Similarity(pairs.nearest(_damping(config), _keep(rows.shape[1], config)))


def _weighed(rows: Matrix, weighting: Weighting) -> Matrix:
    """How much each person tells about each item."""
    users, items = rows.shape
    taker = np.repeat(np.arange(users, dtype=np.int32), np.diff(rows.indptr))
    rare = rarity(np.bincount(taker[rows.data > 0], minlength=users), items)
    total = np.bincount(rows.indices, weights=rows.data, minlength=items)
    mean_length = float(total.mean()) if items else 0.0
    cells = weighed(
        rows.data.astype(np.float64),
        rare[taker],
        np.asarray(total[rows.indices], dtype=np.float64),
        mean_length,
        weighting,
    )
    return csr_array((cells.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)


def _means(item: Ints, weight: Floats, counts: Bools, items: int) -> Floats:
    raters = np.bincount(item, weights=counts, minlength=items)
    return np.asarray(np.bincount(item, weights=weight, minlength=items) / np.maximum(raters, 1.0))


def _correlated(pairs: Pairs, counts: Bools, config: ItemNeighboursConfig) -> Matrix:
    """As `Pairs.nearest`, but the norms of a pair are sums over those alone who rated both."""
    rated, square = counts.astype(np.float64), pairs.first**2
    mine, theirs = pairs.counting(square, rated), pairs.counting(rated, square)
    damping = _damping(config)

    def related(low: int, high: int) -> Floats:
        bottom = mine.joint(low, high) ** damping.from_power * theirs.joint(low, high) ** damping.to_power
        # Of who gave all the same nothing can be said.
        bottom += np.where(bottom > 0, damping.shrink, 0.0)
        joint = np.maximum(pairs.joint(low, high), 0.0)
        joint = np.divide(joint, bottom, out=np.zeros_like(joint), where=bottom > 0)
        joint[np.arange(high - low), np.arange(low, high)] = 0.0
        return joint

    return damping.tempered(nearest(related, pairs.items, _keep(pairs.items, config)))


def _keep(items: int, config: ItemNeighboursConfig) -> int:
    return int(min(config.neighbours, max(1, config.stored_pairs // max(1, items))))


def _breadth(lengths: Ints, config: ItemNeighboursConfig) -> Floats:
    return np.asarray(np.maximum(lengths, 1.0) ** -config.breadth_power)


def _decay(config: ItemNeighboursConfig) -> Decay:
    return Decay(config.gap_power, config.gap_scale, config.backward)


def _damping(config: ItemNeighboursConfig) -> Damping:
    return Damping(config.from_power, config.to_power, config.shrink, config.temper)
