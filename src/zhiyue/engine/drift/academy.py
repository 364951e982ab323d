"""When what many people choose changed: found, dated, measured.

A choice is a topic that somebody turned to on a day; whoever turns to it ten times that day has chosen it once.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zhiyue.engine.evaluate import Estimate
from zhiyue.engine.kinds import Bools, Floats, Ints

WhyNot = Literal["", "few-days", "one-topic", "few-people"]
_Tallies = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """One row a choice. `person` and `topic` are codes below `people` and `topics`, `day` counts from 0 below `days`.
    Rows that say the same count once."""

    person: Ints
    day: Ints
    topic: Ints
    people: int
    days: int
    topics: int

    def __post_init__(self) -> None:
        for name, column, size in (
            ("person", self.person, self.people),
            ("day", self.day, self.days),
            ("topic", self.topic, self.topics),
        ):
            if len(column) != len(self.person):
                raise ValueError("the columns of choices differ in length")
            if len(column) and (column.min() < 0 or column.max() >= size):
                raise ValueError(f"a {name} lies outside 0..{size - 1}")


@dataclass(frozen=True, slots=True)
class Scan:
    """How changes are looked for. `level`: the chance to find one where there is none. `margin_days`: so many lie on
    either side of a change at least. `fewest_people`: so many chose something on either side. `most_people`: of more,
    so many are drawn. `resamples`: of people, for the test and for the intervals."""

    level: float = 0.05
    margin_days: int = 14
    fewest_people: int = 50
    most_people: int = 5000
    resamples: int = 499


@dataclass(frozen=True, slots=True)
class Rise:
    """How the share of one topic moved: points of 1, with a 95 % interval that holds for all topics together."""

    topic: int
    before: float
    after: float
    change: Estimate

    @property
    def is_sure(self) -> bool:
        return self.change.low > 0 or self.change.high < 0


@dataclass(frozen=True, slots=True)
class Change:
    """A found change. `day` is the first after it, `earliest` and `latest` its 95 % interval, `chance` how often so
    much is seen where nothing changed. `divergence`: Jensen–Shannon, in bits (0..1). `variation`: total variation, the
    share of choices that are others now (0..1). `rises`: every topic, those that rose most first."""

    day: int
    earliest: int
    latest: int
    chance: float
    divergence: Estimate
    variation: Estimate
    rises: tuple[Rise, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scan found, in order of days, and of how many people and choices. `why_not`: why nothing could be looked
    for, else empty."""

    found: tuple[Change, ...]
    people: int
    choices: int
    why_not: WhyNot = ""


def changes(choices: Choices, scan: Scan = Scan(), *, seed: int = 0) -> Changes:
    """The days on which what people choose changed for good.

    For each day c that leaves a margin, the shares of topics before and from c on are compared: d(c), a difference for
    each topic. A person is one observation, however many choices they made: u_i(c) is how far they move d(c), their
    choices taken against the shares of the whole. The statistic is S(c) = w(c) · Σ_topics d(c)² / v, where
    w = n_before · n_after / n² and v is the mean over c of w(c) · Σ_i u_i(c)². The largest S is held against the
    largest of the same with Σ_i ±u_i(c) for d(c), each person's sign drawn at random, the same for all c. So neither
    many choices of few people nor the many days that were tried make a change. Where one is found, both sides are
    looked at again, each at half the level.

    Intervals are from resampling people: percentile for the day, basic (so freed of the bias of chance) for sizes.
    Sources: Lin 1991 (divergence); Cameron, Gelbach and Miller 2008 (signs for clusters, under what is tested);
    Bücher and Kojadinovic 2016 (the same for change points); Vostrikova 1981 (both sides again).
    """
    rng = np.random.default_rng(seed)
    tallies = _tallies(choices, scan, rng)
    people = int(np.any(tallies, axis=(1, 2)).sum())
    why_not = _why_not(tallies, scan)
    if why_not:
        return Changes((), people, int(tallies.sum()), why_not)
    signs = rng.choice(np.asarray([-1, 1], dtype=np.float32), size=(scan.resamples, len(tallies)))
    even = np.full(len(tallies), 1 / len(tallies))
    drawn = rng.multinomial(len(tallies), even, size=scan.resamples).astype(np.float32)
    chances = _scanned(tallies, 0, scan, scan.level, signs)
    edges = [0, *sorted(chances), choices.days]
    found = tuple(
        _change(tallies[:, low:high], low, day, chances[day], scan, drawn)
        for low, day, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
    )
    return Changes(found, people, int(tallies.sum()))


