"""Next items by hand, and against rows of a regression written out one by one."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.matrix import ProfileShape, profiles
from zhiyue.engine.recommenders import ease, linear, next_items
from zhiyue.engine.recommenders.ease import EaseConfig
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.linear import Finish, TooManyItems
from zhiyue.engine.recommenders.next_items import NextItemsConfig

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"
ODD = NextItemsConfig(
    recency=0.7,
    reach=4,
    ahead=3,
    ahead_power=0.8,
    backward=0.3,
    regularisation=2.0,
    newest_regularisation=3.0,
    breadth_power=0.4,
    weight_power=0.5,
)


def taken(*rows, items=None):
    """Acts of weight 1 from one list of items a user, oldest first."""
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    item = np.asarray([item for row in rows for item in row])
    return Acts(user, item, np.ones(len(user)), len(rows), items or int(item.max()) + 1, np.arange(len(user)))


def random_acts(users=40, items=15, rows=250, seed=0):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    weight = random.integers(1, 5, rows).astype(float)
    return Acts(cell // items, cell % items, weight, users, items, random.permutation(rows))


def halves(model):
    return model.history.similar.toarray(), model.newest.similar.toarray()


def written_out(acts, config):
    """Both halves from the docstring's formula: every row of the regression, solved by least squares."""
    histories, wanted, counts = [], [], []
    for user in range(acts.users):
        mine = np.flatnonzero(acts.user == user)
        mine = mine[np.argsort(acts.order[mine])]
        line = [(acts.item[act], acts.weight[act] / acts.weight[mine].max()) for act in mine]
        for order, how_much in ((line, 1.0), (line[::-1], config.backward)):
            for t in range(1, len(order)):
                x, y = np.zeros(2 * acts.items), np.zeros(acts.items)
                for age, (item, weight) in enumerate(order[:t][::-1][: config.reach]):
                    x[item] = weight**config.weight_power * (1 + age) ** -config.recency
                x[acts.items + order[t - 1][0]] = 1.0
                for distance, (item, weight) in enumerate(order[t : t + config.ahead]):
                    y[item] = weight**config.weight_power * (1 + distance) ** -config.ahead_power
                histories.append(x)
                wanted.append(y)
                counts.append(how_much * len(line) ** -config.breadth_power)
    root = np.sqrt(counts)[:, None]
    penalty = np.repeat([config.regularisation, config.newest_regularisation], acts.items) ** 0.5
    left = np.concatenate([root * histories, np.diag(penalty)])
    right = np.concatenate([root * wanted, np.zeros((2 * acts.items, acts.items))])
    found = np.linalg.lstsq(left, right)[0].reshape(2, acts.items, acts.items)
    for half in found:
        np.fill_diagonal(half, 0.0)
    return found


def test_one_step_by_hand():
    # At place 1 both halves hold item 0 alone, so they share the weight: (3 + 1) b + 3 b = people of the next.
    acts = taken([0, 1], [0, 1], [0, 2])
    config = NextItemsConfig(regularisation=1.0, newest_regularisation=1.0, breadth_power=0.0)

    history, newest = halves(next_items.fit(acts, config))

    expected = np.asarray([[0, 2 / 7, 1 / 7], [0, 0, 0], [0, 0, 0]])
    assert history == pytest.approx(expected, abs=1e-6)
    assert newest == pytest.approx(expected, abs=1e-6)


def test_a_larger_penalty_on_the_newest_moves_weight_to_the_history():
    # 4 b + 3 c = 3 and 3 b + (3 + 5) c = 3
    acts = taken([0, 1], [0, 1], [0, 1])
    config = NextItemsConfig(regularisation=1.0, newest_regularisation=5.0, breadth_power=0.0)

    history, newest = halves(next_items.fit(acts, config))

    assert (history[0, 1], newest[0, 1]) == pytest.approx((15 / 23, 3 / 23))


