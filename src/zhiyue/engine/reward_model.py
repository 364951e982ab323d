"""What reward an action would have brought: ridge regression on action, position and context. Small sums only: the
design is made block by block."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhiyue.engine.evaluate import BLOCK_CELLS
from zhiyue.engine.kinds import Floats
from zhiyue.engine.logged import Rounds, Target

FOLDS = 5
# The most rounds that are looked at together.
BLOCK_ROWS = 1 << 15
# An action seen in n rounds keeps n / (n + penalty) of what sets it apart; which one is decided by held-out error.
PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What a model says of each round of a block.

    taken  (rounds,): the expected reward of the action that was taken, by a model that hasn't seen the round
    expected  (rounds,): of an action of the target policy, by the same model
    direct  (rounds,): the same by the model of all rounds, and how far the round itself moved that model; the mean is
    the direct method's value, and the spread holds the model's own doubt
    """

    taken: Floats
    expected: Floats
    direct: Floats


def given(rounds: Rounds, target: Target, model: Floats) -> Iterator[tuple[slice, Predicted]]:
    """The predictions of a model from elsewhere, block by block.

    model  (rounds, actions): expected reward of every action. Raises ValueError if it doesn't fit the rounds.
    """
    if model.shape != (len(rounds), rounds.actions) or not np.isfinite(model).all():
        raise ValueError(
            f"the model's rewards are {model.shape}: give finite ones as {(len(rounds), rounds.actions)}, "
            "a row per round and a column per action"
        )
    row = target.rows(rounds)
    for rows in _blocks(len(rounds), rounds.actions):
        part = model[rows]
        expected = np.einsum("ra,ra->r", target.chances[row[rows]], part)
        yield rows, Predicted(part[np.arange(len(part)), rounds.action[rows]], expected, expected)


def fitted(
    rounds: Rounds, target: Target, action_features: Floats | None, *, seed: int
) -> Iterator[tuple[slice, Predicted]]:
    """Ridge regression of the reward, cross-fitted in FOLDS folds of people (of rounds where no person is known); its
    predictions block by block, so that what is held doesn't grow with the log.

    action_features  (actions, features): what is known of actions; multiplied with the context, so that the model
    learns which context suits which action (None: actions differ by a constant)
    The columns: 1, the action, the position, the context (standardised), and context x action features. All but the
    first are penalised; the penalty is the one of PENALTIES with the least squared error on held-out folds, found anew
    for each fit from its own rounds.
    The direct method's value is linear in the fit, m . b with b = (X'X + D)^-1 X'r, so a round moves it by
    m . (X'X + D)^-1 x (r - x . b): that is what `direct` holds beside the expectation.
    Sources: Hoerl and Kennard 1970 (ridge); Chernozhukov et al. 2018 (cross-fitting).
    """
    design = _Design(rounds, target, action_features)
    fold = _folds(rounds, seed)
    moments = _moments(design, rounds.reward, fold)
    parts = np.stack([_fit(moments, [g for g in range(FOLDS) if g != f])[0] for f in range(FOLDS)])
    whole, gram = _fit(moments, list(range(FOLDS)))
    middle = sum(wanted.sum(axis=0) for _, _, wanted in design.blocks()) / len(rounds)
    lever = np.linalg.solve(gram, middle)
    # What rounds move it by adds up to next to nothing; the penalty leaves a rest.
    rest = float(lever @ (moments[1].sum(axis=0) - moments[0].sum(axis=0) @ whole))
    for rows, logged, wanted in design.blocks():
        pull = (logged @ lever) * (rounds.reward[rows] - logged @ whole) * len(rounds)
        of_fold = parts[fold[rows]]
        yield (
            rows,
            Predicted(
                taken=np.einsum("rd,rd->r", logged, of_fold),
                expected=np.einsum("rd,rd->r", wanted, of_fold),
                direct=wanted @ whole + pull - rest,
            ),
        )


