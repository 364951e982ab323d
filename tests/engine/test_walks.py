"""Random walks by hand, and against the products of dense transition matrices."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

from zhiyue.engine import matrix as matrix_module
from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.recommenders import walks
from zhiyue.engine.recommenders.walks import WalksConfig

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def taken(*rows, items=None):
    """Acts of weight 1 from one list of items a user."""
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    item = np.asarray([item for row in rows for item in row], dtype=np.int64)
    return Acts(user, item, np.ones(len(user)), len(rows), int(item.max()) + 1 if items is None else items)


def random_acts(users=60, items=25, rows=500, seed=0):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    return Acts(cell // items, cell % items, random.integers(1, 5, rows).astype(float), users, items)


def paper(taken_by, alpha, beta):
    """P_iu ** alpha times P_ui ** alpha over the degree of the end ** beta, from a dense (users, items) matrix."""
    to_people = (taken_by / taken_by.sum(axis=0)).T ** alpha
    to_items = (taken_by / taken_by.sum(axis=1, keepdims=True)) ** alpha
    found = to_people @ to_items / taken_by.sum(axis=0) ** beta
    np.fill_diagonal(found, 0.0)
    return found


def dense(acts):
    matrix = np.zeros((acts.users, acts.items))
    np.add.at(matrix, (acts.user, acts.item), acts.weight)
    return matrix


def test_a_walk_by_hand():
    # From 0: half the walks go to person 0, who goes on to 1 half the time; half to person 1: to 1 or 2 a third each.
    acts = taken([0, 1], [0, 1, 2])

    found = walks.fit(acts, WalksConfig()).similar.toarray()

    one, two = 1 / 2 * 1 / 2 + 1 / 2 * 1 / 3, 1 / 2 * 1 / 3
    assert found == pytest.approx(np.asarray([[0, one, two], [one, 0, two], [1 / 3, 1 / 3, 0]]))


def test_popular_ends_are_held_back_by_their_degree():
    acts = taken([0, 1], [0, 1, 2], [1])

    plain = walks.fit(acts, WalksConfig()).similar.toarray()
    held_back = walks.fit(acts, WalksConfig(beta=0.5)).similar.toarray()

    assert held_back[0] == pytest.approx(plain[0] / np.asarray([2, 3, 1]) ** 0.5)


def test_alpha_bends_every_step():
    found = walks.fit(taken([0, 1], [0, 1, 2]), WalksConfig(alpha=2.0)).similar.toarray()

    assert found[0, 1] == pytest.approx((1 / 2) ** 2 * (1 / 2) ** 2 + (1 / 2) ** 2 * (1 / 3) ** 2)


def test_without_a_penalty_every_walk_ends_somewhere():
    acts = random_acts()
    found = walks.fit(acts, WalksConfig(neighbours=25)).similar.toarray()
    taken_by = dense(acts)
    back = ((taken_by / taken_by.sum(axis=0)).T * (taken_by / taken_by.sum(axis=1, keepdims=True)).T).sum(
        axis=1
    )

    assert found.sum(axis=1) + back == pytest.approx(np.ones(25), abs=1e-6)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.8, 0.45), (1.4, 1.0)])
def test_the_cells_are_those_of_the_papers_products(alpha, beta):
    acts = random_acts()

    found = walks.fit(acts, WalksConfig(alpha, beta, neighbours=25)).similar.toarray()

    assert found == pytest.approx(paper(dense(acts), alpha, beta), rel=1e-5, abs=1e-7)


def test_weights_may_be_bent_before():
    acts = random_acts()

    found = walks.fit(acts, WalksConfig(weight_power=0.5, neighbours=25)).similar.toarray()

    assert found == pytest.approx(paper(dense(acts) ** 0.5, 1.0, 0.0), rel=1e-5, abs=1e-7)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_cells_are_those_of_the_papers_products():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 2000)])
    (_, user), (_, item) = (
        np.unique(rows[name].to_numpy(), return_inverse=True) for name in ("user_id", "item_id")
    )
    acts = Acts(user, item, np.ones(len(user)), int(user.max()) + 1, int(item.max()) + 1)

    found = walks.fit(acts, WalksConfig(0.8, 0.45, neighbours=acts.items)).similar.toarray()

    assert acts.items > 1000
    assert np.abs(found - paper(dense(acts), 0.8, 0.45)).max() < 1e-6


def test_the_blocks_in_which_a_fit_is_cut_do_not_show(monkeypatch):
    acts = random_acts()
    whole = walks.fit(acts, WalksConfig(0.8, 0.45)).similar.toarray()
    monkeypatch.setattr(matrix_module, "CELLS_AT_ONCE", 60)

    assert walks.fit(acts, WalksConfig(0.8, 0.45)).similar.toarray() == pytest.approx(whole, abs=1e-7)


def test_only_the_likeliest_ends_are_kept():
    acts = random_acts()
    whole = walks.fit(acts, WalksConfig(neighbours=25)).similar.toarray()

    few = walks.fit(acts, WalksConfig(neighbours=3)).similar.toarray()

    assert np.array_equal(np.sort(few, axis=1)[:, -3:], np.sort(whole, axis=1)[:, -3:])
    assert (few > 0).sum(axis=1).max() == 3


def test_scores_are_the_profile_times_the_cells_and_shares_add_up_to_them():
    acts = random_acts()
    model = walks.fit(acts, WalksConfig(0.8, 0.45))
    one = Profiles(csr_array(dense(acts)[:1], dtype=np.float32), np.asarray([-1]))

    scores = model.scores(one)

    assert scores == pytest.approx(dense(acts)[:1] @ model.similar.toarray(), rel=1e-5)
    assert model.shares(one, np.arange(25)).sum(axis=1) == pytest.approx(scores[0], rel=1e-5)


def test_what_an_act_takes_back_is_no_way_to_walk():
    user, item = np.asarray([0, 0, 0, 1, 1]), np.asarray([0, 1, 1, 0, 2])
    acts = Acts(user, item, np.asarray([1.0, 2, -2, 1, 1]), 2, 3, np.arange(5))

    found = walks.fit(acts, WalksConfig(beta=0.5, weight_power=0.0)).similar.toarray()

    assert found[0, 1] == 0.0
    assert found[0, 2] == pytest.approx(1 / 2 * 1 / 2)


@pytest.mark.parametrize(
    ("user", "item", "users", "items"),
    [([], [], 0, 3), ([], [], 0, 0), ([0, 1], [0, 0], 2, 1), ([0, 1], [2, 2], 3, 4), ([0], [1], 1, 3)],
)
def test_nobody_one_item_and_items_nobody_took_give_no_way_and_no_warning(user, item, users, items):
    codes = np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = walks.fit(Acts(*codes, np.ones(len(user)), users, items), WalksConfig(0.8, 0.45))

    assert (model.items, model.similar.nnz) == (items, 0)


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"beta": -0.1}, {"neighbours": 0}])
def test_settings_without_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WalksConfig(**wrong)
