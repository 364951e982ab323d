"""Trials and memberships: trying a course or a plan, joining one, and joining it again when its time is over."""

import numpy as np

from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Stream
from zhiyue.engine.simulate.kinds import DAY_SECONDS, NONE, Kind
from zhiyue.engine.simulate.reading import Reading
from zhiyue.engine.simulate.steps import Draw

# Shares of the time since the last act, back from now: reading an opening, then the checkout, then the order.
OPENS, SKIMMED, LEFT, CHECKOUT, ORDER = 0.95, 0.62, 0.6, 0.5, 0.25
PAUSE = (10, 30)
# An order is paid after this share of the pause that follows.
_PAID = 0.7
_LAST_MOMENT = 0.001
# Near enough for the day on which it is paid.
_MONTH_DAYS = 30
# Another plan takes the place of one that runs for so many days more at least: less is worth nothing.
_LEFT_DAYS = 2
# Who tried a plan pays for it from so many days before the trial ends to so many after.
_BEFORE_END, _AFTER_END = 1, 3
# Draws about the trials of plans are told from those about renewals by this.
_OF_TRIAL, _OF_UPGRADE = 10**7, 2 * 10**7


class Lending(Reading):
    def _try(self, s: Ints, course: Ints) -> None:
        """Try a course, and begin it."""
        there = self._alive(s)
        s, course = s[there], course[there]
        ends = self._now(s) + self.shown.trial_days[course]
        self._do(Kind.TRY, s, pause=PAUSE, course=course)
        self.people.tried[self.s.person[s], course] = ends
        self._study(s, course)

    def _may_try(self, s: Ints, course: Ints) -> Bools:
        never = self.people.tried[self.s.person[s], course] == 0
        return np.asarray(never & (self.shown.trial_days[course] > 0), dtype=np.bool_)

    def _see_to_a_plan(self, s: Ints, course: Ints) -> None:
        """Join a plan that opens the course, or try one that may be tried; then begin the course."""
        plan = self._choose(s, course)
        s, course, plan = s[plan != NONE], course[plan != NONE], plan[plan != NONE]
        if not len(s):
            return
        person = self.s.person[s]
        trial_days = np.array([one.trial_days for one in self.shown.plans])[plan]
        never = self.people.tried_plan[person, plan] == 0
        runs = (self.people.plan[person] != NONE) & (self.people.open_until[person] > self._now(s))
        tries = (trial_days > 0) & never & ~runs & ~self.people.tried_plan[person].any(axis=1)
        tries &= self._chance(Draw.PLAN_TRIAL, s) < self.p.lending.plan_trial
        self._try_plan(s[tries], plan[tries], trial_days[tries])
        self._join(s[~tries], plan[~tries])
        self._study(s, course)

    def _choose(self, s: Ints, course: Ints) -> Ints:
        """The plan that each takes to open the course, the cheaper the likelier; NONE where there is none. In place of
        one that runs comes a dearer one alone."""
        plans = self.shown.plans
        if not (plans and len(s)):
            return np.full(len(s), NONE, dtype=np.int64)
        person, now = self.s.person[s], self._now(s)
        price = np.array([plan.price_fen for plan in plans], dtype=np.float64)
        offered = np.array([plan.is_offered for plan in plans])
        fits = self.shown.opens[:, course].T & offered
        held = self.people.plan[person]
        runs = (held != NONE) & (self.people.paid_until[person] > now)
        dearer = price[None, :] > np.where(held == NONE, 0.0, price[held])[:, None]
        lasts = self.people.paid_until[person] > now + _LEFT_DAYS
        fits &= ~runs[:, None] | (dearer & lasts[:, None])
        ids = np.array([plan.id for plan in plans])
        noise = chance.gumbel(chance.drawn(self.root[s, None], Draw.PLAN, ids))
        pull = np.where(fits, noise - self.p.lending.cheaper * np.log(price), -np.inf)
        return np.asarray(np.where(fits.any(axis=1), np.argmax(pull, axis=1), NONE), dtype=np.int64)

    def _try_plan(self, s: Ints, plan: Ints, days: Ints) -> None:
        there = self._alive(s)
        s, plan, days = s[there], plan[there], days[there]
        ends = self._now(s) + days
        self._do(Kind.TRY, s, pause=PAUSE, plan=plan)
        self.people.tried_plan[self.s.person[s], plan] = ends

    def _join(self, s: Ints, plan: Ints) -> None:
        """Pay for a plan, which goes on from the end of the same one, or begins now."""
        there = self._alive(s)
        s, plan = s[there], plan[there]
        if not len(s):
            return
        self._pay(s, plan=plan)
        person, people = self.s.person[s], self.people
        months = np.array([one.months for one in self.shown.plans])[plan]
        grace = np.array([one.grace_days for one in self.shown.plans])[plan]
        goes_on = (people.plan[person] == plan) & (people.open_until[person] > self._now(s))
        begins = np.where(goes_on, people.paid_until[person], self.last[s] / DAY_SECONDS + self.day)
        people.plan[person] = plan
        people.paid_until[person] = begins + _MONTH_DAYS * months
        people.open_until[person] = people.paid_until[person] + grace

    def _renew(self, s: Ints) -> None:
        """At the beginning of a sitting: who is a member and comes near the end of what is paid pays again, some of
        them; so do some whose trial of a plan ends. Whether somebody does is drawn once for each end."""
        if not self.shown.plans:
            return
        s = s[self._alive(s) & ~self.s.as_visitor[s]]
        wanted, now, person = self.p.lending, self._now(s), self.s.person[s]
        offered = np.array([plan.is_offered for plan in self.shown.plans])
        held, paid = self.people.plan[person], self.people.paid_until[person]
        runs = (held != NONE) & (self.people.open_until[person] > now)
        due = runs & offered[held] & (paid - wanted.renewal_days <= now)
        again = due & (self._drawn_once(person, np.floor(paid).astype(np.int64)) < wanted.renewal)
        for n, plan in enumerate(self.shown.plans):
            ended = self.people.tried_plan[person, n]
            near = (ended > 0) & (ended - _BEFORE_END <= now) & (now < ended + _AFTER_END) & ~runs
            pays = near & (self._drawn_once(person, np.full(len(s), _OF_TRIAL + plan.id)) < wanted.converting)
            if plan.is_offered:
                self._join(s[pays], np.full(int(pays.sum()), n))
        self._join(s[again], self._dearer(s[again], held[again], paid[again]))

    def _dearer(self, s: Ints, held: Ints, paid: Floats) -> Ints:
        """The plan that each takes on instead of their own again: some a dearer one that opens as much, as long as
        something is left of theirs."""
        plans = self.shown.plans
        wants = self._drawn_once(self.s.person[s], _OF_UPGRADE + np.floor(paid).astype(np.int64))
        wants_more = (wants < self.p.lending.upgrading) & (paid > self._now(s) + _LEFT_DAYS)
        taken = held.copy()
        for n, plan in enumerate(plans):
            as_much = [one for one in plans if one.is_offered and one.opens >= plan.opens]
            dearest = max(as_much, key=lambda one: (one.price_fen, -one.id), default=plan)
            if dearest.price_fen > plan.price_fen:
                taken[wants_more & (held == n)] = plans.index(dearest)
        return taken

    def _drawn_once(self, person: Ints, about: Ints) -> Floats:
        return chance.uniform(self.p.seed, Stream.RENEWAL, self.people.key[person], about)

    def _pay(self, s: Ints, **what: Ints) -> Floats:
        """Check out, order and pay, each while their sitting lasts; the moments at which they paid."""
        least, most = PAUSE
        now = self.s.at[s]
        pause = least + (most - least) * self._chance(Draw.PAUSE, s, Kind.ENROL)
        paid = np.maximum(now, np.minimum(now + _PAID * pause, self.s.end[s] - _LAST_MOMENT))
        waited = np.floor(paid - self._before(s, ORDER)).astype(np.int64)
        self._write(Kind.CHECKOUT, s, self._before(s, CHECKOUT), **what)
        self._write(Kind.PAY, s, paid, seconds=waited, **what)
        self.last[s] = paid
        self.s.at[s] = now + pause
        return np.asarray(paid, dtype=np.float64)

    def _since(self, s: Ints) -> Floats:
        """Seconds since each did something for the last time."""
        return np.asarray(np.maximum(self.s.at[s] - self.last[s], 0.0), dtype=np.float64)

    def _before(self, s: Ints, share: float) -> Floats:
        """A moment between then and now, by the share of that time that is left."""
        return np.asarray(self.s.at[s] - share * self._since(s), dtype=np.float64)
