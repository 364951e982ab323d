"""What happens in a sitting: the home page and its shelf, on with a course of one's own or a look around, lessons.

Many people's sittings are lived side by side, step by step. An act that would fall past the end of a sitting (midnight;
for a visitor who joins, the moment of joining) doesn't happen, and nothing follows from it.
"""

import numpy as np

from zhiyue.engine.simulate import chance, choice
from zhiyue.engine.simulate.buying import Buying
from zhiyue.engine.simulate.chance import Bools, Floats, Ints
from zhiyue.engine.simulate.kinds import NONE, Kind, Shelves
from zhiyue.engine.simulate.people import charm
from zhiyue.engine.simulate.steps import Draw, sees_shelf

MOST_LOOKS = 5
# What people look for and no course has.
NOT_HERE = (
    "考研英语", "Excel 透视表", "Kubernetes", "雅思口语", "Photoshop 抠图", "吉他入门", "初级会计职称",
)  # fmt: skip


class Sitting(Buying):
    """One step of the day: everybody's sitting of the same rank."""

    def live(self) -> None:
        everybody = np.arange(len(self.s.person))
        here = self._do(Kind.PAGE, everybody, pause=(3, 25), path=self.diary.path("/"))
        if not self.out.any():
            return
        self._renew(here)
        clicked = self._shelf(here)
        own = self._own(here)
        studies = own.any(axis=1) & (self._chance(Draw.STUDIES, here) < self.p.choice.study_share)
        studies &= (clicked[here] == NONE) & (self.s.wish[here] == NONE)
        course = self._best(Draw.OWN, here[studies], own[studies], 2.0)
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
        noise = chance.gumbel(chance.drawn(self.root[s, None], Draw.SHELF, self.shown.course_id))
        weight = 4 * charm(self.p, self.shown.course_id)
        order, propensity = choice.shelf(
            weight, noise, offered, length=wanted.shelf_length, exploring=wanted.exploring
        )
        if self.given is not None:
            order, propensity = self._put_given(self.given, s, offered, order, propensity)
        listed = np.where(propensity > 0, order, NONE)
        attraction = choice.attracted(self.p, np.take_along_axis(self.liking[s], order, axis=1))
        places = np.arange(order.shape[1])
        drawn = chance.drawn(self.root[s, None], Draw.CLICK, places)
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
        drawn = self._chance(Draw.LOOKS, s)
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
            course = self._best_of(Draw.LOOK, now, np.where(self.out & ~seen[rows], pull, -np.inf))
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
        searches = self._alive(s) & (self._chance(Draw.SEARCHES, s) < wanted.search_share)
        s, course = s[searches], course[searches]
        if not len(s):
            return
        vain = self._chance(Draw.IN_VAIN, s) < wanted.in_vain
        drawn = self._chance(Draw.WORD, s)
        texts = [
            _one_of(NOT_HERE if lost else self.shown.words[c], u)
            for c, lost, u in zip(course, vain, drawn, strict=True)
        ]
        count = {text: self._found(text) for text in set(texts)}
        found = np.array([count[text] for text in texts], dtype=np.int64)
        words = np.array([self.diary.words(text) for text in texts], dtype=np.int64)
        self._do(Kind.SEARCH, s, pause=(3, 15), words=words, found=found)
        opens = (found > 0) & ~vain & (self._chance(Draw.FINDS, s) < 0.8) & self._alive(s)
        place = 1 + np.floor(self._chance(Draw.PLACE, s) * found).astype(np.int64)
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
            self._chance(Draw.PREVIEW, s) < wanted.preview_base + wanted.preview_liking * like
        )
        through = wanted.finish_preview + wanted.finish_liking * like
        self._read(s[tries], course[tries], free[tries], through[tries])
        saves = self._alive(s) & ~self.people.saved[person[s], course] & ~self.s.as_visitor[s]
        often = choice.interacting(self.p, self.who.role[person[s]])
        saves &= self._chance(Draw.SAVE, s) < wanted.save * like * often
        self.people.saved[person[s[saves]], course[saves]] = True
        self._do(Kind.SAVE, s[saves], pause=(5, 15), course=course[saves])
        self._take(s, course, like)


def _one_of(texts: tuple[str, ...], chance_of: float) -> str:
    return texts[min(int(chance_of * len(texts)), len(texts) - 1)]
