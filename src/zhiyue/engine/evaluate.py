"""How well short lists found what was hidden, with intervals. Making the lists and timing them is not kept here; what
else lists are (novel, varied, just) is in `beyond_accuracy`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, Bools, Floats, Histories, Ints, Matrix
from zhiyue.engine.matrix import counting, histories
from zhiyue.engine.ranking import NOTHING

LIST_LENGTH = 20
NORMAL_95 = 1.959963984540054
# The normal interval and the bootstrap lean on many people; of fewer than these they claim too much.
FEWEST_PEOPLE = 30
BLOCK_CELLS = 4_000_000


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


@dataclass(frozen=True, slots=True)
class Missing:
    """A measure that cannot be given, and why."""

    reason: str
    value: None = None


Measure = Estimate | Missing


def not_enough(people: int) -> Missing:
    """What stands in for a measure of too few people."""
    return Missing(f"not enough data: {people:,} people, at least {FEWEST_PEOPLE} are needed")


def measured(
    lists: Ints, relevant: Matrix, items: int, *, seed: int = 0, resamples: int = 200
) -> dict[str, Estimate]:
    """All metrics of a set of lists under full ranking.

    lists  (users, LIST_LENGTH), best first, NOTHING where a list ends early
    relevant  (users, items), a stored cell for each hidden item; every user has at least one
    hr@k: share of users with a hidden item among the first k. recall@20: found share of a user's hidden
    items. ndcg@10: sum of 1 / log2(rank + 1) over hits, divided by its best possible value. mrr@20: 1 / rank
    of the first hit. map@10: precision at the rank of each hit among the first ten, added up and divided by the number
    of hidden items, at most ten. coverage@10: share of all items that stand in at least one first ten.
    Shares of users (hr) have the score interval, which stays inside [0, 1] and doesn't shrink to nothing where
    nobody or everybody was hit. Other means over users have a normal interval, mean +- 1.96 s / sqrt(users);
    coverage has value +- 1.96 times its standard error over bootstrap resamples of users (a percentile interval
    would lie below the value: a resample repeats people).
    One user alone says nothing about others: the interval is [0, 1].
    Raises ValueError if there are no users or one has nothing hidden.
    Sources: Wilson 1927 (score interval); Jarvelin and Kekalainen 2002 (NDCG); Efron and Tibshirani 1993 (bootstrap).
    """
    values = per_person(lists, relevant)
    estimates = {
        name: _proportion(cells) if name.startswith("hr@") else mean(cells) for name, cells in values.items()
    }
    estimates["coverage@10"] = _coverage(lists[:, :10], items, seed, resamples)
    return estimates


def per_person(lists: Ints, relevant: Matrix) -> dict[str, Floats]:
    """The metrics of `measured` that are means over users, for each user.

    Raises ValueError if there are no users or one has nothing hidden.
    """
    if lists.shape[0] == 0 or np.any(np.diff(relevant.indptr) == 0):
        raise ValueError("every user needs at least one hidden item")
    hits = found(lists, relevant)
    hidden = np.diff(relevant.indptr)
    rank = np.arange(1, lists.shape[1] + 1)
    gain = 1.0 / np.log2(rank + 1)
    best = np.concatenate([[0.0], np.cumsum(gain[:10])])[np.minimum(hidden, 10)]
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    precision = np.cumsum(hits[:, :10], axis=1) / rank[:10]
    hit_rates = {f"hr@{k}": hits[:, :k].max(axis=1).astype(np.float64) for k in (5, 10)}
    return hit_rates | {
        "recall@20": hits[:, :20].sum(axis=1) / hidden,
        "ndcg@10": hits[:, :10] @ gain[:10] / best,
        "mrr@20": 1.0 / first,
        "map@10": (precision * hits[:, :10]).sum(axis=1) / np.minimum(hidden, 10),
    }


def sampled(person: Ints, hidden: Floats, others: Floats) -> dict[str, Measure]:
    """Metrics of hidden items ranked among a few sampled ones only, named so: they order methods differently from full
    ranking (Krichene and Rendle 2020) and are for comparing with papers.

    person  (rows,): whose row it is; hidden  (rows,): score of the hidden item; others  (rows, n): of its negatives
    The rank is 1 and the number of negatives with a higher score, and half of those with an equal one, rounded up: a
    model that gives everything the same score must not rank first.
    sampled-hr@10: share of a person's hidden items with rank 10 or better; sampled-ndcg@10: mean of 1 / log2(rank + 1)
    for them, 0 for the others; both mean over people.
    """
    people, row = np.unique(person, return_inverse=True)
    if len(people) < FEWEST_PEOPLE:
        return dict.fromkeys(("sampled-hr@10", "sampled-ndcg@10"), not_enough(len(people)))
    above = (others > hidden[:, None]).sum(axis=1)
    equal = (others == hidden[:, None]).sum(axis=1)
    rank = 1 + above + (equal + 1) // 2
    rows = np.bincount(row)
    hit = np.bincount(row, weights=rank <= 10) / rows
    gain = np.bincount(row, weights=np.where(rank <= 10, 1.0 / np.log2(rank + 1), 0.0)) / rows
    rate = _proportion(hit) if np.all(rows == 1) else mean(hit)
    return {"sampled-hr@10": rate, "sampled-ndcg@10": mean(gain)}


def differences(
    first: Mapping[str, Floats], second: Mapping[str, Floats], *, seed: int = 0, resamples: int = 1000
) -> dict[str, Measure]:
    """How much `first` is above `second`, measured on the same people in the same order (of `per_person`).

    The interval holds the middle 95 % of the mean difference over bootstrap resamples of people. It is narrower than
    the two intervals of the means suggest, since people who are hard to guess are hard for both.
    Source: Efron and Tibshirani 1993; paired, after Sakai 2006.
    """
    random = np.random.default_rng(seed)
    names = list(first)
    apart = np.stack([first[name] - second[name] for name in names])
    people = apart.shape[1]
    if people < FEWEST_PEOPLE:
        return dict.fromkeys(names, not_enough(people))
    size = max(1, BLOCK_CELLS // people)
    drawn = np.concatenate(
        [
            apart[:, random.integers(0, people, (min(size, resamples - low), people))].mean(axis=2)
            for low in range(0, resamples, size)
        ],
        axis=1,
    )
    low, high = np.percentile(drawn, [2.5, 97.5], axis=1)
    value = apart.mean(axis=1)
    return {
        name: Estimate(
            float(value[at]), float(min(low[at], value[at])), float(max(high[at], value[at])), "bootstrap"
        )
        for at, name in enumerate(names)
    }


def with_several(acts: Acts, most: int, *, fewest_items: int = 3) -> Ints:
    """Users with at least `fewest_items` items that count (weights above 0), at most `most`, spread over the codes."""
    users = np.flatnonzero(_taken(acts).lengths >= fewest_items)
    return _spread(users, most)


def with_newest(acts: Acts, most: int, *, fewest_items: int = 3) -> tuple[Ints, int]:
    """As `with_several`, only users of whom the order tells which item was the last; and how many it doesn't tell it
    of, as other items have the same moment. Nobody without order.
    """
    folded = _taken(acts)
    users = np.flatnonzero(folded.lengths >= fewest_items)
    if folded.order is None:
        return users[:0], len(users)
    last = folded.start[users + 1] - 1
    is_told = folded.order[last] > folded.order[last - 1]
    return _spread(users[is_told], most), int((~is_told).sum())


def hide_newest(acts: Acts, users: Ints) -> tuple[Acts, Matrix]:
    """Take each of some users' newest item that counts away, of several at one moment that with the highest code.

    users  ascending codes of users with at least one such item each
    returns  the acts that are left, and what is hidden as (len(users), items)
    """
    folded = _taken(acts)
    return _without(acts, users, folded.item[folded.start[users + 1] - 1])


def hide_any(acts: Acts, users: Ints, *, seed: int = 0) -> tuple[Acts, Matrix]:
    """As `hide_newest`, with one item of each user drawn at random: for acts whose order isn't known."""
    folded = _taken(acts)
    chance = np.random.default_rng(seed).random(len(users))
    drawn = folded.start[users] + (chance * folded.lengths[users]).astype(np.int64)
    return _without(acts, users, folded.item[drawn])


