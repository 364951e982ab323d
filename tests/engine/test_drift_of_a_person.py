"""One person's turns of taste and the fading of their acts: against independent formulas, steady and planted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln

from tests.engine.simulated_choices import DAY, lived, of_each
from zhiyue.engine.drift.fading import Ladder, foretold, half_life_days
from zhiyue.engine.drift.person import Prior, holding, turned
from zhiyue.engine.simulate.parameters import ACADEMY, Turn

EVEN = np.full(4, 0.25)
# Interests that neither drift nor shift by chance.
STEADY = replace(ACADEMY, interest=replace(ACADEMY.interest, drifting=0.0, shift_share=0.0))


def evidence(topics, shares, spread):
    """log p of a sequence under a Dirichlet-multinomial, by its closed form."""
    counts, pseudo = np.bincount(topics, minlength=len(shares)), spread * shares
    whole = gammaln(spread) - gammaln(spread + len(topics))
    return whole + (gammaln(pseudo + counts) - gammaln(pseudo)).sum()


def test_the_odds_are_those_of_dirichlet_multinomials_on_both_sides():
    rng = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    topics = rng.choice(4, 25, p=shares)
    odds = [
        np.exp(
            evidence(topics[:place], shares, 2.0)
            + evidence(topics[place:], shares, 2.0)
            - evidence(topics, shares, 2.0)
        )
        for place in range(4, 22)
    ]
    assert turned(topics, shares).odds == pytest.approx(np.mean(odds))
    believed = np.mean(odds) / (1 + np.mean(odds))
    later = [np.sum(odds[max(0, n - 3) :]) / np.sum(odds) for n in range(25)]
    assert holding(topics, shares) == pytest.approx([1 - believed * share for share in later])


def test_a_plain_turn_is_found_at_its_place():
    topics = np.array([0] * 12 + [1] * 12)
    found = turned(topics, EVEN)
    assert (found.turn.first, found.turn.earliest, found.turn.latest) == (12, 11, 13)
    assert found.turn.before == pytest.approx([12.5 / 14, 0.5 / 14, 0.5 / 14, 0.5 / 14])
    assert found.turn.after == pytest.approx([0.5 / 14, 12.5 / 14, 0.5 / 14, 0.5 / 14])
    kept = holding(topics, EVEN)
    assert kept[:9].max() < 0.001
    assert kept[14:].min() > 0.99


def test_few_choices_say_nothing():
    found = turned(np.array([0] * 5 + [1] * 6), EVEN)
    assert (found.turn, found.too_few) == (None, True)
    assert holding(np.array([0] * 5 + [1] * 6), EVEN).tolist() == [1.0] * 11
    assert holding(np.zeros(0, np.int64), EVEN).tolist() == []


def test_shares_that_are_none_are_refused():
    for shares in (np.array([0.5, 0.6]), np.array([1.0, 0.0])):
        with pytest.raises(ValueError, match="above 0 and sum to 1"):
            turned(np.zeros(20, np.int64), shares)


@given(st.lists(st.integers(0, 3), max_size=60), st.floats(0.01, 10))
def test_what_holds_never_falls_towards_now_and_stays_a_chance(topics, turns):
    kept = holding(np.asarray(topics, dtype=np.int64), EVEN, turns=turns)
    assert (np.diff(kept) >= -1e-12).all()
    assert ((kept >= 0) & (kept <= 1)).all()
    assert kept[-4:].tolist() == [1.0] * min(4, len(topics))


@pytest.fixture(scope="module")
def steady_lives():
    return of_each(lived(STEADY, people=1500, days=120))


@pytest.fixture(scope="module")
def turned_lives():
    planted = replace(STEADY, turns=(Turn(day=DAY + 60, share=1.0),))
    return of_each(lived(planted, people=1500, days=120))


def told(lives, fewest=12):
    shares = np.full(8, 1 / 8)
    found = [(turned(topics, shares), days) for topics, days in lives if len(topics) >= fewest]
    return len(found), [days[one.turn.first] for one, days in found if one.turn is not None]


def test_steady_people_are_told_a_turn_less_than_one_time_in_twenty(steady_lives):
    people, days = told(steady_lives)
    assert people > 400
    assert len(days) / people < 0.05


def test_planted_turns_are_found_and_dated(turned_lives):
    people, days = told(turned_lives)
    # Many have a few choices, and some turn to what they liked before.
    assert len(days) / people > 0.25
    assert np.median(np.abs(np.array(days) - 60)) <= 8
    busy, of_busy = told(turned_lives, fewest=40)
    assert busy > 50
    assert len(of_busy) / busy > 0.5


def by_hand(topics, days, shares, half_life, base=1.0):
    total = 0.0
    for n in range(len(topics)):
        left = [2 ** (-(days[n] - days[m]) / half_life) for m in range(n) if days[m] < days[n]]
        same = sum(
            2 ** (-(days[n] - days[m]) / half_life)
            for m in range(n)
            if days[m] < days[n] and topics[m] == topics[n]
        )
        total += np.log((base * shares[topics[n]] + same) / (base + sum(left)))
    return total


def test_each_half_life_foretells_as_worked_by_hand():
    rng = np.random.default_rng(1)
    topics, days = rng.integers(0, 4, 40), np.sort(rng.integers(0, 300, 40)).astype(float)
    ladder = Ladder()
    found = foretold(topics, days, EVEN, ladder)
    assert found == pytest.approx([by_hand(topics, days, EVEN, h) for h in ladder.half_lives_days])
    assert foretold(topics[:0], days[:0], EVEN).tolist() == [0.0] * 5


def test_a_half_life_is_the_usual_one_at_first_moves_with_the_evidence_and_stays_on_its_ladder():
    assert half_life_days(np.zeros(5)) == pytest.approx(30.0)
    shorter = np.array([0.0, -1, -2, -3, -4])
    towards_short = [half_life_days(strength * shorter) for strength in (0, 0.1, 0.3, 1, 2, 4, 6)]
    assert (np.diff(towards_short) < 0).all()
    assert towards_short[-1] == pytest.approx(7.5, rel=0.01)
    assert half_life_days(1e6 * np.array([0.0, 0, 0, 0, 1])) == pytest.approx(120.0)


def test_after_a_planted_turn_older_acts_fade_faster(steady_lives, turned_lives):
    def of_all(lives):
        return half_life_days(sum(foretold(topics, days, np.full(8, 1 / 8)) for topics, days in lives))

    assert of_all(turned_lives) < of_all(steady_lives)
    assert of_all(turned_lives) <= 15


@pytest.mark.parametrize(
    "wrong",
    [{"half_lives_days": ()}, {"half_lives_days": (30.0, 15.0)}, {"usual_days": 0.0}, {"looseness": 0.0}],
)
def test_a_ladder_without_steps_is_refused(wrong):
    with pytest.raises(ValueError, match="half-li"):
        Ladder(**wrong)


def test_a_wider_prior_asks_for_more():
    topics = np.array([0, 1] * 8 + [0, 0, 2, 2, 2, 2])
    assert turned(topics, EVEN, Prior(spread=8.0)).odds < turned(topics, EVEN, Prior(spread=1.0)).odds
