"""Simulated people: chance that can be asked again, interests that drift when they should, rhythm, choices by hand."""

import re
from dataclasses import fields, replace
from datetime import date
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from zhiyue.engine.simulate import arrivals, chance, choice, people, rhythm
from zhiyue.engine.simulate.chance import Stream
from zhiyue.engine.simulate.kinds import RECENT_DAYS
from zhiyue.engine.simulate.parameters import ACADEMY, OPEN_UNIVERSITY, Parameters, Turn, Wave

DAY = 739_500
TOPICS = ["ai", "data", "life", "writing"]
TOPIC_KEYS = chance.keys(TOPICS)
OULAD = Path(__file__).parents[3] / "shared" / "data" / "oulad"


def crowd(count):
    return chance.keys([f"person {n}" for n in range(count)])


def shares(parameters, key, day):
    return people.topic_shares(parameters, key, day, TOPIC_KEYS, TOPICS)


def test_a_draw_depends_on_its_words_and_on_nothing_else():
    key = crowd(4)
    together = chance.uniform(7, Stream.HOUR, key[:, None], np.arange(3))
    assert together.shape == (4, 3)
    for row in range(4):
        for column in range(3):
            assert chance.uniform(7, Stream.HOUR, key[row : row + 1], column)[0] == together[row, column]
    assert chance.drawn(chance.root(7, Stream.HOUR, key), 2).tolist() == together[:, 2].tolist()
    assert not np.intersect1d(together, chance.uniform(8, Stream.HOUR, key[:, None], np.arange(3))).size
    assert not np.intersect1d(together, chance.uniform(7, Stream.SITTING, key[:, None], np.arange(3))).size
    # Known answers: should they ever change, every demo lives another life.
    assert chance.uniform(20_260, Stream.TRAIT, 1, 2) == 0.24547820122352554
    assert chance.key("person 0") == 5213362851393556741


def test_draws_are_uniform_and_neighbours_know_nothing_of_each_other():
    drawn = chance.uniform(1, Stream.SITTING, np.arange(200_000), DAY)
    assert drawn.min() > 0 and drawn.max() < 1
    # Four standard errors of mean, variance and correlation.
    assert abs(drawn.mean() - 0.5) < 4 * (1 / 12 / 200_000) ** 0.5
    assert abs(drawn.var() - 1 / 12) < 4 * (1 / 180 / 200_000) ** 0.5
    next_day = chance.uniform(1, Stream.SITTING, np.arange(200_000), DAY + 1)
    assert abs(np.corrcoef(drawn, next_day)[0, 1]) < 4 / 200_000**0.5
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 4 / 200_000**0.5


def test_counts_are_those_of_poisson():
    drawn = chance.uniform(2, Stream.SITTING, np.arange(100_000))
    count = chance.poisson(np.full(100_000, 1.5), drawn, 30)
    assert abs(count.mean() - 1.5) < 4 * (1.5 / 100_000) ** 0.5
    assert abs((count == 0).mean() - exp(-1.5)) < 0.006
    assert chance.poisson(np.array([50.0]), np.array([0.5]), 4).tolist() == [4]


def test_interests_lie_on_the_simplex_and_a_new_topic_changes_nothing_between_the_others():
    key = crowd(50)
    before = shares(ACADEMY, key, DAY)
    assert np.allclose(before.sum(axis=1), 1) and before.min() > 0
    more = people.topic_shares(ACADEMY, key, DAY, chance.keys([*TOPICS, "new"]), [*TOPICS, "new"])
    assert np.allclose(more[:, 0] / more[:, 1], before[:, 0] / before[:, 1])


