"""Neighbours of people by hand, against plain numpy and scikit-learn."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from implicit.nearest_neighbours import bm25_weight, tfidf_weight
from scipy.sparse import csr_array, csr_matrix
from sklearn.metrics.pairwise import cosine_similarity

from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.recommenders import neighbourhood, user_neighbours
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.neighbourhood import Nearness, Neighbourhood
from zhiyue.engine.recommenders.user_neighbours import UserNeighboursConfig
from zhiyue.engine.recommenders.weighting import Weighting

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def random_ratings(users=40, items=15, seed=0):
    """(users, items), 0 = not rated; everybody rated two items at least."""
    random = np.random.default_rng(seed)
    ratings = random.integers(1, 6, (users, items)) * (random.random((users, items)) < 0.5)
    ratings[:, :2] = np.maximum(ratings[:, :2], 1)
    return ratings.astype(float)


def acts_of(ratings, order=None):
    user, item = np.nonzero(ratings)
    return Acts(user, item, ratings[user, item].astype(float), *ratings.shape, order)


def profiles_of(*rows):
    weights = csr_array(np.asarray(rows, dtype=np.float32))
    return Profiles(weights, np.full(weights.shape[0], -1))


def fitted(ratings, **nearness):
    return user_neighbours.fit(acts_of(ratings), UserNeighboursConfig(nearness=Nearness(**nearness)))


def only_the_nearest(alike, keep):
    kept = np.zeros_like(alike)
    for row in range(len(alike)):
        best = np.argsort(-alike[row], kind="stable")[:keep]
        kept[row, best] = np.maximum(alike[row, best], 0.0)
    return kept


# --- cosine ---


def test_what_the_nearest_have_is_added_up_by_hand():
    people = np.asarray([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 2]])
    model = fitted(people, neighbours=2)

    scores = model.scores(profiles_of([1, 1, 0, 0]))

    alike = [1.0, 0.5, 0.0]
    assert scores == pytest.approx(np.asarray([alike]) @ people)


def test_of_those_who_are_heard_it_says_how_many_have_what():
    people = np.asarray([[1, 1, 0, 0, 1], [1, 0, 1, 0, 1], [0, 0, 1, 2, 0]])
    wanted = np.asarray([1, 2, 3, 4])

    assert fitted(people, neighbours=2).having(profiles_of([1, 1, 0, 0, 0]), wanted).tolist() == [1, 1, 0, 2]
    assert fitted(people, neighbours=1).having(profiles_of([1, 1, 0, 0, 0]), wanted).tolist() == [1, 0, 0, 1]
    assert fitted(people).having(profiles_of([0, 0, 0, 0, 0]), wanted).tolist() == [0, 0, 0, 0]


def test_scores_are_scikit_learns_cosine_times_rows():
    ratings, asked = random_ratings(), random_ratings(9, seed=1)
    expected = cosine_similarity(asked, ratings) @ ratings

    assert fitted(ratings, neighbours=40).scores(profiles_of(*asked)) == pytest.approx(expected, rel=1e-5)


def test_only_the_nearest_are_heard_shrunk_and_amplified():
    ratings, asked = random_ratings(), random_ratings(9, seed=1)
    dots = asked @ ratings.T
    lengths = np.outer(np.linalg.norm(asked, axis=1) ** 1.4, np.linalg.norm(ratings, axis=1) ** 0.6)
    alike = only_the_nearest(dots / (lengths + 20.0), 5) ** 2
    expected = alike @ ratings / (ratings > 0).sum(axis=0) ** 0.5

    model = fitted(ratings, neighbours=5, shrink=20.0, length_power=0.3, amplify=2.0, popular_power=0.5)

    assert model.scores(profiles_of(*asked)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("scheme", ["tf-idf", "bm25"])
def test_rows_are_weighted_as_implicit_weights_them(scheme):
    ratings = random_ratings()
    ratings[5:, 2] = 0.0
    weigh = tfidf_weight if scheme == "tf-idf" else lambda rows: bm25_weight(rows, K1=1.2, B=0.75)
    # A course that nearly everybody has would weigh less than nothing with implicit; here nothing.
    rows = np.maximum(weigh(csr_matrix(ratings)).toarray(), 0.0)
    expected = cosine_similarity(rows) @ ratings

    model = fitted(ratings, neighbours=40, weighting=Weighting(scheme))

    assert model.scores(profiles_of(*ratings)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_scores_are_those_of_scikit_learns_nearest():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 3000)])
    user, item, order = (
        rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id", "position")
    )
    acts = Acts(user, item, np.ones(len(user)), 3000, 3321, order)
    taken = csr_matrix((acts.weight, (user, item)), shape=(3000, 3321))
    model = user_neighbours.fit(acts, UserNeighboursConfig(nearness=Nearness(neighbours=50)))
    asked = taken[:200]

    scores = model.scores(Profiles(csr_array(asked, dtype=np.float32), np.full(200, -1)))

    # The model's people stand in its own order; of equals at the border the first are heard.
    theirs = cosine_similarity(asked, csr_matrix(model.people)).round(6)
    expected = only_the_nearest(theirs, 50) @ csr_matrix(model.people)
    same = np.abs(scores - expected).max(axis=1) < 1e-3
    # 32-bit and 64-bit arithmetic may order two nearly equal people differently.
    assert same.mean() > 0.97


def test_normalised_it_is_the_average_of_those_who_have_the_item():
    ratings, asked = random_ratings(), random_ratings(9, seed=1)
    alike = only_the_nearest(cosine_similarity(asked, ratings), 7)
    voices = alike @ (ratings > 0)
    expected = np.divide(alike @ ratings, voices, out=np.zeros_like(voices), where=voices > 0)

    found = fitted(ratings, neighbours=7, normalised=True).scores(profiles_of(*asked))

    assert found == pytest.approx(expected, rel=1e-4)
    assert found.max() <= 5.0 + 1e-4


# --- Pearson ---


def correlations(asked, ratings):
    """Resnick et al. 1994: over the items that both rated, less each one's own mean."""
    found = np.zeros((len(asked), len(ratings)))
    for u, mine in enumerate(asked):
        for v, theirs in enumerate(ratings):
            both = (mine > 0) & (theirs > 0)
            a, b = mine[both] - mine[mine > 0].mean(), theirs[both] - theirs[theirs > 0].mean()
            bottom = np.sqrt((a**2).sum() * (b**2).sum())
            found[u, v] = (a * b).sum() / bottom if bottom > 1e-9 else 0.0
    return found


