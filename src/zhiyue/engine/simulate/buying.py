"""In front of a course that isn't one's own: the opening of a closed lesson, the checkout, an order, and its payment.

All of it lies between what somebody did before and what they did next anyway: whether they read an opening, hesitate or
pay moves nothing else that they do.
"""

import numpy as np

from zhiyue.engine.simulate import choice
from zhiyue.engine.simulate.chance import Bools, Floats, Ints
from zhiyue.engine.simulate.kinds import NONE, Kind
from zhiyue.engine.simulate.lending import CHECKOUT, LEFT, OPENS, ORDER, PAUSE, SKIMMED, Lending
from zhiyue.engine.simulate.steps import Draw


class Buying(Lending):
    def _take(self, s: Ints, course: Ints, like: Floats) -> None:
        """Begin what a membership opens. Of anything else read the opening of a closed lesson, some of them; take it,
        and pay for it where it has a price; or hesitate at the checkout, try it, or see to a membership. Whoever has
        the course begins it."""
        if self.shown.plans and len(s):
            covered = self._by_plan(s, room=0.0)[np.arange(len(s)), course] & ~self.s.as_visitor[s]
            self._take_up(s[covered], course[covered], like[covered])
            s, course, like = s[~covered], course[~covered], like[~covered]
        person, lessons = self.s.person[s], self.shown.lessons[course]
        read = self.people.finished[person[:, None], lessons] & (lessons != NONE)
        likely = choice.takes(
            self.p,
            liking=like,
            price_fen=self.shown.price_fen[course],
            reference_fen=self.shown.reference_fen[course],
            purse_fen=self.who.purse_fen[person],
            previewed=read.any(axis=1),
            tried=self.people.tried[person, course] > 0,
        )
        drawn, here = self._chance(Draw.TAKE, s), self._alive(s)
        costs = self.shown.price_fen[course] > 0
        self._read_openings(s[here & costs], course[here & costs], like[here & costs])
        here &= ~self.s.as_visitor[s]
        hesitates = here & costs & choice.hesitates(self.p, likely=likely, drawn=drawn)
        self._hesitate(s[hesitates], course[hesitates])
        after = 1 + self.p.choice.hesitation
        tries = here & costs & choice.in_band(likely, drawn, after=after, width=self.p.lending.trying)
        tries &= self._may_try(s, course)
        after += self.p.lending.trying
        joins = here & costs & choice.in_band(likely, drawn, after=after, width=self.p.lending.joining)
        takes = here & (drawn < likely)
        self._do(Kind.ENROL, s[takes & ~costs], pause=PAUSE, course=course[takes & ~costs])
        self._buy(s[takes & costs], course[takes & costs])
        self.people.enrolled[person[takes], course[takes]] = True
        self._study(s[takes], course[takes])
        self._try(s[tries], course[tries])
        self._see_to_a_plan(s[joins], course[joins])

    def _take_up(self, s: Ints, course: Ints, like: Floats) -> None:
        """What a membership opens is begun as what is free is taken."""
        person, nothing = self.s.person[s], np.zeros(len(s))
        read = self.people.percent[person[:, None], self.shown.lessons[course]] == 100
        likely = choice.takes(
            self.p,
            liking=like,
            price_fen=nothing,
            reference_fen=self.shown.reference_fen[course],
            purse_fen=self.who.purse_fen[person],
            previewed=(read & (self.shown.lessons[course] != NONE)).any(axis=1),
        )
        begins = self._alive(s) & (self._chance(Draw.TAKE, s) < likely)
        self._study(s[begins], course[begins])

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
        seconds = np.clip((OPENS - SKIMMED) * self._since(s), 1, 60).astype(np.int64)
        self._write(Kind.PEEK, s, self._before(s, OPENS), course=course, lesson=lesson)
        self._write(
            Kind.SKIM,
            s,
            self._before(s, SKIMMED),
            course=course,
            lesson=lesson,
            percent=percent,
            seconds=seconds,
        )
        end = self._before(s, LEFT)
        self._write(Kind.PRICE, s[through], end[through], course=course[through])
        self._write(Kind.LEAVE, s, end, course=course, lesson=lesson, percent=percent)

    def _hesitate(self, s: Ints, course: Ints) -> None:
        """Open the checkout and leave it, or order and never pay. What would wait past midnight isn't ordered."""
        self._write(Kind.CHECKOUT, s, self._before(s, CHECKOUT), course=course)
        minutes = self.p.choice.order_minutes
        over = self._before(s, ORDER) + 60 * minutes
        orders = (self._chance(Draw.ORDERS, s) < self.p.choice.unpaid) & (over < self.s.end[s])
        self._write(Kind.LAPSE, s[orders], over[orders], course=course[orders], seconds=60 * minutes)

    def _buy(self, s: Ints, course: Ints) -> None:
        """Check out, order and pay; then it is theirs. Some take a bundle that it is in, of which they own nothing."""
        bundle = self._bundle_of(s, course)
        alone = bundle == NONE
        paid = self._pay(s[alone], course=course[alone])
        self._write(Kind.ENROL, s[alone], paid, course=course[alone])
        s, bundle = s[~alone], bundle[~alone]
        paid = self._pay(s, bundle=bundle)
        row, inside = np.nonzero(self.shown.bundled[bundle])
        self._write(Kind.ENROL, s[row], paid[row], course=inside)
        self.people.enrolled[self.s.person[s[row]], inside] = True

    def _bundle_of(self, s: Ints, course: Ints) -> Ints:
        """(n,) the bundle that each takes instead of the course, or NONE."""
        if not (self.shown.bundles and len(s)):
            return np.full(len(s), NONE, dtype=np.int64)
        whole = (self.shown.bundled <= self.out).all(axis=1)
        owns = (self.people.enrolled[self.s.person[s]][:, None, :] & self.shown.bundled).any(axis=2)
        fits = self.shown.bundled[:, course].T & whole & ~owns
        wants = fits.any(axis=1) & (self._chance(Draw.BUNDLE, s) < self.p.lending.bundling)
        return np.asarray(np.where(wants, np.argmax(fits, axis=1), NONE), dtype=np.int64)

    def _closed(self, course: Ints) -> Ints:
        """The first lesson of a course that isn't free; NONE where all are."""
        lessons = self.shown.lessons[course]
        closed: Bools = (lessons != NONE) & ~self.shown.lesson_is_free[lessons]
        place = np.argmax(closed, axis=1)
        found = np.take_along_axis(lessons, place[:, None], axis=1)[:, 0]
        return np.asarray(np.where(closed.any(axis=1), found, NONE), dtype=np.int64)
