"""The ranker's part of a policy: which candidates it sees, how what it is told of them is worked out, and how it learns
from what people of this academy took next. The arithmetic is in `engine.ranker`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zhiyue.engine import evaluate, ranker, ranking
from zhiyue.engine.kinds import Acts, Bools, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.engine.ranker import Candidates, Ranker
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.popular import Popular, damped
from zhiyue.recommend.policies import PROFILE, RankerName
from zhiyue.recommend.rankers import RANKERS

# So many of a blend's best are looked at a second time.
CANDIDATES = 100
# Fewer people who took several courses say too little of what comes next.
FEWEST_PEOPLE = 300
CELLS_AT_ONCE = 8_000_000


class Blended(Protocol):
    """What a pipeline has that a ranker looks at."""

    @property
    def blend(self) -> Hybrid: ...

    @property
    def popular(self) -> Popular: ...


class NotBetter(ValueError):
    """A ranker that can't be learnt, or that found no better order than the blend's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The blend's best of each person, best first: items (NOTHING at the end of a short list), blended scores, and what
    each part gave, (parts, people, c)."""

    items: Ints
    blend: Floats
    voices: Floats

    def columns(self, popular: Popular, people: Profiles) -> Floats:
        """What the ranker is told, (people, c, columns)."""
        score = damped(popular.score)
        mine = people.weights
        breadth = np.diff(mine.indptr).astype(np.float32)
        usual = np.zeros(len(breadth), dtype=np.float32)
        np.add.at(usual, np.repeat(np.arange(len(breadth)), np.diff(mine.indptr)), score[mine.indices])
        popularity = np.where(self.items == NOTHING, 0.0, score[np.maximum(self.items, 0)])
        told = Candidates(
            np.maximum(self.blend, 0.0),
            list(self.voices),
            popularity,
            breadth,
            usual / np.maximum(breadth, 1.0),
        )
        return told.columns()

    def movable(self, popular: Popular, people: Profiles) -> Bools:
        """Which the ranker may move. A course that nobody took yet keeps the place that its text gave it: the ranker
        learnt from what people took. Nor does it know anything of a person without acts."""
        taken = popular.score[np.maximum(self.items, 0)] > 0
        acted = np.diff(people.weights.indptr) > 0
        known = (self.items != NOTHING) & (self.blend > 0)
        return np.asarray(known & taken & acted[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """Candidates of each person, best first: items (NOTHING at the end of a short list), what they are ordered by, and
    what the blend scored them, each (people, c)."""

    items: Ints
    scores: Floats
    blend: Floats

    def first(self, k: int) -> "Best":
        """The k best."""
        return Best(self.items[:, :k], self.scores[:, :k], self.blend[:, :k])

    def listed(self, row: int) -> "Best":
        """One person's, (1, c), without the end of a short list."""
        there = self.items[row] != NOTHING
        return Best(*(part[row][there][None, :] for part in (self.items, self.scores, self.blend)))


def seen(pipeline: Blended, people: Profiles, exclude: Matrix, places: int) -> Seen:
    """The `places` best of the blend for each person, without those stored in their row of `exclude`."""
    voices = pipeline.blend.voices(people)
    scores = ranking.completed(pipeline.blend.blended(voices), pipeline.popular.score)
    items, blend = ranking.top_k(ranking.without(scores, exclude), places)
    at = np.maximum(items, 0)
    return Seen(items, blend, np.stack([np.take_along_axis(voice, at, axis=1) for voice in voices]))


def in_order(found: Seen, look: Ranker, popular: Popular, people: Profiles) -> Best:
    """The candidates as the ranker puts them; the scores fall along each row."""
    marks = look.marks(found.columns(popular, people))
    stands, scores = ranker.reranked(found.blend, marks, found.movable(popular, people))
    items = np.take_along_axis(found.items, stands, axis=1)
    return Best(items, scores.astype(np.float32), np.take_along_axis(found.blend, stands, axis=1))


def learnt(name: RankerName, acts: Acts, fitted: Callable[[Acts], Blended]) -> Ranker:
    """Hide one item of people who took several (the newest, or any where no order is known), fit the blend to the rest,
    and learn which of its candidates the hidden one was. Two thirds of the people teach and one third checks: a ranker
    that finds the hidden no better than the blend does is thrown away, any other learns once more from all.

    Raises NotBetter, and what the ranker's own fit raises.
    """
    wanted = RANKERS[name]
    people = evaluate.with_several(acts, wanted.most_people)
    if len(people) < FEWEST_PEOPLE:
        raise NotBetter(
            f"a ranker learns from {FEWEST_PEOPLE} people with several courses, there are {len(people)}"
        )
    hide = evaluate.hide_any if acts.order is None else evaluate.hide_newest
    kept, hidden = hide(acts, people)
    pipeline = fitted(kept)
    columns, taken = _lessons(pipeline, kept, people, hidden.indices.astype(np.int64))
    teaching = np.arange(len(taken)) % 3 != 0
    candidate = wanted.fit(columns[teaching], taken[teaching])
    checked = columns[~teaching]
    if _gain(candidate.marks(checked), taken[~teaching]) <= 0:
        raise NotBetter("the ranker found what people took next no better than the blend")
    return wanted.fit(columns, taken)


def _lessons(pipeline: Blended, kept: Acts, people: Ints, hidden: Ints) -> tuple[Floats, Ints]:
    """Columns, and the place of what was taken in the blend's order, of the people whose hidden item is among the
    candidates and may be moved."""
    shaped, taken = profiles(kept, PROFILE), owned(kept)
    places = min(CANDIDATES, kept.items)
    size = max(1, CELLS_AT_ONCE // max(1, kept.items))
    told: list[Floats] = []
    places_taken: list[Ints] = []
    for low in range(0, len(people), size):
        some = people[low : low + size]
        mine = Profiles(shaped.weights[some], shaped.newest[some])
        found = seen(pipeline, mine, taken[some], places)
        match = (found.items == hidden[low : low + size, None]) & found.movable(pipeline.popular, mine)
        teaches = match.any(axis=1)
        told.append(found.columns(pipeline.popular, mine)[teaches])
        places_taken.append(match.argmax(axis=1)[teaches])
    return np.concatenate(told), np.concatenate(places_taken).astype(np.int64)


def _gain(marks: Floats, place: Ints) -> float:
    """How much NDCG@10 the marks gain over the blend's own order, mean over people."""
    mine = np.take_along_axis(marks, place[:, None], axis=1)
    found = (marks > mine).sum(axis=1)
    return float((_ndcg(found) - _ndcg(place)).mean()) if len(place) else 0.0


def _ndcg(place: Ints) -> Floats:
    return np.where(place < 10, 1.0 / np.log2(place + 2.0), 0.0)