def test_ratings_are_foretold_as_resnick_does():
    ratings, asked = random_ratings(), random_ratings(9, seed=1)
    alike = only_the_nearest(correlations(asked, ratings), 8)
    means = np.asarray([row[row > 0].mean() for row in ratings])
    own = np.asarray([row[row > 0].mean() for row in asked])
    voices = alike @ (ratings > 0)
    off = alike @ np.where(ratings > 0, ratings - means[:, None], 0.0)
    expected = np.where(voices > 0, own[:, None] + off / np.where(voices > 0, voices, 1.0), 0.0)

    model = fitted(ratings, neighbours=8, likeness="pearson", normalised=True)

    assert model.scores(profiles_of(*asked)) == pytest.approx(np.maximum(expected, 0.0), rel=1e-4, abs=1e-4)


def test_where_all_is_rated_the_likeness_is_numpys_correlation():
    random = np.random.default_rng(3)
    ratings = random.integers(1, 6, (12, 20)).astype(float)
    expected = np.maximum(np.corrcoef(ratings), 0.0)
    model = fitted(ratings, neighbours=12, likeness="pearson")

    near = model.near(csr_array(ratings.astype(np.float32))).toarray()

    assert near == pytest.approx(expected, abs=1e-5)


def test_a_rating_is_foretold_from_the_own_mean_by_hand():
    people = np.asarray([[5, 4, 5, 0], [1, 2, 0, 5], [4, 3, 4, 1]])
    model = fitted(people, neighbours=1, likeness="pearson", normalised=True)

    scores = model.scores(profiles_of([2, 1, 0, 0]))[0]

    # Person 0 is nearest (0.95, person 2 0.71), and gave the third item 5 where 14 / 3 is usual for them.
    assert scores[2] == pytest.approx(1.5 + (5 - 14 / 3), abs=1e-5)
    assert scores[3] == 0.0


