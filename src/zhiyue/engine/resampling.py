"""Bootstrap intervals of means and ratios over people or rounds. What is averaged isn't known here."""

import numpy as np
from scipy.special import ndtr, ndtri

from zhiyue.engine.evaluate import NORMAL_95
from zhiyue.engine.kinds import Floats, Ints

# Of more units the sums of this many random groups are resampled: they spread as the units do, and cost stays bounded.
MOST_UNITS = 20_000


class UnitSums:
    """What is resampled: the rows of a unit (person) belong together. Added block by block.

    unit  (rows,) any codes, None: each row by itself
    """

    def __init__(self, rows: int, unit: Ints | None, columns: int, *, seed: int) -> None:
        self._code: Ints | None = None if unit is None else np.unique(unit, return_inverse=True)[1]
        self.units = rows if self._code is None else int(self._code.max()) + 1
        self._group: Ints | None = None
        if self.units > MOST_UNITS:
            self._group = np.random.default_rng(seed).permutation(self.units) % MOST_UNITS
        # (units, columns): sums, of MOST_UNITS random groups of units where there are more.
        self.sums = np.zeros((min(self.units, MOST_UNITS), columns))

    def add(self, rows: slice, columns: Floats) -> None:
        """columns  (rows of the block, columns)"""
        code = np.arange(rows.start, rows.start + len(columns)) if self._code is None else self._code[rows]
        if self._group is not None:
            code = self._group[code]
        for place, column in enumerate(columns.T):
            self.sums[:, place] += np.bincount(code, weights=column, minlength=len(self.sums))


def resampled(sums: Floats, resamples: int, *, seed: int) -> Floats:
    """The totals of resamples of units: (resamples, columns).

    sums  (units, columns). As many units as there are, drawn with replacement.
    """
    random = np.random.default_rng(seed)
    units = len(sums)
    counts = (np.bincount(random.integers(0, units, units), minlength=units) for _ in range(resamples))
    return np.stack([count @ sums for count in counts])


def corrected(
    value: float, drawn: Floats, influence: Floats, *, normal: float = NORMAL_95
) -> tuple[float, float]:
    """The interval of a statistic, corrected for bias and skewness (BCa): the one of 95 % or another, of which `normal`
    is the quantile of the normal distribution.

    drawn  (resamples,): the statistic on resamples; influence  (units,): how far each unit moves it, mean 0
    Few rewards with large weights make estimates skewed to the right; the plain percentile interval ends too low then.
    Source: Efron 1987, *Better bootstrap confidence intervals*.
    """
    spread = float((influence**2).sum())
    if spread <= 0.0:
        return value, value
    below = (float((drawn < value).sum()) + 0.5 * float((drawn == value).sum())) / len(drawn)
    shift = float(ndtri(np.clip(below, 0.5 / len(drawn), 1.0 - 0.5 / len(drawn))))
    skew = float((influence**3).sum()) / (6.0 * spread**1.5)
    turned = shift + np.asarray([-normal, normal])
    low, high = np.quantile(drawn, ndtr(shift + turned / (1.0 - skew * turned)))
    return min(float(low), value), max(float(high), value)
