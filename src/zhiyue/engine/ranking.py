"""From scores to short lists: best first, owned items left out, equal scores always in the same order."""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np

from zhiyue.engine.kinds import Floats, Ints, Matrix
from zhiyue.engine.matrix import CELLS_AT_ONCE, THREADS, floor_per_row

NOTHING = -1
# A row of so many times k candidates is gone through once more.
CROWDED = 16


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
    size = max(1, CELLS_AT_ONCE // max(1, scores.shape[1]))
    if len(scores) <= size:
        return _top_k(scores, k)
    with ThreadPoolExecutor(THREADS) as threads:
        blocks = [scores[low : low + size] for low in range(0, len(scores), size)]
        lists = list(threads.map(_top_k, blocks, repeat(k)))
    return np.concatenate([items for items, _ in lists]), np.concatenate([marks for _, marks in lists])


def speakers(shares: Floats, rest: Floats) -> Ints:
    """Which act (column of shares) gave most to each candidate (row); NOTHING where no act gave more than `rest`."""
    if shares.shape[1] == 0:
        return np.full(len(shares), NOTHING, dtype=np.int64)
    most = shares.max(axis=1)
    return np.where((most > 0) & (most >= rest), shares.argmax(axis=1), NOTHING)


def _top_k(scores: Floats, k: int) -> tuple[Ints, Floats]:
    users = len(scores)
    listed = np.full((users, k), NOTHING, dtype=np.int64)
    marks = np.full((users, k), -np.inf, dtype=np.float32)
    row, item = _candidates(scores, k)
    values = scores[row, item]
    best = np.lexsort((-values, row))
    found = np.bincount(row, minlength=users)
    place = np.arange(len(row)) - np.repeat(np.cumsum(found) - found, found)
    best, row, place = best[place < k], row[place < k], place[place < k]
    listed[row, place], marks[row, place] = item[best], values[best]
    return listed, marks


def _candidates(scores: Floats, k: int) -> tuple[Ints, Ints]:
    """Row and item of cells above -inf, by row and then by item: the k best of each row among few others."""
    items = scores.shape[1]
    lowest = np.finfo(scores.dtype).min
    floor = np.maximum(floor_per_row(scores, k), lowest) if k < items else np.full(len(scores), lowest)
    cells = np.flatnonzero(scores >= floor[:, None])
    row, item = np.divmod(cells, max(items, 1))
    found = np.bincount(row, minlength=len(scores))
    crowded = np.flatnonzero(found > CROWDED * k)
    if not len(crowded):
        return row, item
    # Many equals stand at the border of the list: the lowest codes are enough of them.
    kept = found[row] <= CROWDED * k
    for one in crowded:
        mine = scores[one]
        border = np.partition(mine, items - k)[items - k]
        equal = np.flatnonzero(mine == border)[:k]
        ours = slice(int(found[:one].sum()), int(found[: one + 1].sum()))
        kept[ours] = (mine[item[ours]] > border) | np.isin(item[ours], equal)
    return row[kept], item[kept]
