"""A learned second look at the candidates of a blend: what is told of each candidate, and the conditional logit that
weighs it. Which candidates there are is decided elsewhere; trees over the same columns are in `boosted`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import minimize

from zhiyue.engine.kinds import Arrays, Bools, Floats, Ints

# Added to a score before its logarithm is taken: what no part knows is not minus infinity.
FLOOR = 1e-3
# Of each voice: its logarithm, itself, the logarithm of its place among the candidates, and the first by the breadth of
# the person's profile.
PER_VOICE = 4
# The blend's logarithm; popularity, and by breadth; breadth; how popular the person's items are, and the difference.
COMMON = 6


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidates of several people, best first by the blend.

    blend  (people, c), what the blend gave, above 0
    voices  (parts, people, c), what each part gave, in [0, 1] with 1 for the person's best
    popular  (people, c), the damped popularity of each, in [0, 1]
    breadth  (people,), how many items the profile holds
    usual  (people,), the mean damped popularity of the profile's items
    """

    blend: Floats
    voices: Sequence[Floats]
    popular: Floats
    breadth: Floats
    usual: Floats

    def columns(self) -> Floats:
        """What a ranker sees, (people, c, PER_VOICE * parts + COMMON), float32."""
        people, places = self.blend.shape
        told = np.empty((people, places, PER_VOICE * len(self.voices) + COMMON), dtype=np.float32)
        breadth = (np.log1p(self.breadth) - 2.0)[:, None]
        for n, voice in enumerate(self.voices):
            mine = told[:, :, PER_VOICE * n :]
            mine[:, :, 0] = np.log(voice + FLOOR)
            mine[:, :, 1] = voice
            mine[:, :, 2] = np.log1p(_places(voice))
            mine[:, :, 3] = mine[:, :, 0] * breadth
        common = told[:, :, PER_VOICE * len(self.voices) :]
        common[:, :, 0] = np.log(self.blend + FLOOR)
        common[:, :, 1] = self.popular
        common[:, :, 2] = self.popular * breadth
        common[:, :, 3] = breadth
        common[:, :, 4] = self.usual[:, None]
        common[:, :, 5] = self.popular - self.usual[:, None]
        return told


class Ranker(Protocol):
    """A fitted second look."""

    def marks(self, columns: Floats) -> Floats:
        """How likely each candidate is the next one, in logarithms up to a constant a person: (people, c) of
        `Candidates.columns`, (people, c, columns). Raises ValueError if there are other columns than in the fit."""
        ...

    def to_arrays(self) -> Arrays: ...


@dataclass(frozen=True, slots=True)
class LogitConfig:
    """penalty: on the squared (standardised) weights, per person"""

    penalty: float = 1e-3

    def __post_init__(self) -> None:
        if self.penalty < 0:
            raise ValueError("the penalty must not be negative")


@dataclass(frozen=True, slots=True, eq=False)
class Logit:
    """weights  (columns,)"""

    weights: Floats

    def marks(self, columns: Floats) -> Floats:
        if columns.shape[2] != len(self.weights):
            raise ValueError(f"{columns.shape[2]} columns for a ranker of {len(self.weights)}")
        return np.asarray(columns @ self.weights.astype(np.float32))

    def to_arrays(self) -> Arrays:
        return {"weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Logit":
        return cls(arrays["weights"])


def fit(columns: Floats, taken: Ints, config: LogitConfig) -> Logit:
    """Conditional logit: the chance of a candidate is exp(weights . columns) over the sum of all the person's
    candidates; the weights maximise the mean logarithm of the chance of what was taken, less the penalty.

    columns  (people, c, columns); taken  (people,), the place of the item really taken among the candidates
    A column that is the same for all candidates of everybody gets no weight.
    Source: McFadden 1974, "Conditional logit analysis of qualitative choice behavior".
    """
    people, places, width = columns.shape
    if len(taken) != people:
        raise ValueError("one place taken for each person is needed")
    if people == 0:
        return Logit(np.zeros(width))
    # Only differences inside a person's candidates matter.
    told = (columns - columns.mean(axis=1, keepdims=True)).astype(np.float64).reshape(-1, width)
    scale = told.std(axis=0)
    told /= np.where(scale > 1e-9, scale, np.inf)
    real = told.reshape(people, places, width)[np.arange(people), taken].mean(axis=0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        chances = softmax((told @ weights).reshape(people, places))
        likely = np.log(np.maximum(chances[np.arange(people), taken], 1e-300)).mean()
        slope = chances.ravel() @ told / people - real
        penalised = config.penalty * float(weights @ weights)
        return penalised - float(likely), slope + 2 * config.penalty * weights

    found = minimize(
        loss, np.zeros(width), jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-8}
    )
    return Logit(found.x / np.where(scale > 1e-9, scale, np.inf))


def softmax(marks: Floats) -> Floats:
    """Chances of the candidates of each person (row)."""
    raised = np.exp(marks - marks.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def reranked(blend: Floats, marks: Floats, movable: Bools) -> tuple[Ints, Floats]:
    """Put the movable candidates of each row in the order of their marks, into the places that movable ones hold; the
    others stay where the blend put them.

    blend, marks, movable  (people, c), the rows best first by the blend
    returns  the old place of what now stands in each place, and scores that fall along each row: the chance of a
    movable one, that of the place before it for another; the blend's own where that is at most 0 or nothing may move.
    """
    order = np.argsort(-np.where(movable, marks, -np.inf), axis=1, kind="stable")
    places = np.argsort(~movable, axis=1, kind="stable")
    stands = np.empty_like(order)
    np.put_along_axis(stands, places, order, axis=1)
    lowest = np.where(movable.any(axis=1, keepdims=True), -np.inf, 0.0)
    chances = softmax(np.where(movable, marks, lowest))
    ordered = np.take_along_axis(np.where(movable, np.maximum(chances, 1e-30), np.nan), stands, axis=1)
    kept = np.take_along_axis(blend, stands, axis=1)
    filled = np.where(kept > 0, _between(ordered), np.nan)
    return stands, np.where(np.isnan(filled), kept, filled)


def _between(scores: Floats) -> Floats:
    """Scores with each gap filled from the place before it, the gap at the start from the first that is known."""
    columns = np.arange(scores.shape[1])
    known = ~np.isnan(scores)
    last = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    return np.take_along_axis(scores, np.where(last >= 0, last, first[:, None]), axis=1)


def _places(voice: Floats) -> Ints:
    """The place of each candidate by one voice, from 0; equals in the blend's order."""
    order = np.argsort(-voice, axis=1, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.broadcast_to(np.arange(voice.shape[1]), voice.shape), axis=1)
    return places
