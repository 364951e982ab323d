"""Arms under chances that change by day, while all rates rise and fall together: a good day speaks for none."""

import numpy as np
import pytest

from zhiyue.engine.bandits import Counts, Thompson, believed, chances, faded, nothing_seen, weighed

CONFIG = Thompson(half_life_days=30.0, least_share=0.1)
PEOPLE, DAYS = 200, 60


def closed_loop(rates, seed):
    """The chances of the day after the next follow from all days that ended. rates  (days, arms).

    returns  after each day the chance of each arm to be best, and what counting by arm alone would say at the end
    """
    random, arms = np.random.default_rng(seed), rates.shape[1]
    today = tomorrow = np.full(arms, 1 / arms)
    days, best, plain = [], [], nothing_seen(arms)
    for rate in rates:
        shown = random.multinomial(PEOPLE, today)
        taken = random.binomial(shown, rate)
        days.append((today, shown, taken))
        plain = faded(CONFIG, Counts(plain.successes + taken, plain.failures + shown - taken), 1.0)
        columns = (np.array(column, dtype=np.float64) for column in zip(*days, strict=True))
        counts = weighed(CONFIG, np.arange(len(days), 0.0, -1.0), *columns)
        best.append(believed(CONFIG, counts).best)
        today, tomorrow = tomorrow, chances(CONFIG, counts)
    return np.array(best), believed(CONFIG, plain).best


def test_of_equal_arms_a_day_on_which_one_had_the_larger_share_speaks_for_none():
    # 20 days of 6 % at equal shares, 20 of 10 % at 80 and 20: as many taken up of those who were shown it.
    chance = np.repeat([[0.5, 0.5], [0.8, 0.2]], 20, axis=0)
    shown = 100.0 * chance
    taken = shown * np.repeat([[0.06], [0.10]], 20, axis=0)
    forever = Thompson()
    found = weighed(forever, np.zeros(40), chance, shown, taken)
    rate = found.successes / (found.successes + found.failures)
    assert rate == pytest.approx([0.08, 0.08])
    assert np.all(found.successes + found.failures <= shown.sum(axis=0))
    assert believed(forever, found).best == pytest.approx([0.5, 0.5], abs=0.05)
    # Counted by arm alone they differ by much.
    pooled = taken.sum(axis=0) / shown.sum(axis=0)
    assert pooled[0] > 1.18 * pooled[1]


def test_with_the_same_chances_every_day_they_are_the_plain_faded_counts():
    random = np.random.default_rng(1)
    chance = np.tile([0.6, 0.3, 0.1], (5, 1))
    shown = random.integers(0, 30, (5, 3)).astype(float)
    taken = np.floor(shown / 3)
    age = np.array([9.0, 5.0, 4.0, 2.0, 1.0])
    found, kept = weighed(CONFIG, age, chance, shown, taken), 0.5 ** (age / 30.0)
    assert found.successes == pytest.approx(kept @ taken)
    assert found.failures == pytest.approx(kept @ (shown - taken))


def test_an_arm_that_was_shown_to_nobody_has_no_counts():
    shown = np.array([[0.0, 8.0]])
    found = weighed(CONFIG, np.ones(1), np.array([[0.1, 0.9]]), shown, shown / 2)
    assert (found.successes[0], found.failures[0]) == (0.0, 0.0)
    none = weighed(CONFIG, np.zeros(0), *3 * [np.zeros((0, 2))])
    assert none.successes.tolist() == none.failures.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("chance", "shown", "says"),
    [(np.zeros((1, 2)), np.ones((1, 2)), "above 0"), (np.ones((1, 2)), np.ones((2, 2)), "a row per day")],
)
def test_impossible_days_are_refused(chance, shown, says):
    with pytest.raises(ValueError, match=says):
        weighed(CONFIG, np.ones(1), chance, shown, shown)


def test_equal_arms_are_not_decided_more_often_than_is_stated_while_all_rates_rise():
    rates = np.repeat(np.r_[np.full(20, 0.06), np.linspace(0.06, 0.16, 40)][:, None], 2, axis=1)
    runs = [closed_loop(rates, seed) for seed in range(60)]
    # At 95 % one of two arms may be called best in one of ten at most; that is 6 of 60, give or take 2.3.
    assert sum(best[-1].max() > 0.95 for best, _ in runs) <= 10
    # Counting by arm alone, on the same days, calls many more.
    assert sum(plain.max() > 0.95 for _, plain in runs) > 20


def test_an_arm_that_is_half_as_good_again_is_found_while_all_rates_rise():
    base = np.linspace(0.06, 0.12, DAYS)
    runs = [closed_loop(np.stack([base, 1.5 * base], axis=1), seed)[0] for seed in range(30)]
    first = [int(np.argmax(best[:, 1] > 0.95)) if (best[:, 1] > 0.95).any() else DAYS for best in runs]
    assert np.median(first) <= 20
    assert sum(best[-1, 1] > 0.95 for best in runs) >= 27