def test_the_weights_are_those_of_the_rows_written_out():
    acts = random_acts()
    history, newest = written_out(acts, ODD)

    found = halves(next_items.fit(acts, ODD))

    assert found[0] == pytest.approx(history, abs=1e-5)
    assert found[1] == pytest.approx(newest, abs=1e-5)


@pytest.mark.parametrize("config", [NextItemsConfig(), NextItemsConfig(reach=1, ahead=1, backward=1.0)])
def test_so_are_those_of_other_settings(config):
    acts = random_acts(seed=1)

    found = halves(next_items.fit(acts, config))

    assert np.stack(found) == pytest.approx(written_out(acts, config), abs=1e-5)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_weights_are_those_of_the_rows_written_out():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 120)])
    user, order = (rows[name].to_numpy().astype(np.int64) for name in ("user_id", "position"))
    _, item = np.unique(rows["item_id"].to_numpy(), return_inverse=True)
    acts = Acts(user, item, np.ones(len(user)), 120, int(item.max()) + 1, order)
    config = NextItemsConfig(reach=20, backward=0.2, finish=Finish(neighbours=acts.items))

    found = halves(next_items.fit(acts, config))

    assert acts.items > 100
    assert np.abs(np.stack(found) - written_out(acts, config)).max() < 1e-5


def test_the_blocks_in_which_a_fit_is_cut_do_not_show(monkeypatch):
    acts = random_acts()
    whole = halves(next_items.fit(acts, ODD))
    monkeypatch.setattr(linear, "CELLS_AT_ONCE", 40)
    monkeypatch.setattr(next_items, "PAIRS_AT_ONCE", 7)

    assert np.stack(halves(next_items.fit(acts, ODD))) == pytest.approx(np.stack(whole), abs=1e-6)


def test_a_small_penalty_is_answered_in_float64():
    acts = random_acts(users=300, rows=3000)
    config = NextItemsConfig(regularisation=1e-3, newest_regularisation=1e-3)

    found = halves(next_items.fit(acts, config))

    assert np.stack(found) == pytest.approx(written_out(acts, config), abs=1e-6)


def test_the_order_decides_what_comes_next():
    forward = taken(*[[0, 1, 2]] * 20, *[[2, 3, 0]] * 20)
    model = next_items.fit(forward, NextItemsConfig(regularisation=1.0, newest_regularisation=1.0))
    after_0, after_2 = profiles(taken([0], [2], items=4), ProfileShape()), np.asarray([[0, 1, 0, 0]])

    assert np.argmax(model.scores(after_0), axis=1).tolist() == [1, 3]
    assert model.scores(after_0)[1, 1] == 0.0
    assert after_2.shape == (1, 4)


def test_what_an_act_takes_back_has_never_been():
    order = np.arange(6)
    weight = np.asarray([1.0, 3, -3, 1, 1, 1])
    taken_back = Acts(np.asarray([0, 0, 0, 0, 1, 1]), np.asarray([0, 2, 2, 1, 0, 1]), weight, 2, 3, order)

    found = halves(next_items.fit(taken_back, NextItemsConfig()))

    assert np.array_equal(found, halves(next_items.fit(taken([0, 1], [0, 1], items=3), NextItemsConfig())))


def test_acts_without_order_are_foretold_from_each_other():
    ordered = random_acts()
    acts = Acts(ordered.user, ordered.item, ordered.weight * 0 + 1, ordered.users, ordered.items)
    config = NextItemsConfig(regularisation=5.0, breadth_power=0.5)

    model = next_items.fit(acts, config)
    peer = ease.fit(acts, EaseConfig(regularisation=5.0, breadth_power=0.5))

    assert model.newest is None
    assert np.array_equal(model.history.similar.toarray(), peer.history.similar.toarray())


def fitted():
    acts = random_acts()
    return next_items.fit(acts, NextItemsConfig(profile_power=0.6, finish=Finish(temper=0.8))), acts


