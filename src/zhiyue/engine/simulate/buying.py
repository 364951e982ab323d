"""In front of a course that isn't one's own: the opening of a closed lesson, the checkout, an order, and its payment.

All of it lies between what somebody did before and what they did next anyway: whether they read an opening, hesitate or
pay moves nothing else that they do.
"""

import numpy as np

from zhiyue.engine.simulate import choice
from zhiyue.engine.simulate.chance import Bools, Floats, Ints
from zhiyue.engine.simulate.kinds import NONE, Kind
from zhiyue.engine.simulate.reading import Reading
from zhiyue.engine.simulate.steps import Draw

# Shares of the time since the last act, back from now: reading an opening, then the checkout, then the order.
_OPENS, _SKIMMED, _LEFT, _CHECKOUT, _ORDER = 0.95, 0.62, 0.6, 0.5, 0.25
# An order is paid after this share of the pause that follows.
_PAID = 0.7
_PAUSE = (10, 30)
_LAST_MOMENT = 0.001


class Buying(Reading):
    def _take(self, s: Ints, course: Ints, like: Floats) -> None:
        """Read the opening of a closed lesson, some of them; take the course, and pay for it where it has a price; or
        hesitate at the checkout. Whoever has the course begins it."""
        person, lessons = self.s.person[s], self.shown.lessons[course]
        tried = self.people.finished[person[:, None], lessons] & (lessons != NONE)
        likely = choice.takes(
            self.p,
            liking=like,
            price_fen=self.shown.price_fen[course],
            reference_fen=self.shown.reference_fen[course],
            purse_fen=self.who.purse_fen[person],
            previewed=tried.any(axis=1),
        )
        drawn, here = self._chance(Draw.TAKE, s), self._alive(s)
        costs = self.shown.price_fen[course] > 0
        self._read_openings(s[here & costs], course[here & costs], like[here & costs])
        here &= ~self.s.as_visitor[s]
        hesitates = here & costs & choice.hesitates(self.p, likely=likely, drawn=drawn)
        self._hesitate(s[hesitates], course[hesitates])
        takes = here & (drawn < likely)
        self.people.enrolled[person[takes], course[takes]] = True
        self._do(Kind.ENROL, s[takes & ~costs], pause=_PAUSE, course=course[takes & ~costs])
        self._buy(s[takes & costs], course[takes & costs])
        self._study(s[takes], course[takes])

    def _read_openings(self, s: Ints, course: Ints, like: Floats) -> None:
        """What everybody may read of the first lesson that is closed; at its end stands the price."""
        wanted = self.p.choice
        lesson = self._closed(course)
        reads = (lesson != NONE) & (
            self._chance(Draw.OPENING, s) < wanted.opening_base + wanted.opening_liking * like
        )
        s, course, lesson, like = s[reads], course[reads], lesson[reads], like[reads]
        if not len(s):
            return
        through = self._chance(Draw.OPENING_THROUGH, s) < wanted.finish_preview + wanted.finish_liking * like
        share = 10 + 80 * self._chance(Draw.OPENING_SHARE, s)
        percent = np.where(through, 100, share).astype(np.int64)
        seconds = np.clip((_OPENS - _SKIMMED) * self._since(s), 1, 60).astype(np.int64)
        self._write(Kind.PEEK, s, self._before(s, _OPENS), course=course, lesson=lesson)
        self._write(
            Kind.SKIM,
            s,
            self._before(s, _SKIMMED),
            course=course,
            lesson=lesson,
            percent=percent,
            seconds=seconds,
        )
        end = self._before(s, _LEFT)
        self._write(Kind.PRICE, s[through], end[through], course=course[through])
        self._write(Kind.LEAVE, s, end, course=course, lesson=lesson, percent=percent)

    def _hesitate(self, s: Ints, course: Ints) -> None:
        """Open the checkout and leave it, or order and never pay. What would wait past midnight isn't ordered."""
        self._write(Kind.CHECKOUT, s, self._before(s, _CHECKOUT), course=course)
        minutes = self.p.choice.order_minutes
        over = self._before(s, _ORDER) + 60 * minutes
        orders = (self._chance(Draw.ORDERS, s) < self.p.choice.unpaid) & (over < self.s.end[s])
        self._write(Kind.LAPSE, s[orders], over[orders], course=course[orders], seconds=60 * minutes)

    def _buy(self, s: Ints, course: Ints) -> None:
        """Check out, order and pay; then it is theirs."""
        least, most = _PAUSE
        now = self.s.at[s]
        pause = least + (most - least) * self._chance(Draw.PAUSE, s, Kind.ENROL)
        paid = np.maximum(now, np.minimum(now + _PAID * pause, self.s.end[s] - _LAST_MOMENT))
        waited = np.floor(paid - self._before(s, _ORDER)).astype(np.int64)
        self._write(Kind.CHECKOUT, s, self._before(s, _CHECKOUT), course=course)
        self._write(Kind.PAY, s, paid, course=course, seconds=waited)
        self._write(Kind.ENROL, s, paid, course=course)
        self.last[s] = paid
        self.s.at[s] = now + pause

    def _closed(self, course: Ints) -> Ints:
        """The first lesson of a course that isn't free; NONE where all are."""
        lessons = self.shown.lessons[course]
        closed: Bools = (lessons != NONE) & ~self.shown.lesson_is_free[lessons]
        place = np.argmax(closed, axis=1)
        found = np.take_along_axis(lessons, place[:, None], axis=1)[:, 0]
        return np.asarray(np.where(closed.any(axis=1), found, NONE), dtype=np.int64)

    def _since(self, s: Ints) -> Floats:
        """Seconds since each did something for the last time."""
        return np.asarray(np.maximum(self.s.at[s] - self.last[s], 0.0), dtype=np.float64)

    def _before(self, s: Ints, share: float) -> Floats:
        """A moment between then and now, by the share of that time that is left."""
        return np.asarray(self.s.at[s] - share * self._since(s), dtype=np.float64)
