"""Off-policy evaluation: numbers worked by hand, logs in which every action stands as often as its chance says, and
many random logs whose truth is known."""

import tracemalloc

import numpy as np
import pytest

from zhiyue.engine.evaluate import Missing
from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.off_policy import METHODS, Demands, Untold, Why, by_position, compared, evaluated

LOGGING = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
TARGET = np.array([0.05, 0.1, 0.15, 0.3, 0.4])
RATES = np.array([0.05, 0.10, 0.15, 0.05, 0.20])
TRUTH = float(TARGET @ RATES)
LENIENT = Demands(fewest_effective=0, fewest_rewarded=0, resamples=50)


def everywhere(chances, rounds):
    return Target(np.atleast_2d(chances), np.zeros(rounds, dtype=np.int64))


def drawn(seed, rounds=1000, people=None):
    """A log of chance. With people some click more than others."""
    random = np.random.default_rng(seed)
    action = random.choice(5, rounds, p=LOGGING)
    person, rate = None, RATES[action]
    if people is not None:
        # Each person has all their rounds with one liking: 0 or twice the rate.
        person = random.integers(0, people, rounds)
        rate = rate * random.choice([0.0, 2.0], people)[person]
    reward = (random.random(rounds) < rate).astype(float)
    return Rounds(action, reward, LOGGING[action], 5, None, person)


def proportional(rewards=RATES, copies=1):
    """100 rounds in which each action stands exactly as often as its chance says, with its mean reward."""
    action = np.repeat(np.arange(5), np.rint(LOGGING * 100).astype(int) * copies)
    return Rounds(action, rewards[action], LOGGING[action], 5)


def test_four_rounds_by_hand():
    # Weights .5/.25 = 2, .5/.5 = 1, .5/.25 = 2 and 0/.25 = 0; rewards 1, 0, 0, 1; ten copies of each.
    action = np.tile([0, 1, 0, 2], 10)
    reward = np.tile([1.0, 0.0, 0.0, 1.0], 10)
    propensity = np.tile([0.25, 0.5, 0.25, 0.25], 10)
    rounds = Rounds(action, reward, propensity, 3)
    model = np.tile([0.5, 0.25, 1.0], (40, 1))

    found = evaluated(
        rounds,
        everywhere([0.5, 0.5, 0.0], 40),
        model=model,
        demands=Demands(fewest_effective=0, fewest_rewarded=0, limit=1.5, most_uncovered=0.5),
    )

    values = {name: found.values[name].value for name in METHODS}
    assert values["ips"] == pytest.approx(2 / 4)
    assert values["clipped-ips"] == pytest.approx(1.5 / 4)
    assert values["snips"] == pytest.approx(2 / 5)
    # E q = (.5 + .25) / 2 everywhere; surprises .5, -.25, -.5, 0 times weights 2, 1, 2, 0.
    assert values["dm"] == pytest.approx(0.375)
    assert values["dr"] == pytest.approx(0.375 + (1.0 - 0.25 - 1.0) / 4)
    assert values["switch-dr"] == pytest.approx(0.375 - 0.25 / 4)
    assert found.logged.value == pytest.approx(0.5)
    assert found.gains["snips"].value == pytest.approx(2 / 5 - 0.5)
    assert found.weights.value == pytest.approx(5 / 4)
    assert found.effective == pytest.approx(50**2 / (10 * (4 + 1 + 4)))
    assert found.heaviest == 2.0
    assert found.cut == pytest.approx(1.0 / 5)
    assert (found.rounds, found.units, found.over) == (40, 40, "rounds")


def test_ips_has_no_bias_and_clipping_lacks_what_it_cuts():
    rounds = proportional(copies=10)
    found = evaluated(
        rounds, everywhere(TARGET, 1000), demands=Demands(fewest_effective=0, limit=2.0, resamples=50)
    )
    # Actions 3 and 4 have weights 3 and 8: clipped at 2 they count for 2/3 and 1/4.
    cut = TARGET[3] * RATES[3] / 3 + TARGET[4] * RATES[4] * 3 / 4

    assert found.values["ips"].value == pytest.approx(TRUTH, abs=1e-12)
    assert found.values["snips"].value == pytest.approx(TRUTH, abs=1e-12)
    assert found.values["clipped-ips"].value == pytest.approx(TRUTH - cut, abs=1e-12)
    assert found.cut == pytest.approx(0.1 + 0.3)


def test_dr_forgives_a_wrong_model_where_propensities_are_right():
    rounds = proportional()
    wrong = np.tile([0.9, 0.0, 0.3, 0.7, 0.1], (100, 1))

    found = evaluated(rounds, everywhere(TARGET, 100), model=wrong, demands=LENIENT)

    assert found.values["dr"].value == pytest.approx(TRUTH, abs=1e-12)
    assert found.values["dm"].value == pytest.approx(TARGET @ wrong[0])
    assert abs(found.values["dm"].value - TRUTH) > 0.1