def test_a_score_is_the_scaled_profile_times_the_history_and_the_row_of_the_newest():
    model, acts = fitted()
    people = profiles(acts, ProfileShape(recency=0.9))
    history, newest = halves(model)

    scores = model.scores(people)

    for person, row in enumerate(people.weights.toarray()):
        scaled = (row / row.max()) ** 0.6
        expected = np.maximum(scaled @ history + newest[people.newest[person]], 0.0)
        assert scores[person] == pytest.approx(expected, abs=1e-5)
    assert scores.dtype == np.float32
    assert scores.flags.c_contiguous


def test_profiles_of_any_scale_score_alike():
    model, acts = fitted()
    people = profiles(acts, ProfileShape(recency=0.9))
    louder = Profiles(csr_array(people.weights * np.float32(7.0)), people.newest)

    assert model.scores(louder) == pytest.approx(model.scores(people), abs=1e-5)


def test_the_shares_add_up_to_the_score_and_the_newest_act_has_that_of_its_own_row():
    model, acts = fitted()
    people = profiles(acts, ProfileShape(recency=0.9))
    wanted = np.arange(acts.items)
    _, newest = halves(model)

    for person in range(5):
        one = people.block(person, person + 1)
        shares, scores = model.shares(one, wanted), model.scores(one)[0]
        assert shares.sum(axis=1) == pytest.approx(scores, abs=1e-5)
        unknown = model.shares(Profiles(one.weights, np.asarray([-1])), wanted)
        both = (scores > 0) & (unknown.any(axis=1))
        column = int(np.flatnonzero(one.weights.indices == one.newest[0])[0])
        assert both.sum() >= 3
        assert (shares - unknown)[both, column] == pytest.approx(newest[one.newest[0], both], abs=1e-5)


def test_who_has_no_acts_is_nobody_to_it():
    model, acts = fitted()
    nobody = Profiles(csr_array((1, acts.items), dtype=np.float32), np.asarray([-1]))

    assert model.scores(nobody).tolist() == [[0.0] * acts.items]
    assert model.shares(nobody, np.asarray([0, 3])).shape == (2, 0)


def test_arrays_give_the_same_model_back_without_pickle(tmp_path):
    model, acts = fitted()
    np.savez(tmp_path / "model.npz", **Hybrid(((1.0, model),)).to_arrays())

    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Hybrid.from_arrays(dict(stored)).parts[0][1]

    people = profiles(acts, ProfileShape(recency=0.9))
    assert np.array_equal(again.scores(people), model.scores(people))


def test_spread_over_more_items_it_scores_the_old_ones_as_before():
    model, acts = fitted()
    places = np.arange(acts.items) * 2
    people = profiles(acts, ProfileShape(recency=0.9))
    wide = csr_array(
        (people.weights.data, people.weights.indices * 2, people.weights.indptr), shape=(acts.users, 30)
    )

    scores = model.spread(places, 30).scores(Profiles(wide, people.newest * 2))

    assert scores[:, ::2] == pytest.approx(model.scores(people), abs=1e-6)
    assert not scores[:, 1::2].any()


def test_more_items_than_the_limit_are_refused():
    with pytest.raises(TooManyItems):
        next_items.fit(random_acts(), NextItemsConfig(most_items=14))


@pytest.mark.parametrize(
    ("user", "item", "users", "items"),
    [([], [], 0, 3), ([], [], 0, 0), ([0, 1], [0, 0], 2, 1), ([0, 1], [2, 2], 3, 4), ([0], [1], 1, 3)],
)
def test_nobody_one_item_and_items_nobody_took_give_no_weights_and_no_warning(user, item, users, items):
    codes = np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = next_items.fit(
            Acts(*codes, np.ones(len(user)), users, items, np.arange(len(user))), NextItemsConfig()
        )

    assert (model.items, model.history.similar.nnz) == (items, 0)


@pytest.mark.parametrize("wrong", [{"regularisation": 0.0}, {"reach": 0}, {"backward": -0.1}])
def test_settings_without_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NextItemsConfig(**wrong)
