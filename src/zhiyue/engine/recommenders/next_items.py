"""Next items: what people take in the places after, foretold by ridge regression from their order so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array, vstack

from zhiyue.engine.kinds import Acts, Floats, Histories, Ints, Matrix
from zhiyue.engine.matrix import histories
from zhiyue.engine.recommenders import linear
from zhiyue.engine.recommenders.linear import Finish, Linear, TooManyItems

# How many pairs of acts are unfolded at once: with `linear.CELLS_AT_ONCE` it bounds the memory beside the matrices.
PAIRS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class NextItemsConfig:
    """recency  an item a places before the newest one weighs (1 + a) ** -recency in a history of `reach` items
    ahead, ahead_power  the next `ahead` items are foretold, the one d places after the next worth (1 + d) **
    -ahead_power
    backward  what an order read from its end counts beside the one read from its beginning
    regularisation, newest_regularisation  the penalty on each squared weight of the history and of the newest item
    breadth_power  a person with n items counts n ** -breadth_power
    weight_power  a person's weight on an item, over their largest, is raised to this power
    profile_power  profiles are raised to it: one folded with recency q then weighs as here if it is recency / q
    finish  what becomes of the weights of either half
    most_items  a catalogue larger than this is refused: at 10,000 items two matrices take 800 MB, and it takes minutes
    """

    recency: float = 0.6
    reach: int = 40
    ahead: int = 10
    ahead_power: float = 1.0
    backward: float = 0.0
    regularisation: float = 30.0
    newest_regularisation: float = 30.0
    breadth_power: float = 0.5
    weight_power: float = 0.5
    profile_power: float = 1.0
    finish: Finish = field(default_factory=Finish)
    most_items: int = 10_000

    def __post_init__(self) -> None:
        if min(self.regularisation, self.newest_regularisation, self.profile_power) <= 0:
            raise ValueError("the regularisations and profile_power must be above 0")
        if min(self.reach, self.ahead, self.most_items) < 1:
            raise ValueError("reach, ahead and most_items must be at least 1")
        if self.backward < 0:
            raise ValueError("backward must not be negative")


def fit(acts: Acts, config: NextItemsConfig) -> Linear:
    """Ridge regression over every place t > 0 of every person's order i_0, i_1, …:

        x_t = sum_{s<t} v_s h(t-1-s) e_{i_s}  and, beside it,  e_{i_{t-1}}
        y_t = sum_{d<ahead} v_{t+d} (1 + d) ** -ahead_power e_{i_{t+d}}
        h(a) = (1 + a) ** -recency while a < reach, else 0;  v = (weight / the person's largest) ** weight_power

    each row counting (items of the person) ** -breadth_power; the weights then finished as `linear.Finish` says.
    With `backward` above 0 each order is read once more from its end, counting that much. Acts without order have no
    next: then it is the ridge regression of every item on all others (`linear.without_itself`) and nothing is newest.
    returns  diagonals zero.
    Raises TooManyItems.
    Sources: Steck 2019 (items foretold by ridge regression in closed form); Choi et al. 2021, "Session-aware linear
    item-item models" (past to future, decayed); Garg et al. 2019 (decay with the distance in a sequence).
    """
    if acts.items > config.most_items:
        raise TooManyItems(acts.items, config.most_items)
    folded = histories(acts)
    people = _people(folded, config)
    if folded.order is None or len(folded.item) == 0:
        known = people.folded, people.value, people.breadth
        return Linear(linear.without_itself(*known, config.regularisation, config.finish))
    sums = _Sums.of(people, config)
    taken_by = np.bincount(people.folded.item, minlength=folded.items)
    history = _history(sums, config)
    newest = config.finish.of(_newest_rows(sums, history, config), taken_by)
    return Linear(config.finish.of(_rows(history), taken_by), newest, config.profile_power)


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """Histories with the value of each row (v above; 0: the row is left out) and what each user counts."""

    folded: Histories
    value: Floats
    breadth: Floats


def _people(folded: Histories, config: NextItemsConfig) -> _People:
    counts = folded.weight > 0
    start = np.concatenate([[0], np.cumsum(counts)])[folded.start].astype(np.int64)
    order = None if folded.order is None else folded.order[counts]
    kept = Histories(start, folded.item[counts], folded.weight[counts], folded.items, order)
    largest = np.zeros(kept.users)
    np.maximum.at(largest, kept.user, kept.weight)
    value = (kept.weight / largest[kept.user]) ** config.weight_power
    return _People(kept, value, np.asarray(np.maximum(kept.lengths, 1.0) ** -config.breadth_power))


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """The normal equations, with L what each row counts: history' L history, history' L newest, the diagonal of
    newest' L newest (which has no other cells), history' L y and newest' L y; all (items, items) but the diagonal."""

    history: Matrix
    joint: Matrix
    newest: Floats
    history_next: Matrix
    newest_next: Matrix

    @classmethod
    def of(cls, people: _People, config: NextItemsConfig) -> "_Sums":
        b, items = config.backward, people.folded.items
        sums = [csr_array(vstack(rows, format="csr")) for rows in zip(*_sums(people, config), strict=True)]
        history, joint, joint_back, history_next, newest_next, newest_next_back = sums
        places = _Places.of(people.folded)
        rows = (places.after > 0) + b * (places.before > 0)
        newest: Floats = np.bincount(
            people.folded.item, weights=people.breadth[places.user] * rows, minlength=items
        ).astype(np.float64)
        return cls(
            csr_array(history + history.T),
            csr_array(joint + b * joint_back.T),
            newest,
            csr_array(history_next + b * history_next.T),
            csr_array(newest_next + b * newest_next_back.T),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Of each history row its user and how many rows of the same user stand before and after it."""

    user: Ints
    before: Ints
    after: Ints

    @classmethod
    def of(cls, folded: Histories) -> "_Places":
        user = folded.user
        row = np.arange(len(user))
        return cls(user, row - folded.start[user], folded.start[user + 1] - 1 - row)


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """What a pair of rows `gap` places apart counts: the same for everybody, so the places t need no walking through.

    history  (reach, reach + 1): sum_{u<k} h(u) h(u + gap), k the places t after the later row; recency  h(gap)
    history_next  sum over d of h(gap - 1 - d) (1 + d) ** -ahead_power; newest_next  gap ** -ahead_power while ahead
    """

    history: Floats
    recency: Floats
    history_next: Floats
    newest_next: Floats

    @classmethod
    def of(cls, config: NextItemsConfig) -> "_Tables":
        reach, ahead = config.reach, config.ahead
        width = reach + ahead
        recency = np.zeros(width)
        recency[:reach] = (1.0 + np.arange(reach)) ** -config.recency
        later = (1.0 + np.arange(ahead)) ** -config.ahead_power
        both = np.zeros((width, width + 1))
        for gap in range(reach):
            both[gap, 1:] = np.cumsum(recency * np.append(recency[gap:], np.zeros(gap)))
        history_next, newest_next = np.zeros(width), np.zeros(width)
        history_next[1:] = np.convolve(recency[:reach], later)
        newest_next[1 : ahead + 1] = later
        return cls(both, recency, history_next, newest_next)


def _sums(people: _People, config: NextItemsConfig) -> Iterator[list[Matrix]]:
    """Blocks of rows of six matrices over pairs (earlier row, later row or itself) of one person, `back` being those of
    the order read from its end, transposed: history' L history of both with half the diagonal; history' L newest; that
    back; history' L y; newest' L y; that back."""
    folded, tables, places = people.folded, _Tables.of(config), _Places.of(people.folded)
    by_item = np.argsort(folded.item, kind="stable")
    first = np.searchsorted(folded.item[by_item], np.arange(folded.items + 1))
    reached = np.minimum(places.after + 1, config.reach + config.ahead)
    for low, high in linear.blocks(folded.items):
        totals = np.zeros((6, (high - low) * folded.items))
        rows = by_item[first[low] : first[high]]
        for earlier in _chunks(rows, reached[rows]):
            lengths = reached[earlier]
            gap = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            source = np.repeat(earlier, lengths)
            cell = (folded.item[source] - low) * folded.items + folded.item[source + gap]
            for which, amount in enumerate(_amounts(people, source, gap, places, tables, config)):
                totals[which] += np.bincount(cell, weights=amount, minlength=totals.shape[1])
        yield [csr_array(total.reshape(high - low, -1).astype(np.float32)) for total in totals]


def _amounts(
    people: _People, source: Ints, gap: Ints, places: _Places, tables: _Tables, config: NextItemsConfig
) -> Iterator[Floats]:
    """What each pair (source, source + gap) adds to each of the six matrices of `_sums`."""
    other = source + gap
    counts = people.breadth[places.user[source]]
    mine, its = people.value[source] * counts, people.value[other] * counts
    widest = tables.history.shape[1] - 1
    after, before = np.minimum(places.after[other], widest), np.minimum(places.before[source], widest)
    both = tables.history[gap, after] + config.backward * tables.history[gap, before]
    yield mine * people.value[other] * both * np.where(gap == 0, 0.5, 1.0)
    yield mine * tables.recency[gap] * (after > 0)
    yield its * tables.recency[gap] * (before > 0)
    yield mine * people.value[other] * tables.history_next[gap]
    yield its * tables.newest_next[gap]
    yield mine * tables.newest_next[gap]


def _chunks(rows: Ints, lengths: Ints) -> Iterator[Ints]:
    """Cut history rows into chunks that unfold to about PAIRS_AT_ONCE pairs each."""
    if len(rows):
        unfolded = np.cumsum(lengths)
        cuts = np.searchsorted(unfolded, np.arange(PAIRS_AT_ONCE, unfolded[-1], PAIRS_AT_ONCE), side="right")
        yield from np.split(rows, np.unique(cuts))


def _history(sums: _Sums, config: NextItemsConfig) -> Floats:
    """The history's half of B, the newest's half eliminated, which is cheap because its own block is diagonal:

    (H + penalty I - J D J') B = H_y - J D N_y  with D = 1 / (newest + newest penalty), J the joint block.
    """
    largest = float((sums.history.sum(axis=1)).max(initial=0.0))
    kind = linear.precision(largest, config.regularisation)
    # LAPACK reads by columns: it finds the transposed view of a symmetric matrix, and of a transposed right side, as it
    # needs them, and solves in their place.
    left, right = sums.history.astype(kind).toarray(), sums.history_next.T.astype(kind).toarray()
    linear.add_to_diagonal(left, config.regularisation)
    over = 1.0 / (sums.newest + config.newest_regularisation)
    by_newest = csr_array(sums.joint.T)
    for low, high in linear.blocks(len(left)):
        joint = by_newest[low:high].astype(kind).toarray()
        scaled = joint * over[low:high, None].astype(kind)
        following = sums.newest_next[low:high].astype(kind).toarray()
        for top, bottom in linear.blocks(len(left)):
            left[top:bottom] -= joint[:, top:bottom].T @ scaled
            right[top:bottom] -= following[:, top:bottom].T @ scaled
    factor = cho_factor(left.T, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, right.T, overwrite_b=True, check_finite=False))


def _rows(history: Floats) -> Iterator[Floats]:
    """Dense blocks of rows of the history's half."""
    for low, high in linear.blocks(len(history)):
        yield np.ascontiguousarray(history[low:high])


def _newest_rows(sums: _Sums, history: Floats, config: NextItemsConfig) -> Iterator[Floats]:
    """Dense blocks of rows of the newest's half: D (N_y - J' B)."""
    by_newest = csr_array(sums.joint.T)
    over = 1.0 / (sums.newest + config.newest_regularisation)
    for low, high in linear.blocks(len(history)):
        joint = by_newest[low:high].astype(history.dtype).toarray()
        yield (sums.newest_next[low:high].toarray() - joint @ history) * over[low:high, None]
