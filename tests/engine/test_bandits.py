"""Thompson sampling: chances against closed forms, another integrator and counting draws; regret on planted rates."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import betaln, ndtr

from zhiyue.engine import bandits
from zhiyue.engine.bandits import (
    TOLERANCE,
    Counts,
    Thompson,
    believed,
    chances,
    faded,
    highest,
    nothing_seen,
)
from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.off_policy import evaluated

RATES = np.array([0.02, 0.05, 0.03, 0.08, 0.04])
DAYS, A_DAY = 120, 200


def closed_form(a, b, c, d):
    """The chance that Beta(c, d) is above Beta(a, b), for a whole c (Miller 2014)."""
    i = np.arange(c)
    return float(np.exp(betaln(a + i, b + d) - np.log(d + i) - betaln(1 + i, d) - betaln(a, b)).sum())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1, 1), (1, 1)),
        ((5, 95), (8, 92)),
        ((1, 1), (3000, 7000)),
        ((1, 1), (1, 1000)),
        ((1000, 9000), (1100, 8900)),
        ((120_000, 880_000), (121_000, 879_000)),
        ((2, 1_000_000), (5, 1_000_000)),
    ],
)
def test_of_two_arms_the_chance_is_that_of_the_closed_form(first, second):
    a, b = np.array([first, second], dtype=float).T

    assert highest(a, b)[1] == pytest.approx(closed_form(*first, *second), abs=TOLERANCE)
    assert highest(b, a)[0] == pytest.approx(1 - closed_form(*first[::-1], *second[::-1]), abs=TOLERANCE)


def test_of_several_arms_it_is_the_integral_even_at_the_poles_of_jeffreys_prior():
    a, b = np.array([0.5, 0.5, 3.5, 40.5]), np.array([0.5, 20.5, 60.5, 900.5])

    def density(x, arm):
        return stats.beta.pdf(x, a[arm], b[arm]) * np.prod(
            [stats.beta.cdf(x, a[j], b[j]) for j in range(4) if j != arm]
        )

    parts = (0.0, 1e-6, 1e-3, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9, 0.999, 1.0)
    expected = [
        sum(
            integrate.quad(density, low, high, args=(arm,), epsabs=1e-9, limit=200)[0]
            for low, high in itertools.pairwise(parts)
        )
        for arm in range(4)
    ]

    assert sum(expected) == pytest.approx(1.0, abs=1e-5)
    assert highest(a, b) == pytest.approx(expected, abs=1e-5)


def test_it_is_what_counting_draws_comes_to():
    random = np.random.default_rng(0)
    a, b = np.array([3.0, 8.0, 1.0, 30.0, 31.0]), np.array([70.0, 150.0, 12.0, 500.0, 610.0])
    draws = random.beta(a, b, (400_000, 5)).argmax(axis=1)

    counted = np.bincount(draws, minlength=5) / len(draws)

    # Four standard errors of a share of 400,000.
    assert np.abs(highest(a, b) - counted).max() < 4 * np.sqrt(0.25 / len(draws))


def test_a_finer_integral_finds_the_same_within_the_tolerance(monkeypatch):
    random = np.random.default_rng(1)
    arms = random.integers(2, 12, 100)
    beliefs = [(10 ** random.uniform(-0.3, 4.5, k), 10 ** random.uniform(-0.3, 5, k)) for k in arms]
    found = [highest(a, b) for a, b in beliefs]
    turned = [highest(a[::-1], b[::-1])[::-1] for a, b in beliefs]
    monkeypatch.setattr(bandits, "SHARES", ndtr(np.arange(-7.0, 7.1, 0.25)))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    monkeypatch.setattr(bandits, "NODES", nodes)
    monkeypatch.setattr(bandits, "NODE_WEIGHTS", weights)

    for (a, b), coarse, back in zip(beliefs, found, turned, strict=True):
        assert np.abs(coarse - highest(a, b)).max() < TOLERANCE
        assert np.abs(coarse - back).max() < 1e-12
        assert coarse.min() >= 0.0


def test_hopeless_arms_have_no_chance_but_their_least_share():
    counts = Counts(np.array([5000.0, 10.0, 9.0]), np.array([5000.0, 9990.0, 9991.0]))

    assert chances(Thompson(), counts).tolist() == [1.0, 0.0, 0.0]
    floored = chances(Thompson(least_share=0.05), counts)
    assert floored == pytest.approx([0.9, 0.05, 0.05])
    assert chances(Thompson(least_share=1 / 3), counts) == pytest.approx([1 / 3] * 3)
    assert chances(Thompson(), nothing_seen(1)).tolist() == [1.0]
    assert chances(Thompson(), nothing_seen(4)) == pytest.approx([0.25] * 4)


def test_beliefs_are_those_of_beta_and_the_chances_without_the_floor():
    counts = Counts(np.array([3.0, 0.0]), np.array([7.0, 0.0]))
    config = Thompson(least_share=0.2)
    found = believed(config, counts)
    assert found.mean.tolist() == pytest.approx([4 / 12, 1 / 2])
    for arm, (a, b) in enumerate([(4, 8), (1, 1)]):
        assert found.low[arm] == pytest.approx(stats.beta.ppf(0.025, a, b))
        assert found.high[arm] == pytest.approx(stats.beta.ppf(0.975, a, b))
    # P(U > Beta(4, 8)) is one less its mean.
    assert found.best.tolist() == pytest.approx([1 / 3, 2 / 3], abs=TOLERANCE)
    assert chances(config, counts).tolist() == pytest.approx((0.2 + 0.6 * found.best).tolist())


def test_what_was_seen_fades():
    seen = Counts(np.array([1.0, 0.0, 1.25]), np.array([0.0, 0.0, 1.75]))
    later = faded(Thompson(half_life_days=7.0), seen, 14.0)
    assert later.successes.tolist() == [0.25, 0.0, 0.3125]
    assert faded(Thompson(), seen, 14.0) is seen


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Thompson(prior_successes=0.4), "prior_successes is 0.4: it must be 0.5 or more"),
        (lambda: Thompson(prior_failures=np.nan), "prior_failures is nan"),
        (lambda: Thompson(half_life_days=0.0), "half_life_days is 0.0: it must be above 0, or None"),
        (lambda: Thompson(least_share=-0.1), "least_share is -0.1"),
        (lambda: chances(Thompson(least_share=0.3), nothing_seen(4)), "4 arms can have 0.25 at most"),
        (lambda: nothing_seen(0), "one number per arm"),
        (lambda: Counts(np.zeros(2), np.zeros(3)), "two lists of the same length"),
        (lambda: Counts(np.array([1.0]), np.array([-1.0])), "finite and at least 0"),
        (lambda: faded(Thompson(), nothing_seen(2), -1.0), "days is -1.0: it must be 0 or more"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def lived(config, rates, seed):
    """Days of A_DAY rounds; counts are taken over once a day. rates  (days, arms).

    returns  how much each day lost to its best arm, and the log: action, reward, propensity
    """
    random = np.random.default_rng(seed)
    counts = nothing_seen(rates.shape[1])
    regret, log = [], []
    for today in rates:
        share = chances(config, counts)
        arm = random.choice(len(share), A_DAY, p=share)
        reward = (random.random(A_DAY) < today[arm]).astype(float)
        before, won = faded(config, counts, 1.0), np.bincount(arm, reward, len(share))
        lost = np.bincount(arm, minlength=len(share)) - won
        counts = Counts(before.successes + won, before.failures + lost)
        regret.append(A_DAY * today.max() - today[arm].sum())
        log.append((arm, reward, share[arm]))
    return np.asarray(regret), tuple(np.concatenate(column) for column in zip(*log, strict=True))


def mean_regret(config, rates, seeds=8):
    return np.mean([lived(config, rates, seed)[0] for seed in range(seeds)], axis=0)


def test_regret_is_far_below_that_of_uniform_choice_and_dies_away():
    rates = np.tile(RATES, (DAYS, 1))
    uniform = A_DAY * (RATES.max() - RATES.mean())

    regret = mean_regret(Thompson(), rates)

    assert regret.sum() < 0.2 * uniform * DAYS
    assert regret[-20:].mean() < 0.03 * uniform
    # The least share costs what it says, and no more.
    floored = mean_regret(Thompson(least_share=0.02), rates)
    assert floored[-20:].mean() == pytest.approx(0.02 * 5 * uniform, rel=0.35)


def test_when_the_best_arm_changes_forgetting_finds_the_new_one_sooner():
    turned = np.concatenate([np.tile(RATES, (60, 1)), np.tile(RATES[::-1], (60, 1))])
    uniform = A_DAY * (RATES.max() - RATES.mean())

    never = mean_regret(Thompson(), turned)
    forgets = mean_regret(Thompson(half_life_days=10.0), turned)

    assert forgets[60:].sum() < 0.6 * never[60:].sum()
    assert forgets[-20:].mean() < 0.25 * uniform
    # It isn't free: while nothing changes, who never forgets is better.
    assert never[:60].sum() < forgets[:60].sum()


def test_its_own_log_tells_the_value_of_other_policies():
    found = []
    for seed in range(20):
        _, (action, reward, propensity) = lived(Thompson(least_share=0.05), np.tile(RATES, (20, 1)), seed)
        rounds = Rounds(action, reward, propensity, 5)
        target = Target(np.full((1, 5), 0.2), np.zeros(len(action), dtype=np.int64))
        found.append(evaluated(rounds, target, seed=seed).values["dr"])

    values = np.asarray([one.value for one in found])
    assert values.mean() == pytest.approx(RATES.mean(), abs=3 * values.std() / np.sqrt(20))
    assert sum(one.low <= RATES.mean() <= one.high for one in found) >= 17
