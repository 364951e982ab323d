"""What another policy would have earned, reckoned from the log of the one that chose: with intervals, or "not enough
data". No policy is run here."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from zhiyue.engine.evaluate import FEWEST_PEOPLE, Estimate, Measure, Missing
from zhiyue.engine.kinds import Bools, Floats
from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.resampling import corrected, resampled, unit_sums
from zhiyue.engine.reward_model import Predicted, fitted, given

METHODS = ("ips", "clipped-ips", "snips", "dm", "dr", "switch-dr")


@dataclass(frozen=True, slots=True)
class Demands:
    """When an estimate is refused, and how it is made.

    fewest_effective  people (rounds, where no person is known) that the weights must be worth
    fewest_rewarded  rounds with a reward (not 0) that the target could have made: of fewer the interval says too much
    most_uncovered  share of the target's choices that the log may be unable to speak of; the value lacks what they earn
    limit  where clipped-ips and switch-dr cut weights (None: the square root of the number of rounds, Ionides 2008)
    resamples  of the bootstrap
    """

    fewest_effective: float = 50.0
    fewest_rewarded: int = 20
    most_uncovered: float = 0.05
    limit: float | None = None
    resamples: int = 1000

    def __post_init__(self) -> None:
        if self.limit is not None and not self.limit > 0:
            raise ValueError(f"limit is {self.limit}: it must be above 0, or None")
        if self.resamples < 2:
            raise ValueError(f"resamples is {self.resamples}: an interval needs at least 2")


class Why(StrEnum):
    """Why no value may be told; which figures go with it says `_refusal`."""

    FEW_UNITS = "few-units"
    UNCOVERED = "uncovered"
    HARDLY_MADE = "hardly-made"
    WRONG_PROPENSITIES = "wrong-propensities"
    FEW_EFFECTIVE = "few-effective"
    FEW_REWARDED = "few-rewarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold(Missing):
    """A value that may not be told: `why` with its `figures`, for whoever words it anew."""

    why: Why
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The value of the target policy: mean reward per round, by METHODS.

    values  each with its 95 % interval, or why there is none
    gains  the same above what the log's own policy earned, on the same resamples
    logged  the mean reward seen in the log
    units, over  how many "people" or "rounds" the bootstrap drew from
    effective  how many equally weighted units the weights are worth; heaviest: the largest weight of a round
    weights  the mean weight. It is 1 where the log's propensities are right and cover the target
    uncovered  share of the target's choices that are actions which the log never holds in that position
    limit, cut  where weights were cut, and which share of all weight that took away
    """

    values: dict[str, Measure]
    gains: dict[str, Measure]
    logged: Estimate
    rounds: int
    units: int
    over: str
    effective: float
    heaviest: float
    weights: Estimate
    uncovered: float
    limit: float
    cut: float


DEMANDS = Demands()


def evaluated(
    rounds: Rounds,
    target: Target,
    *,
    model: Floats | None = None,
    action_features: Floats | None = None,
    demands: Demands = DEMANDS,
    seed: int = 0,
) -> Evaluation:
    """The value of `target`, had it chosen in the place of the log's policy.

    model  (rounds, actions): expected rewards from elsewhere, None: `reward_model.fitted`
    With w = target's chance / propensity, q the model's reward, and E q its mean over the target's actions:
    ips: mean w r. clipped-ips: mean min(w, limit) r, too low where rewards are above 0. snips: sum w r / sum w.
    dm: mean E q. dr: mean E q + w (r - q). switch-dr: the same without the second part where w is above the limit.
    Intervals are BCa bootstrap intervals over people where `rounds.person` is known, else over rounds. Resamples keep
    the cross-fitted model of dr; the doubt of dm's model is in its interval to first order, its bias isn't.
    Raises ValueError if rounds, target and model don't fit each other.
    Sources: Horvitz and Thompson 1952 (ips); Ionides 2008 (clipping); Swaminathan and Joachims 2015 (snips); Dudik,
    Langford and Li 2011 (dm, dr); Wang, Agarwal and Dudik 2017 (switch-dr).
    """
    weight = target.chances[target.rows(rounds), rounds.action] / rounds.propensity
    limit = float(np.sqrt(len(rounds))) if demands.limit is None else demands.limit
    predicted = (
        fitted(rounds, target, action_features, seed=seed) if model is None else given(rounds, target, model)
    )
    columns = _columns(rounds, weight, limit, predicted)
    names = list(columns)
    sums = unit_sums(np.stack(list(columns.values()), axis=1), rounds.person, seed=seed)
    drawn = resampled(sums, demands.resamples, seed=seed)
    ratio = _Ratios(names, sums, drawn)
    weights = ratio.of("weight", "one")
    uncovered = _uncovered(rounds, target)
    units = len(rounds) if rounds.person is None else len(np.unique(rounds.person))
    over = "rounds" if rounds.person is None else "people"
    effective = _effective(sums[:, names.index("weight")])
    rewarded = int(np.count_nonzero(columns["ips"]))
    reason = _refusal(demands, units, over, effective, rewarded, weights, uncovered)
    bases = {name: "weight" if name == "snips" else "one" for name in METHODS}
    return Evaluation(
        values={m: reason or ratio.of(_source(m), base) for m, base in bases.items()},
        gains={m: reason or ratio.of(_source(m), base, minus="reward") for m, base in bases.items()},
        logged=ratio.of("reward", "one"),
        rounds=len(rounds),
        units=units,
        over=over,
        effective=effective,
        heaviest=float(weight.max()),
        weights=weights,
        uncovered=uncovered,
        limit=limit,
        cut=float(np.maximum(weight - limit, 0.0).sum() / max(weight.sum(), np.finfo(float).tiny)),
    )


