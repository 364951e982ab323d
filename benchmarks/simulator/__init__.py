"""Simulated members beside real ones: the rhythm of the model against OULAD, and what the whole model costs.

Reads ../shared/data/oulad where it is present (Kuzilek, Hlosta and Zdrahal 2017). `python -m benchmarks simulator`
prints the distances; with BENCHMARK_PICTURE=1 it draws docs/pictures/simulator.svg anew; with BENCHMARK_SEARCH=300 it
searches for better numbers of the rhythm, as those in `parameters.OPEN_UNIVERSITY` were found.
"""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.simulator.picture import draw
from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.chance import Bools, Floats, Ints
from zhiyue.engine.simulate.day import live_a_day
from zhiyue.engine.simulate.kinds import Catalogue, Course, Kind, Lesson, catalogue, newcomers
from zhiyue.engine.simulate.parameters import ACADEMY, OPEN_UNIVERSITY, Parameters, Rhythm
from zhiyue.engine.simulate.people import nature
from zhiyue.engine.simulate.rhythm import cohort

DATA = Path(__file__).parents[3] / "shared" / "data" / "oulad"
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "simulator.svg"
WEEKS = 33
# A Saturday, as the presentations of OULAD begin.
FIRST_DAY = 735_146
# What may be searched, and between which bounds.
BOUNDS = {
    "rate": (0.02, 0.3), "spread": (0.4, 1.6), "novelty": (0.05, 2.0), "novelty_half_life_days": (7, 60),
    "habit_boost": (1, 12), "habit_half_life_days": (1.5, 10), "stay_days": (40, 400), "stay_spread": (0.5, 2),
    "away_days": (20, 400), "leak": (0.005, 0.15),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Presence:
    """Of people who began at the same time: the share there in each week, active days of those there each week,
    active days of each person, days between two active days, share of active days by day of the week."""

    weekly: Floats
    days_a_week: Floats
    active_days: Ints
    gaps: Ints
    weekday: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """Distances from OULAD: Kolmogorov–Smirnov, and mean absolute errors of weekly shares."""

    weekly_error: float
    active_days_ks: float
    gaps_ks: float
    weekday_error: float
    days_a_week_error: float


def main() -> None:
    if DATA.exists():
        _beside_oulad()
    else:
        print(f"simulator: left out the comparison, there is no {DATA}")
    _cost()


def compared(
    data: Path, parameters: Parameters, *, people_count: int, real: Presence | None = None
) -> Compared:
    """How far the rhythm of `parameters` is from OULAD's."""
    real = real or presence(oulad(data))
    ours = simulated(parameters, people_count)
    return Compared(
        weekly_error=float(np.abs(real.weekly - ours.weekly).mean()),
        active_days_ks=distance(real.active_days, ours.active_days),
        gaps_ks=distance(real.gaps, ours.gaps),
        weekday_error=float(np.abs(real.weekday - ours.weekday).mean()),
        days_a_week_error=float(np.abs(real.days_a_week - ours.days_a_week).mean()),
    )


def oulad(data: Path) -> Bools:
    """(people, days) who was there on which day of a presentation, from its first day on."""
    rows = duckdb.connect().execute(
        "SELECT dense_rank() OVER (ORDER BY code_module, code_presentation, id_student) - 1 AS who, date "
        "FROM read_parquet(?) WHERE date BETWEEN 0 AND ? GROUP BY code_module, code_presentation, id_student, date",
        [str(data / "studentVle.parquet"), WEEKS * 7 - 1],
    ).fetchnumpy()  # fmt: skip
    there = np.zeros((int(rows["who"].max()) + 1, WEEKS * 7), dtype=np.bool_)
    there[rows["who"], rows["date"]] = True
    return there


def simulated(parameters: Parameters, people_count: int) -> Presence:
    key = chance.keys([f"calibration {n}" for n in range(people_count)])
    who = nature(parameters, key)
    return presence(cohort(parameters, who, days=WEEKS * 7, first_day=FIRST_DAY))


def presence(there: Bools) -> Presence:
    """Of everybody who was there at least once."""
    there = there[there.any(axis=1)]
    weeks = there.reshape(len(there), WEEKS, 7)
    person, day = np.nonzero(there)
    return Presence(
        weekly=weeks.any(axis=2).mean(axis=0),
        days_a_week=weeks.sum(axis=2).sum(axis=0) / weeks.any(axis=2).sum(axis=0),
        active_days=there.sum(axis=1),
        gaps=np.diff(day)[np.diff(person) == 0],
        # From Monday: the first day is a Saturday.
        weekday=np.roll(weeks.sum(axis=(0, 1)), -2) / there.sum(),
    )


def distance(one: Ints, other: Ints) -> float:
    """Kolmogorov–Smirnov: the largest difference between two cumulative shares."""
    values = np.union1d(one, other)
    shares = [np.searchsorted(np.sort(each), values, side="right") / len(each) for each in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def _beside_oulad() -> None:
    real = presence(oulad(DATA))
    parameters = OPEN_UNIVERSITY
    if tries := int(os.environ.get("BENCHMARK_SEARCH", "0")):
        parameters = replace(parameters, rhythm=_searched(real, parameters.rhythm, tries))
        print(parameters.rhythm)
    print(
        f"{'rhythm against OULAD':<24}{'weekly':>8}{'KS days':>9}{'KS gaps':>9}{'weekday':>9}{'days/week':>11}"
    )
    for name, each in (("as calibrated", parameters), ("as the academy lives", ACADEMY)):
        found = compared(DATA, each, people_count=4000, real=real)
        print(
            f"{name:<24}{found.weekly_error:8.3f}{found.active_days_ks:9.3f}{found.gaps_ks:9.3f}"
            f"{found.weekday_error:9.3f}{found.days_a_week_error:11.2f}"
        )
    halves = np.random.default_rng(1).permutation(len(real.active_days))
    middle = len(halves) // 2
    noise = distance(real.active_days[halves[:middle]], real.active_days[halves[middle:]])
    print(f"{'half of OULAD against the other':<32}{noise:9.3f}")
    _clicks()
    if os.environ.get("BENCHMARK_PICTURE"):
        draw(PICTURE, real, simulated(parameters, 8000), simulated(ACADEMY, 8000))
        print(f"drawn: {PICTURE.name}")


def _clicks() -> None:
    """What a person does on an active day, told in quantiles relative to the median: units differ."""
    rows = duckdb.connect().execute(
        "SELECT sum(sum_click) AS n FROM read_parquet(?) WHERE date >= 0 "
        "GROUP BY code_module, code_presentation, id_student, date",
        [str(DATA / "studentVle.parquet")],
    ).fetchnumpy()["n"]  # fmt: skip
    shown, people_count, days = _catalogue(), 1000, 60
    acts_a_day = np.concatenate([_acts_of_everybody(shown, people_count, days)])
    for name, found in (("clicks a day, OULAD", rows), ("acts a day, simulated", acts_a_day)):
        quantiles = np.quantile(found, [0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
        print(f"{name:<24}" + "".join(f"{value:8.0f}" for value in quantiles) + f"   mean {found.mean():.1f}")


def _acts_of_everybody(shown: Catalogue, people_count: int, days: int) -> Ints:
    key = chance.keys([f"clicks {n}" for n in range(people_count)])
    people = newcomers(key, np.full(people_count, FIRST_DAY - 1.0), shown)
    who = nature(ACADEMY, key)
    found = []
    for n in range(days):
        acts = live_a_day(ACADEMY, shown, people, who, FIRST_DAY + n)
        # As OULAD counts: loads of pages, and not the signs of life while one reads.
        pages = acts.person[np.isin(acts.kind, [Kind.PAGE, Kind.SEARCH, Kind.VIEW, Kind.OPEN])]
        count = np.bincount(pages)
        found.append(count[count > 0])
    return np.concatenate(found)


def _catalogue() -> Catalogue:
    """Forty courses of four lessons in ten topics."""
    price = (0, 4900, 9900, 19_900)
    return catalogue(
        [
            Course(
                id=n + 1,
                topic=f"topic {n % 10}",
                tags=(f"tag {n % 10}", f"tag {n % 23}"),
                price_fen=price[n % 4],
                published_day=FIRST_DAY - 200,
                lessons=tuple(Lesson(10 * n + k, 8, k == 0) for k in range(4)),
            )
            for n in range(40)
        ]
    )


def _cost() -> None:
    shown, count, days = _catalogue(), 2000, 180
    key = chance.keys([f"cost {n}" for n in range(count)])
    rng = np.random.default_rng(1)
    joined = FIRST_DAY + days * rng.uniform(-0.5, 1.0, count)
    people, who = newcomers(key, joined, shown), nature(ACADEMY, key)
    began, acts = time.process_time(), 0
    for n in range(days):
        acts += len(live_a_day(ACADEMY, shown, people, who, FIRST_DAY + n))
    spent = time.process_time() - began
    print(f"{count:,} members × {days} days: {acts:,} acts in {spent:.1f} s CPU, nothing stored")


def _searched(real: Presence, start: Rhythm, tries: int) -> Rhythm:
    """Random search: wide at first, then around the best."""
    rng = np.random.default_rng(1)
    best, least = start, np.inf
    for n in range(tries):
        candidate = replace(start, **_candidate(best, rng, wide=n < 60, width=0.3 * (1 - n / tries) + 0.03))
        found = compared(DATA, replace(OPEN_UNIVERSITY, rhythm=candidate), people_count=1500, real=real)
        loss = found.weekly_error + 0.7 * (found.active_days_ks + found.gaps_ks) + found.days_a_week_error / 6
        if loss < least:
            best, least = candidate, loss
            print(f"{n:>5}{loss:8.4f}", flush=True)
    return best


def _candidate(best: Rhythm, rng: np.random.Generator, *, wide: bool, width: float) -> dict[str, float]:
    if wide:
        return {name: float(np.exp(rng.uniform(*np.log(bounds)))) for name, bounds in BOUNDS.items()}
    changed = rng.choice(list(BOUNDS), size=int(rng.integers(1, 4)), replace=False)
    found: dict[str, float] = {name: getattr(best, name) for name in BOUNDS}
    for name in changed:
        least, most = BOUNDS[name]
        found[name] = float(np.clip(found[name] * np.exp(rng.normal(0, width)), least, most))
    return found