def divergence(before: Floats, after: Floats) -> Floats:
    """Jensen–Shannon divergence in bits along the last axis of shares: 0 for the same, 1 where nothing is shared."""
    between = (before + after) / 2
    return np.asarray((_information(before, between) + _information(after, between)) / 2, dtype=np.float64)


def variation(before: Floats, after: Floats) -> Floats:
    """Total variation along the last axis of shares: half the sum of differences."""
    return np.asarray(np.abs(before - after).sum(axis=-1) / 2, dtype=np.float64)


def _tallies(choices: Choices, scan: Scan, rng: np.random.Generator) -> _Tallies:
    """(people, days, topics), 1 for a choice. Of people without any there is no row."""
    known, person = np.unique(choices.person, return_inverse=True)
    if len(known) > scan.most_people:
        place = np.full(len(known), -1, dtype=np.int64)
        place[rng.choice(len(known), scan.most_people, replace=False)] = np.arange(scan.most_people)
        person = place[person]
    kept = person >= 0
    rows = min(len(known), scan.most_people)
    tallies = np.zeros((rows, choices.days, choices.topics), dtype=np.float32)
    tallies[person[kept], choices.day[kept], choices.topic[kept]] = 1.0
    return tallies


def _why_not(tallies: _Tallies, scan: Scan) -> WhyNot:
    people, days, topics = tallies.shape
    if days < 2 * scan.margin_days:
        return "few-days"
    if topics < 2:
        return "one-topic"
    return "" if people and len(_candidates(tallies, scan)) else "few-people"


def _candidates(tallies: _Tallies, scan: Scan) -> Ints:
    """Days that can be compared: with margin and enough people on either side."""
    active = np.any(tallies, axis=2)
    days = np.arange(scan.margin_days, tallies.shape[1] - scan.margin_days + 1)
    before = np.cumsum(np.logical_or.accumulate(active, axis=1).sum(axis=0) >= scan.fewest_people) > 0
    after = np.logical_or.accumulate(active[:, ::-1], axis=1)[:, ::-1].sum(axis=0) >= scan.fewest_people
    return np.asarray(days[before[days - 1] & after[np.minimum(days, tallies.shape[1] - 1)]], dtype=np.int64)


