"""Bootstrap intervals of means and ratios over people or rounds. What is averaged isn't known here."""

import numpy as np
from scipy.special import ndtr, ndtri

from zhiyue.engine.evaluate import NORMAL_95
from zhiyue.engine.kinds import Floats, Ints

# Of more units the sums of this many random groups are resampled: they spread as the units do, and cost stays bounded.
MOST_UNITS = 20_000


def unit_sums(columns: Floats, unit: Ints | None, *, seed: int) -> Floats:
    """What is resampled: the rows of a unit (person) belong together.

    columns  (rows, columns); unit  (rows,) any codes, None: each row by itself
    returns  (units, columns): sums, of MOST_UNITS random groups of units where there are more
    """
    code = np.arange(len(columns)) if unit is None else np.unique(unit, return_inverse=True)[1]
    units = int(code.max()) + 1
    if units > MOST_UNITS:
        place = np.random.default_rng(seed).permutation(units) % MOST_UNITS
        code, units = place[code], MOST_UNITS
    return np.stack([np.bincount(code, weights=column, minlength=units) for column in columns.T], axis=1)


def resampled(sums: Floats, resamples: int, *, seed: int) -> Floats:
    """The totals of resamples of units: (resamples, columns).

    sums  (units, columns). As many units as there are, drawn with replacement.
    """
    random = np.random.default_rng(seed)
    units = len(sums)
    counts = (np.bincount(random.integers(0, units, units), minlength=units) for _ in range(resamples))
    return np.stack([count @ sums for count in counts])


def corrected(value: float, drawn: Floats, influence: Floats) -> tuple[float, float]:
    """The 95 % interval of a statistic, corrected for bias and skewness (BCa).

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
    turned = shift + np.asarray([-NORMAL_95, NORMAL_95])
    low, high = np.quantile(drawn, ndtr(shift + turned / (1.0 - skew * turned)))
    return min(float(low), value), max(float(high), value)
