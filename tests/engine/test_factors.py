"""Factorisation by hand, against the paper's formulas in plain loops, and against `implicit`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_array, csr_matrix

from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.matrix import ProfileShape, profiles
from zhiyue.engine.recommenders import factors
from zhiyue.engine.recommenders.factors import Factors, FactorsConfig
from zhiyue.engine.recommenders.hybrid import Hybrid

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"
CONFIG = FactorsConfig(factors=6, rounds=4, confidence=5.0, regularisation=2.0, weight_power=1.0)


def random_acts(users=80, items=30, rows=700, seed=0):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    weight = random.integers(1, 5, rows).astype(float)
    return Acts(cell // items, cell % items, weight, users, items)


def dense(acts):
    return csr_matrix((acts.weight, (acts.user, acts.item)), shape=(acts.users, acts.items)).toarray()


def profiles_of(weights):
    weights = csr_array(np.asarray(weights, dtype=np.float32))
    return Profiles(weights, np.full(weights.shape[0], -1))


def step(weights, across, config):
    """One half of a round as the paper writes it: a system per row, over all columns."""
    found = []
    for row in weights:
        sure = np.diag(1.0 + config.confidence * row)
        system = across.T @ sure @ across + config.regularisation * np.eye(across.shape[1])
        found.append(np.linalg.solve(system, across.T @ sure @ (row > 0).astype(float)))
    return np.asarray(found)


def loss(weights, people, vectors, config):
    sure, wanted = 1.0 + config.confidence * weights, weights > 0
    size = config.regularisation * ((people**2).sum() + (vectors**2).sum())
    return float((sure * (wanted - people @ vectors.T) ** 2).sum() + size)


def test_a_fit_takes_the_steps_of_the_paper():
    """People with fewer items than factors and with more, so that both ways of solving are walked."""
    acts = random_acts()
    weights = dense(acts)
    lengths = (weights > 0).sum(axis=1)
    assert lengths.min() < CONFIG.factors < lengths.max()
    random = np.random.default_rng(CONFIG.seed)
    vectors = random.normal(0.0, factors.START_DEVIATION, (acts.items, CONFIG.factors)).astype(np.float32)
    for _ in range(CONFIG.rounds):
        vectors = step(weights.T, step(weights, vectors, CONFIG), CONFIG)

    assert factors.fit(acts, CONFIG).vectors == pytest.approx(vectors, abs=2e-4)


def test_a_person_is_folded_in_by_the_very_step_of_the_fit():
    acts = random_acts()
    model = factors.fit(acts, CONFIG)

    folded = model.people(profiles(acts, ProfileShape()))

    assert folded == pytest.approx(step(dense(acts), model.vectors.astype(float), CONFIG), abs=1e-4)


def test_every_round_lowers_the_loss():
    acts = random_acts()
    weights = dense(acts)
    losses = []
    for rounds in (1, 2, 4, 8):
        config = FactorsConfig(6, rounds, CONFIG.confidence, CONFIG.regularisation, weight_power=1.0)
        vectors = factors.fit(acts, config).vectors.astype(float)
        losses.append(loss(weights, step(weights, vectors, config), vectors, config))

    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] + 1.0


def test_scores_are_products_of_vectors_and_never_below_0():
    model = factors.fit(random_acts(), CONFIG)
    asked = profiles_of(dense(random_acts(seed=1)))
    products = model.people(asked) @ model.vectors.T

    scores = model.scores(asked)

    assert (products < 0).any()
    assert scores == pytest.approx(np.maximum(products, 0.0))
    assert scores.flags.c_contiguous
    assert scores.dtype == np.float32


@pytest.mark.parametrize("items", [3, 20])
def test_shares_add_up_to_the_product_of_person_and_item(items):
    model = factors.fit(random_acts(), CONFIG)
    row = np.zeros(model.items)
    row[np.arange(items)] = np.linspace(0.2, 3.0, items)
    profile = profiles_of([row])
    wanted = np.asarray([29, 0, 7])

    shares = model.shares(profile, wanted)

    assert shares.shape == (3, items)
    expected = model.vectors[wanted] @ model.people(profile)[0]
    assert shares.sum(axis=1) == pytest.approx(expected, abs=1e-4)


def test_a_share_is_the_likeness_of_two_items_in_this_persons_eyes_times_the_confidence():
    model = Factors(np.asarray([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], dtype=np.float32), 2.0, 0.5)
    # YᵀY = [[2, 1], [1, 2]]; item 1 with weight 1.5 adds 3 [[1, 1], [1, 1]]; λ adds 0.5 on the diagonal.
    seen = np.linalg.inv([[5.5, 4.0], [4.0, 5.5]])

    shares = model.shares(profiles_of([[0.0, 1.5, 0.0]]), np.asarray([0, 2]))

    assert shares == pytest.approx(4.0 * (seen @ [1.0, 1.0])[:, None], abs=1e-6)
    assert shares == pytest.approx(np.full((2, 1), 4.0 / 9.5), abs=1e-6)


def test_items_that_nobody_took_and_people_of_whom_nothing_is_known_score_0():
    acts = Acts(np.asarray([0, 0, 1, 2]), np.asarray([0, 1, 1, 3]), np.asarray([1.0, 1.0, 1.0, -1.0]), 4, 5)
    model = factors.fit(acts, CONFIG)

    scores = model.scores(profiles_of([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 1]]))

    assert model.vectors[[2, 3, 4]].tolist() == np.zeros((3, 5)).tolist()
    assert (scores[0] > 0).tolist() == [True, True, False, False, False]
    assert not scores[1:].any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("items", [0, 1, 3])
def test_an_academy_without_people_has_a_model_that_knows_nothing(items):
    none = np.zeros(0, dtype=np.int64)
    model = factors.fit(Acts(none, none, np.zeros(0), 0, items), CONFIG)
    asked = profiles_of(np.ones((2, items)))

    assert model.scores(asked).tolist() == np.zeros((2, items)).tolist()
    assert model.scores(profiles_of(np.zeros((0, items)))).shape == (0, items)
    assert model.shares(asked.block(0, 1), np.arange(items)).tolist() == np.zeros((items, items)).tolist()


@pytest.mark.filterwarnings("error")
def test_one_item_and_huge_weights_give_finite_scores():
    one = factors.fit(Acts(np.asarray([0, 1]), np.asarray([0, 0]), np.ones(2), 2, 1), FactorsConfig())
    acts = random_acts()
    huge = factors.fit(
        Acts(acts.user, acts.item, acts.weight * 5e37, acts.users, acts.items), FactorsConfig(factors=4)
    )

    assert 0 < float(one.scores(profiles_of([[1.0]]))[0, 0]) < 1
    assert np.isfinite(huge.scores(profiles_of(dense(acts)))).all()


def test_the_same_seed_gives_the_same_model_and_the_blocks_of_a_fit_do_not_show(monkeypatch):
    acts = random_acts()
    model = factors.fit(acts, CONFIG)
    again = factors.fit(acts, CONFIG)
    monkeypatch.setattr(factors, "CELLS_AT_ONCE", 100)
    monkeypatch.setattr(factors, "ONE_THREAD_PRODUCTS", 100)

    assert np.array_equal(model.vectors, again.vectors)
    assert factors.fit(acts, CONFIG).vectors == pytest.approx(model.vectors, abs=1e-4)


def test_arrays_give_the_same_model_back_without_pickle(tmp_path):
    model = Hybrid(((1.0, factors.fit(random_acts(), CONFIG)),))
    np.savez(tmp_path / "model.npz", **model.to_arrays())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Hybrid.from_arrays(dict(stored))
    asked = profiles_of(dense(random_acts(seed=2)))

    assert isinstance(again.parts[0][1], Factors)
    assert np.array_equal(again.scores(asked), model.scores(asked))


def test_a_model_spread_over_more_items_scores_the_old_ones_as_before():
    model = factors.fit(random_acts(), CONFIG)
    places = np.arange(30) * 2
    weights = dense(random_acts(seed=3))
    wide_weights = np.zeros((len(weights), 61))
    wide_weights[:, places] = weights

    scores = model.spread(places, 61).scores(profiles_of(wide_weights))

    assert scores[:, places] == pytest.approx(model.scores(profiles_of(weights)), abs=1e-5)
    assert not np.delete(scores, places, axis=1).any()


def test_some_people_teach_as_if_there_were_no_others():
    acts = random_acts()
    some = replace(CONFIG, people=20)
    taught = np.isin(acts.user, np.arange(20) * 4)
    alone = Acts(acts.user[taught] // 4, acts.item[taught], acts.weight[taught], 20, acts.items)

    assert factors.fit(acts, some).vectors == pytest.approx(factors.fit(alone, CONFIG).vectors, abs=1e-6)
    assert (factors.fit(acts, replace(CONFIG, people=80)).vectors == factors.fit(acts, CONFIG).vectors).all()


@pytest.mark.parametrize(
    "wrong", [{"factors": 0}, {"rounds": 0}, {"confidence": 0.0}, {"regularisation": 0.0}, {"people": 0}]
)
def test_numbers_that_make_no_model_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FactorsConfig(**wrong)


@pytest.mark.filterwarnings("ignore:OpenBLAS is configured")
@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_loss_is_that_of_implicit_after_as_many_rounds():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 3000)])
    user, item = (rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id"))
    acts = Acts(user, item, np.ones(len(user)), 3000, 3321)
    config = FactorsConfig(factors=32, rounds=8, confidence=20.0, regularisation=5.0)
    # implicit takes a stored cell for the confidence itself.
    sure = csr_matrix((np.full(len(user), 21.0, np.float32), (user, item)), shape=(acts.users, acts.items))
    peer = AlternatingLeastSquares(
        factors=32, iterations=8, regularization=5.0, random_state=1, use_cg=False, num_threads=1
    )
    # From the same start: another one ends in another valley, up to 3 per cent away.
    start = np.random.default_rng(config.seed).normal(0.0, factors.START_DEVIATION, (acts.items, 32))
    peer.item_factors = start.astype(np.float32)
    peer.fit(sure, show_progress=False)
    ours = factors.fit(acts, config)
    weights = dense(acts)

    def reached(vectors):
        vectors = vectors.astype(float)
        people = Factors(vectors.astype(np.float32), 20.0, 5.0).people(profiles(acts, ProfileShape()))
        return loss(weights, people.astype(float), vectors, config)

    assert reached(ours.vectors) == pytest.approx(reached(np.asarray(peer.item_factors)), rel=0.01)
