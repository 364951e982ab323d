"""How well and how fast: our policies beside what implicit has, by the same split, full ranking and metrics.

Reads ../shared/data/xuetangx where it is present: of every learner of the public half the last course but one
is hidden (the last one belongs to the public test and is not looked at here). BENCHMARK_LEARNERS=5000 hides those of
the first so many; BENCHMARK_CONTESTANTS=hybrid,als names some.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import csr_array, csr_matrix

from benchmarks.recommend.alone import THREADS, Clock, alone, answer
from zhiyue.engine.evaluate import LIST_LENGTH, measured
from zhiyue.engine.kinds import Acts, Ints, Matrix, Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.recommend import serve
from zhiyue.recommend.fitting import fit
from zhiyue.recommend.policies import FACTORS, POLICIES, PROFILE

DATA = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"
LEARNERS = int(os.environ.get("BENCHMARK_LEARNERS", "0"))
NEIGHBOURS = 200
SLATES = 500
COLUMNS = {"hr@10": "HR@10", "ndcg@10": "NDCG@10", "recall@20": "R@20", "coverage@10": "cov@10"}


def main() -> list[str]:
    if not DATA.exists():
        print(f"quality: left out, there is no {DATA}")
        return []
    print(
        f"{'quality':<24}{''.join(f'{name:>9}' for name in COLUMNS.values())}{'fit CPU s':>11}{'GB':>7}"
        f"{'lists CPU ms':>14}{'slate p50':>11}{'p99 ms':>9}"
    )
    wanted = os.environ.get("BENCHMARK_CONTESTANTS", "").split(",")
    for name in CONTESTANTS:
        if wanted != [""] and name.split()[-1] not in wanted:
            continue
        timed = alone(__name__, name, blas_threads=1)
        if timed is None:
            continue
        told = timed.told
        print(
            f"{name:<24}{''.join(f'{told[key]:9.4f}' for key in COLUMNS)}{timed.cpu:11.2f}{timed.memory:7.2f}"
            f"{told['each']:14.3f}{told['p50']:11.3f}{told['p99']:9.3f}",
            flush=True,
        )
    return []


def split() -> tuple[Acts, Ints, Matrix]:
    rows = pq.read_table(DATA / "train.parquet").to_pydict()
    user, item, order = (
        np.asarray(rows[name], dtype=np.int64) for name in ("user_id", "item_id", "position")
    )
    public = np.unique(pq.read_table(DATA / "public_test.parquet", columns=["user_id"])["user_id"].to_numpy())
    public = public[: LEARNERS or None]
    longest = np.zeros(user.max() + 1, dtype=np.int64)
    np.maximum.at(longest, user, order)
    hidden = (order == longest[user]) & np.isin(user, public)
    by_user = np.flatnonzero(hidden)[np.argsort(user[hidden])]
    people, items = user[by_user], int(item.max()) + 1
    relevant = csr_array(
        (np.ones(len(people)), item[by_user], np.arange(len(people) + 1)), shape=(len(people), items)
    )
    kept = ~hidden
    acts = Acts(user[kept], item[kept], np.ones(int(kept.sum())), len(longest), items, order[kept])
    return acts, people, relevant


def _ours(policy: str) -> Callable[[Clock], None]:
    def contest(clock: Clock) -> None:
        acts, people, relevant = split()
        with clock.running():
            pipeline = fit(POLICIES[policy], acts)
        shaped, taken = profiles(acts, PROFILE), owned(acts)
        asked = Profiles(shaped.weights[people], shaped.newest[people])
        started = time.process_time()
        lists = serve.rank(pipeline, asked, taken[people], LIST_LENGTH, vary=False).items
        listed = time.process_time() - started
        by_user = np.argsort(acts.user, kind="stable")
        first = np.searchsorted(acts.user[by_user], np.arange(acts.users + 1))

        def slate(person: int) -> None:
            mine = by_user[first[person] : first[person + 1]]
            assert acts.order is not None
            of_one = Acts(
                np.zeros_like(mine), acts.item[mine], acts.weight[mine], 1, acts.items, acts.order[mine]
            )
            serve.rank(pipeline, profiles(of_one, PROFILE), owned(of_one), LIST_LENGTH)

        _tell(clock, lists, relevant, acts.items, listed, people, slate)

    return contest


def _implicits(model: Callable[[], Any]) -> Callable[[Clock], None]:
    def contest(clock: Clock) -> None:
        fitted = model()
        acts, people, relevant = split()
        taken = csr_matrix(
            (acts.weight.astype(np.float32), (acts.user, acts.item)), shape=(acts.users, acts.items)
        )
        with clock.running():
            fitted.fit(taken, show_progress=False)
        started = time.process_time()
        lists, _ = fitted.recommend(people, taken[people], N=LIST_LENGTH)
        listed = time.process_time() - started

        def slate(person: int) -> None:
            fitted.recommend(person, taken[person], N=LIST_LENGTH)

        _tell(clock, np.asarray(lists, dtype=np.int64), relevant, acts.items, listed, people, slate)

    return contest


def _tell(
    clock: Clock,
    lists: Ints,
    relevant: Matrix,
    items: int,
    listed: float,
    people: Ints,
    slate: Callable[[int], None],
) -> None:
    found = measured(lists, relevant, items, resamples=2)
    spent = []
    for person in np.random.default_rng(0).choice(people, min(SLATES, len(people)), replace=False):
        started = time.perf_counter()
        slate(int(person))
        spent.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.quantile(spent, [0.5, 0.99])
    clock.told = {
        **{name: found[name].value for name in COLUMNS},
        "each": 1000 * listed / len(people),
        "p50": p50,
        "p99": p99,
    }


def _als() -> Any:
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415

    # As our factors are fitted: with its own numbers it finds a third less here.
    return AlternatingLeastSquares(
        factors=FACTORS.factors,
        alpha=FACTORS.confidence,
        regularization=FACTORS.regularisation,
        iterations=FACTORS.rounds,
        num_threads=THREADS,
        random_state=1,
    )


def _bpr() -> Any:
    from implicit.bpr import BayesianPersonalizedRanking  # noqa: PLC0415

    return BayesianPersonalizedRanking(factors=64, iterations=100, num_threads=THREADS, random_state=1)


def _neighbours(kind: str) -> Callable[[], Any]:
    def made() -> Any:
        from implicit import nearest_neighbours  # noqa: PLC0415

        return getattr(nearest_neighbours, kind)(K=NEIGHBOURS, num_threads=THREADS)

    return made


CONTESTANTS = {
    "implicit bpr": _implicits(_bpr),
    "implicit als": _implicits(_als),
    "implicit cosine": _implicits(_neighbours("CosineRecommender")),
    "implicit tf-idf": _implicits(_neighbours("TFIDFRecommender")),
    "implicit bm25": _implicits(_neighbours("BM25Recommender")),
    **{
        f"ours {name}": _ours(name)
        for name in ("popular", "factors", "item-neighbours", "sequence", "walks", "ease", "hybrid")
    },
}

if __name__ == "__main__":
    answer(CONTESTANTS, sys.argv[1:])