def _folds(rounds: Rounds, seed: int) -> NDArray[np.int8]:
    """Which fold each round is in."""
    random = np.random.default_rng(seed)
    if rounds.person is None:
        return (random.permutation(len(rounds)) % FOLDS).astype(np.int8)
    unit = np.unique(rounds.person, return_inverse=True)[1]
    return (random.permutation(int(unit.max()) + 1) % FOLDS).astype(np.int8)[unit]


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    size = max(1, min(BLOCK_ROWS, BLOCK_CELLS // columns))
    for low in range(0, rows, size):
        yield slice(low, low + size)


class _Design:
    """The columns of the regression, for the logged actions and for those of the target, block by block."""

    def __init__(self, rounds: Rounds, target: Target, action_features: Floats | None) -> None:
        if action_features is not None and (
            action_features.ndim != 2
            or len(action_features) != rounds.actions
            or not np.isfinite(action_features).all()
        ):
            raise ValueError(f"action_features must be finite and have {rounds.actions} rows, one per action")
        self.rounds, self.chances, self.row = rounds, target.chances, target.rows(rounds)
        self.about = np.zeros((rounds.actions, 0)) if action_features is None else action_features
        # A column by itself: its spread is reckoned on copies.
        known = [] if rounds.context is None else list(rounds.context.T)
        self.middle = np.asarray([column.mean() for column in known])
        spread = np.asarray([column.std() for column in known])
        self.spread = np.where(spread > 0, spread, 1.0)
        every = None if rounds.position is None else np.unique(rounds.position, return_inverse=True)[1]
        self.places, self.count = every, 1 if every is None else int(every.max()) + 1
        self.columns = 1 + rounds.actions + self.count + len(known) * (1 + self.about.shape[1])

    def blocks(self) -> Iterator[tuple[slice, Floats, Floats]]:
        every = np.eye(self.rounds.actions)
        for rows in _blocks(len(self.rounds), self.columns):
            yield (
                rows,
                self._of(rows, every[self.rounds.action[rows]]),
                self._of(rows, self.chances[self.row[rows]]),
            )

    def _of(self, rows: slice, chances: Floats) -> Floats:
        known = self.rounds.context
        context = np.zeros((len(chances), 0)) if known is None else (known[rows] - self.middle) / self.spread
        suits = np.einsum("rc,rf->rcf", context, chances @ self.about).reshape(len(context), -1)
        place = np.ones((len(chances), 1)) if self.places is None else np.eye(self.count)[self.places[rows]]
        return np.hstack([np.ones((len(context), 1)), chances, place, context, suits])


def _moments(design: _Design, reward: Floats, fold: NDArray[np.int8]) -> tuple[Floats, Floats, Floats]:
    """X'X, X'r and r'r of each fold."""
    wide = design.columns
    grams, sides, squares = np.zeros((FOLDS, wide, wide)), np.zeros((FOLDS, wide)), np.zeros(FOLDS)
    for rows, logged, _ in design.blocks():
        for f in range(FOLDS):
            there = fold[rows] == f
            grams[f] += logged[there].T @ logged[there]
            sides[f] += reward[rows][there] @ logged[there]
            squares[f] += float(reward[rows][there] @ reward[rows][there])
    return grams, sides, squares


def _fit(moments: tuple[Floats, Floats, Floats], folds: list[int]) -> tuple[Floats, Floats]:
    """The fit on some folds, with the penalty that they find best among each other, and its penalised X'X."""
    grams, sides, squares = (part[folds] for part in moments)
    gram, side = grams.sum(axis=0), sides.sum(axis=0)

    def held_out(penalty: float) -> float:
        error = 0.0
        for left_gram, left_side, left_square in zip(grams, sides, squares, strict=True):
            fit = np.linalg.solve(_penalised(gram - left_gram, penalty), side - left_side)
            error += float(left_square - 2.0 * fit @ left_side + fit @ left_gram @ fit)
        return error

    penalised = _penalised(gram, min(PENALTIES, key=held_out))
    return np.asarray(np.linalg.solve(penalised, side)), penalised


def _penalised(gram: Floats, penalty: float) -> Floats:
    # Next to none on the constant: folds without any round must not make the sums singular.
    return gram + np.diag(np.concatenate([[1e-9], np.full(len(gram) - 1, penalty)]))
