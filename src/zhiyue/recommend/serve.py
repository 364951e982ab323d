"""The one way from profiles to lists: home page, similar courses, evaluation and batch all come through
`rank`."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine import ranking
from zhiyue.engine.kinds import Floats, Ints, Matrix, Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.policies import VARIETY

# Dense scores of so many cells are held at once.
CELLS_AT_ONCE = 8_000_000
# With variety a list of k is chosen among so many candidates.
CANDIDATES_PER_PLACE = 5
FEWEST_CANDIDATES = 60


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Lists of k, best first, NOTHING where a list ends early. Scores compare inside one list only; at or
    below 0 the item was taken from the popular list. `reasons`: the profile's item that spoke most for it,
    NOTHING: popularity."""

    items: Ints
    scores: Floats
    reasons: Ints


def rank(
    pipeline: Pipeline,
    profiles: Profiles,
    exclude: Matrix,
    k: int,
    *,
    vary: bool = True,
    explain: bool = False,
) -> Ranked:
    """The k best items for each profile, without those stored in its row of `exclude`.

    Where items have groups (topics) the list is varied as `policies.VARIETY` says, unless `vary` is off.
    Reasons are worked out where variety needs them or `explain` asks for them, else they are NOTHING.
    Raises ValueError if k is below 1.
    """
    people = profiles.weights.shape[0]
    size = block_size(pipeline)
    blocks = [
        _ranked(pipeline, profiles.block(low, low + size), exclude[low : low + size], k, vary, explain)
        for low in range(0, max(people, 1), size)
    ]
    return Ranked(
        np.concatenate([block.items for block in blocks]),
        np.concatenate([block.scores for block in blocks]),
        np.concatenate([block.reasons for block in blocks]),
    )


def block_size(pipeline: Pipeline) -> int:
    """How many people `rank` scores at once."""
    return max(1, CELLS_AT_ONCE // max(1, pipeline.model.items))


def _ranked(
    pipeline: Pipeline, profiles: Profiles, exclude: Matrix, k: int, vary: bool, explain: bool
) -> Ranked:
    groups = pipeline.groups if vary else None
    scores = pipeline.model.scores(profiles.weights)
    open_scores = ranking.without(ranking.completed(scores, pipeline.popular.score), exclude)
    if groups is None and not explain:
        items, values = ranking.top_k(open_scores, k)
        return Ranked(items, values, np.full_like(items, NOTHING))
    several = max(FEWEST_CANDIDATES, CANDIDATES_PER_PLACE * k) if groups is not None else k
    candidates, values = ranking.top_k(open_scores, several)
    lists = [
        _one(pipeline, groups, profiles.block(row, row + 1), candidates[row], values[row], k)
        for row in range(len(candidates))
    ]
    items, marks, reasons = (np.stack(part) for part in zip(*lists, strict=True))
    return Ranked(items, marks, reasons)


def _one(
    pipeline: Pipeline, groups: Ints | None, person: Profiles, candidates: Ints, values: Floats, k: int
) -> tuple[Ints, Floats, Ints]:
    """One person's list: items, scores and reasons, each (k,)."""
    listed = candidates != NOTHING
    candidates, values = candidates[listed], values[listed]
    reasons = _reasons(pipeline, person.weights, candidates, values)
    chosen = np.arange(min(k, len(candidates)))
    because = reasons[chosen]
    marks = values[chosen]
    if groups is not None:
        popular, newest = pipeline.popular.score[candidates], int(person.newest[0])
        chosen, because = ranking.varied(values, popular, groups[candidates], reasons, newest, k, VARIETY)
        fill = (because == NOTHING) & (reasons[chosen] != NOTHING)
        marks = np.where(fill, popular[chosen] - 1.0, values[chosen])
        # Variety moves items up: give them the score of their place, so that sorting by score keeps the list.
        marks = np.maximum.accumulate(marks[::-1])[::-1]
    items = np.full(k, NOTHING, dtype=np.int64)
    because_of = items.copy()
    scores = np.full(k, -np.inf, dtype=np.float32)
    end = len(chosen)
    items[:end], scores[:end], because_of[:end] = candidates[chosen], marks, because
    return items, scores, because_of


def _reasons(pipeline: Pipeline, profile: Matrix, items: Ints, values: Floats) -> Ints:
    """For each item the profile's item that gave most of its score; NOTHING where popularity gave more."""
    if profile.nnz == 0 or len(items) == 0:
        return np.full(len(items), NOTHING, dtype=np.int64)
    shares = pipeline.model.shares(profile, items)
    most = shares.max(axis=1)
    rest = np.maximum(values, 0.0) - shares.sum(axis=1)
    speaker = profile.indices[shares.argmax(axis=1)].astype(np.int64)
    return np.where((most > 0) & (most >= rest), speaker, NOTHING)


def excluding(rows: list[list[int]], items: int) -> Matrix:
    """An exclusion matrix from item codes for each person."""
    start = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.asarray([item for row in rows for item in row], dtype=np.int64)
    return csr_array((np.ones(len(columns), dtype=np.float32), columns, start), shape=(len(rows), items))
