"""New courses drawn night after night by the pulls that the nights before decided, while rates move for all of them: a
good day speaks for none."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from zhiyue.engine import bandits
from zhiyue.engine.bandits import Counts, Thompson
from zhiyue.recommend.policies import NEW_COURSE_LEAST
from zhiyue.recommend.showings import Drawn
from zhiyue.recommend.trying import pulls

FIRST, NIGHTS, PEOPLE = date(2026, 3, 1), 29, 100
COURSES = (7, 9)
FLAT = np.full((NIGHTS, 2), 0.04)
RISING = FLAT * np.linspace(1.0, 4.0, NIGHTS)[:, None]
# A campaign begins on day 15: a rate of 4 % becomes one of 12 %.
CAMPAIGN = np.where(np.arange(NIGHTS) < 15, 0.04, 0.12)[:, None] * np.ones(2)
# The most that one of two can be drawn is 0.875.
MOST, SURE = 0.86, 0.125 + 0.75 * 0.95


def closed_loop(rates, seed, out=(0, 0), decide=pulls):
    """The share of each course on each day from the second decision on; what a night finds holds on the day after the
    next. rates  (days, courses); out  the day on which each came out"""
    random = np.random.default_rng(seed)
    drawn, shares = [], []
    today = tomorrow = {}
    for n, rate in enumerate(rates):
        chance = np.asarray([today.get(course, 1.0) for course in COURSES]) * (n >= np.asarray(out))
        chance /= chance.sum()
        for course in random.choice(2, PEOPLE, p=chance):
            chosen = bool(random.random() < rate[course])
            drawn.append(Drawn(COURSES[course], FIRST + timedelta(days=n), float(chance[course]), chosen))
        today, tomorrow = tomorrow, decide(COURSES, drawn)
        shares.append([tomorrow.get(course, 1.0) / 2 for course in COURSES])
    return np.asarray(shares)


def by_course_alone(courses, drawn):
    """Counts added up over all days, as it must not be done."""
    shown, chosen = (Counter(one.course_id for one in drawn if one.is_chosen >= least) for least in (0, 1))
    average = len([one for one in drawn if one.is_chosen]) / len(drawn)
    if not average:
        return {}
    config = Thompson(0.5, 0.5 * (1 - average) / average, None, NEW_COURSE_LEAST / len(courses))
    successes = np.asarray([float(chosen[course]) for course in courses])
    counts = Counts(successes, np.asarray([float(shown[course]) for course in courses]) - successes)
    return dict(zip(courses, len(courses) * bandits.chances(config, counts), strict=True))


def ends(rates, runs, **how):
    return np.asarray([closed_loop(rates, seed, **how)[-1] for seed in range(runs)])


def test_of_equal_courses_none_is_sure_to_be_the_better_one_more_often_while_all_rates_rise():
    shares = ends(RISING, 20)
    # At 95 % one of two may be called best in one of ten; that is 2 of 20, give or take 1.3.
    assert np.sum(shares.max(axis=1) > SURE) <= 5
    assert shares.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.25)
    # Counts that are added up over the days decide most of the same months, and for either.
    assert np.sum(ends(RISING, 20, decide=by_course_alone).max(axis=1) > SURE) >= 9


def test_a_course_that_comes_out_when_a_campaign_begins_has_about_the_share_of_its_equal():
    shares = ends(CAMPAIGN, 16, out=(0, 15))[:, 1]
    assert 0.3 < shares.mean() < 0.7
    assert np.sum(shares > MOST) <= 3
    assert np.all(ends(CAMPAIGN, 8, out=(0, 15), decide=by_course_alone)[:, 1] > MOST)


def test_of_two_courses_the_better_one_is_found_however_rates_move():
    assert np.sum(ends(RISING[:15] * [1, 2], 8)[:, 1] > SURE) >= 6
    # Also where the other one has good days only, which counts that are added up can't tell from being good.
    assert ends(CAMPAIGN * [2, 1], 8, out=(0, 15))[:, 1].mean() < 0.2
    assert ends(CAMPAIGN * [2, 1], 8, out=(0, 15), decide=by_course_alone)[:, 1].mean() > 0.3


def test_who_never_shared_a_day_and_who_is_alone_have_no_pull():
    assert pulls([7], [Drawn(7, FIRST, 0.5, True)] * 100) == {}
    days = [FIRST + timedelta(days=n) for n in range(2)]
    apart = [
        Drawn(course, day, 0.5, n < 9) for course, day in zip(COURSES, days, strict=True) for n in range(60)
    ]
    assert pulls(COURSES, apart) == {}
    # A third that shared none with two who did pulls like one that nobody was shown.
    shared = [Drawn(course, FIRST, 0.5, n < 9) for course in COURSES for n in range(60)]
    later = [Drawn(8, FIRST + timedelta(days=3), 0.5, n < 40) for n in range(60)]
    assert pulls([*COURSES, 8], shared + later) == pulls([*COURSES, 8], shared)