def test_interests_drift_slowly_and_keep_what_does_not_drift():
    calm = replace(ACADEMY, interest=replace(ACADEMY.interest, shift_share=0.0))
    key = crowd(4000)

    def logits(day):
        found = np.log(shares(calm, key, day))
        return (found - found.mean(axis=1, keepdims=True)).ravel()

    def correlation(days):
        return np.corrcoef(logits(DAY), logits(DAY + days))[0, 1]

    # Past two knots only the part that doesn't drift is left: 1 − drifting.
    assert correlation(2 * calm.interest.knot_days) == pytest.approx(1 - calm.interest.drifting, abs=0.02)
    assert correlation(1) > 0.999
    assert 1 > correlation(10) > correlation(40) > correlation(2 * calm.interest.knot_days)


def test_a_planted_shift_changes_interests_on_its_day_and_not_before():
    key = crowd(300)
    found = people.shifts(ACADEMY, key, DAY, DAY + 180)
    # Three in ten within 360 days, so about 45 of 300 within 180.
    assert len(found) == 54
    assert found == sorted(found, key=lambda one: (one[1], one[0]))
    person, day = found[len(found) // 2]
    who = key[person : person + 1]
    before, after = shares(ACADEMY, who, day - 1), shares(ACADEMY, who, day)
    assert np.abs(before - shares(ACADEMY, who, day - 2)).sum() < 0.05
    assert np.abs(after - before).sum() > 0.05
    assert people.shifts(ACADEMY, key, DAY, DAY - 1) == []


def test_a_planted_wave_lifts_its_topic_for_everybody_from_its_day_on():
    planted = replace(ACADEMY, waves=(Wave(day=DAY, topic="ai", strength=2.0, ramp_days=10),))
    key = crowd(500)
    assert (shares(planted, key, DAY - 1) == shares(ACADEMY, key, DAY - 1)).all()
    plain, lifted = shares(ACADEMY, key, DAY + 30), shares(planted, key, DAY + 30)
    odds = (lifted[:, 0] / lifted[:, 1]) / (plain[:, 0] / plain[:, 1])
    assert np.allclose(odds, exp(2.0))
    half = shares(planted, key, DAY + 4)
    odds = (half[:, 0] / half[:, 1]) / (
        shares(ACADEMY, key, DAY + 4)[:, 0] / shares(ACADEMY, key, DAY + 4)[:, 1]
    )
    assert np.allclose(odds, exp(1.0))


def test_a_wave_of_a_share_carries_the_same_people_whoever_asks_and_nobody_else():
    wave = Wave(day=DAY, topic="ai", strength=2.0, ramp_days=1, share=0.3)
    planted = replace(ACADEMY, waves=(wave,))
    key = crowd(4000)
    carried = people.carried(planted, key, wave)
    assert carried.mean() == pytest.approx(0.3, abs=0.02)
    assert (people.carried(planted, key[::2], wave) == carried[::2]).all()
    plain, lifted = shares(ACADEMY, key, DAY), shares(planted, key, DAY)
    assert (lifted[~carried] == plain[~carried]).all()
    odds = (lifted[carried, 0] / lifted[carried, 1]) / (plain[carried, 0] / plain[carried, 1])
    assert np.allclose(odds, exp(2.0))
    # Another wave carries others.
    other = people.carried(planted, key, replace(wave, topic="data"))
    assert (carried & other).mean() == pytest.approx(0.09, abs=0.02)


def test_planted_turns_draw_the_interests_of_a_share_anew_and_are_told():
    turn = Turn(day=DAY + 5, share=0.2)
    planted = replace(ACADEMY, turns=(turn,))
    key = crowd(2000)
    turned = people.turned(planted, key, turn)
    assert turned.mean() == pytest.approx(0.2, abs=0.03)
    assert (shares(planted, key, DAY + 4) == shares(ACADEMY, key, DAY + 4)).all()
    after, plain = shares(planted, key, DAY + 5), shares(ACADEMY, key, DAY + 5)
    assert (after[~turned] == plain[~turned]).all()
    assert (np.abs(after[turned] - plain[turned]).sum(axis=1) > 0.01).mean() > 0.95
    of_chance = people.shifts(ACADEMY, key, DAY, DAY + 10)
    found = people.shifts(planted, key, DAY, DAY + 10)
    assert {person for person, day in found if day == DAY + 5} >= set(np.flatnonzero(turned).tolist())
    assert set(found) - set(of_chance) <= {(person, DAY + 5) for person in np.flatnonzero(turned).tolist()}
    assert people.shifts(planted, key, DAY + 6, DAY + 10) == people.shifts(ACADEMY, key, DAY + 6, DAY + 10)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_of_people_lies_between_none_and_all(share):
    with pytest.raises(ValueError, match=r"lies in 0\.\.1"):
        Wave(day=DAY, topic="ai", strength=1.0, share=share)
    with pytest.raises(ValueError, match=r"lies in 0\.\.1"):
        Turn(day=DAY, share=share)


def test_of_a_hundred_people_one_creates_nine_contribute_ninety_look_on():
    role = people.nature(ACADEMY, crowd(50_000)).role
    share = np.bincount(role, minlength=3) / 50_000
    assert share == pytest.approx([0.01, 0.09, 0.90], abs=0.005)


def test_habit_is_worked_by_hand():
    recent = np.zeros((3, RECENT_DAYS), dtype=bool)
    recent[1, 0] = True
    recent[2] = True
    weights = [2 ** (-n / 9.7) for n in range(RECENT_DAYS)]
    assert rhythm.habit(ACADEMY, recent) == pytest.approx([0.0, 1 / sum(weights), 1.0])


def test_a_rate_is_worked_by_hand_and_nobody_comes_before_joining():
    key = crowd(2)
    who = people.nature(ACADEMY, key)
    recent = np.zeros((2, RECENT_DAYS), dtype=bool)
    recent[0, :7] = True
    found = rhythm.rates(ACADEMY, who, np.array([12.0, -1.0]), recent, DAY)
    wanted = ACADEMY.rhythm
    assert date.fromordinal(DAY).weekday() == 5
    by_hand = exp(who.log_rate[0]) * 0.8 * (1 + 1.1 / 2)
    by_hand *= 1 + 8.0 * rhythm.habit(ACADEMY, recent)[0]
    by_hand *= 1 - 2 * wanted.rest
    by_hand *= wanted.leak if people.away(who, np.array([12.0, 0.0]))[0] else 1
    assert found == pytest.approx([by_hand, 0.0])


def test_people_leave_and_some_come_back():
    who = people.nature(ACADEMY, crowd(4000))
    away = [people.away(who, np.full(4000, float(age))) for age in range(0, 400, 10)]
    share = np.array([gone.mean() for gone in away])
    assert share[0] == 0.0
    assert np.median(who.spells[:, 0]) == pytest.approx(ACADEMY.rhythm.stay_days, rel=0.05)
    # Half have left by then at least once, and one in eight has left and is back.
    assert people.away(who, np.full(4000, ACADEMY.rhythm.stay_days)).mean() == 0.367
    left = np.any(np.array(away[:20]), axis=0)
    back = left & ~away[-1]
    assert back.sum() > 300


def test_a_shelf_shows_a_course_at_a_place_as_often_as_its_propensity_says():
    weight = np.log(np.array([4.0, 2.0, 1.0, 1.0]))
    noise = chance.gumbel(chance.uniform(3, Stream.SLATE, np.arange(40_000)[:, None], np.arange(4)))
    open_to = np.ones((40_000, 4), dtype=bool)
    open_to[:, 3] = False
    order, propensity = choice.shelf(weight, noise, open_to, length=8, exploring=1.0)
    assert order.shape == (40_000, 4)
    assert np.allclose(propensity[:, 3], 0)
    first = np.bincount(order[:, 0], minlength=4) / 40_000
    assert first == pytest.approx([4 / 7, 2 / 7, 1 / 7, 0.0], abs=0.012)
    assert propensity[order[:, 0] == 0, 0] == pytest.approx(4 / 7)
    after_first = order[order[:, 0] == 0][:, 1]
    assert (after_first == 1).mean() == pytest.approx(2 / 3, abs=0.015)
    assert propensity[(order[:, 0] == 0) & (order[:, 1] == 1), 1] == pytest.approx(2 / 3)
    plain, sure = choice.shelf(weight, noise, open_to, length=2, exploring=0.0)
    assert (plain == [0, 1]).all()
    assert (sure == 1).all()


def test_the_chance_to_take_a_course_is_worked_by_hand():
    found = choice.takes(
        ACADEMY,
        liking=np.array([1.0, 1.0, 1.0]),
        price_fen=np.array([0.0, 9900.0, 9900.0]),
        reference_fen=np.array([6600.0, 6600.0, 6600.0]),
        purse_fen=np.array([5400.0, 3300.0, 20_000.0]),
        previewed=np.array([True, False, False]),
    )
    logits = [-5.6 + 5.2 + 1.6 + 0.9, -5.6 + 5.2 - 1.3 * log(3) - 0.6 * 0.5, -5.6 + 5.2 - 0.6 * 0.5]
    assert found == pytest.approx([1 / (1 + exp(-logit)) for logit in logits])


def test_places_are_looked_at_less_and_less():
    assert choice.examined(ACADEMY, 4) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])