def test_dr_is_exact_with_a_perfect_model_whatever_was_drawn():
    rounds = drawn(1, rounds=300)
    exact = Rounds(rounds.action, RATES[rounds.action], rounds.propensity, 5)

    found = evaluated(exact, everywhere(TARGET, 300), model=np.tile(RATES, (300, 1)), demands=LENIENT)

    assert found.values["dr"].value == pytest.approx(TRUTH, abs=1e-12)
    assert found.values["dr"].reach < 1e-9
    assert abs(found.values["ips"].value - TRUTH) > 1e-3


def test_over_many_logs_estimates_lie_around_the_truth_and_intervals_hold_it():
    found = [
        evaluated(drawn(seed), everywhere(TARGET, 1000), demands=Demands(resamples=200), seed=seed)
        for seed in range(200)
    ]
    told = [one.values for one in found if not isinstance(one.values["ips"], Missing)]

    assert len(told) >= 198
    for method in ("ips", "clipped-ips", "snips", "dr", "switch-dr"):
        values = np.asarray([one[method].value for one in told])
        held = np.mean([one[method].low <= TRUTH <= one[method].high for one in told])
        # Three standard errors of the mean of the logs; 95 % +- 3 standard errors of 200 hits or misses.
        assert abs(values.mean() - TRUTH) < 3 * values.std() / np.sqrt(len(told)), method
        assert 0.90 <= held <= 0.99, (method, held)


def test_an_interval_over_people_holds_the_truth_where_one_over_rounds_does_not():
    over_people, over_rounds = [], []
    for seed in range(100):
        log = drawn(seed, rounds=4000, people=60)
        target = everywhere(LOGGING, 4000)
        alone = Rounds(log.action, log.reward, log.propensity, 5)
        demands = Demands(fewest_effective=30, resamples=100)
        over_people.append(evaluated(log, target, demands=demands, seed=seed))
        over_rounds.append(evaluated(alone, target, demands=demands, seed=seed))
    truth = float(LOGGING @ RATES)

    held_people, held_rounds = (
        np.mean([one.values["snips"].low <= truth <= one.values["snips"].high for one in found])
        for found in (over_people, over_rounds)
    )

    assert (over_people[0].units, over_people[0].over) == (60, "people")
    assert held_people >= 0.88
    assert held_rounds <= 0.75


def test_the_gain_is_told_on_the_same_resamples():
    # The policy of the log itself gains nothing, in every resample.
    found = evaluated(drawn(3), everywhere(LOGGING, 1000))

    assert found.gains["snips"].value == 0.0
    assert (found.gains["snips"].low, found.gains["snips"].high) == (0.0, 0.0)
    assert found.values["ips"].value == found.logged.value


def test_places_are_told_apart():
    one, two = drawn(5, rounds=2000), drawn(6, rounds=3000)
    rounds = Rounds(
        np.concatenate([one.action, two.action]),
        np.concatenate([one.reward, two.reward]),
        np.concatenate([one.propensity, two.propensity]),
        5,
        np.repeat([0, 4], [2000, 3000]),
    )
    target = Target(np.stack([TARGET, LOGGING]), np.repeat([0, 1], [2000, 3000]))

    found = by_position(rounds, target)

    assert list(found) == [0, 4]
    alone = evaluated(one, everywhere(TARGET, 2000))
    assert found[0].values["ips"] == alone.values["ips"]
    assert found[4].values["ips"].value == two.reward.mean()


def reason(found):
    return refusal(found).reason


def refusal(found):
    assert {type(value) for value in found.values.values()} == {Untold}
    assert found.gains == found.values
    return found.values["dr"]


def test_actions_that_the_log_never_holds_are_refused():
    rounds = drawn(0)
    log = rounds.where(rounds.action != 4)

    found = evaluated(log, everywhere(TARGET, len(log)))

    assert found.uncovered == pytest.approx(0.4)
    assert "40.0% of the policy's choices are actions that the log never holds" in reason(found)
    assert not isinstance(evaluated(log, everywhere([0.5, 0.5, 0, 0, 0], len(log))).values["dr"], Missing)


def test_actions_are_missed_place_by_place():
    rounds = drawn(0)
    log = Rounds(rounds.action, rounds.reward, rounds.propensity, 5, (rounds.action == 4).astype(np.int64))

    assert evaluated(log, everywhere(TARGET, 1000)).uncovered > 0.3


