"""Lessons in a sitting: opened, read on from where one was, and perhaps to their end."""

import numpy as np

from zhiyue.engine.simulate.chance import Floats, Ints
from zhiyue.engine.simulate.kinds import NONE, Kind
from zhiyue.engine.simulate.steps import Draw, Steps

MOST_LESSONS = 4
MOST_BEATS = 6


class Reading(Steps):
    def _study(self, s: Ints, course: Ints) -> None:
        """Lessons of a course that is open to one, one after the other; each makes the next less likely."""
        wanted = self.p.choice
        for lesson in range(MOST_LESSONS):
            self._begin_step(self.step % 100 + 100 * lesson)
            likely = 1.0 if lesson == 0 else wanted.go_on * (1 - wanted.tiring) ** (lesson - 1)
            there = self._alive(s) & (self._chance(Draw.GO_ON, s) < likely) & self._is_open(s, course)
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
        through = self._chance(Draw.THROUGH, s) < finishes
        before = people.percent[person, lesson]
        share = np.where(through, 1.0, 0.1 + 0.7 * self._chance(Draw.SHARE, s))
        target = before + (100 - before) * share
        pace = 60 * (0.6 + 0.6 * self._chance(Draw.PACE, s))
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
        self.last[s] = done
        self.s.at[s] = done + 10 + 20 * self._chance(Draw.PAUSE, s)
