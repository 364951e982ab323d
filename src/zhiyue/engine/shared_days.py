"""Arms that come and go, under rates that rise and fall for all of them: compared only within the days on which they
were drawn side by side.

An arm's rate on a day is taken for the day's own rate, which may be anything, times the arm's q. Given how many
successes a day had in all, each of them fell to arm i with the chance n_i q_i / sum_j n_j q_j of that day: its rate is
gone from this, and so is every day on which one arm stood alone. Who joined late is held only against those who were
there, and these against each other on all of their days.

People of a day may have had different chances, as by taste: each counts 1 / chance, so that an arm isn't the better one
for being shown to those who like it.
"""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Bools, Floats, Ints

# So many walks side by side, each of so many steps of which the first don't count: chances are off by 0.01 or so.
WALKS, STEPS, FIRST = 250, 50, 10
# What is seen decides, nothing else: the same walks each time.
SEED = 1


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """One row per draw: on which day, of which arm (a code below `arms`), with which chance, and what came of it."""

    day: Ints
    arm: Ints
    chance: Floats
    is_success: Bools
    arms: int

    def __post_init__(self) -> None:
        if len({len(column) for column in (self.day, self.arm, self.chance, self.is_success)}) > 1:
            raise ValueError("the columns of draws differ in length")
        if len(self.arm) and not 0 <= self.arm.min() <= self.arm.max() < self.arms:
            raise ValueError("an arm lies outside 0..arms-1")
        if not np.all((self.chance > 0.0) & (self.chance <= 1.0)):
            raise ValueError("chances must be above 0 and at most 1")

    def __len__(self) -> int:
        return len(self.day)


def shared(draws: Draws) -> Draws:
    """Those of days on which more than one arm was drawn: the others compare nothing."""
    pairs = np.unique(np.stack([draws.day, draws.arm]), axis=1)
    days, arms = np.unique(pairs[0], return_counts=True)
    keep = np.isin(draws.day, days[arms > 1])
    return Draws(
        draws.day[keep], draws.arm[keep], draws.chance[keep], draws.is_success[keep], arms=draws.arms
    )


def weighed(draws: Draws, least_chance: float) -> tuple[Floats, Floats]:
    """How often each arm counts as drawn and as a success on each day: (days, arms) each.

    A draw weighs w = 1 / chance, as if the chance had been `least_chance` where it was less, so that nobody decides
    alone. An arm's weights are then brought to what they are worth in all, (sum w)^2 / sum w^2: where all chances of
    an arm are the same these are plain counts.
    Sources: Horvitz and Thompson 1952; Ionides 2008 (truncated weights); Kish 1965 (what weights are worth).
    """
    weight = 1.0 / np.maximum(draws.chance, least_chance)
    total, squared = (
        np.bincount(draws.arm, weights=values, minlength=draws.arms) for values in (weight, weight**2)
    )
    weight = weight * (total / np.where(squared > 0.0, squared, 1.0))[draws.arm]
    days, row = np.unique(draws.day, return_inverse=True)
    shown, successes = np.zeros((2, len(days), draws.arms))
    np.add.at(shown, (row, draws.arm), weight)
    np.add.at(successes, (row, draws.arm), weight * draws.is_success)
    return shown, successes


def highest(prior: float, shown: Floats, successes: Floats) -> Floats:
    """The chance that each arm's q is the highest: (arms,), adds up to 1, the same for the same counts.

    prior  the shape of every q's Gamma distribution before anything is seen, in successes: 0.5 is half of one
    shown, successes  (days, arms), not whole numbers where they are weighed
    Gibbs sampling: given the days' rates each q has a Gamma distribution, given these each day's rate has. How large
    all q are together isn't seen from days; it is drawn anew each time, by which the walk mixes faster.
    Source: Caron and Doucet 2012.
    """
    tells = successes.sum(axis=1) > 0.0
    shown, successes = shown[tells], successes[tells]
    arms = shown.shape[1]
    of_day, of_arm = successes.sum(axis=1), successes.sum(axis=0)
    random = np.random.default_rng(SEED)
    q, won = np.ones((WALKS, arms)), np.zeros(arms)
    for step in range(STEPS):
        rate = random.gamma(of_day, 1.0 / (q @ shown.T))
        q = random.gamma(prior + of_arm, 1.0 / (prior + rate @ shown))
        q *= (random.gamma(prior * arms, 1.0 / prior, WALKS) / q.sum(axis=1))[:, None]
        if step >= FIRST:
            won += np.bincount(q.argmax(axis=1), minlength=arms)
    return np.asarray(won / won.sum())
