"""Thompson sampling over a few arms (policies, new courses), with the exact chance of each choice. Counts are plain
arrays; where they are kept, and what time it is, isn't known here."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, betaln, ndtr

from zhiyue.engine.kinds import Floats

# The integral's cells end where an arm's distribution reaches these shares: about a standard deviation apart.
SHARES = ndtr(np.arange(-7.0, 7.5))
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(6)
# Below this share of an arm nothing is looked for.
NEVER = 1e-12
INTERVAL = (0.025, 0.975)
# How far chances lie from the true integral at most, as the tests find it.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Thompson:
    """How arms are believed in before anything is seen, how fast that is forgotten, and what each arm gets at least.

    prior_successes, prior_failures  of every arm's Beta distribution, at least 0.5 each (1 and 1: every rate is as
    likely; 0.5 and 0.5: Jeffreys)
    half_life_days  after so many days what was seen counts half (None: for ever the same)
    least_share  chance that each arm has at least: it pays with regret for a log from which every arm can be evaluated
    """

    prior_successes: float = 1.0
    prior_failures: float = 1.0
    half_life_days: float | None = None
    least_share: float = 0.0

    def __post_init__(self) -> None:
        for name, prior in (
            ("prior_successes", self.prior_successes),
            ("prior_failures", self.prior_failures),
        ):
            if not 0.5 <= prior < np.inf:
                raise ValueError(f"{name} is {prior}: it must be 0.5 or more")
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise ValueError(f"half_life_days is {self.half_life_days}: it must be above 0, or None")
        if not 0.0 <= self.least_share <= 1.0:
            raise ValueError(f"least_share is {self.least_share}: it must lie between 0 and 1 / arms")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What was seen of each arm: (arms,) each, at least 0, not whole numbers once time has gone by."""

    successes: Floats
    failures: Floats

    def __post_init__(self) -> None:
        if self.successes.shape != self.failures.shape or self.successes.ndim != 1 or not len(self.successes):
            raise ValueError(
                "successes and failures must be two lists of the same length, one number per arm"
            )
        both = np.concatenate([self.successes, self.failures])
        if not np.all(np.isfinite(both) & (both >= 0)):
            raise ValueError("successes and failures must be finite and at least 0")

    @property
    def arms(self) -> int:
        return len(self.successes)


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """What is believed of each arm's rate: its mean, the interval that holds it with 95 of 100, and the chance that it
    is the highest; (arms,) each."""

    mean: Floats
    low: Floats
    high: Floats
    best: Floats


def nothing_seen(arms: int) -> Counts:
    """Raises ValueError if there are no arms."""
    return Counts(np.zeros(arms), np.zeros(arms))


def faded(config: Thompson, counts: Counts, days: float) -> Counts:
    """The counts `days` later: halved after each half-life, so that beliefs go back towards the prior.

    Raises ValueError if days is negative. Source: discounted Thompson sampling, Raj and Kalyani 2017.
    """
    if not 0.0 <= days < np.inf:
        raise ValueError(f"days is {days}: it must be 0 or more")
    if config.half_life_days is None:
        return counts
    kept = 0.5 ** (days / config.half_life_days)
    return Counts(counts.successes * kept, counts.failures * kept)


def weighed(config: Thompson, age: Floats, chance: Floats, shown: Floats, successes: Floats) -> Counts:
    """Counts of days on which arms had different chances, such that a good day for all arms speaks for none of them.

    age  (days,) how many days ago each was; chance, shown, successes  (days, arms) of an arm on a day
    Each choice weighs 1 / chance, times what time leaves of it, f: an arm's rate is sum f s / chance over
    sum f n / chance, and it counts for as many choices as that is worth, (sum f n / chance)^2 / sum f n / chance^2.
    With the same chances on all days these are the plain faded counts.
    Raises ValueError if the arrays don't fit, or a chance isn't above 0 and at most 1.
    Sources: Hajek 1971 (the rate); Kish 1965 (what weights are worth).
    """
    if not (
        chance.ndim == 2 and shown.shape == successes.shape == chance.shape == (len(age), chance.shape[1])
    ):
        raise ValueError("chance, shown and successes must have a row per day and a column per arm")
    if not np.all((chance > 0.0) & (chance <= 1.0)):
        raise ValueError("chances must be above 0 and at most 1")
    half_life = np.inf if config.half_life_days is None else config.half_life_days
    kept = 0.5 ** (age / half_life)
    weight, hits = kept @ (shown / chance), kept @ (successes / chance)
    some = weight > 0.0
    worth = np.where(some, weight**2, 0.0) / np.where(some, kept @ (shown / chance**2), 1.0)
    rate = hits / np.where(some, weight, 1.0)
    return Counts(worth * rate, worth * (1.0 - rate))


