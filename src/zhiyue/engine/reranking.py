"""From one person's scored candidates to the short list that is shown: what is nearly the same, what is of one kind,
what comes before what, how new, how hard. Which rules hold for whom, and what day it is, isn't known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from zhiyue.engine.kinds import Acts, Bools, Floats, Ints
from zhiyue.engine.matrix import histories
from zhiyue.engine.ranking import NOTHING, speakers


@dataclass(frozen=True, slots=True)
class Variety:
    """How a short list is kept from being all of one kind.

    per_group  at most this share of the list from one group, for each kind of groups (topics, teachers); where no
    candidate is left that keeps them all, the last kind gives way first
    per_reason  at most this share of the list because of one item of the profile
    weakest_reason  an act is the reason only where it gave at least this share of what it gave to its favourite
    newest_first  whether the first place answers the newest act
    per_before  at most this share of the list, rounded up, for what stands there only to come before something else
    most_rise  what comes before something else stands so many places above its own at most; None: however many
    """

    per_group: tuple[float, ...] = ()
    per_reason: float = 1.0
    weakest_reason: float = 0.0
    newest_first: bool = False
    per_before: float = 1.0
    most_rise: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What one person's list is chosen among, c candidates and p acts; NOTHING among groups and twins: no limit.

    scores, popular  (c,): score, at least 0, and popularity in [0, 1]
    shares  (c, p): what each act gave to each score; newest  the newest act's column or NOTHING
    groups  (g, c), a row for each kind of `Variety.per_group`
    twins  (c,): of candidates with one code only one is ever listed
    before  candidate -> those that are better taken first, itself among nobody's own
    helpers  (c,): may be listed only before another; None: nobody
    own  (c,): the place of each by its own score, from 1; None: what comes first rises as far as it is asked to
    """

    scores: Floats
    shares: Floats
    popular: Floats
    groups: Ints
    twins: Ints
    newest: int = NOTHING
    before: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    helpers: Bools | None = None
    own: Ints | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Candidates in their order with their values, the column of each one's reason (NOTHING: popularity), and the
    candidate in whose place each one stands as what comes before it (NOTHING: it stands for itself)."""

    candidates: Ints
    values: Floats
    reasons: Ints
    instead_of: Ints


def varied(found: Candidates, k: int, variety: Variety) -> Chosen:
    """Choose at most k candidates greedily under the limits of `variety`.

    An act that was the reason often enough falls silent: its shares are taken off the scores, and the next candidates
    are chosen for what the other acts say. What an act is only lukewarm about it is no reason for. A candidate for
    which popularity says more than any act is valued popular - 1: the popular list fills what the acts leave open.
    Whatever something else comes before waits until that is listed, and gives its place and its value to it; where that
    is kept out by a limit, or would rise too far, both wait: then it stands right behind. All limits but that of twins
    give way rather than leave the list short, those on what comes before last.
    Source: greedy re-ranking under quotas, after Ziegler et al. 2005, "topic diversification".
    """
    most_of_a_reason = limit(variety.per_reason, k)
    speaking, voice = found.shares.copy(), _Voices(found, variety)
    reasons, value = voice.heard(speaking)
    limits = [limit(share, k) for share in variety.per_group]
    shelf = _Shelf(found, limits, limit(variety.per_before, k), variety.most_rise)
    chosen: list[tuple[int, float, int, int]] = []
    spoken = np.zeros(found.shares.shape[1], dtype=np.int64)
    while len(chosen) < k:
        answers = reasons == found.newest
        is_first = not chosen and variety.newest_first and found.newest != NOTHING
        place = (shelf.next(np.where(answers, value, -np.inf)) if is_first else None) or shelf.next(value)
        if place is None:
            break
        wanted, listed = place
        shelf.take(wanted, listed)
        reason = int(reasons[wanted])
        chosen.append((listed, float(value[wanted]), reason, wanted if wanted != listed else NOTHING))
        if reason != NOTHING:
            spoken[reason] += 1
            if spoken[reason] == most_of_a_reason:
                speaking[:, reason] = 0.0
                reasons, value = voice.heard(speaking)
    columns = list(zip(*chosen, strict=True)) or [(), (), (), ()]
    listed_ones, values, because, instead = (np.asarray(column) for column in columns)
    return Chosen(_codes(listed_ones), values.astype(np.float64), _codes(because), _codes(instead))


def limit(share: float, k: int) -> int:
    """How many of k places that share of them is: rounded up, at least one."""
    return max(1, int(np.ceil(share * k)))


class _Voices:
    """What the acts that still speak say about each candidate."""

    def __init__(self, found: Candidates, variety: Variety) -> None:
        self.rest = np.maximum(found.scores - found.shares.sum(axis=1), 0.0)
        self.lukewarm = found.shares < variety.weakest_reason * found.shares.max(axis=0, initial=0.0)
        self.popular = found.popular - 1.0

    def heard(self, speaking: Floats) -> tuple[Ints, Floats]:
        """The column of each candidate's reason, and its value."""
        reasons = speakers(np.where(self.lukewarm, 0.0, speaking), self.rest)
        return reasons, np.where(reasons != NOTHING, self.rest + speaking.sum(axis=1), self.popular)


