"""When people come: how lively each is on a day, how often they sit down, and at what hour."""

import numpy as np

from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Stream, poisson, uniform
from zhiyue.engine.simulate.kinds import DAY_SECONDS, RECENT_DAYS
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.engine.simulate.people import Nature, away


def habit(parameters: Parameters, recent: Bools) -> Floats:
    """(N,) how much coming has become a habit, 0..1: the days of the last four weeks on which one was there, each
    worth half as much every `habit_half_life_days`."""
    weights = 2.0 ** (-np.arange(RECENT_DAYS) / parameters.rhythm.habit_half_life_days)
    return np.asarray(recent @ (weights / weights.sum()), dtype=np.float64)


def weariness(parameters: Parameters, recent: Bools) -> Floats:
    """(N,) the share of the rate that a row of active days takes away, 0..1."""
    over = np.maximum(recent[:, :7].sum(axis=1) - parameters.rhythm.rest_after, 0)
    return np.asarray(np.minimum(over * parameters.rhythm.rest, 1.0), dtype=np.float64)


def rates(parameters: Parameters, who: Nature, age_days: Floats, recent: Bools, day: int) -> Floats:
    """(N,) sittings to be expected on `day`; 0 for who hasn't joined (age below 0).

    rate · weekday · (1 + novelty · 2^(−age/half-life)) · (1 + boost · habit) · (1 − weariness), and only `leak` of
    that while somebody is away. Monday is weekday 0.
    """
    wanted = parameters.rhythm
    age = np.maximum(age_days, 0.0)
    found = np.exp(who.log_rate) * wanted.weekday[(day - 1) % 7]
    found *= 1 + wanted.novelty * 2.0 ** (-age / wanted.novelty_half_life_days)
    found *= 1 + wanted.habit_boost * habit(parameters, recent)
    found *= 1 - weariness(parameters, recent)
    found *= np.where(away(who, age), wanted.leak, 1.0)
    return np.asarray(np.where(age_days < 0, 0.0, found), dtype=np.float64)


def sittings(parameters: Parameters, who: Nature, expected: Floats, day: int) -> tuple[Ints, Ints, Floats]:
    """The sittings of a day: person, number within the day (from 0), second of the day at which it begins; ordered
    by person and second."""
    most, seed = parameters.rhythm.most_sittings, parameters.seed
    count = poisson(expected, uniform(seed, Stream.SITTINGS, who.key, day), most)
    person = np.repeat(np.arange(len(who.key)), count)
    number = np.arange(len(person)) - np.repeat(np.cumsum(count) - count, count)
    chance = uniform(seed, Stream.HOUR, who.key[person], day, number)
    hours = who.hours[person]
    hour = (hours < chance[:, None]).sum(axis=1)
    below = np.where(hour > 0, hours[np.arange(len(person)), hour - 1], 0.0)
    within = (chance - below) / (hours[np.arange(len(person)), hour] - below)
    start = np.minimum((hour + within) * 3600, DAY_SECONDS - 1.0)
    order = np.lexsort((start, person))
    return person, number, start[order]


def cohort(parameters: Parameters, who: Nature, *, days: int, first_day: int) -> Bools:
    """(N, days) on which days each is there, of people who all join at the beginning of `first_day`. For
    calibration: nothing but the rhythm is lived."""
    present = np.zeros((len(who.key), days), dtype=np.bool_)
    recent = np.zeros((len(who.key), RECENT_DAYS), dtype=np.bool_)
    for n in range(days):
        age = np.full(len(who.key), float(n))
        expected = rates(parameters, who, age, recent, first_day + n)
        chance = uniform(parameters.seed, Stream.SITTINGS, who.key, first_day + n)
        present[:, n] = chance > np.exp(-expected)
        recent = remembered(recent, present[:, n])
    return present


def remembered(recent: Bools, today: Bools) -> Bools:
    """`recent` a day later."""
    return np.concatenate([today[:, None], recent[:, :-1]], axis=1)
