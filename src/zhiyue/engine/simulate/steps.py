"""The mechanics of a sitting: whose it is, the clock of each, what is drawn for a step, and acts written down."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Keys, Stream
from zhiyue.engine.simulate.kinds import DAY_SECONDS, NONE, Catalogue, Kind, People, Shelves
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.engine.simulate.people import Nature
from zhiyue.engine.simulate.writing_down import Diary

# Nobody begins a lesson of what is lent to them for less than so many days more: it could end in the middle.
ROOM = 2 / 24


class Draw(IntEnum):
    """What is drawn in a sitting. Numbers are never used again."""

    STUDIES = 1
    SHELF_SEEN = 2
    CLICK = 3
    LOOKS = 4
    LOOK = 5
    OWN = 6
    SEARCHES = 7
    IN_VAIN = 8
    WORD = 9
    FINDS = 10
    PLACE = 11
    PREVIEW = 12
    SAVE = 13
    TAKE = 14
    GO_ON = 15
    THROUGH = 16
    SHARE = 17
    PACE = 18
    PAUSE = 19
    SHELF = 20
    OPENING = 21
    OPENING_THROUGH = 22
    OPENING_SHARE = 23
    ORDERS = 24
    PLAN = 25
    PLAN_TRIAL = 26
    BUNDLE = 27


@dataclass(eq=False)
class Sittings:
    """S sittings of different people. person: row in People. number: of the day, so that draws differ. at: the second
    it has come to, end: the second before which all must happen. as_visitor: the person has no account (yet).
    wish: a course to begin with, or NONE."""

    person: Ints
    number: Ints
    at: Floats
    end: Floats
    as_visitor: Bools
    wish: Ints


class Steps:
    """Everybody's sitting of the same rank, as it goes on."""

    def __init__(
        self,
        parameters: Parameters,
        shown: Catalogue,
        people: People,
        who: Nature,
        liking: Floats,
        sittings: Sittings,
        diary: Diary,
        looked: Ints,
        day: int,
        given: Shelves | None = None,
    ) -> None:
        self.p, self.shown, self.people, self.who = parameters, shown, people, who
        self.s, self.diary, self.day, self.liking = sittings, diary, day, liking
        self.out = shown.published_day < day
        self.looked, self.given = looked, given
        self.roots: dict[int, Keys] = {}
        # When each did something for the last time.
        self.last = sittings.at.copy()
        self._begin_step(0)

    def _own(self, s: Ints) -> Bools:
        """(n, C) courses of one's own, or lent and begun, in which something is left to read."""
        person, lessons = self.s.person[s], self.shown.lessons
        left = ~self.people.finished[person][:, lessons] & (lessons != NONE)
        own = self.people.enrolled[person]
        if self.shown.lends:
            begun = (self.people.percent[person][:, lessons] > 0) & (lessons != NONE)
            own = own | (self._lent(s) & begun.any(axis=2))
        return np.asarray(own & left.any(axis=2) & ~self.s.as_visitor[s][:, None], dtype=np.bool_)

    def _now(self, s: Ints) -> Floats:
        """The moment in days."""
        return np.asarray(self.day + self.s.at[s] / DAY_SECONDS, dtype=np.float64)

    def _lent(self, s: Ints) -> Bools:
        """(n, C) courses that a trial or a membership opens to each, for long enough to read a lesson."""
        tried = self.people.tried[self.s.person[s]] > self._now(s)[:, None] + ROOM
        return np.asarray((tried | self._by_plan(s)) & ~self.s.as_visitor[s][:, None], dtype=np.bool_)

    def _by_plan(self, s: Ints, *, room: float = ROOM) -> Bools:
        """(n, C) courses that a membership, or the trial of one, opens to each for so many days more."""
        person, until = self.s.person[s], self._now(s) + room
        found: Bools = np.zeros((len(s), len(self.shown)), dtype=np.bool_)
        if not self.shown.plans:
            return found
        runs = (self.people.plan[person] != NONE) & (self.people.open_until[person] > until)
        found[runs] = self.shown.opens[self.people.plan[person[runs]]]
        trying = self.people.tried_plan[person] > until[:, None]
        return np.asarray(found | ((trying[:, :, None] & self.shown.opens).any(axis=1)), dtype=np.bool_)

    def _is_open(self, s: Ints, course: Ints) -> Bools:
        """Is the whole of a course open to each?"""
        own = self.people.enrolled[self.s.person[s], course]
        if not self.shown.lends or not len(s):
            return np.asarray(own, dtype=np.bool_)
        return np.asarray(own | self._lent(s)[np.arange(len(s)), course], dtype=np.bool_)

    def _best(self, draw: Draw, s: Ints, open_to: Bools, weight: float) -> Ints:
        return self._best_of(draw, s, np.where(open_to, weight * self.liking[s], -np.inf))

    def _best_of(self, draw: Draw, s: Ints, pull: Floats) -> Ints:
        """One course each, drawn in proportion to exp(pull)."""
        if not len(s):
            return np.zeros(0, dtype=np.int64)
        noise = chance.gumbel(chance.drawn(self.root[s, None], draw, self.shown.course_id))
        return np.asarray(np.argmax(pull + noise, axis=1), dtype=np.int64)

    def _alive(self, s: Ints) -> Bools:
        return self.s.at[s] < self.s.end[s]

    def _do(self, kind: Kind, s: Ints, *, pause: tuple[int, int], **columns: npt.ArrayLike) -> Ints:
        """An act now, then a pause of so many seconds. Returns the sittings that had not ended."""
        there = self._alive(s)
        now = s[there]
        told = {
            name: np.asarray(column)[there] if np.ndim(column) else column for name, column in columns.items()
        }
        self._write(kind, now, self.s.at[now], **told)
        self.last[now] = self.s.at[now]
        least, most = pause
        self.s.at[now] += least + (most - least) * self._chance(Draw.PAUSE, now, kind)
        return now

    def _write(self, kind: Kind, s: Ints, at: Floats, **columns: npt.ArrayLike) -> None:
        self.diary.write(kind, self.s.person[s], at, self.s.as_visitor[s], **columns)

    def _begin_step(self, step: int) -> None:
        """What is drawn from here on is drawn for this step."""
        if step in self.roots:
            self.step, self.root = step, self.roots[step]
            return
        key = self.people.key[self.s.person]
        self.step, self.root = step, root_of(self.p, key, self.s.number, self.day, step)
        self.roots[step] = self.root

    def _chance(self, draw: Draw, s: Ints, more: int = 0) -> Floats:
        return chance.drawn(self.root[s], draw * 100 + more)


def sees_shelf(parameters: Parameters, root: Keys) -> Bools:
    """In which sittings, by the root of their first step, the shelf comes into view."""
    drawn = chance.drawn(root, Draw.SHELF_SEEN * 100)
    return np.asarray(drawn < parameters.choice.shelf_seen, dtype=np.bool_)


def root_of(parameters: Parameters, key: Keys, number: Ints, day: int, step: int = 0) -> Keys:
    """What the draws of a step go by: the person, the day, the sitting and the step."""
    return chance.root(parameters.seed, Stream.SITTING, key, number, day * 1000 + step)
