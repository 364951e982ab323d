"""Weights of cells, and item neighbours made of them, against implicit and plain numpy."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from implicit.nearest_neighbours import BM25Recommender, TFIDFRecommender, bm25_weight, tfidf_weight
from scipy.sparse import csr_matrix

from zhiyue.engine import matrix as matrix_module
from zhiyue.engine.kinds import Acts
from zhiyue.engine.recommenders import item_neighbours, pairs
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.weighting import Weighting, rarity, weighed

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def random_acts(users=60, items=25, rows=500, seed=0, order=False):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    weight = random.integers(1, 6, rows).astype(float)
    return Acts(
        cell // items, cell % items, weight, users, items, random.permutation(rows) if order else None
    )


def matrix(acts):
    return csr_matrix((acts.weight, (acts.user, acts.item)), shape=(acts.users, acts.items))


def test_weights_by_hand():
    rare = rarity(np.asarray([0, 1, 3, 4]), 4)
    assert rare == pytest.approx([np.log(4), np.log(2), 0.0, 0.0])

    cells, length = np.asarray([4.0, 1.0]), np.asarray([6.0, 2.0])
    plain = weighed(cells, rare[:2], length, 4.0, Weighting())
    tf_idf = weighed(cells, rare[:2], length, 4.0, Weighting("tf-idf"))
    bm25 = weighed(cells, rare[:2], length, 4.0, Weighting("bm25", k1=2.0, b=0.5))

    assert plain.tolist() == [4.0, 1.0]
    assert tf_idf == pytest.approx([2 * np.log(4), np.log(2)])
    assert bm25 == pytest.approx([4 * 3 / (4 + 2 * 1.25) * np.log(4), 1 * 3 / (1 + 2 * 0.75) * np.log(2)])


@pytest.mark.parametrize("scheme", ["tf-idf", "bm25"])
def test_weights_are_those_of_implicit(scheme):
    counts = matrix(random_acts()).tocoo()
    long = np.asarray(counts.sum(axis=1)).ravel()
    rare = rarity(np.bincount(counts.col, minlength=25), 60)
    peer = tfidf_weight(counts) if scheme == "tf-idf" else bm25_weight(counts, K1=1.2, B=0.75)

    found = weighed(counts.data, rare[counts.col], long[counts.row], long.mean(), Weighting(scheme))

    assert found == pytest.approx(peer.data)


@pytest.mark.parametrize(
    ("scheme", "peer", "powers"),
    [
        ("tf-idf", TFIDFRecommender, {}),
        # implicit compares BM25 rows by their products, not by the cosine.
        ("bm25", BM25Recommender, {"from_power": 0.0, "to_power": 0.0}),
    ],
)
def test_weighted_item_neighbours_are_those_of_implicit(scheme, peer, powers):
    acts = random_acts()
    theirs = peer(K=acts.items, num_threads=1)
    theirs.fit(matrix(acts), show_progress=False)
    expected = theirs.similarity.toarray()
    np.fill_diagonal(expected, 0.0)

    config = ItemNeighboursConfig(neighbours=25, weighting=Weighting(scheme), **powers)
    found = item_neighbours.fit(acts, config).similar.toarray()

    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
@pytest.mark.parametrize(
    ("scheme", "peer", "powers"),
    [("tf-idf", TFIDFRecommender, {}), ("bm25", BM25Recommender, {"from_power": 0.0, "to_power": 0.0})],
)
def test_on_real_enrolments_they_are_too(scheme, peer, powers):
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 3000)])
    user, item = (rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id"))
    taken, item = np.unique(item, return_inverse=True)
    acts = Acts(user, item, np.ones(len(user)), 3000, len(taken))
    theirs = peer(K=acts.items, num_threads=1)
    theirs.fit(matrix(acts), show_progress=False)
    expected = theirs.similarity.toarray()
    np.fill_diagonal(expected, 0.0)

    config = ItemNeighboursConfig(neighbours=acts.items, weighting=Weighting(scheme), **powers)
    found = item_neighbours.fit(acts, config).similar.toarray()

    # Negative cells come of learners with nearly all courses, whose rarity implicit lets fall below 0.
    assert np.allclose(found, np.maximum(expected, 0.0), rtol=1e-4, atol=1e-5)
    assert (found > 0).sum() > 100_000


def correlations(ratings):
    """Sarwar et al. 2001, (2): sums over those who rated both, less the mean of each item; 0 = not rated."""
    items = ratings.shape[1]
    mean = [ratings[:, i][ratings[:, i] > 0].mean() for i in range(items)]
    found = np.zeros((items, items))
    for i in range(items):
        for j in range(items):
            both = (ratings[:, i] > 0) & (ratings[:, j] > 0)
            a, b = ratings[both, i] - mean[i], ratings[both, j] - mean[j]
            bottom = np.sqrt((a**2).sum()) * np.sqrt((b**2).sum())
            found[i, j] = (a * b).sum() / bottom if i != j and bottom > 0 else 0.0
    return found


def test_the_correlation_of_items_is_pearsons():
    acts = random_acts()
    expected = np.maximum(correlations(matrix(acts).toarray()), 0.0)

    config = ItemNeighboursConfig(neighbours=25, likeness="pearson")
    found = item_neighbours.fit(acts, config).similar.toarray()

    assert found == pytest.approx(expected, abs=1e-6)
    assert (expected > 0.1).sum() > 100


def test_where_everybody_rated_both_it_is_numpys():
    random = np.random.default_rng(4)
    ratings = random.integers(1, 6, (30, 6)).astype(float)
    user, item = np.nonzero(ratings)
    acts = Acts(user, item, ratings.ravel(), 30, 6, np.arange(180))
    expected = np.maximum(np.corrcoef(ratings.T), 0.0)
    np.fill_diagonal(expected, 0.0)

    found = item_neighbours.fit(acts, ItemNeighboursConfig(likeness="pearson")).similar.toarray()

    assert found == pytest.approx(expected, abs=1e-6)


def test_the_blocks_of_a_correlation_do_not_show(monkeypatch):
    acts = random_acts(order=True)
    config = ItemNeighboursConfig(neighbours=25, likeness="pearson", shrink=2.0, backward=0.5, gap_power=0.4)
    whole = item_neighbours.fit(acts, config).similar.toarray()
    monkeypatch.setattr(pairs, "TRIPLES_AT_ONCE", 70)
    monkeypatch.setattr(matrix_module, "CELLS_AT_ONCE", 60)

    assert item_neighbours.fit(acts, config).similar.toarray() == pytest.approx(whole, abs=1e-6)


def test_items_that_all_got_the_same_are_like_none(recwarn):
    acts = Acts(np.asarray([0, 0, 1, 1]), np.asarray([0, 1, 0, 1]), np.ones(4), 2, 4)

    assert item_neighbours.fit(acts, ItemNeighboursConfig(likeness="pearson", shrink=1.0)).similar.nnz == 0
    assert item_neighbours.fit(acts, ItemNeighboursConfig(weighting=Weighting("tf-idf"))).similar.nnz == 2
    assert list(recwarn) == []


@pytest.mark.parametrize("scheme", ["tf-idf", "bm25"])
def test_nobody_is_weighted_without_complaint(scheme, recwarn):
    none = np.zeros(0, dtype=np.int64)
    for items in (0, 1, 3):
        config = ItemNeighboursConfig(weighting=Weighting(scheme))
        assert item_neighbours.fit(Acts(none, none, np.zeros(0), 0, items), config).similar.nnz == 0
    assert list(recwarn) == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: Weighting("okapi"), "scheme must be one of none, tf-idf, bm25"),
        (lambda: Weighting("bm25", k1=-1.0), "k1 must not be negative"),
        (lambda: Weighting("bm25", b=1.5), r"b must lie in 0\.\.1"),
        (lambda: ItemNeighboursConfig(likeness="jaccard"), "likeness must be one of cosine, pearson"),
        (
            lambda: ItemNeighboursConfig(likeness="pearson", weighting=Weighting("bm25")),
            "leave the weighting at none",
        ),
    ],
)
def test_odd_settings_are_refused(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        wrong()
