"""Arms compared within the days that they shared: against closed forms, and by what must change nothing."""

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import betainc

from zhiyue.engine.shared_days import Draws, highest, shared, weighed

# What sampling leaves open.
CLOSE = 0.02


def draws(rows, arms=2):
    """rows  (day, arm, chance, is_success) each"""
    day, arm, chance, is_success = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Draws(
        np.asarray(day, dtype=np.int64),
        np.asarray(arm, dtype=np.int64),
        np.asarray(chance, dtype=np.float64),
        np.asarray(is_success, dtype=np.bool_),
        arms=arms,
    )


@pytest.mark.parametrize(("first", "second"), [(0, 0), (4, 0), (9, 4), (30, 28), (0.7, 2.4)])
def test_on_one_day_with_as_many_draws_each_the_share_has_a_beta_distribution(first, second):
    found = highest(0.5, np.asarray([[60.0, 60.0]]), np.asarray([[first, second]], dtype=float))
    assert found[1] == pytest.approx(betainc(first + 0.5, second + 0.5, 0.5), abs=CLOSE)
    assert found.sum() == pytest.approx(1.0)


def test_who_was_drawn_more_often_is_better_only_for_more_successes_than_that():
    # 40 of 400 and 10 of 100 are alike; the share of the first, given q_1 / q_2 = x, is 4 x / (4 x + 1).
    found = highest(0.5, np.asarray([[400.0, 100.0]]), np.asarray([[40.0, 10.0]]))

    def density(u):
        return stats.beta.pdf(u, 0.5, 0.5) * (4 * u / (3 * u + 1)) ** 40 * ((1 - u) / (3 * u + 1)) ** 10

    total, above = (integrate.quad(density, low, 1, limit=200)[0] for low in (0.0, 0.5))
    assert found[0] == pytest.approx(above / total, abs=CLOSE)


def test_an_arm_that_was_never_drawn_is_as_likely_the_best_as_one_is_before_anything_is_seen():
    found = highest(0.5, np.asarray([[30.0, 30.0, 0.0]]), np.asarray([[9.0, 1.0, 0.0]]))

    def unseen(u):
        # Of the sum of all three q the third's share is Beta(1/2, 1), and it must be above the larger of the others.
        larger = max(u, 1.0 - u)
        return stats.beta.pdf(u, 9.5, 1.5) * stats.beta.sf(larger / (1.0 + larger), 0.5, 1.0)

    assert found[2] == pytest.approx(integrate.quad(unseen, 0, 1)[0], abs=CLOSE)
    assert found[0] > 0.5 > found[2] > found[1]


def test_how_good_a_day_was_for_all_says_nothing():
    random = np.random.default_rng(2)
    shown = random.integers(1, 90, (12, 3)).astype(float)
    successes = np.floor(shown * random.random((12, 3)) / 5)
    better = random.uniform(0.1, 10.0, (12, 1))
    assert highest(0.5, shown * better, successes) == pytest.approx(highest(0.5, shown, successes), abs=1e-3)
    # Nor does a day on which nothing was chosen, or on which an arm stood alone.
    more = np.vstack([shown, [[50.0, 2.0, 9.0]]]), np.vstack([successes, np.zeros((1, 3))])
    assert highest(0.5, *more) == pytest.approx(highest(0.5, shown, successes), abs=1e-12)
    alone = np.vstack([shown, [[50.0, 0.0, 0.0]]]), np.vstack([successes, [[40.0, 0.0, 0.0]]])
    assert highest(0.5, *alone) == pytest.approx(highest(0.5, shown, successes), abs=CLOSE)


def test_shares_that_change_with_the_rates_leave_equal_arms_equal():
    # 10 days of 4 % at equal shares, 10 of 12 % at 90 and 10.
    shown = np.repeat([[50.0, 50.0], [90.0, 10.0]], 10, axis=0)
    found = highest(0.5, shown, shown * np.repeat([[0.04], [0.12]], 10, axis=0))
    assert found == pytest.approx([0.5, 0.5], abs=0.05)


def test_only_days_on_which_more_than_one_was_drawn_are_shared():
    rows = [(1, 0, 0.9, True), (1, 0, 0.9, False), (2, 0, 0.5, False), (2, 1, 0.5, True), (4, 1, 0.9, True)]
    found = shared(draws(rows))
    assert found.day.tolist() == [2, 2]
    assert (found.arm.tolist(), found.is_success.tolist()) == ([0, 1], [False, True])
    assert len(shared(draws(rows[:2]))) == len(shared(draws([]))) == 0


def test_with_the_same_chance_for_everybody_weights_are_plain_counts():
    rows = [(1, 0, 0.7, True), (1, 0, 0.7, False), (1, 1, 0.3, False), (2, 0, 0.7, False), (2, 1, 0.3, True)]
    shown, successes = weighed(draws(rows, 3), 0.1)
    assert shown == pytest.approx(np.asarray([[2, 1, 0], [1, 1, 0]]))
    assert successes == pytest.approx(np.asarray([[1, 0, 0], [0, 1, 0]]))


def test_who_was_unlikely_to_be_shown_it_counts_more_up_to_the_least_chance():
    # Weights 1 / 0.8, 1 / 0.2 and, for 0.01, 1 / 0.1: 16.25 in all, worth 16.25^2 / 126.5625 of the three.
    rows = [(1, 0, 0.8, True), (1, 0, 0.2, False), (2, 0, 0.01, True)]
    shown, successes = weighed(draws(rows, 1), 0.1)
    worth = 16.25 / 126.5625
    assert shown[:, 0] == pytest.approx([6.25 * worth, 10.0 * worth])
    assert successes[:, 0] == pytest.approx([1.25 * worth, 10.0 * worth])
    assert 1.0 < shown.sum() < 3.0


def test_an_arm_that_is_shown_to_those_who_like_it_is_not_the_better_one_for_that():
    # Half of 2,000 people choose either in one of five, half never. The first arm is drawn for those who choose at 0.8.
    rows = []
    for chance, hits in ((0.8, 0.2), (0.2, 0.0)):
        for arm, mine in ((0, chance), (1, 1.0 - chance)):
            people = round(1000 * mine)
            rows += [(1, arm, mine, n < people * hits) for n in range(people)]
    plain = highest(0.5, *weighed(draws([(day, arm, 0.5, hit) for day, arm, _, hit in rows]), 0.1))
    assert plain[0] > 0.99
    assert highest(0.5, *weighed(draws(rows), 0.1)) == pytest.approx([0.5, 0.5], abs=0.05)


@pytest.mark.parametrize(
    ("row", "says"),
    [((1, 0, 0.0, True), "above 0"), ((1, 0, 1.1, True), "at most 1"), ((1, 2, 0.5, True), "outside")],
)
def test_impossible_draws_are_refused(row, says):
    with pytest.raises(ValueError, match=says):
        draws([row])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Draws(np.ones(2, dtype=np.int64), np.zeros(1, dtype=np.int64), np.ones(1), np.ones(1, dtype=bool), 1)
