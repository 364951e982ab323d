"""k-means beside scikit-learn's, and recommending inside clusters."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize

from zhiyue.engine import kmeans as lloyd
from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.kmeans import distances, kmeans, nearest
from zhiyue.engine.recommenders import clusters
from zhiyue.engine.recommenders.clusters import Clusters, ClustersConfig
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.neighbourhood import Nearness

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def acts_of(ratings):
    user, item = np.nonzero(ratings)
    return Acts(user, item, ratings[user, item].astype(float), *ratings.shape)


def profiles_of(*rows):
    weights = csr_array(np.asarray(rows, dtype=np.float32))
    return Profiles(weights, np.full(weights.shape[0], -1))


def tastes(groups=3, people=20, items=6, seed=0):
    """People who take all but one or two of the items of their own group, and nothing else."""
    random = np.random.default_rng(seed)
    rows = np.zeros((groups * people, groups * items))
    for person in range(len(rows)):
        own = (person % groups) * items + random.permutation(items)[: random.integers(items - 2, items)]
        rows[person, own] = 1.0
    return rows


# --- k-means ---


def test_two_heaps_are_told_apart_by_hand():
    rows = np.asarray([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 4.0]], dtype=np.float32)

    found = kmeans(rows, 2)

    assert sorted(found.centres.tolist()) == [[0.0, 1.0], [10.0, 2.0]]
    assert found.inertia == pytest.approx(1 + 1 + 4 + 4)
    assert found.label[0] == found.label[1] != found.label[2] == found.label[3]


def test_distances_are_those_of_the_formula():
    random = np.random.default_rng(1)
    rows, centres = random.random((7, 4)).astype(np.float32), random.random((3, 4)).astype(np.float32)
    expected = ((rows[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)

    assert distances(rows, centres) == pytest.approx(expected, abs=1e-5)
    assert distances(csr_array(rows), centres) == pytest.approx(expected, abs=1e-5)


def test_centres_are_the_means_of_their_rows_and_labels_the_nearest():
    rows = np.random.default_rng(2).random((200, 5)).astype(np.float32)
    found = kmeans(rows, 6, iterations=200, tolerance=0.0)

    label, distance = nearest(rows, found.centres)
    means = np.stack([rows[found.label == cluster].mean(axis=0) for cluster in range(6)])

    assert np.array_equal(label, found.label)
    assert found.inertia == pytest.approx(float(distance.sum()))
    assert found.centres == pytest.approx(means, abs=1e-4)


def test_sparse_and_dense_rows_are_grouped_alike_and_the_seed_decides():
    rows = (np.random.default_rng(3).random((150, 12)) < 0.3).astype(np.float32)

    dense, sparse, other = kmeans(rows, 5), kmeans(csr_array(rows), 5), kmeans(rows, 5, seed=1)

    assert np.array_equal(dense.label, sparse.label)
    assert np.array_equal(dense.label, kmeans(rows, 5).label)
    assert not np.array_equal(dense.label, other.label)


def test_the_blocks_of_distances_do_not_show(monkeypatch):
    rows = np.random.default_rng(4).random((90, 3)).astype(np.float32)
    whole = kmeans(rows, 7)
    monkeypatch.setattr(lloyd, "DISTANCES_AT_ONCE", 50)

    assert np.array_equal(kmeans(rows, 7).label, whole.label)


def test_a_cluster_that_lost_its_rows_is_seeded_anew_with_the_farthest():
    rows = np.asarray([[0.0], [1.0], [9.0]], dtype=np.float32)

    means = lloyd._means(rows, np.zeros(3, dtype=np.int64), np.asarray([0.0, 1.0, 81.0]), 2)

    assert means.ravel().tolist() == pytest.approx([10 / 3, 9.0])


@pytest.mark.parametrize(
    ("rows", "centres"),
    [
        (np.zeros((0, 3)), 0),
        (np.zeros((5, 3)), 1),
        (np.ones((5, 3)), 1),
        (np.eye(3), 3),
        (np.zeros((4, 0)), 1),
    ],
)
def test_there_are_no_more_clusters_than_distinct_rows(rows, centres, recwarn):
    rows = rows.astype(np.float32)

    assert len(kmeans(rows, 8).centres) == centres
    assert len(kmeans(csr_array(rows), 8).centres) == centres
    assert list(recwarn) == []


def test_no_clusters_are_refused():
    with pytest.raises(ValueError, match="clusters must be at least 1"):
        kmeans(np.eye(2), 0)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
@pytest.mark.parametrize("count", [8, 32])
def test_on_real_enrolments_inertia_is_that_of_scikit_learn(count):
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 4000)])
    user, item = (rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id"))
    _, item = np.unique(item, return_inverse=True)
    # scikit-learn takes 32-bit places only.
    taken = csr_array((np.ones(len(user), dtype=np.float32), (user.astype(np.int32), item.astype(np.int32))))
    people = csr_array(normalize(taken))
    expected = KMeans(count, n_init=3, random_state=0).fit(people).inertia_

    found = kmeans(people, count)

    assert found.inertia == pytest.approx(expected, rel=0.02)


# --- recommending ---

SETTINGS = [
    {"inside": "neighbours"},
    {"inside": "popular"},
    {"inside": "neighbours", "factors": 3},
    {"inside": "popular", "factors": 3, "nearest": 2, "nearness": Nearness(popular_power=0.5)},
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_tastes_are_found_and_only_the_own_group_speaks(setting):
    rows = tastes()
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=3, **setting | {"nearest": 1}))

    scores = model.scores(profiles_of(*rows)).reshape(60, 3, 6).sum(axis=2)

    assert np.diff(model.start).tolist() == [20, 20, 20]
    assert (scores > 0).tolist() == (rows.reshape(60, 3, 6).sum(axis=2) > 0).tolist()


def test_popularity_inside_is_the_average_of_members_times_the_cosine():
    rows = tastes()
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=3, inside="popular"))
    rare = np.log(60) - np.log1p(rows.sum(axis=0))
    weighted = normalize(rows * rare)
    own = weighted[0::3].mean(axis=0)
    cosine = weighted[0] @ own / np.linalg.norm(own)

    found = model.scores(profiles_of(rows[0]))[0]

    assert found == pytest.approx(rows[0::3].mean(axis=0) * cosine, abs=1e-5)


def test_neighbours_inside_one_cluster_of_all_are_the_neighbours_of_all():
    rows = tastes()
    nearness = Nearness(neighbours=7, popular_power=0.3)
    one = clusters.fit(acts_of(rows), ClustersConfig(clusters=1, nearness=nearness))

    assert one.groups[0].people.shape == (60, 18)
    assert np.array_equal(one.scores(profiles_of(*rows)), one.groups[0].scores(profiles_of(*rows)))


def test_rarity_is_counted_over_everybody_not_inside_the_cluster():
    rows = tastes()
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=3))

    for group in model.groups:
        assert group.found.tolist() == rows.sum(axis=0).tolist()
        assert group.among == 60


def test_a_profile_hears_as_many_clusters_as_it_should_nearest_first():
    rows = tastes()
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=3, nearest=2))
    mixed = np.zeros(18)
    mixed[[0, 1, 2, 6]] = 1.0

    where, likeness = model.assigned(csr_array(np.asarray([mixed], dtype=np.float32)))
    heard = model.scores(profiles_of(mixed)).reshape(3, 6).sum(axis=1) > 0

    assert heard.tolist() == [True, True, False]
    assert likeness[0, 0] > likeness[0, 1] > 0
    # Its own group of the two is the nearer: three of its four items are there.
    assert model.groups[where[0, 0]].people.toarray()[:, :6].sum() > 0


@pytest.mark.parametrize("setting", SETTINGS)
def test_shares_add_up_to_the_score_of_what_the_person_does_not_have(setting):
    rows = np.maximum(tastes(), np.roll(tastes(seed=5), 1, axis=0))
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=4, **setting))
    profile = profiles_of(rows[7])
    wanted = np.flatnonzero(rows[7] == 0)

    shares, scores = model.shares(profile, wanted), model.scores(profile)[0, wanted]

    assert (scores > 0).any()
    assert shares.sum(axis=1) == pytest.approx(scores, abs=1e-5)
    own = np.flatnonzero(rows[7])
    assert np.diag(model.shares(profile, own)).tolist() == [0.0] * len(own)


@pytest.mark.parametrize("setting", SETTINGS)
def test_arrays_give_the_same_model_back_without_pickle(setting, tmp_path):
    rows = tastes()
    model = Hybrid(((1.0, clusters.fit(acts_of(rows), ClustersConfig(clusters=4, **setting))),))
    np.savez(tmp_path / "model.npz", **model.to_arrays())

    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Hybrid.from_arrays(dict(stored))

    assert isinstance(again.parts[0][1], Clusters)
    assert np.array_equal(again.scores(profiles_of(*rows)), model.scores(profiles_of(*rows)))


@pytest.mark.parametrize("setting", SETTINGS)
def test_spread_over_more_items_the_old_ones_score_as_before(setting):
    rows = tastes()
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=4, **setting))
    places = np.arange(18) + (np.arange(18) > 4) + (np.arange(18) > 11)
    wide_rows, expected = np.zeros((60, 21)), np.zeros((60, 21), dtype=np.float32)
    wide_rows[:, places] = rows
    expected[:, places] = model.scores(profiles_of(*rows))

    assert model.spread(places, 21).scores(profiles_of(*wide_rows)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((0, 3)),
        np.zeros((2, 0)),
        np.zeros((4, 1)),
        np.ones((3, 1)),
        np.eye(4),
        np.ones((5, 4)),
        tastes(1),
    ],
)
def test_odd_academies_give_numbers_and_no_warning(setting, rows, recwarn):
    model = clusters.fit(acts_of(rows), ClustersConfig(**setting))
    items = rows.shape[1]
    asked = profiles_of(*np.vstack([rows, np.zeros((1, items)), np.ones((1, items))]))

    scores = model.scores(asked)
    shares = model.shares(asked.block(len(rows) + 1, len(rows) + 2), np.arange(items))

    assert scores.shape == asked.weights.shape
    assert scores.flags.c_contiguous
    assert np.isfinite(scores).all()
    assert np.isfinite(shares).all()
    assert (scores >= 0).all()
    assert not scores[len(rows)].any()
    assert list(recwarn) == []


@pytest.mark.parametrize("setting", [{}, {"factors": 4}])
def test_the_same_acts_give_the_same_clusters(setting):
    acts = acts_of(np.maximum(tastes(), np.roll(tastes(seed=5), 1, axis=0)))
    one, other = (clusters.fit(acts, ClustersConfig(clusters=5, **setting)).to_arrays() for _ in range(2))

    assert all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"clusters": 0}, "must be at least 1"),
        ({"nearest": 0}, "must be at least 1"),
        ({"factors": -1}, "must not be negative"),
        ({"inside": "content"}, "inside must be one of neighbours, popular"),
    ],
)
def test_odd_settings_are_refused(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        ClustersConfig(**wrong)


@pytest.mark.parametrize("inside", ["neighbours", "popular"])
def test_of_the_people_of_the_nearest_groups_it_says_how_many_have_what(inside):
    rows = tastes()
    model = clusters.fit(acts_of(rows), ClustersConfig(clusters=3, inside=inside))
    asked = np.zeros(18)
    asked[:2] = 1.0
    wanted = np.arange(2, 18)
    # All who are near have either of the first two, and nobody of another group does.
    own = rows[(rows[:, :2] > 0).any(axis=1)] if inside == "neighbours" else rows[0::3]

    assert model.having(profiles_of(asked), wanted).tolist() == (own[:, wanted] > 0).sum(axis=0).tolist()
    assert model.having(profiles_of(np.zeros(18)), wanted).tolist() == [0] * 16
