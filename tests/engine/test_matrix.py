"""Acts into histories and profiles, worked by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from zhiyue.engine import matrix as matrix_module
from zhiyue.engine.kinds import Acts
from zhiyue.engine.matrix import (
    ProfileShape,
    histories,
    largest_per_row,
    nearest,
    owned,
    packed,
    picked,
    profiles,
    spread,
    stacked,
    standing,
    unpacked,
)


def acts(rows, *, users=2, items=4, order=True, days=False):
    user, item, weight, moment = (np.asarray(column) for column in zip(*rows, strict=True))
    return Acts(
        user.astype(np.int64),
        item.astype(np.int64),
        weight.astype(float),
        users,
        items,
        moment.astype(np.int64) if order else None,
        moment.astype(float) if days else None,
    )


def test_acts_on_one_item_fold_into_one_row_at_its_newest_moment():
    folded = histories(acts([(0, 2, 1.0, 5), (0, 1, 1.0, 7), (0, 2, 2.0, 9), (1, 3, 1.0, 1)]))

    assert folded.start.tolist() == [0, 2, 3]
    assert folded.item.tolist() == [1, 2, 3]
    assert folded.weight.tolist() == [1.0, 3.0, 1.0]


def test_the_order_in_which_acts_arrive_does_not_matter():
    rows = [(0, 2, 1.0, 5), (0, 1, 1.0, 5), (1, 0, 2.0, 3), (0, 3, 1.0, 4)]

    assert histories(acts(rows)).item.tolist() == histories(acts(rows[::-1])).item.tolist() == [3, 1, 2, 0]


def test_an_act_that_speaks_against_an_item_takes_it_out_of_the_profile_but_not_out_of_what_is_owned():
    saved_and_dropped = acts([(0, 2, 3.0, 1), (0, 2, -3.0, 2), (0, 1, 1.0, 0)])

    assert profiles(saved_and_dropped, ProfileShape()).weights.toarray()[0].tolist() == [0, 1, 0, 0]
    assert profiles(saved_and_dropped, ProfileShape()).newest.tolist() == [1, -1]
    assert owned(saved_and_dropped).toarray()[0].tolist() == [0, 1, 1, 0]


def test_what_was_taken_back_leaves_no_trace_in_weight_or_order():
    shape = ProfileShape(recency=1.0, half_life_days=10.0, session_boost=3.0)
    plain = [(0, 2, 1.0, 0), (0, 1, 1.0, 2), (1, 3, 1.0, 1)]
    taken_back = acts([*plain, (0, 2, 3.0, 1), (0, 2, -3.0, 3)], days=True)

    expected = profiles(acts(plain, days=True), shape).weights.toarray()
    assert profiles(taken_back, shape).weights.toarray() == pytest.approx(expected)
    assert profiles(taken_back, shape).newest.tolist() == [1, 3]
    assert histories(taken_back).item.tolist() == [2, 1, 3]
    assert histories(taken_back).days.tolist() == [0, 2, 1]


def test_an_act_is_taken_back_by_later_ones_of_its_own_weight_only():
    rows = [
        (0, 1, 3.0, 1),
        (0, 1, 3.0, 2),
        (0, 1, 4.0, 2),
        (0, 1, -3.0, 3),
        (0, 1, 3.0, 4),
        (0, 2, 3.0, 1),
        (1, 1, 3.0, 1),
    ]

    assert standing(acts(rows)).tolist() == [False, False, True, False, True, True, True]
    assert standing(acts(rows, order=False)).all()


def test_an_act_against_an_item_lowers_it_and_is_never_the_newest():
    lowered = acts([(0, 2, 4.0, 0), (0, 1, 1.0, 5), (0, 2, -3.0, 9)], days=True)
    shaped = profiles(lowered, ProfileShape(half_life_days=5.0))

    assert shaped.newest[0] == 1
    assert shaped.weights.toarray()[0].tolist() == [0, 1, 0, 0]
    assert histories(lowered).weight.tolist() == [1, 1]
    assert histories(lowered).days.tolist() == [0, 5]


def test_recency_counts_items_from_the_newest():
    shaped = profiles(
        acts([(0, 0, 1.0, 1), (0, 1, 4.0, 2), (0, 2, 1.0, 3)]), ProfileShape(recency=1.0, power=0.5)
    )

    assert shaped.weights.toarray()[0] == pytest.approx([1 / 3, 2 / 2, 1, 0])
    assert shaped.newest[0] == 2


def test_age_is_counted_from_the_persons_own_newest_act():
    shape = ProfileShape(half_life_days=10.0, session_boost=3.0, session_half_life_hours=24.0)
    early = profiles(acts([(0, 0, 1.0, 0), (0, 1, 1.0, 10)], days=True), shape)
    late = profiles(acts([(0, 0, 1.0, 500), (0, 1, 1.0, 510)], days=True), shape)

    assert early.weights.toarray()[0] == pytest.approx([0.5 + 3 * 0.5**10, 4.0, 0, 0])
    assert (early.weights != late.weights).nnz == 0


def test_without_order_nothing_is_newest():
    shaped = profiles(acts([(0, 0, 1.0, 0), (0, 1, 1.0, 0)], order=False), ProfileShape(recency=1.0))

    assert shaped.weights.toarray()[0].tolist() == [1, 1, 0, 0]
    assert shaped.newest.tolist() == [-1, -1]


def test_a_code_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="item code"):
        acts([(0, 4, 1.0, 1)])


def test_sparse_rows_keep_the_largest_cells_and_survive_packing():
    kept = stacked(iter([np.asarray([[0.1, 0.0, 0.3, 0.2]]), np.asarray([[0.0, 0.0, 0.0, 0.5]])]), 4, 2)

    assert (
        kept.toarray().tolist() == np.asarray([[0, 0, 0.3, 0.2], [0, 0, 0, 0.5]], dtype=np.float32).tolist()
    )
    assert (unpacked(packed(kept, "x"), "x") != kept).nnz == 0


@pytest.mark.parametrize("keep", [1, 3, 40, 149, 150, 200])
@pytest.mark.parametrize("kinds", [2, 5, 1000])
def test_the_largest_cells_of_a_row_are_those_of_a_sort_and_of_equals_the_first(keep, kinds):
    random = np.random.default_rng(keep)
    block = (random.integers(0, kinds, (7, 150)) * (random.random((7, 150)) < 0.6)).astype(np.float32)
    block[3] = 0.0

    row, column = largest_per_row(block, keep)

    for place, cells in enumerate(block):
        best = np.argsort(-cells, kind="stable")[:keep]
        assert column[row == place].tolist() == sorted(best[cells[best] > 0].tolist())
    assert (np.diff(row) >= 0).all()


def test_neighbours_made_block_by_block_on_threads_are_those_of_the_whole_matrix(monkeypatch):
    whole = np.random.default_rng(0).random((40, 40)).astype(np.float32)
    monkeypatch.setattr(matrix_module, "CELLS_AT_ONCE", 90)

    found = nearest(lambda low, high: whole[low:high], 40, 4)

    best = np.sort(np.argsort(-whole, axis=1)[:, :4], axis=1)
    assert found.indices.reshape(40, 4).tolist() == best.tolist()
    assert found.data.reshape(40, 4).tolist() == np.take_along_axis(whole, best, axis=1).tolist()


def test_of_no_rows_nothing_is_kept():
    assert nearest(lambda low, high: np.zeros((high - low, 0), dtype=np.float32), 0, 4).shape == (0, 0)


def test_a_matrix_spread_over_more_items_keeps_its_cells_at_their_new_places():
    dense = np.asarray([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    places = np.asarray([0, 2, 3])
    wide = spread(csr_array(dense), places, 5).toarray()
    assert wide[np.ix_(places, places)].tolist() == dense.tolist()
    assert wide[[1, 4]].sum() == wide[:, [1, 4]].sum() == 0


def test_picked_cells_are_those_of_the_whole_matrix():
    random = np.random.default_rng(5)
    whole = random.integers(0, 3, (12, 9)).astype(np.float32)
    whole[4] = 0
    rows, columns = np.asarray([7, 4, 0, 7]), np.asarray([8, 2, 2, 5])

    assert picked(csr_array(whole), rows, columns).tolist() == whole[rows][:, columns].tolist()
    assert picked(csr_array(whole), rows[:0], columns).shape == (0, 4)
    assert picked(csr_array(whole), rows, columns[:0]).shape == (4, 0)