def test_a_message_has_two_chances_and_wears_off_but_what_annoys_goes_on_annoying():
    without, with_it = choice.responds_to_message(
        ACADEMY,
        expected_a_week=np.array([log(2), log(2), log(2)]),
        responsiveness=np.array([0.08, 0.08, -0.02]),
        messages_before=np.array([0, 2, 2]),
    )
    assert without == pytest.approx([0.5, 0.5, 0.5])
    assert with_it == pytest.approx([0.58, 0.5 + 0.08 * 0.75**2, 0.48])


def test_visitors_and_joiners_of_a_day_are_the_same_whenever_one_asks():
    assert arrivals.joiners(ACADEMY, members=2000, day=DAY).tolist() == [46555.0, 51214.0, 77239.0, 82633.0]
    every = [len(arrivals.joiners(ACADEMY, members=2000, day=DAY + n)) for n in range(200)]
    assert np.mean(every) == pytest.approx(6.0, abs=0.6)
    today = arrivals.visitors(ACADEMY, members=2000, day=DAY)
    assert len(set(today.tolist())) == len(today)
    later = {int(key) for n in range(1, 8) for key in arrivals.visitors(ACADEMY, members=2000, day=DAY + n)}
    assert 0 < len(later & set(today.tolist())) < len(today) / 2
    assert len(arrivals.visitors(ACADEMY, members=0, day=DAY)) == 0


@pytest.mark.real_data
@pytest.mark.skipif(not OULAD.exists(), reason="the public part of OULAD isn't here")
def test_the_rhythm_is_that_of_oulad():
    from benchmarks.simulator import compared  # noqa: PLC0415 - reads with libraries the product has anyway

    found = compared(OULAD, OPEN_UNIVERSITY, people_count=1500)
    assert found.active_days_ks < 0.08
    assert found.gaps_ks < 0.05
    assert found.weekly_error < 0.06


def test_parameters_can_be_changed_one_by_one():
    assert replace(ACADEMY, seed=1) == Parameters(seed=1)


def test_the_page_about_the_simulator_names_every_number_as_it_is():
    page = (Path(__file__).parents[2] / "docs" / "algorithms" / "simulator.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    found = {}
    for part in (
        ACADEMY.rhythm,
        ACADEMY.interest,
        ACADEMY.choice,
        ACADEMY.lending,
        ACADEMY.message,
        ACADEMY.traffic,
    ):
        for one in fields(part):
            value = getattr(part, one.name)
            found[one.name] = (
                ", ".join(f"{each:g}" for each in value) if isinstance(value, tuple) else f"{value:g}"
            )
    assert rows == found
