"""The reward model against scikit-learn's ridge regression, and that no round is predicted from itself."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from zhiyue.engine import reward_model
from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.off_policy import Demands, evaluated
from zhiyue.engine.reward_model import Predicted, fitted


def logged(seed=0, rounds=600, person=None):
    random = np.random.default_rng(seed)
    action = random.integers(0, 4, rounds)
    position = random.integers(0, 2, rounds)
    context = random.normal(size=(rounds, 2)) * [1.0, 5.0] + [0.0, 3.0]
    reward = 0.1 * action + 0.2 * position + 0.05 * context[:, 1] + random.normal(size=rounds)
    return Rounds(action, reward, np.full(rounds, 0.25), 4, position, person, context)


def design(rounds, chances):
    context = (rounds.context - rounds.context.mean(axis=0)) / rounds.context.std(axis=0)
    return np.hstack([chances, np.eye(2)[rounds.position], context])


def predicted(rounds, target):
    """The predictions of all blocks as one."""
    blocks = [part for _, part in fitted(rounds, target, None, seed=0)]
    return Predicted(
        *(np.concatenate([getattr(b, name) for b in blocks]) for name in ("taken", "expected", "direct"))
    )


def test_the_direct_method_is_ridge_regression(monkeypatch):
    monkeypatch.setattr(reward_model, "PENALTIES", (7.0,))
    rounds = logged()
    target = Target(np.random.default_rng(1).dirichlet(np.ones(4), 600))
    peer = Ridge(alpha=7.0).fit(design(rounds, np.eye(4)[rounds.action]), rounds.reward)

    found = predicted(rounds, target)

    expected = peer.predict(design(rounds, target.chances))
    assert found.direct.mean() == pytest.approx(expected.mean(), abs=1e-6)


def test_the_doubt_of_the_direct_method_is_that_of_fitting_it_anew(monkeypatch):
    monkeypatch.setattr(reward_model, "PENALTIES", (7.0,))
    rounds, random = logged(rounds=400), np.random.default_rng(2)
    target = Target(np.tile([0.0, 0.0, 0.2, 0.8], (400, 1)))
    rows, wanted = design(rounds, np.eye(4)[rounds.action]), design(rounds, target.chances)
    anew = []
    for _ in range(300):
        kept = random.integers(0, 400, 400)
        anew.append(Ridge(alpha=7.0).fit(rows[kept], rounds.reward[kept]).predict(wanted[kept]).mean())

    found = predicted(rounds, target)

    assert found.direct.std() / np.sqrt(400) == pytest.approx(np.std(anew), rel=0.1)
    assert found.expected.std() / np.sqrt(400) < 0.7 * np.std(anew)


def test_nobody_is_predicted_from_their_own_rounds():
    people = np.random.default_rng(4).integers(0, 40, 600)
    rounds = logged(person=people)
    target = Target(np.full((1, 4), 0.25), np.zeros(600, dtype=np.int64))
    before = predicted(rounds, target)
    reward = np.where(people == 11, rounds.reward + 50.0, rounds.reward)
    changed = Rounds(rounds.action, reward, rounds.propensity, 4, rounds.position, people, rounds.context)

    after = predicted(changed, target)

    assert after.taken[people == 11] == pytest.approx(before.taken[people == 11])
    assert after.expected[people == 11] == pytest.approx(before.expected[people == 11])
    assert np.abs(after.taken - before.taken).max() > 0.1


def test_context_times_features_learns_what_suits_whom():
    # Each person likes the one topic that their context names; the target gives everybody their own.
    random = np.random.default_rng(5)
    likes, action = random.integers(0, 2, 4000), random.integers(0, 4, 4000)
    topic = np.array([0, 0, 1, 1])
    reward = (random.random(4000) < np.where(topic[action] == likes, 0.6, 0.2)).astype(float)
    context, features = np.eye(2)[likes], np.eye(2)[topic]
    rounds = Rounds(action, reward, np.full(4000, 0.25), 4, context=context)
    target = Target(features.T / 2, likes)

    plain = evaluated(rounds, target, demands=Demands(resamples=50))
    suited = evaluated(rounds, target, action_features=features, demands=Demands(resamples=50))

    assert plain.values["dm"].value == pytest.approx(0.4, abs=0.03)
    assert suited.values["dm"].value == pytest.approx(0.6, abs=0.03)
    assert suited.values["dr"].value == pytest.approx(0.6, abs=0.03)
    assert suited.values["dr"].reach < plain.values["dr"].reach


def test_the_blocks_in_which_a_design_is_cut_do_not_show(monkeypatch):
    rounds, target = logged(), Target(np.full((1, 4), 0.25), np.zeros(600, dtype=np.int64))
    whole = predicted(rounds, target)
    monkeypatch.setattr(reward_model, "BLOCK_CELLS", 90)

    parts = predicted(rounds, target)

    assert parts.taken == pytest.approx(whole.taken)
    assert parts.direct == pytest.approx(whole.direct)
