"""Changes of what many people choose: sizes by hand, dates, false alarms, and drift that was planted."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency

from tests.engine.simulated_choices import DAY, lived
from zhiyue.engine.drift.academy import Choices, Scan, changes, divergence, variation
from zhiyue.engine.simulate.parameters import ACADEMY, Wave


def choices(rows, people=100, days=40, topics=3):
    person, day, topic = np.asarray(rows, dtype=np.int64).T
    return Choices(person, day, topic, people, days, topics)


def steady_people(seed, people=300, days=120, topics=8):
    """People with tastes of their own that don't change, who come and go, some of them far more often than others."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        taste = rng.dirichlet(np.full(topics, 0.25))
        begins = rng.integers(-60, days)
        ends = min(days, begins + np.exp(rng.normal(4, 1)))
        for day in range(max(0, begins), int(ends)):
            if rng.random() < 0.12 * np.exp(rng.normal(0, 1)):
                rows += [(person, day, topic) for topic in rng.choice(topics, 2, p=taste)]
    return choices(rows, people, days, topics)


def test_sizes_are_worked_by_hand_and_agree_with_scipy():
    # Half of everything moved: between lies (3/4, 1/4), and a side has 3/4·log2(…) of information.
    half = divergence(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    by_hand = (np.log2(4 / 3) + 0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)) / 2
    assert half == pytest.approx(by_hand)
    assert variation(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == 0.5
    assert divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    rng = np.random.default_rng(0)
    before, after = rng.dirichlet(np.ones(7), 50), rng.dirichlet(np.ones(7), 50)
    assert divergence(before, after) == pytest.approx(jensenshannon(before, after, axis=1, base=2) ** 2)


def test_everybody_turning_on_one_day_is_found_on_that_day_with_its_whole_size():
    rows = [(p, d, 0 if d < 25 else 1) for p in range(100) for d in range(p % 3, 40, 3)]
    found = changes(choices(rows))
    assert (found.people, found.choices, found.why_not) == (100, len(rows), "")
    [change] = found.found
    assert (change.day, change.earliest, change.latest) == (25, 25, 25)
    # One of 500: none of the random signs gave as much.
    assert change.chance == 1 / 500
    assert (change.divergence.value, change.divergence.low, change.divergence.high) == (1, 1, 1)
    assert change.variation.value == 1
    assert [(rise.topic, rise.before, rise.after, rise.change.value) for rise in change.rises] == [
        (1, 0, 1, 1),
        (2, 0, 0, 0),
        (0, 1, 0, -1),
    ]
    assert [rise.is_sure for rise in change.rises] == [True, False, True]


def test_rows_count_once_in_any_order():
    rng = np.random.default_rng(3)
    rows = [(p, d, rng.choice(3)) for p in range(80) for d in rng.choice(40, 6, replace=False)]
    rows += [(p, d, 2) for p in range(80) for d in (30, 35, 38)]
    once = changes(choices(rows))
    again = changes(choices([rows[n] for n in rng.permutation(len(rows))] + rows[:100]))
    assert len(once.found) == 1
    assert once == again


def test_two_changes_are_told_in_order_and_each_between_its_neighbours():
    rng = np.random.default_rng(1)
    fashion = [(0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)]
    rows = [(p, d, rng.choice(3, p=fashion[d // 30])) for p in range(100) for d in range(p % 4, 90, 4)]
    found = changes(choices(rows, days=90)).found
    assert [change.day for change in found] == [30, 60]
    first, second = found
    assert [rise.topic for rise in first.rises] == [1, 2, 0]
    assert [rise.topic for rise in second.rises] == [2, 0, 1]
    assert first.rises[0].before == pytest.approx(0.1, abs=0.03)
    assert second.rises[0].before == pytest.approx(0.1, abs=0.03)


def test_what_few_people_do_very_often_is_no_change_of_everybodys_taste():
    rng = np.random.default_rng(2)
    rows = [(p, d, rng.choice(3)) for p in range(100) for d in range(p % 8, 60, 8)]
    often = [(p, d, 0 if d < 30 else 1) for p in range(100, 102) for d in range(60)]
    both = choices([*rows, *often], people=102, days=60)
    table = [np.bincount(both.topic[late], minlength=3) for late in (both.day < 30, both.day >= 30)]
    # Taken for independent the choices would make one.
    assert chi2_contingency(table).pvalue < 1e-6
    assert changes(both).found == ()


def test_a_change_is_told_five_times_of_a_hundred_where_there_is_none():
    told = sum(bool(changes(steady_people(seed), Scan(resamples=199)).found) for seed in range(100))
    # 11 or more of 100 happen once in a hundred times at the nominal rate.
    assert told < 11


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_wave_is_found_and_dated_and_none_where_none_was_planted(seed):
    steady = replace(ACADEMY, seed=seed)
    planted = replace(steady, waves=(Wave(day=DAY + 70, topic="data", strength=2.0, ramp_days=1),))
    assert changes(lived(steady, people=500, days=120)).found == ()
    [change] = changes(lived(planted, people=500, days=120)).found
    assert abs(change.day - 70) <= 5
    assert change.earliest <= 70 <= change.latest
    assert change.rises[0].topic == 1
    assert change.rises[0].is_sure
    assert change.divergence.low > 0


def test_too_little_says_what_is_missing():
    few_days = choices([(p, d, 0) for p in range(100) for d in range(20)], days=20)
    assert changes(few_days).why_not == "few-days"
    one_topic = choices([(p, d, 0) for p in range(100) for d in range(40)], topics=1)
    assert changes(one_topic).why_not == "one-topic"
    few_people = choices([(p, d, p % 3) for p in range(49) for d in range(40)])
    assert changes(few_people).why_not == "few-people"
    left = choices([(p, d, p % 3) for p in range(100) for d in range(40) if p < 40 or d < 10])
    assert changes(left).why_not == "few-people"
    nobody = choices(np.zeros((0, 3)))
    assert (changes(nobody).why_not, changes(nobody).people) == ("few-people", 0)


def test_of_many_people_so_many_are_drawn():
    rows = [(p, d, 0 if d < 25 else 1) for p in range(300) for d in range(p % 5, 40, 5)]
    found = changes(choices(rows, people=300), Scan(most_people=120))
    assert found.people == 120
    assert found.found[0].day == 25


def test_a_row_outside_its_codes_is_refused():
    with pytest.raises(ValueError, match=r"a day lies outside 0\.\.39"):
        choices([(0, 40, 0)])
    with pytest.raises(ValueError, match="differ in length"):
        Choices(np.zeros(2, np.int64), np.zeros(1, np.int64), np.zeros(2, np.int64), 1, 1, 1)
