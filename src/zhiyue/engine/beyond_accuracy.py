"""What short lists are like, whether they hit or not: novel, varied, popular, true to a learner. Hits are measured in
`evaluate`."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.evaluate import (
    FEWEST_PEOPLE,
    NORMAL_95,
    Estimate,
    Measure,
    Missing,
    found,
    mean,
    not_enough,
)
from zhiyue.engine.kinds import Bools, Floats, Ints, Matrix
from zhiyue.engine.ranking import NOTHING

LENGTH = 10
# An item that fewer people than this took is hard to place by what people did.
FEW_PEOPLE = 20
# Dense counts of joint people are held for so many cells at once.
CELLS_AT_ONCE = 4_000_000
# How much of the history's own topics is mixed into a list's, so that a topic it lacks costs much but not everything.
SMOOTHING = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What lists are held against.

    taken  (users, items): a stored 1 where a person of the training data took an item
    histories  (lists, items): the same for the people who are shown the lists
    groups  (items,): topic of each item, NOTHING: none; None: items have no topics
    """

    taken: Matrix
    histories: Matrix
    groups: Ints | None = None

    @property
    def people(self) -> Ints:
        """(items,): how many took each item."""
        return np.bincount(self.taken.indices, minlength=self.taken.shape[1]).astype(np.int64)

    @property
    def share(self) -> Floats:
        """(items,): the share of people who took each item."""
        return np.asarray(self.people / max(1, self.taken.shape[0]))


def measured(
    lists: Ints, relevant: Matrix, background: Background, *, seed: int = 0, resamples: int = 200
) -> dict[str, Measure]:
    """Measures of the first ten of each list; NOTHING ends a list. People with an empty list are passed over.

    novelty@10: mean of -log2(share of people who took the item), in bits; an item that nobody took counts as if one
    had. diversity@10: 1 - mean cosine over the pairs of a list: of topics (1 in one topic, 0 in two) where items have
    them, else of the sets of people who took them. arp@10: average recommendation popularity, the mean share of people
    who took the listed items. arp-ratio@10: that over the same mean of the hidden items; above 1 lists are more popular
    than what people went on to take. calibration@10: divergence (Kullback and Leibler, in nats) of the topics of a list
    from those of its owner's history, 0 where they agree; only where items have topics. few-share@10: share of the
    places of a list that stand for items which fewer than FEW_PEOPLE people took. few-recall@20: found share of a
    person's hidden items of that kind among all that `lists` hold; over those who have one.
    Intervals are normal, over people; that of the ratio is +- 1.96 standard errors over bootstrap resamples of people.
    Missing with its reason below FEWEST_PEOPLE people, or without what it needs.
    Sources: Zhou et al. 2010 (self-information); Ziegler et al. 2005 and Smyth and McClave 2001 (intra-list
    similarity); Abdollahpouri et al. 2019 (popularity bias); Steck 2018, "Calibrated recommendations".
    """
    first = lists[:, :LENGTH]
    listed = np.any(first != NOTHING, axis=1)
    share = background.share
    fewest = 1 / max(1, background.taken.shape[0])
    bits, popularity = _mean_of(first, -np.log2(np.maximum(share, fewest))), _mean_of(first, share)
    apart = intra_list_diversity(first, background)
    few = background.people < FEW_PEOPLE
    of_few = recall_of(few, lists, relevant)
    drift = calibration(first, background)
    return {
        "novelty@10": _over(bits[listed], float(-np.log2(fewest))),
        "diversity@10": _over(apart[~np.isnan(apart)], 1.0),
        "arp@10": _over(popularity[listed], 1.0),
        "arp-ratio@10": _ratio(popularity, listed, relevant, background, seed, resamples),
        "calibration@10": Missing("items have no topics")
        if drift is None
        else _over(drift[~np.isnan(drift)], float(-np.log(SMOOTHING))),
        "few-share@10": _over(_mean_of(first, few.astype(np.float64))[listed], 1.0),
        "few-recall@20": _over(of_few[~np.isnan(of_few)], 1.0),
    }


def recall_of(some: Bools, lists: Ints, relevant: Matrix) -> Floats:
    """(lists,): the share found of the hidden items that are among `some`, (items,); nan for who has none. Hidden items
    beyond the catalogue are never among them."""
    rows, items = relevant.shape[0], len(some)
    person = np.repeat(np.arange(rows), np.diff(relevant.indptr))
    hidden = (relevant.indices < items) & some[np.minimum(relevant.indices, items - 1)]
    wanted = np.bincount(person[hidden], minlength=rows)
    there = lists != NOTHING
    hit = found(lists, relevant) * some[np.where(there, lists, 0)]
    return np.where(wanted > 0, hit.sum(axis=1) / np.maximum(wanted, 1), np.nan)