# --- who is remembered ---


def test_the_latest_people_with_two_items_are_remembered_latest_first():
    user, item = np.asarray([0, 0, 1, 1, 2, 3, 3]), np.asarray([0, 1, 0, 2, 1, 1, 2])
    order = np.asarray([1, 9, 2, 3, 20, 4, 5])
    acts = Acts(user, item, np.ones(7), 5, 3, order)

    model = user_neighbours.fit(acts, UserNeighboursConfig(people=2))

    assert model.people.toarray().tolist() == [[1, 1, 0], [0, 1, 1]]


def test_without_order_those_with_most_items_are_remembered():
    acts = acts_of(np.asarray([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]]))

    model = user_neighbours.fit(acts, UserNeighboursConfig(people=2))

    assert model.people.toarray().tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]


def test_of_equally_near_people_the_latest_is_heard():
    user, item = np.asarray([0, 0, 1, 1, 2, 2]), np.asarray([0, 1, 0, 2, 0, 3])
    acts = Acts(user, item, np.ones(6), 3, 4, np.asarray([1, 2, 5, 6, 3, 4]))
    model = user_neighbours.fit(acts, UserNeighboursConfig(nearness=Nearness(neighbours=1)))

    assert np.flatnonzero(model.scores(profiles_of([1, 0, 0, 0]))[0]).tolist() == [0, 2]


def test_an_item_taken_back_is_forgotten():
    user, item = np.asarray([0, 0, 0, 0]), np.asarray([0, 1, 2, 2])
    acts = Acts(user, item, np.asarray([1.0, 1.0, 1.0, -1.0]), 1, 3, np.arange(4))

    assert user_neighbours.fit(acts, UserNeighboursConfig()).people.toarray().tolist() == [[1, 1, 0]]


# --- shares, arrays, spread, odd input ---

SETTINGS = [
    {},
    {"neighbours": 4, "weighting": Weighting("tf-idf"), "amplify": 2.0, "popular_power": 0.4},
    {"neighbours": 6, "weighting": Weighting("bm25", k1=2.0, b=0.3), "shrink": 1.0},
    {"neighbours": 6, "normalised": True},
    {"neighbours": 6, "likeness": "pearson", "normalised": True},
]


@pytest.mark.parametrize("nearness", SETTINGS)
def test_shares_add_up_to_the_score_of_what_the_person_does_not_have(nearness):
    ratings = random_ratings(items=20)
    mine = np.where(np.arange(20) < 8, ratings[3], 0.0)
    model, profile = fitted(ratings, **nearness), profiles_of(mine)
    wanted = np.asarray([19, 9, 12, 15])

    shares, scores = model.shares(profile, wanted), model.scores(profile)[0, wanted]

    mean = mine[mine > 0].mean() if nearness.get("likeness") == "pearson" else 0.0
    # At 0 or below nothing is shared out: there is nothing to explain.
    told = scores > 0
    assert told.sum() >= 3
    assert shares.shape == (4, profile.weights.nnz)
    assert shares.sum(axis=1)[told] == pytest.approx(scores[told] - mean, abs=1e-4)


def test_who_was_scored_a_moment_ago_is_explained_as_themselves():
    ratings = random_ratings(items=20)
    model = fitted(ratings, neighbours=4)
    one, other = (profiles_of(np.where(np.arange(20) % 2 == half, ratings[3], 0.0)) for half in (0, 1))
    wanted = np.arange(20)
    fresh = [fitted(ratings, neighbours=4).shares(profile, wanted).tolist() for profile in (one, other)]

    model.scores(one)
    assert model.shares(other, wanted).tolist() == fresh[1]
    model.scores(one)
    assert model.shares(one, wanted).tolist() == fresh[0]