def chances(config: Thompson, counts: Counts) -> Floats:
    """With which chance each arm is chosen: (arms,), adds up to 1, each at least `least_share`.

    With arms k and least share e it is e + (1 - k e) times the chance that the arm's rate, drawn from its Beta
    distribution, is the highest.
    Raises ValueError if the least shares add up to more than 1. Sources: Thompson 1933; Chapelle and Li 2011.
    """
    best = highest(config.prior_successes + counts.successes, config.prior_failures + counts.failures)
    return at_least(config.least_share, best)


def at_least(least_share: float, best: Floats) -> Floats:
    """The chances to be `best`, (arms,), drawn together so far that each is at least `least_share`.

    Raises ValueError if the least shares add up to more than 1.
    """
    left = 1.0 - len(best) * least_share
    if left < -NEVER:
        raise ValueError(
            f"least_share is {least_share}: {len(best)} arms can have {1 / len(best):.6g} at most"
        )
    return np.asarray(least_share + max(left, 0.0) * best)


def believed(config: Thompson, counts: Counts) -> Beliefs:
    """Each arm's Beta distribution in numbers. `chances` are `best`, raised to the least share."""
    a, b = config.prior_successes + counts.successes, config.prior_failures + counts.failures
    low, high = betaincinv(a, b, INTERVAL[0]), betaincinv(a, b, INTERVAL[1])
    return Beliefs(np.asarray(a / (a + b)), np.asarray(low), np.asarray(high), highest(a, b))


def highest(a: Floats, b: Floats) -> Floats:
    """The chance that each of some independent Beta(a, b) variables is the highest: (arms,), adds up to 1.

    a, b  (arms,), at least 0.5. The integral of f_i(x) prod_(j != i) F_j(x) dx, with x = sin^2 t (which takes the poles
    of f away at 0 and 1, and makes widths alike), by Gauss-Legendre quadrature between the arms' own quantiles.
    Off by TOLERANCE at most.
    """
    certain, possible = betaincinv(a, b, NEVER).max(), 1.0 - betaincinv(b, a, NEVER)
    # Whoever can't reach what another surely has, has no chance, and no say in the chances of others.
    rivals = np.flatnonzero(possible >= certain)
    found = np.zeros(len(a))
    found[rivals] = _highest(a[rivals], b[rivals], float(certain), float(possible[rivals].max()))
    return np.asarray(found / found.sum())


def _highest(a: Floats, b: Floats, low: float, high: float) -> Floats:
    if len(a) == 1:
        return np.ones(1)
    ends = np.concatenate([betaincinv(a[:, None], b[:, None], SHARES).ravel(), [low, high]])
    angle = np.unique(np.arcsin(np.sqrt(np.clip(ends, low, high))))
    half = np.diff(angle) / 2.0
    at = (angle[:-1, None] + half[:, None] * (NODES + 1.0)).ravel()
    width = (half[:, None] * NODE_WEIGHTS).ravel()
    sine, cosine = np.sin(at), np.cos(at)
    below = betainc(a[:, None], b[:, None], sine**2)
    log_density = (
        (2 * a[:, None] - 1) * np.log(sine) + (2 * b[:, None] - 1) * np.log(cosine) - betaln(a, b)[:, None]
    )
    # The product over all others without dividing by one's own, which may be 0.
    before = np.cumprod(np.vstack([np.ones_like(at), below[:-1]]), axis=0)
    after = np.cumprod(np.vstack([np.ones_like(at), below[:0:-1]]), axis=0)[::-1]
    return np.asarray((2.0 * np.exp(log_density) * before * after) @ width)
