"""Short lists: order, ties, exclusion, variety."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zhiyue.engine.ranking import NOTHING, Variety, completed, top_k, varied, without


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


def test_variety_limits_topics_and_reasons_and_answers_the_newest_act_first():
    scores = np.asarray([9, 8, 7, 6, 5, 4, 3.0])
    popular = np.asarray([0, 0, 0.1, 0, 0.9, 0.2, 0])
    groups = np.asarray([0, 0, 0, 1, 1, 2, NOTHING])
    reasons = np.asarray([50, 50, 50, 60, 60, 60, NOTHING])
    limits = Variety(per_group=0.5, per_reason=0.5, newest_first=True)

    chosen, because = varied(scores, popular, groups, reasons, 60, 4, limits)

    assert chosen.tolist() == [3, 0, 1, 4]
    assert because.tolist() == [60, 50, 50, 60]


def test_when_every_candidate_would_repeat_a_reason_the_most_popular_fills_the_list():
    limits = Variety(per_group=1.0, per_reason=0.25)

    chosen, because = varied(
        np.asarray([5, 4, 3, 2.0]),
        np.asarray([0, 0, 0.2, 0.4]),
        np.full(4, NOTHING),
        np.full(4, 7),
        7,
        4,
        limits,
    )

    assert chosen.tolist() == [0, 3, 2, 1]
    assert because.tolist() == [7, NOTHING, NOTHING, NOTHING]
