"""How good short lists were, with intervals. Making the lists and timing them is not kept here."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, Floats, Ints, Matrix
from zhiyue.engine.matrix import histories
from zhiyue.engine.ranking import NOTHING

LIST_LENGTH = 20
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval and how that was found: "wilson" (of a share of users), "normal" (over users) or
    "bootstrap" (of users)."""

    value: float
    low: float
    high: float
    method: str

    @property
    def reach(self) -> float:
        """How far the further end of the interval lies from the value."""
        return max(self.value - self.low, self.high - self.value)


def measured(
    lists: Ints, relevant: Matrix, items: int, *, seed: int = 0, resamples: int = 200
) -> dict[str, Estimate]:
    """All metrics of a set of lists under full ranking.

    lists  (users, LIST_LENGTH), best first, NOTHING where a list ends early
    relevant  (users, items), a stored cell for each hidden item; every user has at least one
    hr@k: share of users with a hidden item among the first k. recall@20: found share of a user's hidden
    items. ndcg@10: sum of 1 / log2(rank + 1) over hits, divided by its best possible value. mrr@20: 1 / rank
    of the first hit. coverage@10: share of all items that stand in at least one first ten.
    Shares of users (hr) have the score interval, which stays inside [0, 1] and doesn't shrink to nothing where
    nobody or everybody was hit. Other means over users have a normal interval, mean +- 1.96 s / sqrt(users);
    coverage has value +- 1.96 times its standard error over bootstrap resamples of users (a percentile interval
    would lie below the value: a resample repeats people).
    One user alone says nothing about others: the interval is [0, 1].
    Raises ValueError if there are no users or one has nothing hidden.
    Sources: Wilson 1927 (score interval); Jarvelin and Kekalainen 2002 (NDCG); Efron and Tibshirani 1993 (bootstrap).
    """
    if lists.shape[0] == 0 or np.any(np.diff(relevant.indptr) == 0):
        raise ValueError("every user needs at least one hidden item")
    hits = found(lists, relevant)
    hidden = np.diff(relevant.indptr)
    rank = np.arange(1, lists.shape[1] + 1)
    gain = 1.0 / np.log2(rank + 1)
    best = np.concatenate([[0.0], np.cumsum(gain[:10])])[np.minimum(hidden, 10)]
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    per_user = {
        "recall@20": hits[:, :20].sum(axis=1) / hidden,
        "ndcg@10": hits[:, :10] @ gain[:10] / best,
        "mrr@20": 1.0 / first,
    }
    estimates = {f"hr@{k}": _proportion(hits[:, :k].max(axis=1)) for k in (5, 10)}
    estimates |= {name: _mean(values) for name, values in per_user.items()}
    estimates["coverage@10"] = _coverage(lists[:, :10], items, seed, resamples)
    return estimates


def with_several(acts: Acts, most: int, *, fewest_items: int = 3) -> Ints:
    """Users with at least `fewest_items` items, at most `most`, spread over the codes; none without order."""
    if acts.order is None:
        return np.zeros(0, dtype=np.int64)
    users = np.flatnonzero(histories(acts).lengths >= fewest_items)
    return users[np.unique(np.linspace(0, len(users) - 1, min(most, len(users))).astype(np.int64))]


def hide_newest(acts: Acts, users: Ints) -> tuple[Acts, Matrix]:
    """Take each of some users' newest item away.

    users  ascending codes of users with at least one item each
    returns  the acts that are left, and what is hidden as (len(users), items)
    """
    folded = histories(acts)
    newest = folded.item[folded.start[users + 1] - 1]
    kept = ~np.isin(acts.user * acts.items + acts.item, users * acts.items + newest)
    order = None if acts.order is None else acts.order[kept]
    days = None if acts.days is None else acts.days[kept]
    left = Acts(acts.user[kept], acts.item[kept], acts.weight[kept], acts.users, acts.items, order, days)
    cells = (np.ones(len(users), dtype=np.float32), newest, np.arange(len(users) + 1))
    return left, csr_array(cells, shape=(len(users), acts.items))


def found(lists: Ints, relevant: Matrix) -> Ints:
    """1 where a listed item is one of the user's hidden items, else 0; same shape as `lists`."""
    items = relevant.shape[1]
    hidden = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr)) * items + relevant.indices
    cells = np.arange(lists.shape[0])[:, None] * items + lists
    return np.asarray((lists != NOTHING) & np.isin(cells, hidden), dtype=np.int64)


def _proportion(hit: Ints) -> Estimate:
    users, value = len(hit), float(hit.mean())
    if users == 1:
        return Estimate(value, 0.0, 1.0, "wilson")
    doubt = NORMAL_95**2 / users
    middle = (value + doubt / 2) / (1 + doubt)
    half = float(np.sqrt(doubt * (value * (1 - value) + doubt / 4))) / (1 + doubt)
    # At 0 and 1 the interval ends at the value; rounding must not put it beyond.
    return Estimate(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)), "wilson")


def _mean(values: Floats) -> Estimate:
    value = float(values.mean())
    if len(values) == 1:
        return Estimate(value, 0.0, 1.0, "normal")
    spread = float(values.std(ddof=1))
    reach = NORMAL_95 * spread / float(np.sqrt(len(values)))
    return Estimate(value, max(0.0, value - reach), min(1.0, value + reach), "normal")


def _coverage(lists: Ints, items: int, seed: int, resamples: int) -> Estimate:
    random = np.random.default_rng(seed)
    users = len(lists)
    value = _share(lists, items)
    if users == 1:
        return Estimate(value, 0.0, 1.0, "bootstrap")
    drawn = [_share(lists[np.unique(random.integers(0, users, users))], items) for _ in range(resamples)]
    reach = NORMAL_95 * float(np.std(drawn, ddof=1))
    return Estimate(value, max(0.0, value - reach), min(1.0, value + reach), "bootstrap")


def _share(lists: Ints, items: int) -> float:
    seen = np.zeros(items, dtype=bool)
    seen[lists[lists != NOTHING]] = True
    return float(seen.sum()) / items
