"""What follows what: items that people took soon after the profile's newest ones."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Acts, CannotFit
from zhiyue.engine.matrix import histories
from zhiyue.engine.recommenders.pairs import Damping, Decay, Pairs, taken
from zhiyue.engine.recommenders.similarity import Similarity


class NoOrder(CannotFit):
    """Nothing says which act came first, so nothing follows anything."""


@dataclass(frozen=True, slots=True)
class SequenceConfig:
    """neighbours: how many followers an item keeps; stored_pairs bounds the sum over all items.
    shrink: evidence that is taken off every pair. from_power, to_power: how strongly the popularity of the item and of
    its follower is divided out. gap_power, gap_scale: a follower g places later counts
    (1 + (g - 1) / gap_scale) ** -gap_power. backward: what a pair counts against the direction (0: nothing).
    breadth_power: a person with n items counts n ** -breadth_power. weight_power: the weight of a person's acts on an
    item is raised to it. temper: what follows what is raised to this power; below 1 many weak voices count more against
    a single strong one."""

    neighbours: int = 200
    stored_pairs: int = 12_000_000
    shrink: float = 1.0
    from_power: float = 1.0
    to_power: float = 0.0
    gap_power: float = 1.0
    gap_scale: float = 1.0
    backward: float = 0.0
    breadth_power: float = 0.0
    weight_power: float = 0.0
    temper: float = 1.0

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError("neighbours must be at least 1")
        if self.shrink < 0:
            raise ValueError("shrink must not be negative")
        if not 0 <= self.backward <= 1:
            raise ValueError("backward must lie between 0 and 1")
        if self.gap_scale <= 0 or self.temper <= 0:
            raise ValueError("gap_scale and temper must be above 0")


def fit(acts: Acts, config: SequenceConfig) -> Similarity:
    """How much every item speaks for what people took soon after it.

    With w_ui the folded weight ** weight_power, l_u = (items of u) ** -breadth_power, g the places from i to j in u's
    order, d(g) = (1 + (g - 1) / gap_scale) ** -gap_power, times `backward` where j came before i, and
    n_i = sum_u l_u w_ui²:

        s(i -> j) = (sum_u l_u d(g_uij) w_ui w_uj / (n_i ** from_power * n_j ** to_power + shrink)) ** temper

    With from_power 1, to_power 0 it is the damped share of those with i who soon went on to j.
    Raises NoOrder if the order of acts is not known.
    Sources: Ludewig and Jannach 2018 (sequential rules, the weight of a rule falling with the steps between);
    Bell and Koren 2007 (shrinkage).
    """
    if acts.order is None:
        raise NoOrder("nothing says which act came first")
    folded = histories(acts)
    keep = int(min(config.neighbours, max(1, config.stored_pairs // max(1, folded.items))))
    breadth = np.asarray(np.maximum(folded.lengths, 1.0) ** -config.breadth_power)
    rows = taken(folded, folded.weight**config.weight_power * (folded.weight > 0))
    decay = Decay(config.gap_power, config.gap_scale, config.backward)
    damping = Damping(config.from_power, config.to_power, config.shrink, config.temper)
    return Similarity(Pairs.of(rows, breadth, decay).nearest(damping, keep))
