"""EASE: every item foretold from all others at once by one ridge regression in closed form."""

from dataclasses import dataclass, field

import numpy as np

from zhiyue.engine.kinds import Acts
from zhiyue.engine.matrix import histories
from zhiyue.engine.recommenders.linear import Finish, Linear, TooManyItems, without_itself


@dataclass(frozen=True, slots=True)
class EaseConfig:
    """regularisation  the penalty on each weight's square
    dropout  the share p of acts that is imagined to be missing: p / (1 - p) of an item's own sum of squares is added to
    its penalty, so that a popular item's weights stay small as well
    breadth_power  a person with n items counts n ** -breadth_power; 0 is the paper's
    weight_power  the weight of a person's acts on an item is raised to this power
    finish  what becomes of the weights; with its defaults the paper's, as far as its neighbours reach
    most_items  a catalogue larger than this is refused: at 10,000 items the matrix takes 400 MB and minutes
    """

    regularisation: float = 300.0
    dropout: float = 0.0
    breadth_power: float = 0.0
    weight_power: float = 1.0
    finish: Finish = field(default_factory=Finish)
    most_items: int = 10_000

    def __post_init__(self) -> None:
        if self.regularisation <= 0:
            raise ValueError("regularisation must be above 0")
        if not 0 <= self.dropout < 1:
            raise ValueError("dropout must be at least 0 and below 1")
        if self.most_items < 1:
            raise ValueError("most_items must be at least 1")


def fit(acts: Acts, config: EaseConfig) -> Linear:
    """The (items, items) matrix B with zero diagonal that minimises

        sum_u l_u |x_u - x_u B|^2 + sum_i (regularisation + dropout / (1 - dropout) g_i) |B_i|^2

    where x_u are the folded weights, l_u = (items of u) ** -breadth_power and g_i = sum_u l_u x_ui^2; order plays no
    part. Cells may be below 0: an item then speaks against another.
    Raises TooManyItems. Sources: Steck 2019, "Embarrassingly shallow autoencoders for sparse data"; Steck 2020,
    "Autoencoders that don't overfit towards the identity" (dropout in closed form).
    """
    if acts.items > config.most_items:
        raise TooManyItems(acts.items, config.most_items)
    folded = histories(acts)
    weight = folded.weight**config.weight_power * (folded.weight > 0)
    lengths = np.bincount(folded.user, weights=weight > 0, minlength=folded.users)
    breadth = np.asarray(np.maximum(lengths, 1.0) ** -config.breadth_power)
    own = config.dropout / (1.0 - config.dropout)
    return Linear(without_itself(folded, weight, breadth, config.regularisation, config.finish, own))
