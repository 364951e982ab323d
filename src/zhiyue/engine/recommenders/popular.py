"""The popular list: what many people took lately. It knows nothing about the person."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Acts, Arrays, Floats, Ints, Profiles
from zhiyue.engine.matrix import histories

# A share of this of the highest count is told from nothing; below it differences hardly show in `damped`.
DAMPED_FROM = 1e-4


@dataclass(frozen=True, slots=True)
class PopularConfig:
    """half_life_days: an act this much older than the newest act of all counts half (no effect without days).
    power: the summed weight of one person's acts on one item is raised to it; 0 counts people."""

    half_life_days: float = 30.0
    power: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Popular:
    """score  (items,), in [0, 1], 1 for the most popular."""

    score: Floats

    @property
    def items(self) -> int:
        return len(self.score)

    def scores(self, profiles: Profiles) -> Floats:
        return np.tile(self.score, (profiles.weights.shape[0], 1))

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        return np.zeros((len(wanted), profile.weights.nnz), dtype=np.float32)

    def damped(self) -> "Popular":
        """The same list, by orders of magnitude: beside other parts of a blend it tells the less popular apart."""
        return Popular(damped(self.score))

    def spread(self, places: Ints, items: int) -> "Popular":
        """The same list over more items: item i becomes places[i]; nobody took the others.

        places  (self.items,), ascending, below `items`
        """
        score = np.zeros(items, dtype=self.score.dtype)
        score[places] = self.score
        return Popular(score)

    def to_arrays(self) -> Arrays:
        return {"score": self.score}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Popular":
        return cls(arrays["score"])


def damped(score: Floats) -> Floats:
    """Popularity by orders of magnitude: 0 stays 0, 1 stays 1, and the order stays."""
    return np.asarray(np.log1p(score / DAMPED_FROM) / np.log1p(1.0 / DAMPED_FROM), dtype=np.float32)


def fit(acts: Acts, config: PopularConfig) -> Popular:
    """Count each item's people, an old act less than a fresh one, and divide by the largest count.

    Each person speaks for an item once, through the newest act on it:
    score_i = sum over people of weight ** power * 0.5 ** (age in days / half_life_days), over its maximum.
    Source: the usual exponentially decayed count; Cormode et al. 2009, "Forward decay".
    """
    folded = histories(acts)
    voice = (folded.weight > 0) * folded.weight**config.power
    if folded.days is not None and len(folded.days):
        voice = voice * 0.5 ** ((folded.days.max() - folded.days) / config.half_life_days)
    return of_counts(np.bincount(folded.item, weights=voice, minlength=acts.items).astype(np.float64))


def of_counts(total: Floats) -> Popular:
    """total  (items,) what each item's people counted"""
    highest = total.max(initial=0.0)
    return Popular((total / highest if highest > 0 else total).astype(np.float32))
