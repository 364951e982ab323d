"""The second look at candidates: what it is told, what it learns, and what it may move."""

import builtins
import importlib
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from zhiyue.engine import boosted, ranker
from zhiyue.engine.boosted import Boosted, BoostedConfig, NoTrees
from zhiyue.engine.ranker import COMMON, FLOOR, PER_VOICE, Candidates, Logit, LogitConfig, reranked, softmax


def planted(people=3000, places=5, width=3, seed=0):
    """Candidates of which one was taken with the chances of a conditional logit of known weights."""
    random = np.random.default_rng(seed)
    columns = random.normal(size=(people, places, width)).astype(np.float32)
    weights = np.asarray([1.5, -0.7, 0.0])[:width]
    taken = (columns @ weights + random.gumbel(size=(people, places))).argmax(axis=1)
    return columns, taken, weights


def test_what_a_ranker_is_told_of_a_candidate():
    told = Candidates(
        blend=np.asarray([[0.8, 0.2]], dtype=np.float32),
        voices=[np.asarray([[0.5, 1.0]], dtype=np.float32)],
        popular=np.asarray([[0.4, 0.9]], dtype=np.float32),
        breadth=np.asarray([3.0]),
        usual=np.asarray([0.6]),
    ).columns()

    by_breadth = np.log1p(3.0) - 2.0
    assert told.shape == (1, 2, PER_VOICE + COMMON)
    first = [np.log(0.5 + FLOOR), 0.5, np.log(2.0), np.log(0.5 + FLOOR) * by_breadth]
    first += [np.log(0.8 + FLOOR), 0.4, 0.4 * by_breadth, by_breadth, 0.6, -0.2]
    second = [np.log(1.0 + FLOOR), 1.0, 0.0, np.log(1.0 + FLOOR) * by_breadth]
    second += [np.log(0.2 + FLOOR), 0.9, 0.9 * by_breadth, by_breadth, 0.6, 0.3]
    assert told[0] == pytest.approx(np.asarray([first, second]), abs=1e-6)


def test_the_weights_that_were_planted_are_found():
    columns, taken, weights = planted()

    found = ranker.fit(columns, taken, LogitConfig(penalty=0.0))

    assert found.weights == pytest.approx(weights, abs=0.1)


def test_between_two_candidates_it_is_the_logistic_regression_of_scikit_learn():
    columns, taken, _ = planted(people=800, places=2)
    # Of scikit-learn: the difference of the two, without an intercept, on columns brought to the same scale.
    centred = columns - columns.mean(axis=1, keepdims=True)
    scale = centred.reshape(-1, 3).std(axis=0)
    difference = (columns[:, 0] - columns[:, 1]) / scale
    penalty = 0.01
    peer = LogisticRegression(C=1 / (2 * penalty * len(taken)), fit_intercept=False, tol=1e-8)
    expected = peer.fit(difference, taken == 0).coef_[0] / scale

    found = ranker.fit(columns, taken, LogitConfig(penalty=penalty))

    assert found.weights == pytest.approx(expected, abs=1e-3)


def test_a_column_that_is_the_same_for_all_candidates_counts_for_nothing():
    columns, taken, _ = planted(people=200)
    columns[:, :, 2] = np.arange(200)[:, None]

    found = ranker.fit(columns, taken, LogitConfig())

    assert found.weights[2] == 0.0
    assert np.isfinite(found.weights).all()


def test_nobody_teaches_nothing():
    found = ranker.fit(np.zeros((0, 5, 4), dtype=np.float32), np.zeros(0, dtype=np.int64), LogitConfig())

    assert found.weights.tolist() == [0, 0, 0, 0]


def test_what_does_not_fit_together_is_refused():
    columns, taken, _ = planted(people=10)

    with pytest.raises(ValueError, match="one place taken for each person"):
        ranker.fit(columns, taken[:-1], LogitConfig())
    with pytest.raises(ValueError, match="2 columns for a ranker of 3"):
        Logit(np.zeros(3)).marks(columns[:, :, :2])
    with pytest.raises(ValueError, match="penalty"):
        LogitConfig(penalty=-1)


def test_a_logit_survives_as_arrays():
    columns, taken, _ = planted(people=100)
    found = ranker.fit(columns, taken, LogitConfig())

    again = Logit.from_arrays(found.to_arrays())

    assert np.array_equal(again.marks(columns), found.marks(columns))


# --- what may be moved ---


