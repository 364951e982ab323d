"""Recommenders beside those of `implicit`: same split, same full ranking, same metrics, same process.

Reads ../shared/data/xuetangx where it is present: of every learner of the public half the last course but one
is hidden (the last one belongs to the public test and is not looked at here).
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy.sparse import csr_array, csr_matrix

from zhiyue.engine.evaluate import LIST_LENGTH, measured
from zhiyue.engine.kinds import Acts, Ints, Matrix, Profiles
from zhiyue.engine.matrix import ProfileShape, owned, profiles
from zhiyue.engine.recommenders import item_neighbours, popular
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.recommend import serve
from zhiyue.recommend.fitting import Pipeline, fit
from zhiyue.recommend.policies import POLICIES, POPULAR, PROFILE

DATA = Path(__file__).parents[2] / "shared" / "data" / "xuetangx"
THREADS = min(2, os.cpu_count() or 1)
NEIGHBOURS = 200

Fit = Callable[[], object]
Lists = Callable[[object], Ints]


def main() -> None:
    if not DATA.exists():
        print(f"recommenders: left out, there is no {DATA}")
        return
    acts, people, relevant = split()
    print(
        f"{len(acts.user):,} enrolments, {acts.users:,} learners, {acts.items:,} courses; {len(people):,} hidden"
    )
    print(f"{'recommender':<44}{'HR@10':>8}{'NDCG@10':>9}{'R@20':>8}{'cov@10':>8}{'fit s':>8}{'ms/user':>9}")
    for name, fit_one, list_all in _contestants(acts, people):
        started = time.perf_counter()
        model = fit_one()
        fitted = time.perf_counter()
        lists = list_all(model)
        listed = time.perf_counter()
        found = measured(lists, relevant, acts.items, resamples=2)
        cells = {key: cell.value for key, cell in found.items()}
        print(
            f"{name:<44}{cells['hr@10']:8.4f}{cells['ndcg@10']:9.4f}{cells['recall@20']:8.4f}"
            f"{cells['coverage@10']:8.3f}{fitted - started:8.2f}{1000 * (listed - fitted) / len(people):9.3f}",
            flush=True,
        )


def split() -> tuple[Acts, Ints, Matrix]:
    rows = pq.read_table(DATA / "train.parquet").to_pydict()
    user, item, order = (
        np.asarray(rows[name], dtype=np.int64) for name in ("user_id", "item_id", "position")
    )
    public = np.unique(pq.read_table(DATA / "public_test.parquet", columns=["user_id"])["user_id"].to_numpy())
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


def _contestants(acts: Acts, people: Ints) -> Iterator[tuple[str, Fit, Lists]]:
    taken = csr_matrix(
        (acts.weight.astype(np.float32), (acts.user, acts.item)), shape=(acts.users, acts.items)
    )

    def by_peer(model: object) -> Ints:
        found, _ = model.recommend(people, taken[people], N=LIST_LENGTH)  # type: ignore[attr-defined]
        return np.asarray(found, dtype=np.int64)

    def peer(model: object) -> Fit:
        def fitted() -> object:
            model.fit(taken, show_progress=False)  # type: ignore[attr-defined]
            return model

        return fitted

    def by_us(shape: ProfileShape) -> Lists:
        def listed(model: object) -> Ints:
            assert isinstance(model, Pipeline)
            shaped, mine = profiles(acts, shape), owned(acts)[people]
            asked = Profiles(shaped.weights[people], shaped.newest[people])
            return serve.rank(model, asked, mine, LIST_LENGTH, vary=False).items

        return listed

    def cosine(neighbours: int) -> Fit:
        config = ItemNeighboursConfig(neighbours=neighbours)
        return lambda: Pipeline(item_neighbours.fit(acts, config), popular.fit(acts, POPULAR))

    cosine_peer = CosineRecommender(K=NEIGHBOURS, num_threads=THREADS)
    yield f"implicit cosine, {NEIGHBOURS} neighbours", peer(cosine_peer), by_peer
    yield f"ours: plain cosine, {NEIGHBOURS} neighbours", cosine(NEIGHBOURS), by_us(ProfileShape())
    everyone = CosineRecommender(K=acts.items, num_threads=THREADS)
    yield "implicit cosine, all neighbours", peer(everyone), by_peer
    yield "ours: plain cosine, all neighbours", cosine(acts.items), by_us(ProfileShape())
    yield "ours: plain cosine, all, newest weigh more", cosine(acts.items), by_us(PROFILE)
    yield (
        f"implicit BM25, {NEIGHBOURS} neighbours",
        peer(BM25Recommender(K=NEIGHBOURS, num_threads=THREADS)),
        by_peer,
    )
    als = AlternatingLeastSquares(factors=64, iterations=10, num_threads=THREADS, random_state=1)
    yield "implicit ALS, 64 factors", peer(als), by_peer
    for name in ("popular", "item-neighbours", "hybrid"):
        yield f"ours: {name}", lambda name=name: fit(POLICIES[name], acts), by_us(PROFILE)
