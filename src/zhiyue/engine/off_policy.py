"""What another policy would have earned, reckoned from the log of the one that chose: with intervals, or "not enough
data". No policy is run here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from zhiyue.engine.evaluate import FEWEST_PEOPLE, NORMAL_95, Estimate, Measure, Missing
from zhiyue.engine.kinds import Bools, Floats, Ints
from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.resampling import UnitSums, corrected, resampled
from zhiyue.engine.reward_model import Predicted, fitted, given

METHODS = ("ips", "clipped-ips", "snips", "dm", "dr", "switch-dr")
COLUMNS = ("one", "reward", "weight", "ips", "clipped-ips", "dm", "dr", "switch-dr")
# Differences of policies are told with intervals of 99 %, whose ends take more resamples than those of 95 %.
NORMAL_99 = 2.5758293035489004
LEAD_RESAMPLES = 4000


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


@dataclass(frozen=True, slots=True)
class Lead:
    """The best of several policies by their values (dr), and how far it is above each other: on the same resamples of
    people, with an interval of 99 %."""

    best: str
    gaps: dict[str, Estimate]

    @property
    def is_sure(self) -> bool:
        """Does the interval of every difference leave out 0?"""
        return all(gap.low > 0.0 for gap in self.gaps.values())


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
    found = _summed(rounds, target, model, action_features, demands, seed)
    return _told(found, rounds, target, demands, seed)


def compared(
    rounds: Rounds, targets: Mapping[str, Target], *, demands: Demands = DEMANDS, seed: int = 0
) -> tuple[dict[str, Evaluation], Lead | None]:
    """Each of several policies on the same log as `evaluated` does it, and how far the one of the highest value (dr) is
    above each other; None for fewer than two, and while the value of any may not be told."""
    found: dict[str, Evaluation] = {}
    sums: dict[str, Floats] = {}
    one: Floats = np.zeros(0)
    for name, target in targets.items():
        summed = _summed(rounds, target, None, None, demands, seed)
        found[name] = _told(summed, rounds, target, demands, seed)
        sums[name], one = summed.of("dr"), summed.of("one")
    values = {
        name: value.value for name, each in found.items() if isinstance(value := each.values["dr"], Estimate)
    }
    if len(values) < max(2, len(targets)):
        return found, None
    best = max(values, key=lambda name: values[name])
    others = [name for name in targets if name != best]
    apart = np.stack([*(sums[best] - sums[name] for name in others), one], axis=1)
    ratio = _Ratios([*others, "one"], apart, resampled(apart, LEAD_RESAMPLES, seed=seed))
    return found, Lead(best, {name: ratio.of(name, "one", normal=NORMAL_99) for name in others})


@dataclass(frozen=True, slots=True, eq=False)
class _Summed:
    """A log in sums: what each unit adds to each total, and what is told of weights."""

    names: list[str]
    sums: Floats
    units: int
    limit: float
    rewarded: int
    heaviest: float
    above_limit: float

    def of(self, name: str) -> Floats:
        return np.asarray(self.sums[:, self.names.index(name)])


def _summed(
    rounds: Rounds,
    target: Target,
    model: Floats | None,
    action_features: Floats | None,
    demands: Demands,
    seed: int,
) -> _Summed:
    """Block by block: of the log nothing is held but itself, and by whom each round is."""
    row = target.rows(rounds)
    limit = float(np.sqrt(len(rounds))) if demands.limit is None else demands.limit
    predicted = (
        fitted(rounds, target, action_features, seed=seed) if model is None else given(rounds, target, model)
    )
    units = UnitSums(len(rounds), rounds.person, len(COLUMNS), seed=seed)
    rewarded, heaviest, above_limit = 0, 0.0, 0.0
    for rows, told in predicted:
        weight = target.chances[row[rows], rounds.action[rows]] / rounds.propensity[rows]
        columns = _columns(rounds.reward[rows], weight, limit, told)
        units.add(rows, np.stack([columns[name] for name in COLUMNS], axis=1))
        rewarded += int(np.count_nonzero(columns["ips"]))
        heaviest = max(heaviest, float(weight.max()))
        above_limit += float(np.maximum(weight - limit, 0.0).sum())
    return _Summed(list(COLUMNS), units.sums, units.units, limit, rewarded, heaviest, above_limit)


def _told(found: _Summed, rounds: Rounds, target: Target, demands: Demands, seed: int) -> Evaluation:
    ratio = _Ratios(found.names, found.sums, resampled(found.sums, demands.resamples, seed=seed))
    weights = ratio.of("weight", "one")
    uncovered = _uncovered(rounds, target)
    over = "rounds" if rounds.person is None else "people"
    weight = found.of("weight")
    effective = _effective(weight)
    reason = _refusal(demands, found.units, over, effective, found.rewarded, weights, uncovered)
    bases = {name: "weight" if name == "snips" else "one" for name in METHODS}
    return Evaluation(
        values={m: reason or ratio.of(_source(m), base) for m, base in bases.items()},
        gains={m: reason or ratio.of(_source(m), base, minus="reward") for m, base in bases.items()},
        logged=ratio.of("reward", "one"),
        rounds=len(rounds),
        units=found.units,
        over=over,
        effective=effective,
        heaviest=found.heaviest,
        weights=weights,
        uncovered=uncovered,
        limit=found.limit,
        cut=found.above_limit / max(float(weight.sum()), np.finfo(float).tiny),
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

    def of(self, above: str, below: str, *, minus: str | None = None, normal: float = NORMAL_95) -> Estimate:
        """above / below, with `minus` / number of rounds taken off."""
        value, drawn, influence = self._one(above, below)
        if minus is not None:
            other = self._one(minus, "one")
            value, drawn, influence = value - other[0], drawn - other[1], influence - other[2]
        return Estimate(value, *corrected(value, drawn, influence, normal=normal), "bootstrap")

    def _one(self, above: str, below: str) -> tuple[float, Floats, Floats]:
        a, b = self.at[above], self.at[below]
        if self.total[b] <= 0.0:
            return 0.0, np.zeros(len(self.drawn)), np.zeros(len(self.sums))
        value = float(self.total[a] / self.total[b])
        # A resample may miss whatever carries weight: then it says nothing, as the value itself would.
        empty = self.drawn[:, b] <= 0.0
        drawn = np.where(empty, 0.0, self.drawn[:, a] / np.where(empty, 1.0, self.drawn[:, b]))
        return value, drawn, (self.sums[:, a] - value * self.sums[:, b]) / self.total[b]


def _columns(reward: Floats, weight: Floats, limit: float, predicted: Predicted) -> dict[str, Floats]:
    """What each round adds to each total, by COLUMNS."""
    surprise = weight * (reward - predicted.taken)
    return {
        "one": np.ones(len(reward)),
        "reward": reward.astype(np.float64),
        "weight": weight,
        "ips": weight * reward,
        "clipped-ips": np.minimum(weight, limit) * reward,
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
    if rounds.position is None:
        return _missed(rounds.action, row, target.chances) / len(rounds)
    places = (rounds.position == place for place in np.unique(rounds.position))
    return sum(_missed(rounds.action[there], row[there], target.chances) for there in places) / len(rounds)


def _missed(action: Ints, row: Ints, chances: Floats) -> float:
    absent: Bools = np.ones(chances.shape[1], dtype=np.bool_)
    absent[action] = False
    return float(np.bincount(row, minlength=len(chances)) @ (chances @ absent))


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