class _Shelf:
    """What may still be taken, given what was."""

    def __init__(self, found: Candidates, limits: list[int], most_before: int, most_rise: int | None) -> None:
        self.found, self.limits = found, limits
        self.places_before, self.most_rise = most_before, most_rise
        self.listed = 0
        count = len(found.scores)
        self.left = np.ones(count, dtype=np.bool_)
        self.full = np.zeros((len(limits), count), dtype=np.bool_)
        self.taken: list[dict[int, int]] = [{} for _ in limits]
        self.own = np.ones(count, dtype=np.bool_) if found.helpers is None else ~found.helpers

    def next(self, value: Floats) -> tuple[int, int] | None:
        """The best candidate, and the one that goes to its place: itself, or what comes before it."""
        by_limits = range(len(self.limits), -1, -1)
        may_come = (self._is_near, _any) if self.places_before > 0 else (_none, self._is_near, _any)
        for may_come_before, kept in product(may_come, by_limits):
            fits = self.left & ~self.full[:kept].any(axis=0)
            open_value = np.where(fits & self.own, value, -np.inf)
            while open_value.size and np.isfinite(open_value[wanted := int(open_value.argmax())]):
                first = self._first(wanted)
                if fits[first] and (first == wanted or may_come_before(first)):
                    return wanted, first
                open_value[wanted] = -np.inf
        return None

    def take(self, wanted: int, candidate: int) -> None:
        """Put a candidate into the list, in the place of the wanted one."""
        self.places_before -= candidate != wanted
        self.listed += 1
        self.left[candidate] = False
        if self.found.twins[candidate] != NOTHING:
            self.left[self.found.twins == self.found.twins[candidate]] = False
        for kind, most in enumerate(self.limits):
            group = int(self.found.groups[kind, candidate])
            if group == NOTHING:
                continue
            count = self.taken[kind][group] = self.taken[kind].get(group, 0) + 1
            if count >= most:
                self.full[kind] |= self.found.groups[kind] == group

    def _is_near(self, candidate: int) -> bool:
        """Does it stand few enough places above its own in the next one?"""
        if self.found.own is None or self.most_rise is None:
            return True
        return int(self.found.own[candidate]) - self.listed - 1 <= self.most_rise

    def _first(self, candidate: int) -> int:
        """What must come first of all that comes before a candidate; a circle is cut where it closes."""
        seen = {candidate}
        while True:
            waiting = (one for one in self.found.before.get(candidate, ()) if self.left[one])
            before = next((one for one in waiting if one not in seen), None)
            if before is None:
                return candidate
            candidate = before
            seen.add(candidate)


def _none(candidate: int) -> bool:
    return False


def _any(candidate: int) -> bool:
    return True


def novelty(acts: Acts) -> Floats:
    """How little known each item is: its self-information over that of an item which one person took.

    returns  (items,), in [0, 1]: log(people / those who took it) / log(people), 1 for what nobody took, 0 for what
    everybody took (and for all, where there is one person at most)
    Source: Zhou et al. 2010 (self-information as novelty).
    """
    folded = histories(acts)
    people = max(1, int((folded.lengths > 0).sum()))
    takers = np.bincount(folded.item[folded.weight > 0], minlength=acts.items)
    if people == 1:
        return np.zeros(acts.items, dtype=np.float32)
    bits = np.log(people / np.clip(takers, 1, people)) / np.log(people)
    return np.asarray(bits, dtype=np.float32)


def level_of(levels: Ints, weights: Floats) -> float | None:
    """The level a person stands at: the mean level of what they took, by weight; None where no level is known.

    levels  (n,): of each item they took, NOTHING: unknown; weights  (n,), at least 0
    """
    known = (levels != NOTHING) & (weights > 0)
    if not known.any():
        return None
    return float(np.average(levels[known], weights=weights[known]))


def level_fit(levels: Ints, level: float | None, fall: float) -> Floats:
    """What to multiply scores by so that items far off a person's level go down: fall ** (how far past one level).

    levels  (items,), NOTHING: unknown, which never goes down; level  None: nothing does; fall  in (0, 1]
    """
    if level is None:
        return np.ones(len(levels), dtype=np.float32)
    beyond = np.where(levels == NOTHING, 0.0, np.maximum(np.abs(levels - level) - 1.0, 0.0))
    return np.asarray(fall**beyond, dtype=np.float32)


def draw(scores: Floats, floor: float, uniforms: Floats, pulls: Floats | float = 1.0) -> tuple[int, float]:
    """One of some candidates by lot, each with the chance pull (score + floor) / sum of all of these.

    scores  (n,), at least 0, n at least 1; floor  above 0, on the scale of the scores; pulls  (n,), above 0
    uniforms  (n,), in (0, 1], independent: a number that goes with the candidate, so that whoever has the same numbers
    draws the same, and a candidate that joins or leaves changes the result only where it wins or had won
    returns  position and its chance. Source: the exponential race, Efraimidis and Spirakis 2006.
    """
    weights = (np.maximum(scores.astype(np.float64), 0.0) + floor) * pulls
    winner = int(np.argmin(-np.log(uniforms) / weights))
    return winner, float(weights[winner] / weights.sum())


def _codes(values: Ints) -> Ints:
    return values.astype(np.int64)
