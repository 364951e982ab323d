"""What lists are like: by hand, and against plain loops and scikit-learn."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics.pairwise import cosine_similarity

from zhiyue.engine import beyond_accuracy
from zhiyue.engine.beyond_accuracy import Background, calibration, intra_list_diversity, measured
from zhiyue.engine.evaluate import Missing


def lists(*rows, length=20):
    return np.asarray([[*row, *[-1] * (length - len(row))] for row in rows])


def drawn(people=90, shown=40, items=25, seed=0, groups=True):
    """Random histories, lists (some short, one empty) and hidden items."""
    random = np.random.default_rng(seed)
    taken = csr_array((random.random((people, items)) < 0.2).astype(np.float32))
    taken = csr_array(taken * (np.arange(items) > 1))  # nobody took items 0 and 1
    taken.eliminate_zeros()
    ranked = np.argsort(random.random((shown, items)), axis=1)[:, :20]
    for row, length in enumerate(random.integers(1, 21, shown)):
        ranked[row, length:] = -1
    ranked[3] = -1
    hidden = csr_array(np.eye(items + 2)[random.integers(0, items + 2, shown)])
    topics = random.integers(-1, 4, items) if groups else None
    return ranked, hidden, Background(taken, taken[:shown], topics)


def test_every_measure_equals_plain_loops():
    ranked, hidden, background = drawn(shown=80)
    taken, groups = background.taken.toarray(), background.groups
    share = taken.mean(axis=0)
    bits, popular, expected, apart, drift, few = [], [], [], [], [], []
    rare = taken.sum(axis=0) < 20
    for row, one in enumerate(ranked[:, :10]):
        shown = one[one != -1]
        if len(shown) == 0:
            continue
        bits.append(np.mean([-np.log2(max(share[item], 1 / 90)) for item in shown]))
        popular.append(share[shown].mean())
        expected.append(np.mean([share[item] if item < 25 else 0.0 for item in hidden[[row]].indices]))
        few.append(rare[shown].mean())
        alike = [float(groups[a] == groups[b] != -1) for at, a in enumerate(shown) for b in shown[at + 1 :]]
        apart += [1 - np.mean(alike)] if alike else []
        history = [groups[item] for item in np.flatnonzero(taken[row]) if groups[item] != -1]
        topics = [groups[item] for item in shown if groups[item] != -1]
        if history and topics:
            p = {topic: history.count(topic) / len(history) for topic in set(history)}
            q = {topic: topics.count(topic) / len(topics) for topic in set(history)}
            drift.append(sum(v * np.log(v / (0.99 * q[t] + 0.01 * v)) for t, v in p.items()))
    asked = [(row, item) for row in range(len(ranked)) for item in hidden[[row]].indices if item < 25]
    found_few = [float(item in ranked[row]) for row, item in asked if rare[item]]

    found = measured(ranked, hidden, background)

    assert len(drift) >= 30 <= len(found_few) < len(asked)
    assert {name: cell.value for name, cell in found.items()} == pytest.approx(
        {
            "novelty@10": np.mean(bits),
            "diversity@10": np.mean(apart),
            "arp@10": np.mean(popular),
            "arp-ratio@10": np.mean(popular) / np.mean(expected),
            "calibration@10": np.mean(drift),
            "few-share@10": np.mean(few),
            "few-recall@20": np.mean(found_few),
        }
    )
    assert all(cell.low < cell.value < cell.high for cell in found.values())


def test_without_topics_lists_are_varied_by_who_took_their_items(monkeypatch):
    ranked, _, background = drawn(groups=False)
    alike = cosine_similarity(background.taken.toarray().T)
    expected = [
        1 - np.mean([alike[a, b] for at, a in enumerate(shown) for b in shown[at + 1 :]])
        for one in ranked
        if len(shown := one[one != -1]) > 1
    ]

    for cells in (beyond_accuracy.CELLS_AT_ONCE, 60):
        monkeypatch.setattr(beyond_accuracy, "CELLS_AT_ONCE", cells)
        found = intra_list_diversity(ranked, background)
        assert found[~np.isnan(found)] == pytest.approx(expected)


def test_figures_by_hand():
    """Item 0 was taken by all four people, item 1 by two, item 2 by one, item 3 by nobody."""
    taken = csr_array(np.asarray([[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]))
    background = Background(taken, taken[[0] * 30], np.asarray([0, 0, 1, -1]))
    shown = lists(*[[0, 1, 2, 3]] * 30)

    found = measured(shown, csr_array(np.asarray([[0.0, 1, 0, 0]] * 30)), background)

    assert found["novelty@10"].value == pytest.approx((0 + 1 + 2 + 2) / 4)
    assert found["arp@10"].value == pytest.approx((1 + 0.5 + 0.25 + 0) / 4)
    assert found["arp-ratio@10"].value == pytest.approx(0.4375 / 0.5)
    assert found["diversity@10"].value == pytest.approx(1 - 1 / 6)
    assert found["calibration@10"].value == pytest.approx(0.0)


def test_items_that_few_took_are_looked_for_where_they_were_hidden_only():
    """Item 0 was taken by 20 people, item 1 by 19, item 2 by nobody; item 3 isn't in the catalogue."""
    taken = csr_array(np.asarray([[1.0, float(person < 19), 0.0] for person in range(20)]))
    background = Background(taken, taken[[0] * 60])
    shown = lists(*[[0, 1]] * 30, *[[2, 0]] * 30)
    hidden = csr_array(np.asarray([[1.0, 1, 1, 1]] * 30 + [[1, 0, 0, 1]] * 30))

    found = measured(shown, hidden, background)

    assert found["few-share@10"].value == 0.5
    # Of the items 1 and 2 that thirty people are asked for one is listed; the others are asked for none.
    assert found["few-recall@20"].value == 0.5
    of_none = csr_array(np.asarray([[1.0, 0, 0, 1]] * 60))
    assert measured(shown, of_none, background)["few-recall@20"] == Missing(
        "not enough data: 0 people, at least 30 are needed"
    )


