"""From scores to short lists: best first, owned items left out, equal scores always in the same order."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Bools, Floats, Ints, Matrix

NOTHING = -1


@dataclass(frozen=True, slots=True)
class Variety:
    """How a short list is kept from being all of one kind.

    per_group  at most this share of the list from one group (topic)
    per_reason  at most this share of the list because of one item of the profile
    weakest_reason  an act is the reason only where it gave at least this share of what it gave to its favourite
    newest_first  whether the first place answers the newest act
    """

    per_group: float = 1.0
    per_reason: float = 1.0
    weakest_reason: float = 0.0
    newest_first: bool = False


def completed(scores: Floats, popular: Floats) -> Floats:
    """Give the items about which nothing is known (score 0) the order of the popular list, below all others.

    scores  (users, items), at least 0
    popular  (items,), in [0, 1]
    returns  (users, items): scores above 0 as they are, the others popular - 1, at most 0. A user for whom
    nothing is known at all gets `popular` itself.
    """
    filled = np.where(scores > 0, scores, popular - 1.0)
    unknown = ~np.any(scores > 0, axis=1)
    filled[unknown] = popular
    return filled.astype(np.float32)


def without(scores: Floats, exclude: Matrix) -> Floats:
    """A copy of `scores` with -inf wherever `exclude` stores a cell. Both (users, items)."""
    open_scores = scores.copy()
    rows = np.repeat(np.arange(exclude.shape[0]), np.diff(exclude.indptr))
    open_scores[rows, exclude.indices] = -np.inf
    return open_scores


def top_k(scores: Floats, k: int) -> tuple[Ints, Floats]:
    """The k best items of each row; equal scores stand by item code, at the border of the list as well.

    scores  (users, items); -inf: never listed
    returns  items and their scores, both (users, k); NOTHING and -inf where a row has fewer
    Raises ValueError if k is below 1.
    """
    if k < 1:
        raise ValueError("k must be at least 1")
    users, items = scores.shape
    size = min(k, items)
    chosen = _best(scores, size)
    values = np.take_along_axis(scores, chosen, axis=1)
    place = np.lexsort((chosen, -values), axis=1)
    chosen, values = np.take_along_axis(chosen, place, axis=1), np.take_along_axis(values, place, axis=1)
    listed = np.full((users, k), NOTHING, dtype=np.int64)
    marks = np.full((users, k), -np.inf, dtype=np.float32)
    listed[:, :size] = np.where(np.isneginf(values), NOTHING, chosen)
    marks[:, :size] = values
    return listed, marks


def varied(
    scores: Floats, shares: Floats, popular: Floats, groups: Ints, newest: int, k: int, variety: Variety
) -> tuple[Ints, Floats, Ints]:
    """Choose k of one person's candidates greedily under the limits of `variety`.

    scores, popular, groups  (c,): score, popularity in [0, 1] and group (NOTHING: no limit) of each candidate
    shares  (c, p): what each of the person's p acts gave to each score; newest  the newest act's column or NOTHING
    An act that was the reason often enough falls silent: its shares are taken off the scores, and the next candidates
    are chosen for what the other acts say. What an act is only lukewarm about it is no reason for. A candidate for
    which popularity says more than any act is valued popular - 1: the popular list fills what the acts leave open.
    returns  positions of the candidates, at most k, their values, and the column of each one's reason, NOTHING for
    popularity. The limit on groups gives way rather than leave the list short.
    Source: greedy re-ranking under quotas, after Ziegler et al. 2005, "topic diversification".
    """
    per_group, per_reason = _limit(variety.per_group, k), _limit(variety.per_reason, k)
    left = np.ones(len(scores), dtype=bool)
    rest = np.maximum(scores - shares.sum(axis=1), 0.0)
    lukewarm = shares < variety.weakest_reason * shares.max(axis=0, initial=0.0)
    speaking = shares.copy()
    chosen: list[int] = []
    values: list[float] = []
    because: list[int] = []
    while len(chosen) < min(k, len(scores)):
        reasons = speakers(np.where(lukewarm, 0.0, speaking), rest)
        value = np.where(reasons != NOTHING, rest + speaking.sum(axis=1), popular - 1.0)
        allowed = left & ~_full(groups, groups[chosen], per_group)
        if not chosen and variety.newest_first and newest != NOTHING and np.any(reasons == newest):
            allowed = reasons == newest
        position = int(np.argmax(np.where(allowed if allowed.any() else left, value, -np.inf)))
        left[position] = False
        chosen.append(position)
        values.append(float(value[position]))
        because.append(int(reasons[position]))
        if because.count(because[-1]) == per_reason and because[-1] != NOTHING:
            speaking[:, because[-1]] = 0.0
    return np.asarray(chosen, dtype=np.int64), np.asarray(values), np.asarray(because, dtype=np.int64)


def speakers(shares: Floats, rest: Floats) -> Ints:
    """Which act (column of shares) gave most to each candidate (row); NOTHING where no act gave more than `rest`."""
    if shares.shape[1] == 0:
        return np.full(len(shares), NOTHING, dtype=np.int64)
    most = shares.max(axis=1)
    return np.where((most > 0) & (most >= rest), shares.argmax(axis=1), NOTHING)


def _best(scores: Floats, size: int) -> Ints:
    items = scores.shape[1]
    if size == items:
        return np.tile(np.arange(items, dtype=np.int64), (len(scores), 1))
    chosen = np.argpartition(-scores, size - 1, axis=1)[:, :size].astype(np.int64)
    border = np.take_along_axis(scores, chosen, axis=1).min(axis=1, keepdims=True)
    tied = np.flatnonzero((scores >= border).sum(axis=1) > size)
    for row in tied:
        # argpartition may keep any of the equals at the border: keep the lowest codes instead.
        above = np.flatnonzero(scores[row] > border[row])
        equal = np.flatnonzero(scores[row] == border[row])[: size - len(above)]
        chosen[row] = np.concatenate([above, equal])
    return chosen


def _limit(share: float, k: int) -> int:
    return max(1, int(np.ceil(share * k)))


def _full(labels: Ints, taken: Ints, limit: int) -> Bools:
    values, counts = np.unique(taken[taken != NOTHING], return_counts=True)
    return np.isin(labels, values[counts >= limit])
