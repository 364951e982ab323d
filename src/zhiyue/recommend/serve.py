"""The one way from profiles to lists: home page, similar courses, evaluation and batch all come through
`rank`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine import ranking
from zhiyue.engine.kinds import Bools, Floats, Ints, Matrix, Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.recommend import reranking, second_look
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.reranking import Line, Person, Row
from zhiyue.recommend.second_look import Scored

Stage = Literal["model", "own", "rules", "level", "novelty"]
# Dense scores of so many cells are held at once.
CELLS_AT_ONCE = 8_000_000
# With variety a list of k is chosen among so many candidates.
CANDIDATES_PER_PLACE = 5
FEWEST_CANDIDATES = 60


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Lists of k, best first, NOTHING where a list ends early, (people, k) each. Scores compare inside one list only;
    at or below 0 the item was taken from the popular list. `reasons`: the profile's item that spoke most for it,
    NOTHING: popularity. `instead_of`: the item in whose place it stands for being better taken first, NOTHING: it
    stands for itself. `drawn`: by lot, with the chance in `chances`; the others leave nothing to it."""

    items: Ints
    scores: Floats
    reasons: Ints
    instead_of: Ints
    chances: Floats
    drawn: Bools

    def followed_by(self, other: "Ranked", places: int) -> "Ranked":
        """The first `places` of these lists, then those of `other`, whose scores are held below them."""
        lowest = self.scores[:, :places].min(axis=1, keepdims=True, initial=np.inf)
        head = Ranked(*(getattr(self, column)[:, :places] for column in COLUMNS))
        return _together([head, replace(other, scores=np.minimum(other.scores, lowest))], axis=1)


COLUMNS = tuple(column.name for column in fields(Ranked))


def _together(parts: Sequence[Ranked], *, axis: int) -> Ranked:
    return Ranked(
        *(np.concatenate([getattr(part, column) for part in parts], axis=axis) for column in COLUMNS)
    )


NO_PLACES = Ranked(
    *(
        np.zeros((1, 0), dtype=kind)
        for kind in (np.int64, np.float32, np.int64, np.int64, np.float64, np.bool_)
    )
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
    people: Sequence[Person] = (),
) -> Ranked:
    """The k best items for each profile, without those stored in its row of `exclude`.

    Lists are re-ranked as `policies.RERANKING` says and traits of items (topics, teachers …) are known, unless `vary`
    is off. `people`: what is known of each one besides; none: of nobody. Reasons are worked out where re-ranking needs
    them or `explain` asks for them, else they are NOTHING.
    Raises ValueError if k is below 1.
    """
    count = profiles.weights.shape[0]
    whose = people or [Person()] * count
    size = block_size(pipeline)
    blocks = [
        _ranked(
            pipeline,
            profiles.block(low, low + size),
            exclude if count <= size else exclude[low : low + size],
            k,
            vary,
            explain,
            whose[low : low + size],
        )
        for low in range(0, max(count, 1), size)
    ]
    return _together(blocks, axis=0)


