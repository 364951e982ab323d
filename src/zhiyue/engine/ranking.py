"""From scores to short lists: best first, owned items left out, equal scores always in the same order."""

import numpy as np

from zhiyue.engine.kinds import Floats, Ints, Matrix

NOTHING = -1


def completed(scores: Floats, popular: Floats) -> Floats:
    """Give the items about which nothing is known (score 0) the order of the popular list, below all others.

    scores  (users, items), at least 0
    popular  (items,) or (users, items), in [0, 1]
    returns  (users, items): scores above 0 as they are, the others popular - 1, at most 0. A user for whom
    nothing is known at all gets `popular` itself.
    """
    filled = np.where(scores > 0, scores, popular - 1.0)
    unknown = ~np.any(scores > 0, axis=1)
    filled[unknown] = np.broadcast_to(popular, scores.shape)[unknown]
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
