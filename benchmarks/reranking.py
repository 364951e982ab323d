"""What re-ranking costs: hits against coverage for each size of the novelty bonus, and milliseconds a slate.

Reads ../shared/data/xuetangx where it is present, split as in `recommend`: of every learner of the public half the
last course but one is hidden. That file has no topics, teachers or levels; for the milliseconds they are made up.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from benchmarks.recommend.quality import DATA, split
from zhiyue.engine import beyond_accuracy
from zhiyue.engine.beyond_accuracy import Background
from zhiyue.engine.evaluate import measured
from zhiyue.engine.kinds import Ints, Matrix, Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.recommend import reranking, serve
from zhiyue.recommend.fitting import Pipeline, fit
from zhiyue.recommend.policies import POLICIES, PROFILE, RERANKING
from zhiyue.recommend.reranking import Lot, Person
from zhiyue.recommend.traits import Traits

BONUSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
LENGTH = 10
SLATES = 1000


def main() -> None:
    if not DATA.exists():
        print(f"reranking: left out, there is no {DATA}")
        return
    acts, people, relevant = split()
    pipeline = fit(POLICIES["hybrid"], acts)
    shaped, taken = profiles(acts, PROFILE), owned(acts)
    asked = Profiles(shaped.weights[people], shaped.newest[people])
    _curve(pipeline, asked, taken, people, relevant)
    _cost(pipeline, asked, taken[people])


def _curve(pipeline: Pipeline, asked: Profiles, taken: Matrix, people: Ints, relevant: Matrix) -> None:
    print(f"{len(people):,} learners, the hybrid's lists of {LENGTH}")
    print(f"{'novelty':>8}{'HR@10':>9}{'change':>9}{'NDCG@10':>9}{'cov@10':>8}{'bits':>8}")
    plain = 0.0
    for bonus in BONUSES:
        reranking.RERANKING = replace(RERANKING, novelty=bonus)
        lists = serve.rank(pipeline, asked, taken[people], LENGTH).items
        found = measured(lists, relevant, pipeline.model.items, resamples=2)
        beyond = beyond_accuracy.measured(lists, relevant, Background(taken, taken[people]), resamples=2)
        hits = found["hr@10"].value
        plain = plain or hits
        print(
            f"{bonus:8.2f}{hits:9.4f}{100 * (hits / plain - 1):8.2f} %{found['ndcg@10'].value:9.4f}"
            f"{found['coverage@10'].value:8.3f}{getattr(beyond['novelty@10'], 'value', np.nan):8.2f}",
            flush=True,
        )
    reranking.RERANKING = RERANKING


def _cost(pipeline: Pipeline, asked: Profiles, taken: Matrix) -> None:
    """One slate of twelve after the other: scored, re-ranked and explained, no database read."""
    items, random = pipeline.model.items, np.random.default_rng(0)
    pairs = random.integers(0, items, (items // 3, 2))
    traits = Traits(
        np.stack([random.integers(0, 20, items), random.integers(0, 300, items)]),
        np.where(random.random(items) < 0.05, random.integers(0, 60, items), -1),
        random.integers(0, 3, items),
        {int(late): (int(early),) for late, early in pairs if early < late},
    )
    pool = random.choice(items, 100, replace=False)
    kinds: Sequence[tuple[str, Pipeline, bool]] = (
        ("plain and explained", replace(pipeline, traits=None), False),
        ("re-ranked and explained", replace(pipeline, traits=traits), True),
    )
    for name, model, vary in kinds:
        spent = []
        for person in random.choice(asked.weights.shape[0], SLATES, replace=False):
            mine = asked.block(person, person + 1)
            exclude = csr_array(taken[person : person + 1])
            whom = Person(weighed={7: 1.5}, lot=Lot(pool, int(person)))
            started = time.perf_counter()
            serve.rank(model, mine, exclude, 12, vary=vary, explain=True, people=[whom] if vary else ())
            spent.append(time.perf_counter() - started)
        middle, late = 1000 * np.quantile(spent, [0.5, 0.99])
        print(f"{name:<26}p50 {middle:6.2f} ms   p99 {late:6.2f} ms")