def block_size(pipeline: Pipeline) -> int:
    """How many people `rank` scores at once."""
    return max(1, CELLS_AT_ONCE // max(1, pipeline.model.items))


def _ranked(
    pipeline: Pipeline,
    profiles: Profiles,
    exclude: Matrix,
    k: int,
    vary: bool,
    explain: bool,
    people: Sequence[Person],
) -> Ranked:
    traits = pipeline.traits if vary else None
    found = _scores(pipeline, profiles, exclude)
    of_scores, of_popular = reranking.factors(pipeline, profiles, people, vary=vary)
    popular = np.minimum(pipeline.popular.score * of_popular, 1.0)
    full = ranking.completed(found.scores * of_scores, popular)
    open_scores = ranking.without(full, exclude)
    if traits is None and not explain:
        return _plain(*ranking.top_k(open_scores, k))
    several = max(FEWEST_CANDIDATES, CANDIDATES_PER_PLACE * k) if traits is not None else k
    candidates, _ = ranking.top_k(open_scores, several)
    lists: list[list[Line]] = []
    for row, person in enumerate(people):
        profile = profiles.block(row, row + 1)
        mine = candidates[row][candidates[row] != NOTHING]
        peaks = None if found.peaks is None else found.peaks[row]
        of_row = Row(full[row], open_scores[row], popular[row], of_scores[row] * found.made[row], peaks)
        lists.append(
            reranking.plain(pipeline, profile, of_row, mine)
            if traits is None
            else reranking.varied(pipeline, traits, profile, of_row, mine, k, person)
        )
    return _written(lists, k)


def _scores(pipeline: Pipeline, profiles: Profiles, exclude: Matrix) -> Scored:
    if pipeline.ranker is not None:
        return second_look.scores(pipeline, pipeline.ranker[1], profiles, exclude)
    peaks = None
    if isinstance(pipeline.model, Hybrid):
        voices, peaks = pipeline.model.voices(profiles)
        scores = pipeline.model.blended(voices)
    else:
        scores = pipeline.model.scores(profiles)
    return Scored(scores, np.broadcast_to(np.float32(1.0), scores.shape), peaks)


def _plain(items: Ints, scores: Floats) -> Ranked:
    nothing = np.full_like(items, NOTHING)
    return Ranked(
        items, scores, nothing, nothing, np.ones(items.shape), np.zeros(items.shape, dtype=np.bool_)
    )


def _written(lists: Sequence[Sequence[Line]], k: int) -> Ranked:
    """Lists as arrays. Who was moved up gets the score of its place, so that sorting by score keeps the list."""
    found = _plain(
        np.full((len(lists), k), NOTHING, dtype=np.int64), np.full((len(lists), k), -np.inf, dtype=np.float32)
    )
    reasons, instead_of = np.full_like(found.items, NOTHING), np.full_like(found.items, NOTHING)
    for row, lines in enumerate(lists):
        end = len(lines)
        found.items[row, :end] = [line.item for line in lines]
        scores = np.asarray([line.score for line in lines])
        found.scores[row, :end] = np.maximum.accumulate(scores[::-1])[::-1]
        reasons[row, :end] = [line.reason for line in lines]
        instead_of[row, :end] = [line.instead_of for line in lines]
        found.chances[row, :end] = [1.0 if line.chance is None else line.chance for line in lines]
        found.drawn[row, :end] = [line.chance is not None for line in lines]
    return Ranked(found.items, found.scores, reasons, instead_of, found.chances, found.drawn)


def scored(pipeline: Pipeline, profiles: Profiles, exclude: Matrix, wanted: Ints) -> Floats:
    """What plain lists are ordered by, for some items of each person.

    exclude  as in `rank`; wanted  (people, n), NOTHING: no item
    returns  (people, n), -inf for no item
    """
    found = np.full(wanted.shape, -np.inf, dtype=np.float32)
    size = block_size(pipeline)
    for low in range(0, len(wanted), size):
        some, mine = wanted[low : low + size], profiles.block(low, low + size)
        scores = _scores(pipeline, mine, exclude[low : low + size]).scores
        full = ranking.completed(scores, pipeline.popular.score)
        cells = np.take_along_axis(full, np.maximum(some, 0), axis=1)
        found[low : low + size] = np.where(some == NOTHING, -np.inf, cells)
    return found


def stages(
    pipeline: Pipeline, profile: Profiles, exclude: Matrix, person: Person, *, vary: bool
) -> Iterator[tuple[Stage, Floats]]:
    """What all items score for one person, (items,) each: by the model, with the popular list below it, and then after
    each step that multiplies scores, those before it included. `rank` takes these steps at once."""
    found = _scores(pipeline, profile, exclude)
    yield "model", found.scores[0]
    nothing = np.ones_like(found.scores)
    levelled = replace(pipeline, novelty=None)
    steps: list[tuple[Stage, tuple[Floats, Floats]]] = [
        ("own", (nothing, nothing)),
        ("rules", reranking.factors(pipeline, profile, [person], vary=False)),
        ("level", reranking.factors(levelled, profile, [person], vary=vary)),
        ("novelty", reranking.factors(pipeline, profile, [person], vary=vary)),
    ]
    for stage, (of_scores, of_popular) in steps:
        popular = np.minimum(pipeline.popular.score * of_popular, 1.0)
        yield stage, ranking.completed(found.scores * of_scores, popular)[0]


def excluding(rows: list[list[int]], items: int) -> Matrix:
    """An exclusion matrix from item codes for each person."""
    start = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.asarray([item for row in rows for item in row], dtype=np.int64)
    return csr_array((np.ones(len(columns), dtype=np.float32), columns, start), shape=(len(rows), items))