def test_a_log_that_left_nothing_to_chance_is_refused():
    # Every action stands in the log, but for each person only one could: the target agrees with a third of them.
    action = np.tile([0, 1, 2], 200)
    rounds = Rounds(action, np.ones(600), np.ones(600), 3)

    found = evaluated(rounds, everywhere([0.0, 1.0, 0.0], 600))

    assert found.uncovered == 0.0
    assert found.weights.value == pytest.approx(1 / 3)
    assert "the log could never make the policy's other choices" in reason(found)


def test_wrong_propensities_are_noticed():
    rounds = drawn(0)
    halved = Rounds(rounds.action, rounds.reward, rounds.propensity / 2, 5)

    assert "the log's propensities are wrong: the mean weight is" in reason(
        evaluated(halved, everywhere(TARGET, 1000))
    )


def test_few_people_few_rewards_and_few_effective_rounds_are_refused():
    few = drawn(0, rounds=29)
    rounds, short = drawn(0, rounds=1000), drawn(0, rounds=150)
    cold = Rounds(rounds.action, np.zeros(1000), rounds.propensity, 5)
    people = drawn(0, rounds=1000, people=20)

    assert "29 rounds, at least 30" in reason(evaluated(few, everywhere(LOGGING, 29)))
    assert "20 people, at least 30" in reason(evaluated(people, everywhere(LOGGING, 1000)))
    assert "0 rounds that the policy could have made brought a reward" in reason(
        evaluated(cold, everywhere(TARGET, 1000))
    )
    assert "the weights are worth" in reason(evaluated(short, everywhere(TARGET, 150)))


def test_a_refusal_says_by_a_code_and_its_figures_why_so_that_others_may_word_it():
    people = refusal(evaluated(drawn(0, rounds=1000, people=20), everywhere(LOGGING, 1000)))
    assert (people.why, people.figures) == (Why.FEW_UNITS, {"units": 20, "fewest": 30})
    rounds = drawn(0)
    halved = Rounds(rounds.action, rounds.reward, rounds.propensity / 2, 5)
    wrong = refusal(evaluated(halved, everywhere(TARGET, 1000)))
    assert wrong.why == Why.WRONG_PROPENSITIES
    assert 1.05 < wrong.figures["low"] < wrong.figures["weight"] < wrong.figures["high"]


FINE = {"action": [0, 1, 1], "reward": [0.0, 1.0, 0.0], "propensity": [0.5, 0.5, 1.0]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"propensity": [0.5, 0.0, 1.0]}, "propensity of round 1 is 0.0: it must be above 0 and at most 1"),
        ({"propensity": [0.5, 0.5, 1.01]}, "propensity of round 2 is 1.01"),
        ({"propensity": [np.nan, 0.5, 1.0]}, "propensity of round 0 is nan"),
        (
            {"reward": [0.0, np.nan, 0.0]},
            "reward of round 1 is nan: it must be a finite number; leave rounds out",
        ),
        ({"reward": [0.0, 1.0]}, r"differ in length \(action: 3, reward: 2, propensity: 3\): give one row"),
        ({"action": [0, 2, 1]}, r"action of round 1 is 2: it must be a code in 0\.\.1"),
        ({"action": [0, -1, 1]}, "action of round 1 is -1"),
        ({"position": [0, 0, -1]}, "position of round 2 is -1"),
        ({"person": [1, 2]}, "person: 2"),
        ({"context": [[0.0], [np.inf], [1.0]]}, "context of round 1"),
        ({"context": [0.0, 1.0, 1.0]}, "context must have two dimensions"),
        ({"action": [], "reward": [], "propensity": []}, "there are no rounds"),
    ],
)
def test_bad_rounds_are_refused_with_what_to_do(change, says):
    columns = {name: np.asarray(values) for name, values in (FINE | change).items()}
    with pytest.raises(ValueError, match=says):
        Rounds(**columns, actions=2)


@pytest.mark.parametrize(
    ("chances", "row", "says"),
    [
        ([[0.5, 0.4]], [0, 0, 0], "row 0 of chances adds up to 0.9"),
        ([[0.5, 0.5], [1.5, -0.5]], [0, 0, 1], "row 1 of chances"),
        ([[np.nan, 1.0]], [0, 0, 0], "none missing"),
        ([0.5, 0.5], [0, 0, 0], "chances must have two dimensions"),
        ([[0.5, 0.5]], [0, 1, 0], r"row of round 1 is 1: it must be in 0\.\.0"),
        ([[0.5, 0.5]], None, "chances are given for 1 rounds, the log has 3: give one row each"),
        ([[0.5, 0.25, 0.25]], [0, 0, 0], "chances are given for 3 actions, the log has 2: give one column"),
    ],
)
def test_bad_targets_are_refused_with_what_to_do(chances, row, says):
    rounds = Rounds(**{name: np.asarray(values) for name, values in FINE.items()}, actions=2)
    with pytest.raises(ValueError, match=says):
        evaluated(rounds, Target(np.asarray(chances), None if row is None else np.asarray(row)))


