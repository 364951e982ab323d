"""A fitted policy on people of whom something is hidden: their lists, and how good these are. For files (`offline`) and
for the academy (`comparing`) alike."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zhiyue.engine import beyond_accuracy
from zhiyue.engine import evaluate as measures
from zhiyue.engine.beyond_accuracy import Background
from zhiyue.engine.evaluate import LIST_LENGTH, Estimate, Measure
from zhiyue.engine.kinds import Acts, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import owned
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import serve
from zhiyue.recommend.coded import Asked, rows_of
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.folding import asked_with

# Hears how many people more have their list.
Step = Callable[[int], object]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """`lists` (people, LIST_LENGTH) are plain, best first; `sampled` is empty where nobody has negatives; `per_person`
    are the metrics of `measures` that are means over people, person by person."""

    lists: Ints
    measures: dict[str, Estimate]
    beyond_accuracy: dict[str, Measure]
    sampled: dict[str, Measure]
    per_person: dict[str, Floats]
    milliseconds_per_user: float


def measured(
    pipeline: Pipeline, acts: Acts, groups: Ints | None, asked: Asked, *, seed: int, step: Step
) -> Measured:
    """Lists for everybody asked about by what `acts` says of them, and their measures under full ranking.

    groups  topic of each item, as in `Background`
    """
    started = time.perf_counter()
    shaped, taken = asked_with(acts, pipeline.groups, asked.people), owned(acts)
    blocks = lists_of(pipeline, shaped, taken, asked.people, LIST_LENGTH, vary=False, step=step)
    lists = np.concatenate([items for items, _ in blocks])
    milliseconds = 1000.0 * (time.perf_counter() - started) / len(asked.people)
    background = Background(taken, asked.owned, groups)
    return Measured(
        lists,
        measures.measured(lists, asked.relevant, acts.items, seed=seed),
        beyond_accuracy.measured(lists, asked.relevant, background, seed=seed),
        _sampled(pipeline, shaped, asked),
        measures.per_person(lists, asked.relevant),
        milliseconds,
    )


def lists_of(
    pipeline: Pipeline, shaped: Profiles, taken: Matrix, people: Ints, k: int, *, vary: bool, step: Step
) -> Iterator[tuple[Ints, Floats]]:
    """Blocks of items and scores, (people of the block, k) each, for people by code in their order; NOTHING
    has an empty profile."""
    size = serve.block_size(pipeline)
    for low in range(0, len(people), size):
        part = people[low : low + size]
        ranked = serve.rank(pipeline, _of(shaped, part), rows_of(taken, part), k, vary=vary)
        step(len(part))
        yield ranked.items, ranked.scores


def _sampled(pipeline: Pipeline, shaped: Profiles, asked: Asked) -> dict[str, Measure]:
    """Hidden items among their sampled negatives."""
    if asked.sampled is None:
        return {}
    mine = _of(shaped, asked.people[asked.sampled.person])
    candidates = np.column_stack([asked.sampled.hidden, asked.sampled.negatives])
    scores = serve.scored(pipeline, mine, asked.owned[asked.sampled.person], candidates)
    return measures.sampled(asked.sampled.person, scores[:, 0], scores[:, 1:])


def _of(shaped: Profiles, people: Ints) -> Profiles:
    """Profiles of people by code; NOTHING has an empty one."""
    newest = np.where(people == NOTHING, NOTHING, np.append(shaped.newest, NOTHING)[people])
    return Profiles(rows_of(shaped.weights, people), newest)