def _scanned(tallies: _Tallies, origin: int, scan: Scan, level: float, signs: _Tallies) -> dict[int, float]:
    """Days of changes (counted from the whole's first), each with its chance."""
    days = _candidates(tallies, scan) if len(tallies) else np.zeros(0, dtype=np.int64)
    if not len(days):
        return {}
    sides = _compared(tallies, days)
    seen = sides.statistic(sides.apart)
    noise = signs @ sides.influence.reshape(len(tallies), -1)
    highest = sides.statistic(noise.reshape(-1, *sides.apart.shape)).max(axis=1)
    chance = float((1 + (highest >= seen.max()).sum()) / (1 + len(highest)))
    if chance > level:
        return {}
    cut = int(days[np.argmax(seen)])
    return {
        origin + cut: chance,
        **_scanned(tallies[:, :cut], origin, scan, level / 2, signs),
        **_scanned(tallies[:, cut:], origin + cut, scan, level / 2, signs),
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Both sides of each candidate day. influence (people, days, topics): how far each person moves the difference if
    nothing changed; apart (days, topics): the differences; balance (days,): share before × share after, of all
    choices; spread (topics,): the variance of a difference where both sides are alike large, in units of balance."""

    influence: _Tallies
    apart: Floats
    balance: Floats
    spread: Floats

    def statistic(self, apart: Floats) -> Floats:
        """(…, days), of differences (…, days, topics)."""
        return np.asarray((apart**2 / self.spread).sum(axis=-1) * self.balance, dtype=np.float64)


def _compared(tallies: _Tallies, days: Ints) -> _Compared:
    so_far = np.cumsum(tallies, axis=1, dtype=np.float32)
    before = so_far[:, days - 1]
    after = so_far[:, -1:] - before
    # Around the shares of the whole rather than of a side, which few people would pull towards themselves.
    whole = _shares(so_far[:, -1].sum(axis=0, dtype=np.float64)).astype(np.float32)
    early, late = (side.sum(axis=0, dtype=np.float64) for side in (before, after))
    counts = [side.sum(axis=1, keepdims=True) for side in (early, late)]
    surplus = [side - side.sum(axis=2, keepdims=True) * whole for side in (before, after)]
    influence = surplus[1] / counts[1].astype(np.float32) - surplus[0] / counts[0].astype(np.float32)
    balance = (counts[0] * counts[1] / (counts[0] + counts[1]) ** 2)[:, 0]
    spread = (np.sum(influence**2, axis=0, dtype=np.float64) * balance[:, None]).mean(axis=0)
    # A topic nobody ever chose doesn't vary.
    return _Compared(
        influence, late / counts[1] - early / counts[0], balance, np.where(spread > 0, spread, 1.0)
    )


def _change(tallies: _Tallies, origin: int, day: int, chance: float, scan: Scan, drawn: _Tallies) -> Change:
    """A found change told, from the days between its neighbours."""
    days = _candidates(tallies, scan)
    cut = day - origin
    sides = _compared(tallies, days)
    apart = sides.apart
    whole = tallies.reshape(len(tallies), -1)
    daily = (drawn @ whole).reshape(len(drawn), *tallies.shape[1:]).astype(np.float64)
    so_far = np.cumsum(daily, axis=1)
    before = _shares(so_far[:, days - 1])
    after = _shares(so_far[:, -1:] - so_far[:, days - 1])
    best = days[np.argmax(sides.statistic(after - before), axis=1)]
    low, high = np.quantile(best, [0.025, 0.975], method="nearest")
    place = int(np.searchsorted(days, cut))
    total = tallies.sum(axis=0, dtype=np.float64)
    was, now = _shares(total[:cut].sum(axis=0)), _shares(total[cut:].sum(axis=0))
    old, new = before[:, place], after[:, place]
    moved = new - old
    error = moved.std(axis=0)
    error = np.where(error > 0, error, 1.0)
    reach = float(np.quantile((np.abs(moved - apart[place]) / error).max(axis=1), 0.95)) * error
    rises = [
        Rise(t, float(was[t]), float(now[t]), Estimate(float(d), float(d - r), float(d + r), "bootstrap"))
        for t, (d, r) in enumerate(zip(apart[place], reach, strict=True))
    ]
    return Change(
        day,
        min(day, origin + int(low)),
        max(day, origin + int(high)),
        chance,
        _basic(float(divergence(was, now)), divergence(old, new)),
        _basic(float(variation(was, now)), variation(old, new)),
        tuple(sorted(rises, key=lambda rise: -rise.change.value)),
    )


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-12), dtype=np.float64)


def _basic(value: float, resampled: Floats) -> Estimate:
    """What is left of a size when the part that chance adds is taken off: chance makes any two samples differ."""
    low, high = np.quantile(resampled, [0.025, 0.975])
    freed = (2 * value - float(cell) for cell in (resampled.mean(), high, low))
    value, low, high = (min(1.0, max(0.0, cell)) for cell in freed)
    return Estimate(value, low, high, "bootstrap")


def _information(shares: Floats, reference: Floats) -> Floats:
    there: Bools = shares > 0
    ratio = np.where(there, shares, 1.0) / np.where(there, reference, 1.0)
    return np.asarray((shares * np.log2(ratio)).sum(axis=-1), dtype=np.float64)
