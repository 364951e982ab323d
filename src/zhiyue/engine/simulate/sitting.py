"""What happens in a sitting: the home page and its shelf, on with a course of one's own or a look around, lessons.

Many people's sittings are lived side by side, step by step. An act that would fall past the end of a sitting (midnight;
for a visitor who joins, the moment of joining) doesn't happen, and nothing follows from it.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from zhiyue.engine.simulate import chance, choice
from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Keys, Stream
from zhiyue.engine.simulate.kinds import NONE, Catalogue, Kind, People, Shelves
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.engine.simulate.people import Nature, charm
from zhiyue.engine.simulate.writing_down import Diary

MOST_LOOKS = 5
MOST_LESSONS = 4
MOST_BEATS = 6
# What people look for and no course has.
NOT_HERE = (
    "考研英语", "Excel 透视表", "Kubernetes", "雅思口语", "Photoshop 抠图", "吉他入门", "初级会计职称",
)  # fmt: skip


class _Draw(IntEnum):
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


class Sitting:
    """One step of the day: everybody's sitting of the same rank."""

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
        self._begin_step(0)

    def live(self) -> None:
        everybody = np.arange(len(self.s.person))
        here = self._do(Kind.PAGE, everybody, pause=(3, 25), path=self.diary.path("/"))
        if not self.out.any():
            return
        clicked = self._shelf(here)
        own = self._own(here)
        studies = own.any(axis=1) & (self._chance(_Draw.STUDIES, here) < self.p.choice.study_share)
        studies &= (clicked[here] == NONE) & (self.s.wish[here] == NONE)
        course = self._best(_Draw.OWN, here[studies], own[studies], 2.0)
        self._study(here[studies], course)
        self._look_around(here[~studies], np.where(self.s.wish == NONE, clicked, self.s.wish), clicked)

    # --- Shelves ---------------------------------------------------------------------------------------

    def _shelf(self, s: Ints) -> Ints:
        """The shelf comes into view for some, and one of its courses may be chosen. (S,) the choice, or NONE."""
        wanted, clicked = self.p.choice, np.full(len(self.s.person), NONE, dtype=np.int64)
        s = s[sees_shelf(self.p, self.root[s])]
        offered = self.out & ~self.people.enrolled[self.s.person[s]]
        s, offered = s[offered.any(axis=1)], offered[offered.any(axis=1)]
        if not len(s):
            return clicked
        noise = chance.gumbel(chance.drawn(self.root[s, None], _Draw.SHELF, self.shown.course_id))
        weight = 4 * charm(self.p, self.shown.course_id)
        order, propensity = choice.shelf(
            weight, noise, offered, length=wanted.shelf_length, exploring=wanted.exploring
        )
        if self.given is not None:
            order, propensity = self._put_given(self.given, s, offered, order, propensity)
        listed = np.where(propensity > 0, order, NONE)
        attraction = choice.attracted(self.p, np.take_along_axis(self.liking[s], order, axis=1))
        places = np.arange(order.shape[1])
        drawn = chance.drawn(self.root[s, None], _Draw.CLICK, places)
        hit = (drawn < choice.examined(self.p, order.shape[1]) * attraction) & (propensity > 0)
        there = self._alive(s) & (listed[:, 0] != NONE)
        s, listed, hit = s[there], listed[there], hit[there]
        number = self.diary.slates(listed)
        self._do(Kind.SLATE, s, pause=(2, 20), slate=number)
        place = np.argmax(hit, axis=1)
        chosen = hit.any(axis=1) & self._alive(s)
        rows, place = np.flatnonzero(chosen), place[chosen]
        clicked[s[chosen]] = listed[rows, place]
        self._do(
            Kind.CHOOSE, s[chosen], pause=(1, 2), course=listed[rows, place], slate=number[chosen],
            position=place + 1, propensity=propensity[there][rows, place],
        )  # fmt: skip
        return clicked

    def _put_given(
        self, given: Shelves, s: Ints, offered: Bools, order: Ints, propensity: Floats
    ) -> tuple[Ints, Floats]:
        """The shelves and their chances, with those that were given in the place of others; what somebody took since
        has left theirs."""
        own = ~self.s.as_visitor[s] & (given.listed[self.s.person[s], 0] != NONE)
        listed, chance_of = given.listed[self.s.person[s]], given.chance[self.s.person[s]]
        stands = (listed != NONE) & np.take_along_axis(offered, np.maximum(listed, 0), axis=1)
        closed_up = np.argsort(~stands, axis=1, kind="stable")
        listed = np.take_along_axis(np.where(stands, listed, 0), closed_up, axis=1)
        chance_of = np.take_along_axis(np.where(stands, chance_of, 0.0), closed_up, axis=1)
        places = order.shape[1]
        return (
            np.where(own[:, None], listed[:, :places], order),
            np.where(own[:, None], chance_of[:, :places], propensity),
        )

    # --- Looking around ------------------------------------------------------------------------------

    def _look_around(self, s: Ints, first: Ints, clicked: Ints) -> None:
        wanted = self.p.choice
        drawn = self._chance(_Draw.LOOKS, s)
        looks = 1 + chance.poisson(np.full(len(s), wanted.looks), drawn, MOST_LOOKS - 1)
        seen = np.zeros((len(s), len(self.shown)), dtype=np.bool_)
        topics = np.zeros((len(s), len(self.shown.topic_keys)))
        for look in range(MOST_LOOKS):
            self._begin_step(look)
            rows = np.flatnonzero((looks > look) & self._alive(s) & (self.out & ~seen).any(axis=1))
            if not len(rows):
                return
            now = s[rows]
            # Of what one likes, little of what one has just looked at: sameness tires.
            tired = self.p.choice.sameness * topics[rows][:, self.shown.topic]
            pull = np.log(self.liking[now] ** 2 + 0.01) - tired
            course = self._best_of(_Draw.LOOK, now, np.where(self.out & ~seen[rows], pull, -np.inf))
            if look == 0:
                given = first[now] != NONE
                course = np.where(given, first[now], course)
                self._search(now[~given], course[~given])
            else:
                self._search(now, course)
            there = self._alive(now)
            rows, now, course = rows[there], now[there], course[there]
            seen[rows, course] = True
            topics[rows, self.shown.topic[course]] += 1
            self.looked[self.s.person[now]] = course
            self._do(Kind.VIEW, now, pause=(8, 90), course=course)
            self._consider(now, course)

    def _search(self, s: Ints, course: Ints) -> None:
        """Some came to the course by a search; some of the searches found nothing."""
        wanted = self.p.choice
        searches = self._alive(s) & (self._chance(_Draw.SEARCHES, s) < wanted.search_share)
        s, course = s[searches], course[searches]
        if not len(s):
            return
        vain = self._chance(_Draw.IN_VAIN, s) < wanted.in_vain
        drawn = self._chance(_Draw.WORD, s)
        texts = [
            _one_of(NOT_HERE if lost else self.shown.words[c], u)
            for c, lost, u in zip(course, vain, drawn, strict=True)
        ]
        count = {text: self._found(text) for text in set(texts)}
        found = np.array([count[text] for text in texts], dtype=np.int64)
        words = np.array([self.diary.words(text) for text in texts], dtype=np.int64)
        self._do(Kind.SEARCH, s, pause=(3, 15), words=words, found=found)
        opens = (found > 0) & ~vain & (self._chance(_Draw.FINDS, s) < 0.8) & self._alive(s)
        place = 1 + np.floor(self._chance(_Draw.PLACE, s) * found).astype(np.int64)
        self._do(
            Kind.FIND, s[opens], pause=(1, 1), course=course[opens], words=words[opens], position=place[opens]
        )

    def _found(self, text: str) -> int:
        return sum(bool(out) and text in words for out, words in zip(self.out, self.shown.words, strict=True))

    def _consider(self, s: Ints, course: Ints) -> None:
        """In front of a course page: try the free lesson, save it, take it."""
        wanted, person = self.p.choice, self.s.person
        there = self._alive(s) & ~self.people.enrolled[person[s], course]
        s, course = s[there], course[there]
        like = self.liking[s, course]
        free = self._next(s, course, free_only=True)
        tries = (free != NONE) & (
            self._chance(_Draw.PREVIEW, s) < wanted.preview_base + wanted.preview_liking * like
        )
        through = wanted.finish_preview + wanted.finish_liking * like
        self._read(s[tries], course[tries], free[tries], through[tries])
        saves = self._alive(s) & ~self.people.saved[person[s], course] & ~self.s.as_visitor[s]
        often = choice.interacting(self.p, self.who.role[person[s]])
        saves &= self._chance(_Draw.SAVE, s) < wanted.save * like * often
        self.people.saved[person[s[saves]], course[saves]] = True
        self._do(Kind.SAVE, s[saves], pause=(5, 15), course=course[saves])
        lessons = self.shown.lessons[course]
        tried = self.people.finished[person[s][:, None], lessons] & (lessons != NONE)
        likely = choice.takes(
            self.p,
            liking=like,
            price_fen=self.shown.price_fen[course],
            reference_fen=self.shown.reference_fen[course],
            purse_fen=self.who.purse_fen[person[s]],
            previewed=tried.any(axis=1),
        )
        takes = self._alive(s) & ~self.s.as_visitor[s] & (self._chance(_Draw.TAKE, s) < likely)
        self.people.enrolled[person[s[takes]], course[takes]] = True
        self._do(Kind.ENROL, s[takes], pause=(10, 30), course=course[takes])
        self._study(s[takes], course[takes])

    # --- Lessons ---------------------------------------------------------------------------------------

    def _study(self, s: Ints, course: Ints) -> None:
        """Lessons of a course of one's own, one after the other; each makes the next less likely."""
        wanted = self.p.choice
        for lesson in range(MOST_LESSONS):
            self._begin_step(self.step % 100 + 100 * lesson)
            likely = 1.0 if lesson == 0 else wanted.go_on * (1 - wanted.tiring) ** (lesson - 1)
            there = self._alive(s) & (self._chance(_Draw.GO_ON, s) < likely)
            s, course = s[there], course[there]
            following = self._next(s, course, free_only=False)
            s, course, following = (
                s[following != NONE],
                course[following != NONE],
                following[following != NONE],
            )
            if not len(s):
                break
            self._read(s, course, following, np.full(len(s), wanted.finish_own))
        self._begin_step(self.step % 100)

    def _next(self, s: Ints, course: Ints, *, free_only: bool) -> Ints:
        """The first lesson of the course that isn't finished; NONE where there is none."""
        lessons = self.shown.lessons[course]
        wanted = (lessons != NONE) & ~self.people.finished[self.s.person[s][:, None], lessons]
        if free_only:
            wanted &= self.shown.lesson_is_free[lessons]
        place = np.argmax(wanted, axis=1)
        found = np.take_along_axis(lessons, place[:, None], axis=1)[:, 0]
        return np.asarray(np.where(wanted.any(axis=1), found, NONE), dtype=np.int64)

    def _read(self, s: Ints, course: Ints, lesson: Ints, finishes: Floats) -> None:
        """Open a lesson, read on from where one was, and perhaps to its end."""
        there = self._alive(s)
        s, course, lesson, finishes = s[there], course[there], lesson[there], finishes[there]
        if not len(s):
            return
        person, people = self.s.person[s], self.people
        through = self._chance(_Draw.THROUGH, s) < finishes
        before = people.percent[person, lesson]
        share = np.where(through, 1.0, 0.1 + 0.7 * self._chance(_Draw.SHARE, s))
        target = before + (100 - before) * share
        pace = 60 * (0.6 + 0.6 * self._chance(_Draw.PACE, s))
        seconds = np.maximum(20.0, self.shown.lesson_minutes[lesson] * (target - before) / 100 * pace)
        at = self.s.at[s].copy()
        self._write(Kind.OPEN, s, at, course=course, lesson=lesson)
        beats = np.clip(seconds // 60, 1, MOST_BEATS)
        way = np.arange(1, MOST_BEATS + 1)[None, :] / beats[:, None]
        moment = at[:, None] + seconds[:, None] * way
        told = (way <= 1) & (moment < self.s.end[s][:, None])
        percent = np.floor(before[:, None] + (target - before)[:, None] * way + 1e-9).astype(np.int64)
        row, _ = np.nonzero(told)
        self._write(
            Kind.READ, s[row], moment[told], course=course[row], lesson=lesson[row], percent=percent[told],
            seconds=np.minimum(60, seconds // beats).astype(np.int64)[row],
        )  # fmt: skip
        reached = np.where(told, percent, 0).max(axis=1)
        people.percent[person, lesson] = np.maximum(before, reached)
        done = at + seconds + 3
        ends = through & (done < self.s.end[s])
        self._write(Kind.FINISH, s[ends], done[ends], course=course[ends], lesson=lesson[ends])
        people.finished[person[ends], lesson[ends]] = True
        people.percent[person[ends], lesson[ends]] = 100
        self.s.at[s] = done + 10 + 20 * self._chance(_Draw.PAUSE, s)

    # --- Steps -----------------------------------------------------------------------------------------

    def _own(self, s: Ints) -> Bools:
        """(n, C) courses of one's own in which something is left to read."""
        person, lessons = self.s.person[s], self.shown.lessons
        left = ~self.people.finished[person][:, lessons] & (lessons != NONE)
        return np.asarray(
            self.people.enrolled[person] & left.any(axis=2) & ~self.s.as_visitor[s][:, None], dtype=np.bool_
        )

    def _best(self, draw: _Draw, s: Ints, open_to: Bools, weight: float) -> Ints:
        return self._best_of(draw, s, np.where(open_to, weight * self.liking[s], -np.inf))

    def _best_of(self, draw: _Draw, s: Ints, pull: Floats) -> Ints:
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
        least, most = pause
        self.s.at[now] += least + (most - least) * self._chance(_Draw.PAUSE, now, kind)
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

    def _chance(self, draw: _Draw, s: Ints, more: int = 0) -> Floats:
        return chance.drawn(self.root[s], draw * 100 + more)


def sees_shelf(parameters: Parameters, root: Keys) -> Bools:
    """In which sittings, by the root of their first step, the shelf comes into view."""
    drawn = chance.drawn(root, _Draw.SHELF_SEEN * 100)
    return np.asarray(drawn < parameters.choice.shelf_seen, dtype=np.bool_)


def root_of(parameters: Parameters, key: Keys, number: Ints, day: int, step: int = 0) -> Keys:
    """What the draws of a step go by: the person, the day, the sitting and the step."""
    return chance.root(parameters.seed, Stream.SITTING, key, number, day * 1000 + step)


def _one_of(texts: tuple[str, ...], chance_of: float) -> str:
    return texts[min(int(chance_of * len(texts)), len(texts) - 1)]