def test_bad_models_and_demands_are_refused_with_what_to_do():
    rounds = drawn(0)
    target = everywhere(TARGET, 1000)
    with pytest.raises(ValueError, match=r"give finite ones as \(1000, 5\)"):
        evaluated(rounds, target, model=np.zeros((1000, 4)))
    with pytest.raises(ValueError, match="give finite ones"):
        evaluated(rounds, target, model=np.full((1000, 5), np.nan))
    with pytest.raises(ValueError, match="action_features must be finite and have 5 rows"):
        evaluated(rounds, target, action_features=np.zeros((4, 2)))
    with pytest.raises(ValueError, match="limit is 0: it must be above 0"):
        Demands(limit=0)
    with pytest.raises(ValueError, match="an interval needs at least 2"):
        Demands(resamples=1)


# --- several policies on one log ---


def days_of_two_arms(seed, *, rates, people=150, days=40, shares=None):
    """Days of people who differ much in how often they take something up, under arms drawn with chances by day."""
    random = np.random.default_rng(seed)
    person = np.tile(np.arange(people), days)
    shares = np.full((days, 2), 0.5) if shares is None else shares
    first = np.repeat(shares[:, 0], people)
    action = (random.random(len(person)) >= first).astype(np.int64)
    eager = random.beta(1.0, 1.0, people)[person] * 2.0
    reward = (random.random(len(person)) < eager * rates[np.repeat(np.arange(days), people), action]).astype(
        float
    )
    return Rounds(action, reward, np.where(action == 0, first, 1.0 - first), 2, person=person)


def arms(rounds):
    row = np.zeros(len(rounds), dtype=np.int64)
    return {"a": Target(np.array([[1.0, 0.0]]), row), "b": Target(np.array([[0.0, 1.0]]), row)}


def test_several_are_evaluated_as_each_is_by_itself_and_the_best_is_held_against_the_others():
    rounds = days_of_two_arms(0, rates=np.tile([0.10, 0.15], (40, 1)))
    found, lead = compared(rounds, arms(rounds))
    assert found == {name: evaluated(rounds, target) for name, target in arms(rounds).items()}
    values = {name: one.values["dr"] for name, one in found.items()}
    assert lead.best == "b"
    gap = lead.gaps["a"]
    assert gap.value == pytest.approx(values["b"].value - values["a"].value)
    assert 0 < gap.low < 0.05 < gap.high
    assert lead.is_sure
    # The same people on both sides: closer than two intervals by themselves.
    assert gap.reach / 2.576 < (values["a"].reach + values["b"].reach) / 1.96


def test_equal_policies_are_not_told_apart_by_days_on_which_one_had_the_larger_share():
    shares = np.repeat([[0.5, 0.5], [0.8, 0.2]], 20, axis=0)
    rates = np.repeat([[0.06, 0.06], [0.10, 0.10]], 20, axis=0)
    leads = []
    for seed in range(40):
        rounds = days_of_two_arms(seed, rates=rates, shares=shares)
        leads.append(compared(rounds, arms(rounds), seed=seed)[1])
    # 1 of 100 is what the level allows.
    assert sum(lead.is_sure for lead in leads) <= 2
    rounds = days_of_two_arms(0, rates=1.5 * rates * [[1.0, 0.6]], shares=shares)
    assert compared(rounds, arms(rounds))[1].is_sure


def test_where_one_of_them_cannot_be_told_none_is_ahead():
    rounds = days_of_two_arms(0, rates=np.tile([0.10, 0.15], (40, 1)))
    assert compared(rounds, {"a": arms(rounds)["a"]})[1] is None
    never = Rounds(rounds.action, rounds.reward, rounds.propensity, 3, person=rounds.person)
    row = np.zeros(len(rounds), dtype=np.int64)
    targets = {name: Target(np.eye(3)[[n]], row) for n, name in enumerate("abc")}
    found, lead = compared(never, targets)
    assert isinstance(found["c"].values["dr"], Untold)
    assert lead is None


def test_what_is_held_besides_the_log_does_not_grow_with_the_estimators():
    rounds = days_of_two_arms(0, rates=np.tile([0.10, 0.15], (400, 1)), people=500, days=400)
    targets = arms(rounds)
    tracemalloc.start()
    try:
        compared(rounds, targets, demands=Demands(resamples=100))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # By whom each round is, 8 bytes, and what sorting them takes; blocks are a few MB. It was above 250 bytes a round.
    assert peak < 80 * len(rounds)
