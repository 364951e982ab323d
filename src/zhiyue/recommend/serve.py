"""The one way from profiles to lists: home page, similar courses, evaluation and batch all come through
`rank`."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine import ranking
from zhiyue.engine.kinds import Floats, Ints, Matrix, Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import second_look
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.policies import VARIETY
from zhiyue.recommend.second_look import Best

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

    def followed_by(self, other: "Ranked", places: int) -> "Ranked":
        """The first `places` of these lists, then those of `other`, whose scores are held below them."""
        lowest = self.scores[:, :places].min(axis=1, keepdims=True, initial=np.inf)
        return Ranked(
            np.concatenate([self.items[:, :places], other.items], axis=1),
            np.concatenate([self.scores[:, :places], np.minimum(other.scores, lowest)], axis=1),
            np.concatenate([self.reasons[:, :places], other.reasons], axis=1),
        )


NO_PLACES = Ranked(
    np.zeros((1, 0), dtype=np.int64), np.zeros((1, 0), dtype=np.float32), np.zeros((1, 0), dtype=np.int64)
)
"""The list of one person before anything stands in it."""


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
    if groups is None and not explain:
        best = _best(pipeline, profiles, exclude, k)
        return Ranked(best.items, best.scores, np.full_like(best.items, NOTHING))
    several = max(FEWEST_CANDIDATES, CANDIDATES_PER_PLACE * k) if groups is not None else k
    best = _best(pipeline, profiles, exclude, several)
    lists = [
        _one(pipeline, groups, profiles.block(row, row + 1), best.listed(row), k)
        for row in range(len(best.items))
    ]
    items, marks, reasons = (np.stack(part) for part in zip(*lists, strict=True))
    return Ranked(items, marks, reasons)


def _best(pipeline: Pipeline, profiles: Profiles, exclude: Matrix, k: int) -> Best:
    """The k best of each person."""
    if pipeline.ranker is None:
        scores = ranking.completed(pipeline.model.scores(profiles), pipeline.popular.score)
        items, values = ranking.top_k(ranking.without(scores, exclude), k)
        return Best(items, values, values)
    seen = second_look.seen(pipeline, profiles, exclude, max(k, second_look.CANDIDATES))
    return second_look.in_order(seen, pipeline.ranker[1], pipeline.popular, profiles).first(k)


def _one(
    pipeline: Pipeline, groups: Ints | None, person: Profiles, best: Best, k: int
) -> tuple[Ints, Floats, Ints]:
    """One person's list: items, scores and reasons, each (k,)."""
    candidates, values, blend = best.items[0], best.scores[0], best.blend[0]
    profile = person.weights
    shares = pipeline.model.shares(person, candidates)
    # What an act gave to the model's score it gave to the same share of the ranker's.
    shares = shares * np.where(blend > 0, values / np.where(blend > 0, blend, 1.0), 1.0)[:, None]
    if groups is None:
        chosen = np.arange(min(k, len(candidates)))
        marks = values[chosen]
        because = ranking.speakers(shares, np.maximum(values, 0.0) - shares.sum(axis=1))[chosen]
    else:
        newest = np.flatnonzero(profile.indices == person.newest[0])
        column = int(newest[0]) if len(newest) else NOTHING
        popular = pipeline.popular.score[candidates]
        known = np.maximum(values, 0.0)
        chosen, marks, because = ranking.varied(
            known, shares, popular, groups[candidates], column, k, VARIETY
        )
        # Variety moves items up: give them the score of their place, so that sorting by score keeps the list.
        marks = np.maximum.accumulate(marks[::-1])[::-1]
    spoken = np.append(profile.indices, NOTHING)[because]
    items = np.full(k, NOTHING, dtype=np.int64)
    reasons = items.copy()
    scores = np.full(k, -np.inf, dtype=np.float32)
    end = len(chosen)
    items[:end], scores[:end], reasons[:end] = candidates[chosen], marks, spoken
    return items, scores, reasons


def scored(pipeline: Pipeline, profiles: Profiles, exclude: Matrix, wanted: Ints) -> Floats:
    """What `rank` orders by, for some items of each person: higher where it puts an item further up.

    exclude  as in `rank`; wanted  (people, n), NOTHING: no item
    returns  (people, n), -inf for no item
    """
    found = np.full(wanted.shape, -np.inf, dtype=np.float32)
    size = block_size(pipeline)
    for low in range(0, len(wanted), size):
        some, mine = wanted[low : low + size], profiles.block(low, low + size)
        full = ranking.completed(pipeline.model.scores(mine), pipeline.popular.score)
        if pipeline.ranker is not None:
            items = _best(pipeline, mine, exclude[low : low + size], second_look.CANDIDATES).items
            # The ranker's candidates stand above everything else, in its order.
            above = full.max(axis=1, keepdims=True) + 1.0 + np.arange(items.shape[1], 0, -1, dtype=np.float32)
            person, place = np.nonzero(items != NOTHING)
            full[person, items[person, place]] = above[person, place]
        cells = np.take_along_axis(full, np.maximum(some, 0), axis=1)
        found[low : low + size] = np.where(some == NOTHING, -np.inf, cells)
    return found


def excluding(rows: list[list[int]], items: int) -> Matrix:
    """An exclusion matrix from item codes for each person."""
    start = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.asarray([item for row in rows for item in row], dtype=np.int64)
    return csr_array((np.ones(len(columns), dtype=np.float32), columns, start), shape=(len(rows), items))
