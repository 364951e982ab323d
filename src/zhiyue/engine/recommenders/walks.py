"""Random walks from an item to the people who took it and on to their other items, popular ends held back."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Acts, Floats
from zhiyue.engine.matrix import histories, nearest
from zhiyue.engine.recommenders.pairs import Pairs, taken
from zhiyue.engine.recommenders.similarity import Similarity


@dataclass(frozen=True, slots=True)
class WalksConfig:
    """With its defaults the plain three-step walk.

    alpha  every step's probability is raised to this power: below 1 a person with many items, or an item with many
    people, passes on more
    beta  the end of a walk is divided by its item's degree to this power: 0 lets popular items win
    weight_power  the weight of a person's acts on an item is raised to this power
    neighbours  how many ends an item keeps; stored_pairs bounds the sum over all items
    """

    alpha: float = 1.0
    beta: float = 0.0
    weight_power: float = 1.0
    neighbours: int = 200
    stored_pairs: int = 12_000_000

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError("neighbours must be at least 1")
        if self.alpha <= 0:
            raise ValueError("alpha must be above 0")
        if self.beta < 0:
            raise ValueError("beta must not be negative")


def fit(acts: Acts, config: WalksConfig) -> Similarity:
    """How likely a walk item - person - item ends where. The first step, from the person to an item of theirs, is the
    profile's.

    With w_ui the folded weight, d_u = sum_i w_ui and d_i = sum_u w_ui:

        s(i -> j) = sum_u (w_ui / d_i) ** alpha * (w_uj / d_u) ** alpha / d_j ** beta

    returns  zero diagonal, cells at least 0. Order plays no part.
    Sources: Cooper et al. 2014 (P3 and its power alpha); Paudel et al. 2017 (RP3 and its penalty beta).
    """
    folded = histories(acts)
    weight = folded.weight**config.weight_power * (folded.weight > 0)
    of_user = np.bincount(folded.user, weights=weight, minlength=folded.users).astype(np.float64)
    of_item = np.bincount(folded.item, weights=weight, minlength=folded.items).astype(np.float64)
    onward = taken(folded, _over(weight, of_user[folded.user]) ** config.alpha)
    backward = (_over(weight, of_item[folded.item]) ** config.alpha).astype(np.float32)
    held_back = (np.where(of_item > 0, of_item, 1.0) ** -config.beta).astype(np.float32)
    pairs = Pairs.of(onward, np.ones(folded.users)).counting(backward, onward.data)

    def rows(low: int, high: int) -> Floats:
        block = pairs.joint(low, high) * held_back
        block[np.arange(high - low), np.arange(low, high)] = 0.0
        return block

    keep = int(min(config.neighbours, max(1, config.stored_pairs // max(1, folded.items))))
    return Similarity(nearest(rows, folded.items, keep))


def _over(top: Floats, bottom: Floats) -> Floats:
    """The quotient, 0 where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
