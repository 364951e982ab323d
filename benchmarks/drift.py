"""What knowing of turns of taste does to what is shown, on simulated people who are steady or turned: acts that fade by
whether they still speak, and a half-life of one's own, each on the newest 200 acts and on as many as slates read.

How well turns are found is in `tests/engine/test_drift*.py`. DRIFT_SEEDS: how many academies of each kind live (6).
"""

import os
from collections import defaultdict
from dataclasses import dataclass, replace

import django
import numpy as np
from scipy.sparse import csr_array

from zhiyue.config.environment import choose_settings
from zhiyue.engine import evaluate
from zhiyue.engine.drift.fading import foretold, half_life_days
from zhiyue.engine.drift.person import turned
from zhiyue.engine.kinds import Acts, Floats, Matrix, Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.day import live_a_day
from zhiyue.engine.simulate.kinds import NONE, Course, Kind, Lesson, catalogue, newcomers
from zhiyue.engine.simulate.parameters import ACADEMY, Parameters, Turn
from zhiyue.engine.simulate.people import nature

DAY, HISTORY_DAYS, LATER_DAYS = 739_500, 180, 21
PEOPLE, COURSES, TOPICS, FEWEST_CHOICES = 1500, 120, 8, 12
TURNS_TRIED = 0.1
WEIGHTS = {
    Kind.VIEW: 1.0, Kind.CHOOSE: 0.5, Kind.OPEN: 1.5, Kind.READ: 0.2, Kind.FINISH: 4.0, Kind.SAVE: 3.0, Kind.ENROL: 6.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """Acts until the last three weeks, and the new courses that people turned to in those."""

    acts: Acts
    later: Matrix
    groups: np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def main() -> None:
    choose_settings()
    django.setup()
    steady = replace(ACADEMY, interest=replace(ACADEMY.interest, drifting=0.0, shift_share=0.0))
    cases = {"steady": steady, "interests drift as in the demo": ACADEMY}
    for days in (20, 45):
        turn = Turn(day=DAY + HISTORY_DAYS - days, share=1.0)
        cases[f"turned {days} days ago"] = replace(steady, turns=(turn,))
    for name, parameters in cases.items():
        found: dict[str, list[Floats]] = defaultdict(list)
        for seed in range(int(os.environ.get("DRIFT_SEEDS", "6"))):
            for way, values in _measured(lived(replace(parameters, seed=ACADEMY.seed + seed))).items():
                found[way].append(values)
        _tell(name, {way: np.concatenate(values) for way, values in found.items()})


def lived(parameters: Parameters) -> Life:
    shown = catalogue([_course(n) for n in range(COURSES)])
    key = chance.keys([f"person {n}" for n in range(PEOPLE)])
    crowd = newcomers(key, DAY - 30 - np.arange(PEOPLE) % 200.0, shown)
    who = nature(parameters, key)
    worth = np.array([WEIGHTS.get(kind, 0.0) for kind in Kind])
    rows = []
    for day in range(HISTORY_DAYS + LATER_DAYS):
        acts = live_a_day(parameters, shown, crowd, who, DAY + day)
        some = (acts.course != NONE) & (worth[acts.kind] > 0)
        moment = day * 86_400_000 + acts.at[some] * 1000
        rows.append(np.stack([acts.person[some], acts.course[some], worth[acts.kind[some]], moment], axis=1))
    user, item, weight, moment = np.concatenate(rows).T
    past = moment < HISTORY_DAYS * 86_400_000
    user, item = user.astype(np.int64), item.astype(np.int64)
    order = moment[past].astype(np.int64)
    acts_before = Acts(user[past], item[past], weight[past], PEOPLE, COURSES, order, order / 86_400_000)
    pairs = np.unique(np.stack([user[~past], item[~past]]), axis=1)
    new = owned(acts_before).toarray()[pairs[0], pairs[1]] == 0
    cells = (np.ones(new.sum(), dtype=np.float32), (pairs[0][new], pairs[1][new]))
    return Life(acts_before, csr_array(cells, shape=(PEOPLE, COURSES)), shown.topic)


def _course(n: int) -> Course:
    lessons = tuple(Lesson(10 * n + k, 5 + k, k == 0) for k in range(5))
    price = 0 if n % 3 == 0 else 4900 + 1000 * (n % 12)
    tags = (f"tag {n % 5}", f"tag {n % 7} b")
    return Course(n + 1, f"topic {n % TOPICS}", tags, price, DAY - 400, lessons)


def _measured(life: Life) -> dict[str, Floats]:
    """NDCG@10 of each person, what each way adds to it, and whether a turn is told of them."""
    # These know Django's tables, which are there only once it is set up.
    from zhiyue.analyse.selectors import NEWEST_ACTS  # noqa: PLC0415
    from zhiyue.recommend import serve  # noqa: PLC0415
    from zhiyue.recommend.fitting import fit  # noqa: PLC0415
    from zhiyue.recommend.folding import present  # noqa: PLC0415
    from zhiyue.recommend.policies import POLICIES, PROFILE  # noqa: PLC0415

    acts, even = life.acts, np.full(TOPICS, 1 / TOPICS)
    pipeline, taken = fit(POLICIES["hybrid"], acts), owned(acts)
    choices = [_choices(life, person) for person in range(PEOPLE)]
    people = np.flatnonzero(
        (np.diff(life.later.indptr) > 0) & [len(one[0]) >= FEWEST_CHOICES for one in choices]
    )

    def ndcg(shaped: list[Profiles]) -> Floats:
        lists = [
            serve.rank(pipeline, one, taken[[person]], evaluate.LIST_LENGTH, vary=False).items
            for person, one in zip(people, shaped, strict=True)
        ]
        return evaluate.per_person(np.concatenate(lists), life.later[people])["ndcg@10"]

    found: dict[str, Floats] = {}
    for read, limit in (
        ("newest 200 acts", 200),
        (f"newest {NEWEST_ACTS:,} acts, as slates read", NEWEST_ACTS),
    ):
        own = {person: _of(acts, person, limit) for person in people.tolist()}
        usual = found[read] = ndcg([profiles(one, PROFILE) for one in own.values()])
        fading = [profiles(present(one, life.groups, TURNS_TRIED), PROFILE) for one in own.values()]
        found[f"{read}, fading by turns"] = ndcg(fading) - usual
        half_lives = [
            replace(
                PROFILE, half_life_days=half_life_days(foretold(*(c[-100:] for c in choices[person]), even))
            )
            for person in own
        ]
        shaped = [profiles(one, shape) for one, shape in zip(own.values(), half_lives, strict=True)]
        found[f"{read}, a half-life of one's own"] = ndcg(shaped) - usual
    found["told"] = (
        np.array([turned(choices[person][0][-200:], even).turn is not None for person in own]) * 1.0
    )
    return found


def _of(acts: Acts, person: int, limit: int) -> Acts:
    """The newest `limit` acts of one person."""
    mine = np.flatnonzero(acts.user == person)[-limit:]
    assert acts.order is not None
    assert acts.days is not None
    nobody = np.zeros(len(mine), dtype=np.int64)
    columns = (nobody, acts.item[mine], acts.weight[mine], 1, acts.items, acts.order[mine], acts.days[mine])
    return Acts(*columns)


def _choices(life: Life, person: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], Floats]:
    mine = life.acts.user == person
    assert life.acts.days is not None
    day = np.floor(life.acts.days[mine]).astype(np.int64)
    once = np.unique(day * TOPICS + life.groups[life.acts.item[mine]])
    return once % TOPICS, (once // TOPICS).astype(np.float64)


def _tell(name: str, found: dict[str, Floats]) -> None:
    told = found.pop("told") > 0
    print(f"{name}: {len(told)} people, {told.sum()} told a turn")
    for way, values in found.items():
        print(f"  {way}: all {_mean(values)}, told a turn {_mean(values[told])}", flush=True)


def _mean(values: Floats) -> str:
    if not len(values):
        return "–"
    return f"{values.mean():+.4f} ± {1.96 * values.std() / len(values) ** 0.5:.4f}"