def _taken(acts: Acts) -> Histories:
    """What people took: what they turned down would be a wrong answer."""
    return counting(histories(acts))


def _without(acts: Acts, users: Ints, items: Ints) -> tuple[Acts, Matrix]:
    """The acts without those of each user on one item, and these items as (len(users), items)."""
    kept = ~np.isin(acts.user * acts.items + acts.item, users * acts.items + items)
    cells = (np.ones(len(users), dtype=np.float32), items, np.arange(len(users) + 1))
    return _only(acts, kept), csr_array(cells, shape=(len(users), acts.items))


def hide_after(acts: Acts, last: int, most: int) -> tuple[Acts, Ints, Matrix]:
    """Take everything away that came later than `last` (an order).

    returns  the acts that are left; the users who then took items (weights above 0) that they hadn't touched before, at
    most `most`, spread over the codes; and these items, (len(users), items). Nobody without order.
    """
    later = np.zeros(len(acts.user), dtype=np.bool_) if acts.order is None else acts.order > last
    left, folded = _only(acts, ~later), histories(_only(acts, later))
    cell = folded.user * acts.items + folded.item
    fresh = (folded.weight > 0) & ~np.isin(cell, left.user * acts.items + left.item)
    users = _spread(np.unique(folded.user[fresh]), most)
    fresh &= np.isin(folded.user, users)
    row = np.searchsorted(users, folded.user[fresh])
    cells = (np.ones(len(row), dtype=np.float32), (row, folded.item[fresh]))
    return left, users, csr_array(cells, shape=(len(users), acts.items))