def test_a_list_that_lacks_a_topic_of_the_history_is_far_from_it():
    taken = csr_array(np.asarray([[1.0, 1.0, 0.0, 0.0]]))
    background = Background(taken, taken, np.asarray([0, 1, 0, 1]))

    assert calibration(lists([2]), background) == pytest.approx(
        0.5 * np.log(0.5 / (0.99 + 0.005)) + 0.5 * np.log(0.5 / 0.005)
    )
    assert calibration(lists([2, 3]), background) == pytest.approx(0.0)


def test_what_cannot_be_measured_says_why():
    ranked, hidden, background = drawn(groups=False)
    few = measured(ranked[:20], hidden[:20], Background(background.taken, background.histories[:20]))
    strange = csr_array(np.eye(27)[[26] * 40])

    assert set(few) == {
        "novelty@10", "diversity@10", "arp@10", "arp-ratio@10", "calibration@10", "few-share@10", "few-recall@20",
    }  # fmt: skip
    assert few["novelty@10"] == Missing("not enough data: 19 people, at least 30 are needed")
    assert few["novelty@10"].value is None
    assert few["calibration@10"] == Missing("items have no topics")
    assert measured(ranked, strange, background)["arp-ratio@10"] == Missing(
        "nobody took any of the hidden items before"
    )


@pytest.mark.filterwarnings("error")
def test_items_without_any_topic_or_any_people_are_no_trouble():
    taken = csr_array((2, 3), dtype=np.float32)
    topicless = Background(taken, taken[[0] * 40], np.asarray([-1, -1, -1]))
    shown = lists(*[[0, 1]] * 40)
    found = measured(shown, csr_array(np.eye(3)[[2] * 40]), topicless)

    assert found["calibration@10"] == Missing("items have no topics")
    assert found["diversity@10"].value == 1.0
    assert found["novelty@10"].value == 1.0
    assert np.isnan(calibration(shown, Background(taken, taken[[0] * 40], np.asarray([0, 1, -1])))).all()
