"""Short lists: order, ties, exclusion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zhiyue.engine import ranking
from zhiyue.engine.ranking import NOTHING, completed, top_k, without


def test_equal_scores_stand_by_item_code_also_at_the_border():
    items, scores = top_k(np.asarray([[1.0, 2.0, 1.0, 1.0, 2.0]], dtype=np.float32), 3)

    assert items.tolist() == [[1, 4, 0]]
    assert scores.tolist() == [[2.0, 2.0, 1.0]]


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=7, max_size=7), min_size=1, max_size=5), st.integers(1, 9)
)
def test_a_list_is_the_head_of_a_stable_sort(rows, k):
    scores = np.asarray(rows, dtype=np.float32)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]

    items, _ = top_k(scores, k)

    assert items[:, : expected.shape[1]].tolist() == expected.tolist()
    assert np.all(items[:, expected.shape[1] :] == NOTHING)


@pytest.mark.parametrize("kinds", [1, 3, 40, 10_000])
@pytest.mark.parametrize("k", [1, 10, 700])
def test_long_rows_cut_into_blocks_have_the_head_of_a_stable_sort_too(monkeypatch, kinds, k):
    monkeypatch.setattr(ranking, "CELLS_AT_ONCE", 7_000)
    random = np.random.default_rng(kinds)
    scores = random.integers(0, kinds, (5, 3_100)).astype(np.float32)
    scores[random.random(scores.shape) < 0.3] = -np.inf
    scores[2] = -np.inf
    scores[3, 5:] = -np.inf
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, expected, axis=1)

    items, marks = top_k(scores, k)

    assert items.tolist() == np.where(np.isneginf(best), NOTHING, expected).tolist()
    assert marks.tolist() == best.tolist()


def test_owned_items_are_never_listed_and_a_list_may_end_early():
    exclude = csr_array(np.asarray([[1, 0, 1], [0, 0, 0]]))

    items, _ = top_k(without(np.ones((2, 3), dtype=np.float32), exclude), 2)

    assert items.tolist() == [[1, NOTHING], [0, 1]]


def test_k_below_one_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1"):
        top_k(np.ones((1, 3), dtype=np.float32), 0)


def test_items_about_which_nothing_is_known_follow_in_popular_order():
    popular = np.asarray([0.2, 1.0, 0.5])
    scores = np.asarray([[0.3, 0.0, 0.0], [0.0, 0.0, 0.0]])

    assert completed(scores, popular) == pytest.approx(np.asarray([[0.3, 0.0, -0.5], [0.2, 1.0, 0.5]]))