def hide_of_people(
    acts: Acts, share: float, *, most: int, kept: float = 0.5, fewest_items: int = 3, seed: int = 0
) -> tuple[Acts, Acts, Ints, Matrix]:
    """Hold whole people out: a random `share` of those with at least `fewest_items` items that count (weights above 0),
    at most `most`. The oldest `kept` of each one's items are what lists are made from, at least one; the others, at
    least one, are hidden. Where the order isn't known, or of equal moments, they are drawn at random.

    returns  the acts of everybody else, to fit on; the same with the kept acts of those held out; their codes; and what
    is hidden, (people, items)
    Raises ValueError unless share and kept lie between 0 and 1. Source: Liang, Krishnan, Hoffman and Jebara 2018
    ("strong generalization").
    """
    if not 0 < share < 1 or not 0 < kept < 1:
        raise ValueError("share and kept must lie between 0 and 1")
    random = np.random.default_rng(seed)
    folded = histories(acts)
    counts = folded.weight > 0
    user, item = folded.user[counts], folded.item[counts]
    lengths = np.bincount(user, minlength=acts.users)
    several = np.flatnonzero(lengths >= fewest_items)
    chosen = min(round(share * len(several)), most)
    people = np.sort(random.choice(several, chosen, replace=False))
    moment = np.zeros(len(user)) if folded.order is None else folded.order[counts]
    drawn = np.lexsort((random.random(len(user)), moment, user))
    user, item = user[drawn], item[drawn]
    place = np.arange(len(user)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    stays = np.clip(np.ceil(kept * lengths), 1, np.maximum(lengths - 1, 1))
    hide = np.isin(user, people) & (place >= stays[user])
    cells = (np.ones(int(hide.sum()), dtype=np.float32), (np.searchsorted(people, user[hide]), item[hide]))
    relevant = csr_array(cells, shape=(len(people), acts.items))
    is_hidden = np.isin(acts.user * acts.items + acts.item, user[hide] * acts.items + item[hide])
    others = ~np.isin(acts.user, people)
    return _only(acts, others), _only(acts, ~is_hidden), people, relevant


def found(lists: Ints, relevant: Matrix) -> Ints:
    """1 where a listed item is one of the user's hidden items, else 0; same shape as `lists`."""
    items = relevant.shape[1]
    hidden = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr)) * items + relevant.indices
    cells = np.arange(lists.shape[0])[:, None] * items + lists
    return np.asarray((lists != NOTHING) & np.isin(cells, hidden), dtype=np.int64)


def mean(values: Floats, highest: float = 1.0) -> Estimate:
    """The mean over users of values in [0, highest], with its normal interval, cut at these bounds."""
    value = float(values.mean())
    if len(values) == 1:
        return Estimate(value, 0.0, highest, "normal")
    spread = float(values.std(ddof=1))
    reach = NORMAL_95 * spread / float(np.sqrt(len(values)))
    return Estimate(value, max(0.0, value - reach), min(highest, value + reach), "normal")


def _spread(users: Ints, most: int) -> Ints:
    return users[np.unique(np.linspace(0, len(users) - 1, min(most, len(users))).astype(np.int64))]


def _only(acts: Acts, kept: Bools) -> Acts:
    order = None if acts.order is None else acts.order[kept]
    days = None if acts.days is None else acts.days[kept]
    return Acts(acts.user[kept], acts.item[kept], acts.weight[kept], acts.users, acts.items, order, days)


def _proportion(hit: Floats) -> Estimate:
    users, value = len(hit), float(hit.mean())
    if users == 1:
        return Estimate(value, 0.0, 1.0, "wilson")
    doubt = NORMAL_95**2 / users
    middle = (value + doubt / 2) / (1 + doubt)
    half = float(np.sqrt(doubt * (value * (1 - value) + doubt / 4))) / (1 + doubt)
    # At 0 and 1 the interval ends at the value; rounding must not put it beyond.
    return Estimate(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)), "wilson")


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