def test_a_share_goes_through_the_neighbours_who_have_both():
    people = np.asarray([[1, 0, 1, 0], [0, 1, 0, 1]])

    shares = fitted(people).shares(profiles_of([1, 1, 0, 0]), np.asarray([2, 3, 0]))

    assert shares.tolist() == pytest.approx(np.asarray([[0.5, 0.0], [0.0, 0.5], [0.0, 0.0]]))


@pytest.mark.parametrize("nearness", SETTINGS)
def test_arrays_give_the_same_model_back_without_pickle(nearness, tmp_path):
    ratings = random_ratings()
    model = Hybrid(((1.0, fitted(ratings, **nearness)),))
    np.savez(tmp_path / "model.npz", **model.to_arrays())

    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Hybrid.from_arrays(dict(stored))

    assert isinstance(again.parts[0][1], Neighbourhood)
    assert again.parts[0][1].nearness == Nearness(**nearness)
    assert np.array_equal(again.scores(profiles_of(*ratings)), model.scores(profiles_of(*ratings)))


@pytest.mark.parametrize("nearness", SETTINGS)
def test_spread_over_more_items_the_old_ones_score_as_before(nearness):
    ratings = random_ratings(items=5)
    model = fitted(ratings, **nearness)
    places = np.asarray([0, 2, 3, 6, 7])
    wide_rows = np.zeros((40, 9))
    wide_rows[:, places] = ratings
    expected = np.zeros((40, 9), dtype=np.float32)
    expected[:, places] = model.scores(profiles_of(*ratings))

    assert model.spread(places, 9).scores(profiles_of(*wide_rows)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("likeness", ["cosine", "pearson"])
def test_blocks_do_not_show_and_scores_lie_row_by_row(likeness, monkeypatch):
    ratings = random_ratings()
    model = fitted(ratings, neighbours=4, likeness=likeness)
    whole = model.scores(profiles_of(*ratings))
    monkeypatch.setattr(neighbourhood, "PROFILES_AT_ONCE", 7)
    monkeypatch.setattr(neighbourhood, "DENSE_CELLS_AT_ONCE", 90)

    assert np.array_equal(model.scores(profiles_of(*ratings)), whole)
    assert whole.flags.c_contiguous
    assert whole.dtype == np.float32


@pytest.mark.parametrize("nearness", SETTINGS)
@pytest.mark.parametrize(
    "ratings", [np.zeros((0, 3)), np.zeros((4, 1)), np.ones((3, 1)), np.eye(4), np.ones((3, 4))]
)
def test_odd_academies_give_numbers_and_no_warning(nearness, ratings, recwarn):
    model = fitted(ratings, **nearness)
    rows = profiles_of(*np.vstack([ratings, np.zeros((1, ratings.shape[1])), np.ones((1, ratings.shape[1]))]))

    scores = model.scores(rows)
    shares = model.shares(rows.block(len(ratings) + 1, len(ratings) + 2), np.arange(ratings.shape[1]))

    assert scores.shape == rows.weights.shape
    assert np.isfinite(scores).all()
    assert np.isfinite(shares).all()
    assert (scores >= 0).all()
    assert not scores[len(ratings)].any()
    assert list(recwarn) == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"neighbours": 0}, "neighbours must be at least 1"),
        ({"likeness": "jaccard"}, "likeness must be one of cosine, pearson"),
        ({"likeness": "pearson", "weighting": Weighting("bm25")}, "leave the weighting at none"),
        ({"shrink": -1.0}, "shrink must not be negative"),
        ({"length_power": 1.5}, r"length_power must lie in 0\.\.1"),
        ({"amplify": 0.0}, "amplify be above 0"),
        ({"popular_power": 0.5, "normalised": True}, "be 0 for what is normalised"),
    ],
)
def test_odd_settings_are_refused(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        Nearness(**wrong)


def test_a_memory_of_nobody_is_refused():
    with pytest.raises(ValueError, match="people must be at least 1"):
        UserNeighboursConfig(people=0)
