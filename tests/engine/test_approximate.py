"""Large catalogues searched by a graph: as good as reckoning all, and done without where faiss isn't installed."""

import importlib
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.sparse import csr_array

from zhiyue.engine import approximate
from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.ranking import top_k
from zhiyue.engine.recommenders import factors
from zhiyue.engine.recommenders.factors import Factors, FactorsConfig

needs_faiss = pytest.mark.skipif(find_spec("faiss") is None, reason="the extra “ann” isn't installed")
CONFIG = FactorsConfig(factors=16, rounds=3, confidence=5.0, regularisation=2.0)


@pytest.fixture(scope="module")
def acts():
    random = np.random.default_rng(0)
    cell = random.choice(900 * 3000, 30_000, replace=False)
    return Acts(cell // 3000, cell % 3000, np.ones(len(cell)), 900, 3000)


@pytest.fixture
def large(monkeypatch):
    """Catalogues of 3,000 are large ones."""
    monkeypatch.setattr(factors, "GRAPH_ABOVE", 2_999)


def profiles(acts):
    weights = csr_array(
        (np.ones(len(acts.user), dtype=np.float32), (acts.user, acts.item)), shape=(acts.users, acts.items)
    )
    return Profiles(weights, np.full(acts.users, -1))


@needs_faiss
def test_of_a_large_catalogue_the_ten_best_are_found_with_their_scores(acts, large):
    model = factors.fit(acts, CONFIG)
    exact = Factors(model.vectors, model.confidence, model.regularisation)
    everybody = profiles(acts)

    assert model.graph is not None
    found, of_found = top_k(model.scores(everybody), 10)
    best, _ = top_k(exact.scores(everybody), 10)

    assert np.mean([len(set(mine) & set(its)) / 10 for mine, its in zip(found, best, strict=True)]) > 0.95
    scores = np.take_along_axis(exact.scores(everybody), found, axis=1)
    assert of_found == pytest.approx(scores, abs=1e-5)


@needs_faiss
def test_what_somebody_has_leaves_room_for_what_they_have_not(acts, large):
    model = factors.fit(acts, CONFIG)
    many = np.zeros((1, 3000), dtype=np.float32)
    many[0, :500] = 1.0

    scores = model.scores(Profiles(csr_array(many), np.asarray([-1])))

    exact = Factors(model.vectors, model.confidence, model.regularisation).scores(
        Profiles(csr_array(many), np.asarray([-1]))
    )
    assert 600 < (scores > 0).sum() <= factors.CANDIDATES + 500
    assert (scores[0, 500:] > 0).sum() >= 10
    assert scores[scores > 0] == pytest.approx(exact[scores > 0], abs=1e-5)


@needs_faiss
def test_the_graph_is_kept_as_an_array_and_gives_the_same_scores_again(acts, large, tmp_path):
    model = factors.fit(acts, CONFIG)
    np.savez(tmp_path / "model.npz", **model.to_arrays())

    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Factors.from_arrays(dict(stored))

    assert np.array_equal(again.scores(profiles(acts)), model.scores(profiles(acts)))


@needs_faiss
def test_a_graph_that_this_faiss_cannot_read_is_done_without():
    assert approximate.opened(np.arange(64, dtype=np.uint8)) is None


@needs_faiss
def test_after_a_change_of_the_catalogue_all_are_reckoned(acts, large):
    assert factors.fit(acts, CONFIG).spread(np.arange(3000), 3001).graph is None


@needs_faiss
def test_somebody_without_acts_scores_nothing(acts, large):
    nobody = Profiles(csr_array((1, 3000), dtype=np.float32), np.asarray([-1]))
    assert not factors.fit(acts, CONFIG).scores(nobody).any()


@needs_faiss
def test_a_catalogue_that_is_not_large_has_no_graph(acts):
    assert "graph" not in factors.fit(acts, CONFIG).to_arrays()


def test_without_faiss_a_large_catalogue_and_a_file_with_a_graph_are_served_exactly(acts, large, monkeypatch):
    def none(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", none)

    model = factors.fit(acts, CONFIG)
    again = Factors.from_arrays({**model.to_arrays(), "graph": np.zeros(8, dtype=np.uint8)})

    assert model.graph is again.graph is None
    assert approximate.built(model.vectors) is None
    assert np.array_equal(again.scores(profiles(acts)), model.scores(profiles(acts)))
