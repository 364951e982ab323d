"""How a course came to its place: where the policy's own score would put it, and which steps of re-ranking moved it
from there. Worked out only for whoever asks why; serving hands on what a slate was made of, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from zhiyue.engine.kinds import Bools, Floats, Ints, Matrix, Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import serve
from zhiyue.recommend.memory import Held
from zhiyue.recommend.reranking import Person
from zhiyue.recommend.serve import Ranked, Stage

Step = Literal[
    "topic",
    "new",
    "met",
    "rules",
    "level",
    "novelty",
    "newest",
    "before",
    "drawn",
    "variety",
    "waited",
    "passed",
    "pinned",
]
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True)
class Move:
    """A step that moved a course, and the place it had after it.

    topic: the person chose its topic. new: some places of a beginner's list are for what is new. met: the person met it
    already, so it stands behind all else. rules: factors of the academy. level, novelty: how well it fits, how little
    known it is. newest: the first place answers the newest act. before: better taken before another. drawn: by lot
    among new courses. variety: others of its topic, teacher or act held it back, or others were held back before it.
    waited: it stands right behind what is better taken first, which may rise a few places only. passed: others were put
    before it. pinned: by the academy.
    """

    step: Step
    place: int


@dataclass(frozen=True, slots=True)
class Placing:
    """`score`: the policy's own, before any step; None where it has none, and the popular list gave it its place.
    `place`: by this score alone, among all that could be shown. `moves`: how it came from there, in order."""

    score: float | None
    place: int
    moves: tuple[Move, ...]

    @property
    def most(self) -> Move | None:
        """The step that brought it furthest towards where it stands, of two alike the later; None where it stands where
        its score puts it."""
        places = [self.place, *(move.place for move in self.moves)]
        way = places[-1] - places[0]
        ahead = [(after - before) * way for before, after in pairwise(places)]
        return self.moves[max(range(len(ahead)), key=lambda n: (ahead[n], n))] if way else None


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Some places of a list, from `first` (0: the first) on: of what isn't stored in `shut`. `is_narrow`: of some
    courses only, such as those of chosen topics."""

    shut: Matrix
    first: int
    is_narrow: bool


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a slate was made with and of, in codes of `held`.

    acts  how many it goes by
    vary  whether re-ranking takes part
    never  what may not be shown; late  what comes only where nothing else is left
    wished  ids of the courses of topics that the person chose
    """

    held: Held
    acts: int
    profile: Profiles
    person: Person
    vary: bool
    rounds: Sequence[Round]
    ranked: Ranked
    never: set[int]
    late: set[int]
    wished: set[int]


def placings(asked: Asked, positions: Mapping[int, int]) -> dict[int, Placing]:
    """How each course came to its place. `positions`: of the slate as it is shown, by code, from 1."""
    items = len(asked.held.course_ids)
    unmet = serve.excluding([sorted(asked.never | asked.late)], items)
    scores = dict(_stages(asked, unmet))
    model, own, alone = scores["model"], scores["own"], _open(unmet)
    found = {
        code: Placing(float(model[code]) if model[code] > 0 else None, _place(own, alone, code), ())
        for code in positions
    }
    for code, moves in _listed(asked, found):
        found[code] = replace(found[code], moves=tuple(moves))
    return {code: _shown(one, positions[code], _is_listed(asked, code)) for code, one in found.items()}


def _listed(asked: Asked, found: Mapping[int, Placing]) -> Iterator[tuple[int, list[Move]]]:
    """The moves of each course that re-ranking listed, pins aside."""
    codes = [code for code in asked.ranked.items[0].tolist() if code != NOTHING]
    ends = [one.first for one in asked.rounds[1:]] + [len(codes)]
    for one, end in zip(asked.rounds, ends, strict=True):
        may = _open(one.shut)
        stages = [(stage, row) for stage, row in _stages(asked, one.shut) if stage != "model"]
        ranks = {
            code: [one.first + _place(row, may, code) for _, row in stages] for code in codes[one.first : end]
        }
        ahead: list[tuple[int, bool]] = []
        for at in range(one.first, end):
            code = codes[at]
            if code not in found:
                continue
            moves = _Moves(found[code].place)
            for (stage, _), rank in zip(stages, ranks[code], strict=True):
                moves.to(rank, _of_round(asked, one, code) if stage == "own" else stage)
            step = _of_list(asked, at, one, ranks[code][-1], ahead)
            ahead.append((ranks[code][-1], step in ("newest", "before", "drawn")))
            moves.to(at + 1, step)
            yield code, moves.made


class _Moves:
    def __init__(self, place: int) -> None:
        self.place, self.made = place, list[Move]()

    def to(self, place: int, step: Step) -> None:
        if place != self.place:
            self.made.append(Move(step, place))
            self.place = place


def _of_round(asked: Asked, one: Round, code: int) -> Step:
    """Why somebody's list comes to a course in this round."""
    if one.is_narrow:
        return "topic" if int(asked.held.course_ids[code]) in asked.wished else "new"
    return "met" if code in asked.late else "passed"


def _of_list(asked: Asked, at: int, one: Round, rank: int, ahead: Sequence[tuple[int, bool]]) -> Step:
    """Which step of choosing the list brought a course from `rank` to its place. `ahead`: of those before it in the
    round what rank they came from, and whether they were put there."""
    ranked, newest = asked.ranked, int(asked.profile.newest[0])
    if ranked.drawn[0, at]:
        return "drawn"
    if ranked.instead_of[0, at] != NOTHING:
        return "before"
    if at == one.first and newest != NOTHING and ranked.reasons[0, at] == newest:
        return "newest"
    put_before = sum(was_put and came_from > rank for came_from, was_put in ahead)
    if 0 < at + 1 - rank <= put_before:
        return "passed"
    return "waited" if at + 1 > rank and _is_behind_what_it_needs(asked, at) else "variety"


def _is_behind_what_it_needs(asked: Asked, at: int) -> bool:
    traits, listed = asked.held.pipeline.traits, asked.ranked.items[0]
    if not asked.vary or traits is None or not at:
        return False
    return int(listed[at - 1]) in traits.needs.get(int(listed[at]), ())


def _shown(one: Placing, position: int, is_listed: bool) -> Placing:
    """With what the academy pinned: itself, or what gave way to it."""
    last = one.moves[-1].place if one.moves else one.place
    if position == last:
        return one
    moves = list(one.moves)
    if is_listed and moves and moves[-1].step == "passed":
        moves.pop()
    return replace(one, moves=(*moves, Move("passed" if is_listed else "pinned", position)))


def _is_listed(asked: Asked, code: int) -> bool:
    return bool((asked.ranked.items[0] == code).any())


def _stages(asked: Asked, shut: Matrix) -> Iterator[tuple[Stage, Floats]]:
    return serve.stages(asked.held.pipeline, asked.profile, shut, asked.person, vary=asked.vary)


def _open(shut: Matrix) -> Bools:
    found = np.ones(shut.shape[1], dtype=np.bool_)
    found[shut.indices] = False
    return found


def _place(scores: Floats, may: Bools, code: int) -> int:
    """From 1, as lists are ordered: of equal scores the lower code first."""
    codes: Ints = np.arange(len(scores))
    before = (scores > scores[code]) | ((scores == scores[code]) & (codes < code))
    return 1 + int((before & may).sum())
