"""EASE by hand, against scikit-learn's ridge regression and against the paper's three lines."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import Ridge

from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.recommenders import ease, linear
from zhiyue.engine.recommenders.ease import EaseConfig
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.linear import Finish, Linear, TooManyItems

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def random_acts(users=60, items=25, rows=500, seed=0):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    return Acts(cell // items, cell % items, random.integers(1, 5, rows).astype(float), users, items)


def dense(acts):
    matrix = np.zeros((acts.users, acts.items))
    np.add.at(matrix, (acts.user, acts.item), acts.weight)
    return matrix


def profiles_of(rows):
    weights = csr_array(np.asarray(rows, dtype=np.float32))
    return Profiles(weights, np.full(weights.shape[0], -1))


def paper(taken, penalty):
    inverse = np.linalg.inv(taken.T @ taken + penalty * np.eye(taken.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def weights_of(model):
    return model.history.similar.toarray()


def test_two_items_foretell_each_other_by_their_joint_people_over_their_own():
    acts = Acts(np.asarray([0, 0, 1]), np.asarray([0, 1, 0]), np.ones(3), 2, 2)

    found = weights_of(ease.fit(acts, EaseConfig(regularisation=1.0)))

    assert found == pytest.approx(np.asarray([[0, 1 / (2 + 1)], [1 / (1 + 1), 0]]))


def test_the_weights_are_those_of_the_paper():
    acts = random_acts()

    found = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0)))

    assert found == pytest.approx(paper(dense(acts), 7.0), abs=1e-5)
    assert found.min() < -0.01


def test_each_column_is_scikit_learns_ridge_regression_on_the_other_items():
    acts = random_acts()
    taken = dense(acts) ** 0.5
    breadth = (taken > 0).sum(axis=1) ** -0.5
    config = EaseConfig(regularisation=3.0, breadth_power=0.5, weight_power=0.5)

    found = weights_of(ease.fit(acts, config))

    for item in range(acts.items):
        others = np.arange(acts.items) != item
        peer = Ridge(alpha=3.0, fit_intercept=False, solver="cholesky")
        peer.fit(taken[:, others], taken[:, item], sample_weight=breadth)
        assert found[others, item] == pytest.approx(peer.coef_, abs=1e-5)


def test_dropout_is_what_missing_acts_would_do_to_the_sums_on_average():
    # Of acts missing with probability p a pair's product is there (1 - p) ** 2 of the time, a square 1 - p.
    acts, p = random_acts(), 0.3
    square = dense(acts).T @ dense(acts)
    thinned = (1 - p) ** 2 * square + np.diag(np.diag(square)) * ((1 - p) - (1 - p) ** 2)
    inverse = np.linalg.inv(thinned + (1 - p) ** 2 * 7.0 * np.eye(acts.items))
    expected = inverse / -np.diag(inverse)
    np.fill_diagonal(expected, 0.0)

    found = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0, dropout=p)))

    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_weights_are_those_of_the_paper():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 2000)])
    user = rows["user_id"].to_numpy().astype(np.int64)
    _, item = np.unique(rows["item_id"].to_numpy(), return_inverse=True)
    acts = Acts(user, item, np.ones(len(user)), 2000, int(item.max()) + 1)
    expected = paper(np.minimum(dense(acts), 1.0), 50.0)

    config = EaseConfig(regularisation=50.0, weight_power=0.0, finish=Finish(neighbours=acts.items))
    found = weights_of(ease.fit(acts, config))

    assert acts.items > 1000
    assert np.abs(found - expected).max() < 1e-5


def test_a_penalty_too_small_for_float32_is_answered_in_float64():
    acts = random_acts(users=400, items=30, rows=6000)
    penalty = 1e-3

    found = weights_of(ease.fit(acts, EaseConfig(regularisation=penalty)))

    assert linear.precision(1e5, 1.0) is np.float32
    assert linear.precision(1.01e5, 1.0) is np.float64
    assert found == pytest.approx(paper(dense(acts), penalty), abs=1e-6)


def test_the_blocks_in_which_a_fit_is_cut_do_not_show(monkeypatch):
    acts = random_acts()
    whole = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0)))
    monkeypatch.setattr(linear, "CELLS_AT_ONCE", 60)

    assert weights_of(ease.fit(acts, EaseConfig(regularisation=7.0))) == pytest.approx(whole, abs=1e-6)


def test_the_weights_of_the_largest_size_are_kept_whatever_their_sign():
    acts = random_acts()
    whole = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0)))
    few = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0, finish=Finish(neighbours=4))))

    for all_weights, kept in zip(whole, few, strict=True):
        largest = np.argsort(-np.abs(all_weights))[:4]
        assert set(np.flatnonzero(kept)) == set(largest)
        assert np.array_equal(kept[largest], all_weights[largest])
    assert few.min() < 0


def test_weights_are_tempered_after_popularity_is_divided_out():
    acts = random_acts()
    whole = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0)))
    finish = Finish(to_power=0.5, temper=0.7)
    people = (dense(acts) > 0).sum(axis=0)

    found = weights_of(ease.fit(acts, EaseConfig(regularisation=7.0, finish=finish)))

    assert found == pytest.approx(np.sign(whole) * np.abs(whole / people**0.5) ** 0.7, abs=1e-5)


def test_what_an_act_takes_back_has_never_been():
    order = np.arange(5)
    taken_back = Acts(
        np.asarray([0, 0, 1, 1, 1]), np.asarray([0, 1, 0, 2, 2]), np.asarray([1.0, 1, 1, 2, -2]), 2, 3, order
    )
    never = Acts(np.asarray([0, 0, 1]), np.asarray([0, 1, 0]), np.ones(3), 2, 3)
    config = EaseConfig(regularisation=1.0, breadth_power=0.5)

    assert weights_of(ease.fit(taken_back, config)).tolist() == weights_of(ease.fit(never, config)).tolist()


def test_a_sum_below_zero_is_told_as_nothing_known_and_nobody_gave_a_share():
    model = small()
    profile = profiles_of([[1.0, 2.0, 0.0, 0.0]])

    assert model.scores(profile).tolist() == [[0.0, 0.0, 0.0, 0.5]]
    assert model.shares(profile, np.asarray([3, 2])).tolist() == [[1.5, -1.0], [0.0, 0.0]]


def small():
    """Item 0 speaks for 3 and for 2; item 1 against both."""
    weights = np.zeros((4, 4), dtype=np.float32)
    weights[0, 3], weights[0, 2], weights[1, 3], weights[1, 2] = 1.5, 0.5, -0.5, -0.5
    return Linear(linear.Similarity(csr_array(weights)))


def test_scores_are_the_profile_times_the_weights_and_shares_add_up_to_them():
    acts = random_acts()
    model = ease.fit(acts, EaseConfig(regularisation=7.0, finish=Finish(neighbours=12)))
    people = profiles_of(dense(acts) ** 0.5)
    wanted = np.arange(acts.items)

    scores = model.scores(people)

    expected = np.maximum((dense(acts) ** 0.5) @ weights_of(model), 0.0)
    assert scores == pytest.approx(expected, abs=1e-5)
    assert (scores == 0).any()
    assert scores.dtype == np.float32
    assert scores.flags.c_contiguous
    for person in range(3):
        shares = model.shares(people.block(person, person + 1), wanted)
        assert shares.sum(axis=1) == pytest.approx(scores[person], abs=1e-5)


def test_arrays_give_the_same_model_back_without_pickle(tmp_path):
    acts = random_acts()
    model = Hybrid(((1.0, ease.fit(acts, EaseConfig(regularisation=7.0))),))
    np.savez(tmp_path / "model.npz", **model.to_arrays())

    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Hybrid.from_arrays(dict(stored))

    people = profiles_of(dense(acts))
    assert isinstance(again.parts[0][1], Linear)
    assert np.array_equal(again.scores(people), model.scores(people))


def test_spread_over_more_items_it_scores_the_old_ones_as_before():
    wide = small().spread(np.asarray([0, 2, 3, 5]), 6)

    assert wide.items == 6
    assert wide.scores(profiles_of([[1.0, 0, 2.0, 0, 0, 0]])).tolist() == [[0, 0, 0, 0, 0, 0.5]]


def test_more_items_than_the_limit_are_refused():
    acts = random_acts(items=25)

    assert ease.fit(acts, EaseConfig(most_items=25)).items == 25
    with pytest.raises(TooManyItems, match="25 items are more than the 24 "):
        ease.fit(acts, EaseConfig(most_items=24))


@pytest.mark.parametrize(
    ("user", "item", "users", "items"),
    [([], [], 0, 3), ([], [], 0, 0), ([0, 1], [0, 0], 2, 1), ([0, 1], [2, 2], 3, 4), ([0], [1], 1, 3)],
)
def test_nobody_one_item_and_items_nobody_took_give_no_weights_and_no_warning(user, item, users, items):
    acts = Acts(
        np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64), np.ones(len(user)), users, items
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = ease.fit(acts, EaseConfig(breadth_power=0.5))

    assert (model.items, model.history.similar.nnz) == (items, 0)
    assert model.scores(profiles_of(np.ones((2, items)))).tolist() == np.zeros((2, items)).tolist()


@pytest.mark.parametrize(
    "wrong", [{"regularisation": 0.0}, {"dropout": 1.0}, {"dropout": -0.1}, {"most_items": 0}]
)
def test_settings_without_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EaseConfig(**wrong)
