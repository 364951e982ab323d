"""Who comes from outside: people who join on a day, those who look round first, and visitors who never join."""

import numpy as np

from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Keys, Stream, keys, poisson, uniform
from zhiyue.engine.simulate.kinds import DAY_SECONDS
from zhiyue.engine.simulate.parameters import Parameters

# Somebody who joins was seen so many days before at most.
LOOKED_ROUND_DAYS = 14
_RETURN_DAYS = 7
_RETURNING = 0.2
_MOST_A_DAY = 400
_VISITS_BEFORE = 3


def joiners(parameters: Parameters, *, members: int, day: int) -> Floats:
    """The seconds of `day` at which somebody joins, in order, where an academy of `members` lives on."""
    rate = np.asarray(parameters.traffic.joiners * members)
    count = int(poisson(rate, uniform(parameters.seed, Stream.ARRIVAL, day), _MOST_A_DAY))
    chance = uniform(parameters.seed, Stream.ARRIVAL_SECOND, day, np.arange(count))
    # By day rather than by night: between seven and midnight.
    return np.sort(np.floor(7 * 3600 + chance * (DAY_SECONDS - 7 * 3600 - 60)))


def came_before(parameters: Parameters, who: Keys) -> Bools:
    """Whether each looked round under a visitor's key before joining."""
    chance = uniform(parameters.seed, Stream.PROSPECT, who, 0)
    return np.asarray(chance < parameters.traffic.came_before, dtype=np.bool_)


def looks_round(parameters: Parameters, who: Keys, days_before_joining: Ints) -> Bools:
    """Whether each, who will join so many whole days later, comes as a visitor on this day."""
    found = np.zeros(len(who), dtype=np.bool_)
    for visit in range(1, _VISITS_BEFORE + 1):
        chance = uniform(parameters.seed, Stream.PROSPECT, who, visit)
        lag = 1 + np.floor(-np.log(chance) * parameters.traffic.lag_days)
        # Each earlier visit is half as likely as the one after it.
        happens = uniform(parameters.seed, Stream.PROSPECT, who, visit, 1) < 0.5**visit
        found |= happens & (lag == days_before_joining) & (days_before_joining <= LOOKED_ROUND_DAYS)
    return found & came_before(parameters, who)


def visitors(parameters: Parameters, *, members: int, day: int) -> Keys:
    """Keys of the people who come on `day` and never join; one in five comes once more within a week."""
    found = [_born(parameters, members, day)]
    for back in range(1, _RETURN_DAYS + 1):
        born = _born(parameters, members, day - back)
        returning = uniform(parameters.seed, Stream.VISITOR, born, 1) < _RETURNING
        lag = 1 + np.floor(uniform(parameters.seed, Stream.VISITOR, born, 2) * _RETURN_DAYS)
        found.append(born[returning & (lag == back)])
    return np.concatenate(found)


def _born(parameters: Parameters, members: int, day: int) -> Keys:
    rate = np.asarray(parameters.traffic.visitor_share * members)
    count = int(poisson(rate, uniform(parameters.seed, Stream.VISITOR, day), _MOST_A_DAY))
    return keys([f"visitor {day} {number}" for number in range(count)])
