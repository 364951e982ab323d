"""The ranker's part of a policy: which candidates it sees, how what it is told of them is worked out, and how it learns
from what people of this academy took next. The arithmetic is in `engine.ranker`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zhiyue.engine import evaluate, ranker, ranking
from zhiyue.engine.kinds import Acts, Bools, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import owned
from zhiyue.engine.ranker import Candidates, Ranker
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.popular import Popular, damped
from zhiyue.recommend.folding import asked_with
from zhiyue.recommend.policies import RankerName
from zhiyue.recommend.rankers import RANKERS

# So many of a blend's best are looked at a second time.
CANDIDATES = 100
# Fewer people who took several courses say too little of what comes next.
FEWEST_PEOPLE = 300
# On mooccube_mini (2,000 people) five turns gain 0.003 of recall@20 over one.
MOST_TURNS = 5
ENOUGH_LESSONS = 10_000
CELLS_AT_ONCE = 8_000_000


class Blended(Protocol):
    """What a pipeline has that a ranker looks at."""

    @property
    def blend(self) -> Hybrid: ...

    @property
    def popular(self) -> Popular: ...

    @property
    def groups(self) -> Ints | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What each item scores for each person, 0 where nothing is known of it; `made`: of 1 that the model gave, (people,
    items) each; `peaks`: the highest that each part of a blend scored, (people, parts), None: the model is no blend."""

    scores: Floats
    made: Floats
    peaks: Floats | None


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


def seen(pipeline: Blended, people: Profiles, exclude: Matrix, places: int) -> tuple[Seen, Floats, Floats]:
    """The `places` best of the blend for each person, without those stored in their row of `exclude`; what the blend
    scores everything, (people, items); and the highest that each part scored, (people, parts)."""
    voices, peaks = pipeline.blend.voices(people)
    blend = pipeline.blend.blended(voices)
    scores = ranking.completed(blend, pipeline.popular.score)
    items, best = ranking.top_k(ranking.without(scores, exclude), places)
    at = np.maximum(items, 0)
    found = Seen(items, best, np.stack([np.take_along_axis(voice, at, axis=1) for voice in voices]))
    return found, blend, peaks


def scores(pipeline: Blended, look: Ranker, people: Profiles, exclude: Matrix) -> Scored:
    """What each item scores after the second look: its chance among the candidates, and below the last of them the
    blend's order. Items of which the blend knows nothing keep 0, and who did nothing keeps the blend's scores.
    """
    found, blend, peaks = seen(pipeline, people, exclude, min(CANDIDATES, pipeline.blend.items))
    movable = found.movable(pipeline.popular, people)
    stands, chances = ranker.reranked(
        found.blend, look.marks(found.columns(pipeline.popular, people)), movable
    )
    known = np.take_along_axis(found.blend, stands, axis=1) > 0
    # The last candidate that the blend knows has the lowest chance; what it left out goes below that in its own order.
    last = np.maximum(known.sum(axis=1) - 1, 0)[:, None]
    lowest = np.take_along_axis(chances, last, axis=1)
    border = np.where(known, found.blend, np.inf).min(axis=1, keepdims=True)
    moved = movable.any(axis=1, keepdims=True)
    under = np.where(moved, lowest / np.where(np.isfinite(border), border, 1.0), 1.0)
    ranked = (blend * under).astype(np.float32)
    person, place = np.nonzero(known & moved)
    ranked[person, np.take_along_axis(found.items, stands, axis=1)[person, place]] = chances[person, place]
    return Scored(ranked, np.asarray(ranked / np.where(blend > 0, blend, 1.0)), peaks)


def learnt(name: RankerName, acts: Acts, fitted: Callable[[Acts], Blended]) -> Ranker:
    """Hide one item of people who took several (the newest, or any where no order is known: few people then do so
    several times), fit the blend to the rest, and learn which of its candidates the hidden one was. Whose times don't
    tell which was the newest neither teaches nor checks. Two thirds of the people teach and one third checks: a ranker
    that finds the hidden no better than the blend does is thrown away, any other learns once more from all.

    Raises NotBetter, and what the ranker's own fit raises.
    """
    wanted = RANKERS[name]
    people, untold = _pupils(acts, wanted.most_people)
    if len(people) < FEWEST_PEOPLE:
        others = f"; of {untold:,} more the times don't tell which course was the newest" if untold else ""
        raise NotBetter(
            f"a ranker learns from {FEWEST_PEOPLE} people with several courses, there are {len(people)}{others}"
        )
    lessons = [
        _lessons(fitted(kept), kept, people, hidden.indices.astype(np.int64))
        for kept, hidden in _hidings(acts, people)
    ]
    columns, taken, whose = (np.concatenate(told) for told in zip(*lessons, strict=True))
    if not len(taken):
        raise NotBetter("nothing that people took next was among the candidates of the blend")
    teaching = whose % 3 != 0
    candidate = wanted.fit(columns[teaching], taken[teaching])
    checked = columns[~teaching]
    if _gain(candidate.marks(checked), taken[~teaching]) <= 0:
        raise NotBetter("the ranker found what people took next no better than the blend")
    return wanted.fit(columns, taken)


def _pupils(acts: Acts, most: int) -> tuple[Ints, int]:
    """People of whom something can be hidden, and how many others took several courses, too."""
    if acts.order is None:
        return evaluate.with_several(acts, most), 0
    return evaluate.with_newest(acts, most)


def _hidings(acts: Acts, people: Ints) -> Iterator[tuple[Acts, Matrix]]:
    """What is left, and hidden: each one's newest; where no order is known any, of few people again and again."""
    if acts.order is not None:
        yield evaluate.hide_newest(acts, people)
        return
    for turn in range(max(1, min(MOST_TURNS, ENOUGH_LESSONS // len(people)))):
        yield evaluate.hide_any(acts, people, seed=turn)


def _lessons(pipeline: Blended, kept: Acts, people: Ints, hidden: Ints) -> tuple[Floats, Ints, Ints]:
    """Columns, the place of what was taken in the blend's order, and whose lesson it is (a place in `people`), of those
    whose hidden item is among the candidates and may be moved."""
    shaped, taken = asked_with(kept, pipeline.groups, people), owned(kept)
    places = min(CANDIDATES, kept.items)
    size = max(1, CELLS_AT_ONCE // max(1, kept.items))
    told: list[Floats] = []
    places_taken: list[Ints] = []
    whose: list[Ints] = []
    for low in range(0, len(people), size):
        some = people[low : low + size]
        mine = Profiles(shaped.weights[some], shaped.newest[some])
        found, _, _ = seen(pipeline, mine, taken[some], places)
        match = (found.items == hidden[low : low + size, None]) & found.movable(pipeline.popular, mine)
        teaches = match.any(axis=1)
        told.append(found.columns(pipeline.popular, mine)[teaches])
        places_taken.append(match.argmax(axis=1)[teaches])
        whose.append(low + np.flatnonzero(teaches))
    return np.concatenate(told), np.concatenate(places_taken).astype(np.int64), np.concatenate(whose)


def _gain(marks: Floats, place: Ints) -> float:
    """How much NDCG@10 the marks gain over the blend's own order, mean over people."""
    mine = np.take_along_axis(marks, place[:, None], axis=1)
    found = (marks > mine).sum(axis=1)
    return float((_ndcg(found) - _ndcg(place)).mean()) if len(place) else 0.0


def _ndcg(place: Ints) -> Floats:
    return np.where(place < 10, 1.0 / np.log2(place + 2.0), 0.0)