def test_movable_candidates_change_places_among_themselves_only():
    blend = np.asarray([[0.9, 0.8, 0.7, 0.6]])
    marks = np.asarray([[0.0, 5.0, 1.0, 2.0]])

    stands, scores = reranked(blend, marks, np.asarray([[True, False, True, True]]))

    assert stands.tolist() == [[3, 1, 2, 0]]
    chances = softmax(np.asarray([[2.0, 1.0, 0.0]]))[0]
    assert scores[0] == pytest.approx([chances[0], chances[0], chances[1], chances[2]])


def test_what_stands_before_the_first_movable_one_is_scored_like_it():
    stands, scores = reranked(
        np.asarray([[0.9, 0.8, 0.7]]), np.asarray([[0.0, 1.0, 2.0]]), np.asarray([[False, True, True]])
    )

    assert stands.tolist() == [[0, 2, 1]]
    assert scores[0] == pytest.approx([*softmax(np.asarray([[2.0, 1.0]]))[0][[0, 0, 1]]])


def test_what_the_blend_knew_nothing_of_stays_last_with_its_own_score():
    blend = np.asarray([[0.9, 0.8, -0.5, -np.inf]])

    stands, scores = reranked(blend, np.asarray([[0.0, 1.0, 9.0, 9.0]]), blend > 0)

    assert stands.tolist() == [[1, 0, 2, 3]]
    assert scores[0, 2:].tolist() == [-0.5, -np.inf]


def test_a_row_with_nothing_to_move_stays_as_it_is():
    blend = np.asarray([[0.9, 0.8], [0.9, 0.8]])

    stands, scores = reranked(blend, np.asarray([[0.0, 1.0]] * 2), np.asarray([[False] * 2, [True] * 2]))

    assert stands.tolist() == [[0, 1], [1, 0]]
    assert scores[0].tolist() == [0.9, 0.8]


# --- boosted trees ---

FEW = BoostedConfig(trees=30, leaves=4, fewest_rows=5)


def bent(people=600, seed=0):
    """What was taken is nearest to the middle of the first column: no weight on it can say so."""
    columns = np.random.default_rng(seed).normal(size=(people, 6, 2)).astype(np.float32)
    return columns, np.abs(columns[:, :, 0]).argmin(axis=1)


def first_right(marks, taken):
    return float((marks.argmax(axis=1) == taken).mean())


def test_trees_find_what_a_logit_cannot():
    columns, taken = bent()
    unseen, really = bent(seed=1)

    trees = boosted.fit(columns, taken, FEW)
    logit = ranker.fit(columns, taken, LogitConfig())

    assert first_right(trees.marks(unseen), really) > 0.7
    assert first_right(logit.marks(unseen), really) < 0.3


def test_trees_survive_as_arrays_and_are_the_same_each_time():
    columns, taken = bent()
    trees = boosted.fit(columns, taken, FEW)

    again = Boosted.from_arrays(trees.to_arrays())

    assert np.array_equal(again.marks(columns), trees.marks(columns))
    assert np.array_equal(boosted.fit(columns, taken, FEW).marks(columns), trees.marks(columns))
    assert all(array.dtype != object for array in trees.to_arrays().values())


def test_one_person_is_marked_as_in_company():
    columns, taken = bent(people=100)
    trees = boosted.fit(columns, taken, FEW)

    assert np.array_equal(trees.marks(columns[7:8]), trees.marks(columns)[7:8])
    assert trees.marks(columns[:0]).shape == (0, 6)


def test_other_columns_than_in_the_fit_are_refused():
    trees = boosted.fit(*bent(people=100), FEW)

    with pytest.raises(ValueError, match="1 columns for a ranker of 2"):
        trees.marks(np.zeros((1, 6, 1), dtype=np.float32))
    with pytest.raises(ValueError, match="one place taken for each person"):
        boosted.fit(np.zeros((2, 6, 1), dtype=np.float32), np.zeros(1, dtype=np.int64), FEW)


@pytest.mark.parametrize("wrong", [{"trees": 0}, {"leaves": 1}, {"rate": 0.0}, {"columns": 1.5}])
def test_parameters_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|shares in"):
        replace(FEW, **wrong)


def test_without_lightgbm_it_is_said_what_to_install(monkeypatch):
    def missing(name, *rest):
        if name == "lightgbm":
            raise ImportError(name)
        return builtins.__import__(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(NoTrees, match=r"zhiyue\[boost\]"):
        boosted.fit(*bent(people=10), FEW)
