"""Items that the same people take: cosine or correlation between items with shrinkage, aware of order where there is
one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from zhiyue.engine.kinds import Acts, Floats
from zhiyue.engine.matrix import histories, stacked
from zhiyue.engine.recommenders.pairs import Damping, Decay, Evidence
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
    keep = int(min(config.neighbours, max(1, config.stored_pairs // max(1, folded.items))))
    plain = Evidence.of(folded, config.weight_power, config.breadth_power)
    evidence = replace(plain, weight=_weights(plain, config))
    decay = Decay(config.gap_power, config.gap_scale, config.backward)
    damping = Damping(config.from_power, config.to_power, config.shrink, config.temper)
    correlated = config.likeness == "pearson"
    rows = _correlated(evidence, decay, damping) if correlated else evidence.related(decay, damping)
    return Similarity(stacked(rows, folded.items, keep))


def _weights(plain: Evidence, config: ItemNeighboursConfig) -> Floats:
    """What each (user, item) counts in the sums: weighted, or less the item's mean."""
    folded, user, weight = plain.folded, plain.user, plain.weight
    if config.likeness == "cosine" and config.weighting.scheme == "none":
        return weight
    counts = folded.weight > 0
    total = np.bincount(folded.item, weights=weight, minlength=folded.items)
    if config.likeness == "pearson":
        raters = np.bincount(folded.item, weights=counts, minlength=folded.items)
        return np.asarray((weight - (total / np.maximum(raters, 1.0))[folded.item]) * counts)
    rare = rarity(np.bincount(user[counts], minlength=folded.users), folded.items)
    mean_length = float(total.mean()) if folded.items else 0.0
    return weighed(
        weight, rare[user], np.asarray(total[folded.item], dtype=np.float64), mean_length, config.weighting
    )


def _correlated(evidence: Evidence, decay: Decay, damping: Damping) -> Iterator[Floats]:
    """As `Evidence.related`, but the norms of a pair are sums over those alone who rated both."""
    rated, square = (evidence.folded.weight > 0).astype(np.float64), evidence.weight**2
    both = evidence.joint(decay)
    mine, theirs = evidence.joint(decay, square, rated), evidence.joint(decay, rated, square)
    for (low, block), (_, from_norm), (_, to_norm) in zip(both, mine, theirs, strict=True):
        bottom = from_norm**damping.from_power * to_norm**damping.to_power
        # Of who gave all the same nothing can be said.
        bottom += np.where(bottom > 0, damping.shrink, 0.0)
        yield damping.damped(low, np.maximum(block, 0.0), bottom)
