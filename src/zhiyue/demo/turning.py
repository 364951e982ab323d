"""One named reader whose taste turned: a life that the simulator led, with drift planted for it alone. Whoever signs in
as them sees the turn found and dated; from then on they do what whoever signed in does."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.demo.editions import editions
from zhiyue.demo.living import Town, visible
from zhiyue.demo.roster import Figure
from zhiyue.demo.writing import write
from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.kinds import newcomers
from zhiyue.engine.simulate.parameters import ACADEMY, Parameters, Wave
from zhiyue.engine.simulate.people import nature

LIVED_DAYS = 84
TURNED_DAYS_AGO = 35
# With fewer days before the turn there is too little to turn from.
FEWEST_DAYS = 56
BEFORE, AFTER = "data", "psychology"
# In logits: from so far off that hardly anything else is chosen. Nobody turns overnight.
_PULL = 6.0
_RAMP_DAYS = 5
_TICK = timedelta(microseconds=1)


def parameters(*, since: int, turned: int) -> Parameters:
    """The academy's model for somebody who comes on most days, stays, knows what they want, and from the day `turned`
    (an ordinal, as `since`) on wants something else."""
    return replace(
        ACADEMY,
        rhythm=replace(ACADEMY.rhythm, rate=0.25, spread=0.0, stay_days=10_000.0),
        interest=replace(ACADEMY.interest, topic_weight=0.9),
        choice=replace(ACADEMY.choice, attraction_base=-5.0),
        waves=(
            Wave(since, BEFORE, _PULL, ramp_days=1),
            Wave(turned, BEFORE, -_PULL, ramp_days=_RAMP_DAYS),
            Wave(turned, AFTER, _PULL, ramp_days=_RAMP_DAYS),
        ),
    )


def live_past(*, user: User, days: int) -> int:
    """Write what the reader did on the last `days` days, LIVED_DAYS at most, until today began. Returns how many events
    that gave; none where there are too few days to see a turn in."""
    lived_days = min(days, LIVED_DAYS)
    if lived_days < FEWEST_DAYS:
        return 0
    today = clock.business_day()
    first = today - timedelta(days=lived_days)
    turned = today - timedelta(days=TURNED_DAYS_AGO)
    here = _alone(user, parameters(since=first.toordinal(), turned=turned.toordinal()))
    written = 0
    for n in range(lived_days):
        day = first + timedelta(days=n)
        written += write(here.live(day), after=None, until=clock.day_start(day + timedelta(days=1)) - _TICK)
    return written


def _alone(user: User, parameters: Parameters) -> Town:
    """A town of this one person, who joined before it begins and has nothing yet. What the academy recommends now, a
    contest included, it didn't recommend in a past that is told afterwards."""
    figure = Figure(chance.key(user.email or ""), user.pk, user.email or "", user.joined_at)
    key, shown = np.array([figure.key], dtype=np.uint64), visible(alone=True)
    people = newcomers(key, np.array([figure.joined_days]), shown)
    who = nature(parameters, key)
    return Town([figure], people, who, shown, editions(), 0, parameters=parameters, is_recommended_to=False)
