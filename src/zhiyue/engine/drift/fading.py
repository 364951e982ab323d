"""How fast what people did should fade: the half-life under which their own past foretells what they did next."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Floats, Ints


@dataclass(frozen=True, slots=True)
class Ladder:
    """The half-lives that are tried, in days, shortest first. `usual` is the one expected before anything is known;
    `looseness` how far from it, in doublings, one is believed as easily (a standard deviation). `base_weight`: how
    many choices the academy's shares count as in each forecast."""

    half_lives_days: tuple[float, ...] = (7.5, 15.0, 30.0, 60.0, 120.0)
    usual_days: float = 30.0
    looseness: float = 1.0
    base_weight: float = 1.0

    def __post_init__(self) -> None:
        steps = self.half_lives_days
        if not steps or min(steps) <= 0 or list(steps) != sorted(set(steps)):
            raise ValueError("half-lives must be above 0 and ascend")
        if self.usual_days <= 0 or self.looseness <= 0 or self.base_weight <= 0:
            raise ValueError("the usual half-life, looseness and base weight must be above 0")


def foretold(topics: Ints, days: Floats, shares: Floats, ladder: Ladder = Ladder()) -> Floats:
    """How well each half-life foretells one person's choices, oldest first, from those before them.

    topics, days  (n,), days ascending
    shares  (topics,), the academy's, above 0
    returns  (half-lives,), the log chance of all choices: that of choice i is (b · share + its topic's faded count of
    earlier days) / (b + all that is left of earlier days)
    """
    steps = np.asarray(ladder.half_lives_days)
    if not len(topics):
        return np.zeros(len(steps))
    # Sums of 2^(day/h), which a division by the day's own makes faded counts; from the middle, to stay in range.
    grown = np.exp2(np.clip((days - (days[0] + days[-1]) / 2) / steps[:, None], -500, 500))
    chosen = np.zeros((len(topics), len(shares)))
    chosen[np.arange(len(topics)), topics] = 1.0
    sums = np.zeros((len(steps), len(topics) + 1, len(shares)))
    np.cumsum(grown[:, :, None] * chosen, axis=1, out=sums[:, 1:])
    # What happened on the same day foretells nothing.
    earlier = np.searchsorted(days, days, side="left")
    alike = sums[:, earlier, topics] / grown
    everything = sums[:, earlier].sum(axis=2) / grown
    chance = (ladder.base_weight * shares[topics] + alike) / (ladder.base_weight + everything)
    return np.asarray(np.log(chance).sum(axis=1), dtype=np.float64)


def half_life_days(log_chances: Floats, ladder: Ladder = Ladder()) -> float:
    """The half-life to use, from what `foretold` says of each: the posterior mean of its logarithm under a normal
    prior around the usual one. So it is `usual_days` where nothing is known (but for the ladder's ends), moves as the
    evidence grows, and never leaves the ladder. Log chances of several people may be added up.
    """
    doublings = np.log2(np.asarray(ladder.half_lives_days))
    usual = np.log2(ladder.usual_days)
    belief = log_chances - ((doublings - usual) / ladder.looseness) ** 2 / 2
    weight = np.exp(belief - belief.max())
    return float(2 ** ((weight @ doublings) / weight.sum()))
