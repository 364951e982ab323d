"""Metrics worked by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import ndcg_score

from zhiyue.engine.evaluate import (
    Missing,
    differences,
    hide_after,
    hide_any,
    hide_newest,
    hide_of_people,
    measured,
    per_person,
    sampled,
    with_newest,
    with_several,
)
from zhiyue.engine.kinds import Acts


def hidden(rows, columns):
    return csr_array(np.asarray([[float(column in row) for column in range(columns)] for row in rows]))


def lists(*rows, length=20):
    return np.asarray([[*row, *[-1] * (length - len(row))] for row in rows])


def test_every_metric_equals_the_figure_worked_by_hand():
    shown = lists([0, 1, 2], [*range(3, 9)], [9])
    found = measured(shown, hidden([{1}, {8, 11}, {5}], 12), 12)

    assert found["hr@5"].value == pytest.approx(1 / 3)
    assert found["hr@10"].value == pytest.approx(2 / 3)
    assert found["recall@20"].value == pytest.approx((1 + 0.5 + 0) / 3)
    ideal = 1 + 1 / np.log2(3)
    assert found["ndcg@10"].value == pytest.approx((1 / np.log2(3) + (1 / np.log2(7)) / ideal) / 3)
    assert found["mrr@20"].value == pytest.approx((1 / 2 + 1 / 6) / 3)
    assert found["coverage@10"].value == pytest.approx(10 / 12)


def test_the_interval_of_a_mean_is_the_normal_one():
    shown = lists(*[[0]] * 4)
    found = measured(shown, hidden([{0}, {0}, {0}, {1}], 2), 2)["recall@20"]

    reach = 1.959964 * np.std([1, 1, 1, 0], ddof=1) / 2
    assert (found.value, found.method) == (0.75, "normal")
    assert found.low == pytest.approx(0.75 - reach, abs=1e-6)
    assert found.high == 1.0


@pytest.mark.parametrize(
    ("hits", "users", "low", "high"),
    [(8, 10, 0.490162, 0.943318), (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (263, 263, 0.985604, 1.0)],
)
def test_the_interval_of_a_hit_rate_is_wilsons(hits, users, low, high):
    """Figures of `scipy.stats.binomtest(hits, users).proportion_ci(method="wilson")`."""
    found = measured(lists(*[[0]] * users), hidden([{0}] * hits + [{1}] * (users - hits), 2), 2)

    for cell in (found["hr@5"], found["hr@10"]):
        assert (cell.value, cell.method) == (hits / users, "wilson")
        assert (cell.low, cell.high) == pytest.approx((low, high), abs=1e-6)
        assert cell.low <= cell.value <= cell.high
        assert cell.reach == pytest.approx(max(cell.value - low, high - cell.value), abs=1e-6)


def test_coverage_has_an_interval_that_holds_its_value_and_depends_on_the_seed_alone():
    random = np.random.default_rng(1)
    shown = np.argsort(random.random((50, 200)), axis=1)[:, :20]
    ask = hidden([{0}] * 50, 200)
    first, again, other = (measured(shown, ask, 200, seed=seed)["coverage@10"] for seed in (4, 4, 5))

    assert first == again
    assert first != other
    assert first.method == "bootstrap"
    assert first.low < first.value < first.high


def test_one_user_alone_says_nothing_about_others():
    found = measured(lists([0]), hidden([{0}], 2), 2)

    assert {(cell.low, cell.high) for cell in found.values()} == {(0.0, 1.0)}


def test_hiding_the_newest_takes_all_its_acts_and_only_of_those_asked():
    acts = Acts(
        np.asarray([0, 0, 0, 0, 1, 1, 1, 2, 2]),
        np.asarray([1, 2, 1, 3, 0, 1, 2, 3, 0]),
        np.ones(9),
        3,
        4,
        np.asarray([5, 1, 9, 4, 1, 2, 3, 1, 2]),
    )

    people = with_several(acts, 10)
    left, relevant = hide_newest(acts, people)

    assert people.tolist() == [0, 1]
    assert relevant.toarray().tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    assert list(zip(left.user.tolist(), left.item.tolist(), strict=True)) == [
        (0, 2), (0, 3), (1, 0), (1, 1), (2, 3), (2, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "turned_down", [[0.0], [-1.0], [1.0, -3.0]], ids=["rated 0", "against", "taken back"]
)
def test_what_people_turned_down_is_nobodys_answer(turned_down):
    # Everybody took three items, and turned item 3 down after that.
    each = 3 + len(turned_down)
    user, item = np.repeat(np.arange(20), each), np.tile([0, 1, 2, *[3] * len(turned_down)], 20)
    weight = np.tile([1.0, 1.0, 1.0, *turned_down], 20)
    acts = Acts(user, item, weight, 20, 4, np.tile(np.arange(each), 20))
    people = with_several(acts, 99)
    assert (len(people), with_newest(acts, 99)[0].tolist()) == (20, people.tolist())

    _, newest = hide_newest(acts, people)
    _, any_of_them = hide_any(acts, people, seed=1)
    _, asked, after = hide_after(acts, 1, 99)
    _, _, _, of_people = hide_of_people(acts, 0.5, most=99)

    assert newest.toarray().sum(axis=0).tolist() == [0, 0, 20, 0]
    assert any_of_them.toarray().sum(axis=0)[3] == 0
    assert (len(asked), after.toarray().sum(axis=0).tolist()) == (20, [0, 0, 20, 0])
    assert of_people.toarray().sum(axis=0)[3] == 0
    assert with_several(acts, 99, fewest_items=4).tolist() == []


def test_of_whom_no_item_is_the_newest_is_not_asked_about_and_is_counted():
    # User 0 took 0 and 3 last, at the same moment, user 1 the first two so, user 2 only two items; user 3 came back to
    # the item that had shared the last moment with another one.
    rows = [(0, 0, 5), (0, 1, 1), (0, 3, 5), (1, 0, 1), (1, 1, 1), (1, 2, 2), (2, 0, 1), (2, 1, 2)]
    rows += [(3, 0, 1), (3, 1, 2), (3, 2, 2), (3, 1, 3)]
    user, item, order = (np.asarray(column) for column in zip(*rows, strict=True))

    people, untold = with_newest(Acts(user, item, np.ones(12), 4, 4, order), 10)

    assert (people.tolist(), untold) == ([1, 3], 1)
    people, untold = with_newest(Acts(user, item, np.ones(12), 4, 4), 10)
    assert (people.tolist(), untold) == ([], 3)


def test_of_equal_moments_the_hidden_half_of_people_is_drawn():
    user = np.repeat(np.arange(40), 4)
    acts = Acts(user, np.tile(np.arange(4), 40), np.ones(160), 40, 4, np.tile([1, 1, 1, 0], 40))

    _, _, people, relevant = hide_of_people(acts, 0.5, most=99)

    hidden = relevant.toarray().sum(axis=0)
    # The oldest item is kept, of the three others two are hidden, none of them always.
    assert (len(people), hidden[3], hidden.sum()) == (20, 0, 40)
    assert (hidden[:3] > 0).all() and (hidden[:3] < 20).all()


def test_what_came_after_a_moment_is_hidden_and_only_what_was_new_to_its_user_is_asked_for():
    # user, item, weight, order: user 0 comes back to 0 and finds 1 and 3, user 1 only un-saves, user 2 is new.
    rows = [(0, 0, 1, 1), (1, 2, 1, 2), (0, 0, 1, 6), (0, 1, 1, 7), (0, 3, 1, 8), (1, 0, -1, 9), (2, 2, 1, 9)]
    user, item, weight, order = (np.asarray(column) for column in zip(*rows, strict=True))
    acts = Acts(user, item, weight.astype(float), 4, 4, order, order / 10)

    left, people, relevant = hide_after(acts, 5, 10)

    assert list(zip(left.user.tolist(), left.item.tolist(), strict=True)) == [(0, 0), (1, 2)]
    assert left.days.tolist() == [0.1, 0.2]
    assert people.tolist() == [0, 2]
    assert relevant.toarray().tolist() == [[0, 1, 0, 1], [0, 0, 1, 0]]
    assert hide_after(acts, 5, 1)[1].tolist() == [0]
    assert len(hide_after(acts, 9, 10)[1]) == 0
    unordered = Acts(user, item, weight.astype(float), 4, 4)
    left, people, _ = hide_after(unordered, 5, 10)
    assert (len(left.user), len(people)) == (7, 0)


def test_whole_people_are_held_out_and_their_older_half_is_what_lists_are_made_from():
    random = np.random.default_rng(1)
    user = np.repeat(np.arange(40), 5)
    item = np.concatenate([random.permutation(12)[:5] for _ in range(40)])
    order = random.permutation(200)
    acts = Acts(user, item, np.ones(200), 41, 12, order)

    left, shown, people, relevant = hide_of_people(acts, 0.25, most=100, kept=0.5)

    assert len(people) == 10
    assert not np.isin(left.user, people).any()
    assert len(left.user) == 30 * 5
    for row, person in enumerate(people.tolist()):
        mine = np.flatnonzero(user == person)
        by_age = item[mine[np.argsort(order[mine])]].tolist()
        assert sorted(shown.item[shown.user == person].tolist()) == sorted(by_age[:3])
        assert sorted(relevant.indices[relevant.indptr[row] : relevant.indptr[row + 1]]) == sorted(by_age[3:])
    assert len(hide_of_people(acts, 0.25, most=4)[2]) == 4


def test_who_is_held_out_has_several_items_that_count_and_keeps_one_and_loses_one():
    # User 0 took 2 items and took the third back, user 1 took 3; user 2 only one.
    rows = [(0, 0, 1, 1), (0, 1, 1, 2), (0, 2, -1, 3), (1, 2, 1, 4), (1, 0, 1, 5), (1, 3, 1, 6), (2, 1, 1, 7)]
    user, item, weight, order = (np.asarray(column) for column in zip(*rows, strict=True))
    acts = Acts(user, item, weight.astype(float), 3, 4, order)

    left, shown, people, relevant = hide_of_people(acts, 0.9, most=9, kept=0.01)

    assert people.tolist() == [1]
    assert relevant.toarray().tolist() == [[1, 0, 0, 1]]
    assert shown.item[shown.user == 1].tolist() == [2]
    assert len(left.user) == 4
    assert hide_of_people(acts, 0.9, most=9, kept=0.99)[3].toarray().tolist() == [[0, 0, 0, 1]]


def test_without_order_what_is_hidden_of_somebody_is_drawn_by_the_seed():
    acts = Acts(np.repeat(np.arange(30), 6), np.tile(np.arange(6), 30), np.ones(180), 30, 6)

    first, again, other = (hide_of_people(acts, 0.5, most=99, seed=seed)[3].toarray() for seed in (1, 1, 2))

    assert (first == again).all() and (first != other).any()
    assert (first.sum(axis=1) == 3).all()
    assert (first.sum(axis=0) > 0).all()


@pytest.mark.parametrize(("share", "kept"), [(0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0)])
def test_shares_of_people_and_of_their_items_lie_between_none_and_all(share, kept):
    with pytest.raises(ValueError, match="between 0 and 1"):
        hide_of_people(Acts(*(np.zeros(0, dtype=int),) * 2, np.zeros(0), 0, 0), share, most=9, kept=kept)


def test_a_place_without_an_item_is_never_a_hit():
    found = measured(lists([], [5]), hidden([{5}, {5}], 6), 6)

    assert found["hr@10"].value == 0.5


def test_a_user_without_hidden_items_is_refused():
    with pytest.raises(ValueError, match="hidden item"):
        measured(lists([0]), hidden([set()], 2), 2)


def test_map_counts_the_precision_at_each_hit():
    found = measured(lists([7, 1, 8, 2], [1, 2]), hidden([{1, 2, 3}, {2}], 9), 9)

    assert found["map@10"].value == pytest.approx(((1 / 2 + 2 / 4) / 3 + 1 / 2) / 2)


def test_ndcg_is_that_of_scikit_learn():
    random = np.random.default_rng(3)
    shown = np.argsort(random.random((50, 30)), axis=1)[:, :20]
    relevant = random.random((50, 30)) < 0.2
    relevant[:, 0] |= ~relevant.any(axis=1)
    scores = np.zeros((50, 30))
    np.put_along_axis(scores, shown, np.arange(20, 0, -1.0)[None, :], axis=1)

    found = per_person(shown, csr_array(relevant.astype(float)))

    for row in range(50):
        assert found["ndcg@10"][row] == pytest.approx(ndcg_score(relevant[[row]], scores[[row]], k=10))


def test_sampled_metrics_rank_among_the_negatives_alone_and_ties_lose_half():
    others = np.tile(np.arange(99.0), (60, 1))
    scores = np.repeat([200.0, 89.5, 88.5, 50.0], 15)
    equal = np.zeros((60, 99))

    found = sampled(np.arange(60), scores, others)
    tied = sampled(np.arange(60), np.zeros(60), equal)

    assert {name: cell.value for name, cell in found.items()} == pytest.approx(
        {"sampled-hr@10": 0.5, "sampled-ndcg@10": (1 + 1 / np.log2(11)) / 4}
    )
    assert found["sampled-hr@10"].method == "wilson"
    assert tied["sampled-hr@10"].value == 0.0


def test_sampled_metrics_are_means_over_people_not_over_rows():
    person = np.asarray([*range(40), 0, 0, 0])
    hit = np.where(np.arange(43) < 40, 1.0, -1.0)

    found = sampled(person, hit, np.zeros((43, 99)))

    assert found["sampled-hr@10"].value == pytest.approx((39 + 1 / 4) / 40)
    assert found["sampled-hr@10"].method == "normal"


def test_a_difference_is_measured_on_the_same_people():
    """Two policies whose values go up and down together differ by far less than their own intervals tell."""
    random = np.random.default_rng(0)
    second = random.random(400)
    first = second + 0.02 + 0.01 * random.standard_normal(400)

    cell = differences({"ndcg@10": first}, {"ndcg@10": second})["ndcg@10"]
    turned = differences({"ndcg@10": second}, {"ndcg@10": first})["ndcg@10"]

    assert cell.value == pytest.approx((first - second).mean())
    assert turned.value == pytest.approx(-cell.value)
    normal = 1.96 * (first - second).std(ddof=1) / 20
    assert (cell.low, cell.high) == pytest.approx((cell.value - normal, cell.value + normal), abs=2e-4)
    assert cell.low > 0
    assert differences({"ndcg@10": first}, {"ndcg@10": second}, seed=0)["ndcg@10"] == cell
    assert differences({"ndcg@10": first}, {"ndcg@10": second}, seed=1)["ndcg@10"] != cell


def test_the_same_lists_differ_by_nothing():
    values = {"hr@10": np.arange(40.0), "map@10": np.ones(40)}

    assert {(cell.value, cell.low, cell.high) for cell in differences(values, values).values()} == {(0, 0, 0)}


def test_fewer_than_thirty_people_are_not_enough_to_tell_policies_apart():
    reason = Missing("not enough data: 29 people, at least 30 are needed")

    assert differences({"hr@10": np.ones(29)}, {"hr@10": np.zeros(29)}) == {"hr@10": reason}
    assert set(sampled(np.arange(29), np.ones(29), np.zeros((29, 5))).values()) == {reason}