def intra_list_diversity(lists: Ints, background: Background) -> Floats:
    """(lists,): 1 - mean pairwise cosine as in `measured`; nan for a list of fewer than two items."""
    left, right = np.triu_indices(lists.shape[1], k=1)
    a, b = lists[:, left], lists[:, right]
    both = (a != NOTHING) & (b != NOTHING)
    alike = np.zeros(a.shape)
    if background.groups is not None:
        groups = background.groups
        alike[both] = (groups[a[both]] == groups[b[both]]) & (groups[a[both]] != NOTHING)
    else:
        alike[both] = _cosines(a[both], b[both], background)
    pairs = both.sum(axis=1)
    return np.where(pairs > 0, 1.0 - alike.sum(axis=1) / np.maximum(pairs, 1), np.nan)


def calibration(lists: Ints, background: Background) -> Floats | None:
    """(lists,): sum over topics of p ln(p / ((1 - a) q + a p)), p the topics of the history, q those of the list,
    a = SMOOTHING; nan where history or list has no topic at all. None where items have no topics."""
    groups = background.groups
    if groups is None or not np.any(groups != NOTHING):
        return None
    topics, rows = int(groups.max()) + 1, len(lists)
    owner = np.repeat(np.arange(rows), np.diff(background.histories.indptr))
    place, rank = np.nonzero(lists != NOTHING)
    wanted, p, has_history = _topics(owner, groups[background.histories.indices], topics, rows)
    shown, q, has_list = _topics(place, groups[lists[place, rank]], topics, rows)
    at = np.minimum(np.searchsorted(shown, wanted), max(len(shown) - 1, 0))
    listed = np.where(shown[at] == wanted, q[at], 0.0) if len(shown) else np.zeros(len(wanted))
    cells = p * np.log(p / ((1.0 - SMOOTHING) * listed + SMOOTHING * p))
    total = np.bincount(wanted // topics, weights=cells, minlength=rows)
    return np.where(has_history & has_list, total, np.nan)


def _topics(row: Ints, group: Ints, topics: int, rows: int) -> tuple[Ints, Floats, Bools]:
    """The cells row * topics + topic that occur, ascending, the share of each among the items of its row that have a
    topic, and (rows,) whether a row has any."""
    has = group != NOTHING
    cell, count = np.unique(row[has] * topics + group[has], return_counts=True)
    total = np.bincount(cell // topics, weights=count, minlength=rows)
    return cell, count / total[cell // topics], total > 0


def _cosines(a: Ints, b: Ints, background: Background) -> Floats:
    """Cosine of the sets of people of each pair of items: joint people over the geometric mean of both."""
    items = background.taken.shape[1]
    pairs, place = np.unique(np.minimum(a, b) * items + np.maximum(a, b), return_inverse=True)
    taken = background.taken
    takers = csr_array(taken.T)
    joint = np.zeros(len(pairs))
    size = max(1, CELLS_AT_ONCE // max(1, items))
    for low in range(0, items, size):
        mine = slice(*np.searchsorted(pairs, [low * items, (low + size) * items]))
        if mine.start < mine.stop:
            block = (takers[low : low + size] @ taken).toarray()
            joint[mine] = block[pairs[mine] // items - low, pairs[mine] % items]
    people = background.people
    bottom = np.sqrt(people[pairs // items].astype(np.float64) * people[pairs % items])
    cosines = np.divide(joint, bottom, out=np.zeros(len(pairs)), where=bottom > 0)
    return np.asarray(cosines[place])


def _ratio(
    popularity: Floats, listed: Bools, relevant: Matrix, background: Background, seed: int, resamples: int
) -> Measure:
    """Mean popularity of lists over that of hidden items; hidden items that are in no training data have none."""
    items, share = background.taken.shape[1], background.share
    row = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr))
    hidden = np.where(relevant.indices < items, share[np.minimum(relevant.indices, items - 1)], 0.0)
    expected = np.bincount(row, weights=hidden, minlength=len(popularity)) / np.maximum(
        np.diff(relevant.indptr), 1
    )
    shown, expected = popularity[listed], expected[listed]
    if len(shown) < FEWEST_PEOPLE:
        return not_enough(len(shown))
    if expected.mean() == 0:
        return Missing("nobody took any of the hidden items before")
    random = np.random.default_rng(seed)
    value = float(shown.mean() / expected.mean())
    drawn = []
    for _ in range(resamples):
        some = random.integers(0, len(shown), len(shown))
        drawn.append(shown[some].mean() / max(expected[some].mean(), np.finfo(float).tiny))
    reach = NORMAL_95 * float(np.std(drawn, ddof=1))
    return Estimate(value, max(0.0, value - reach), value + reach, "bootstrap")


def _mean_of(lists: Ints, values: Floats) -> Floats:
    """Mean value of each list's items, 0 for an empty list."""
    there = lists != NOTHING
    total = np.where(there, values[np.where(there, lists, 0)], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(there.sum(axis=1), 1))


def _over(values: Floats, highest: float) -> Measure:
    return mean(values, highest) if len(values) >= FEWEST_PEOPLE else not_enough(len(values))