def by_position(
    rounds: Rounds, target: Target, *, demands: Demands = DEMANDS, seed: int = 0
) -> dict[int, Evaluation]:
    """Each place of the slate by itself.

    The sum of the values over places is the value of a whole slate, if what stands in one place doesn't change what is
    chosen from another (item-position model; Li et al. 2018).
    """
    found = {}
    for place in np.unique(rounds.place):
        there = rounds.place == place
        part = Target(target.chances, target.rows(rounds)).where(there)
        found[int(place)] = evaluated(rounds.where(there), part, demands=demands, seed=seed)
    return found


class _Ratios:
    """Ratios of column totals with their intervals; all from the same resamples."""

    def __init__(self, names: list[str], sums: Floats, drawn: Floats) -> None:
        self.at = {name: place for place, name in enumerate(names)}
        self.sums, self.drawn, self.total = sums, drawn, sums.sum(axis=0)

    def of(self, above: str, below: str, *, minus: str | None = None) -> Estimate:
        """above / below, with `minus` / number of rounds taken off."""
        value, drawn, influence = self._one(above, below)
        if minus is not None:
            other = self._one(minus, "one")
            value, drawn, influence = value - other[0], drawn - other[1], influence - other[2]
        return Estimate(value, *corrected(value, drawn, influence), "bootstrap")

    def _one(self, above: str, below: str) -> tuple[float, Floats, Floats]:
        a, b = self.at[above], self.at[below]
        if self.total[b] <= 0.0:
            return 0.0, np.zeros(len(self.drawn)), np.zeros(len(self.sums))
        value = float(self.total[a] / self.total[b])
        # A resample may miss whatever carries weight: then it says nothing, as the value itself would.
        empty = self.drawn[:, b] <= 0.0
        drawn = np.where(empty, 0.0, self.drawn[:, a] / np.where(empty, 1.0, self.drawn[:, b]))
        return value, drawn, (self.sums[:, a] - value * self.sums[:, b]) / self.total[b]


def _columns(rounds: Rounds, weight: Floats, limit: float, predicted: Predicted) -> dict[str, Floats]:
    """What each round adds to each total."""
    surprise = weight * (rounds.reward - predicted.taken)
    return {
        "one": np.ones(len(rounds)),
        "reward": rounds.reward.astype(np.float64),
        "weight": weight,
        "ips": weight * rounds.reward,
        "clipped-ips": np.minimum(weight, limit) * rounds.reward,
        "dm": predicted.direct,
        "dr": predicted.expected + surprise,
        "switch-dr": predicted.expected + np.where(weight <= limit, surprise, 0.0),
    }


def _source(method: str) -> str:
    return "ips" if method == "snips" else method


def _effective(weight: Floats) -> float:
    """How many equal weights say as much as these. Source: Kish 1965."""
    squares = float((weight**2).sum())
    return float(weight.sum() ** 2 / squares) if squares > 0.0 else 0.0


def _uncovered(rounds: Rounds, target: Target) -> float:
    """Mean chance of the target's actions that stand nowhere in the log in that position."""
    row = target.rows(rounds)
    missed = 0.0
    for place in np.unique(rounds.place):
        there = rounds.place == place
        absent: Bools = np.ones(rounds.actions, dtype=np.bool_)
        absent[rounds.action[there]] = False
        uses = np.bincount(row[there], minlength=len(target.chances))
        missed += float(uses @ (target.chances @ absent))
    return missed / len(rounds)


def _refusal(
    demands: Demands,
    units: int,
    over: str,
    effective: float,
    rewarded: int,
    weights: Estimate,
    uncovered: float,
) -> Untold | None:
    """Why no value may be told: the first reason that holds. `reason` is for who reads reports, in English."""
    most = demands.most_uncovered
    span = f"the mean weight is {weights.value:.3f} ({weights.low:.3f} to {weights.high:.3f}) where 1 is expected"
    weighed = {"weight": weights.value, "low": weights.low, "high": weights.high}
    reasons: tuple[tuple[bool, Why, dict[str, float], str], ...] = (
        (
            units < FEWEST_PEOPLE,
            Why.FEW_UNITS,
            {"units": units, "fewest": FEWEST_PEOPLE},
            f"not enough data: {units:,} {over}, at least {FEWEST_PEOPLE} are needed",
        ),
        (
            uncovered > most,
            Why.UNCOVERED,
            {"uncovered": uncovered, "most": most},
            f"not enough data: {uncovered:.1%} of the policy's choices are actions that the log never holds in that "
            f"position, at most {most:.0%} may be",
        ),
        (
            weights.high < 1.0 - most,
            Why.HARDLY_MADE,
            weighed,
            f"not enough data: {span}; the log could never make the policy's other choices",
        ),
        (
            weights.low > 1.0 + most,
            Why.WRONG_PROPENSITIES,
            weighed,
            f"the log's propensities are wrong: {span}",
        ),
        (
            effective < demands.fewest_effective,
            Why.FEW_EFFECTIVE,
            {"effective": effective, "fewest": demands.fewest_effective},
            f"not enough data: the weights are worth {effective:,.1f} {over}, at least {demands.fewest_effective:g} "
            "are needed",
        ),
        (
            rewarded < demands.fewest_rewarded,
            Why.FEW_REWARDED,
            {"rewarded": rewarded, "fewest": demands.fewest_rewarded},
            f"not enough data: {rewarded:,} rounds that the policy could have made brought a reward, at least "
            f"{demands.fewest_rewarded:,} are needed",
        ),
    )
    return next(
        (Untold(reason, why=why, figures=figures) for holds, why, figures, reason in reasons if holds), None
    )
