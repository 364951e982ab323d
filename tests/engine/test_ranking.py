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


def test_the_first_place_answers_the_newest_act_and_topics_are_limited():
    shares = np.asarray([[9, 0], [8, 0], [7, 0], [0, 6], [0, 5], [0, 4.0]])
    groups = np.asarray([0, 0, 0, 1, 1, 2])
    limits = Variety(per_group=0.5, per_reason=1.0, newest_first=True)

    chosen, values, because = varied(shares.sum(axis=1), shares, np.zeros(6), groups, 1, 4, limits)

    assert chosen.tolist() == [3, 0, 1, 4]
    assert values.tolist() == [6, 9, 8, 5]
    assert because.tolist() == [1, 0, 0, 1]


def test_an_act_that_was_the_reason_often_enough_leaves_the_word_to_others():
    shares = np.asarray([[9, 1], [8, 2], [7, 3], [6, 0.0]])
    limits = Variety(per_reason=0.5)

    chosen, values, because = varied(
        shares.sum(axis=1), shares, np.asarray([0, 0, 0, 0.4]), np.full(4, NOTHING), NOTHING, 4, limits
    )

    assert chosen.tolist() == [0, 1, 2, 3]
    assert values.tolist() == pytest.approx([10, 10, 3, -0.6])
    assert because.tolist() == [0, 0, 1, NOTHING]


def test_an_act_is_no_reason_for_what_it_is_lukewarm_about():
    shares = np.asarray([[8, 0], [6, 0], [5, 4], [5, 0.0]])
    popular = np.asarray([0, 0.1, 0.2, 0.3])
    limits = Variety(weakest_reason=0.75)

    chosen, values, because = varied(
        shares.sum(axis=1), shares, popular, np.full(4, NOTHING), NOTHING, 4, limits
    )

    assert chosen.tolist() == [2, 0, 1, 3]
    assert values.tolist() == pytest.approx([9, 8, 6, -0.7])
    assert because.tolist() == [1, 0, 0, NOTHING]


def test_popularity_is_the_reason_where_it_says_more_than_any_act():
    shares = np.asarray([[0.2], [0.0], [0.9]])
    scores = np.asarray([0.5, 0.3, 1.0])
    popular = np.asarray([0.1, 0.9, 0.3])

    chosen, _, because = varied(scores, shares, popular, np.full(3, NOTHING), 0, 3, Variety())

    assert chosen.tolist() == [2, 1, 0]
    assert because.tolist() == [0, NOTHING, NOTHING]


def test_a_person_without_acts_gets_the_popular_list_under_the_limit_of_topics():
    popular = np.asarray([0.9, 0.8, 0.7, 0.1])

    chosen, _, because = varied(
        np.zeros(4), np.zeros((4, 0)), popular, np.asarray([0, 0, 0, 1]), NOTHING, 4, Variety(per_group=0.5)
    )

    assert chosen.tolist() == [0, 1, 3, 2]
    assert because.tolist() == [NOTHING] * 4
