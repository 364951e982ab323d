"""What every model made of people's rows shares: who is near a profile, what they speak for, and through which of its
items. Which people are remembered is for `user_neighbours` and `clusters`."""

from dataclasses import asdict, dataclass, field
from typing import Literal, get_args
from weakref import ref

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, Arrays, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import cells_of, histories, largest_per_row, packed, picked, placed, unpacked
from zhiyue.engine.recommenders.weighting import UNWEIGHTED, Weighting, rarity, weighed

Likeness = Literal["cosine", "pearson"]

# Profiles are compared so many at once: their likeness to every remembered person is held for that long.
PROFILES_AT_ONCE = 128
DENSE_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Nearness:
    """How people are compared, and how the nearest are heard.

    neighbours  how many nearest people are heard
    likeness  cosine of whole rows, or Pearson's correlation over the items that both rated
    weighting  how much an item tells about likeness (people are the documents, items the terms); cosine only
    shrink  is added below the fraction, so that a likeness that rests on little counts less
    length_power  how strongly the length of the neighbour's row is divided out; the rest, 1 - length_power, divides
    out that of the profile. 0.5: the symmetric measure
    amplify  the likeness is raised to this power: above 1 the very nearest are heard more
    normalised  divide by the likeness of those neighbours who have the item: what they gave it on average (ratings),
    instead of how many of them have it (what people took)
    popular_power  the sum is divided by (how many people have the item) ** popular_power: without it what everybody has
    wins among any neighbours
    """

    neighbours: int = 100
    likeness: Likeness = "cosine"
    weighting: Weighting = UNWEIGHTED
    shrink: float = 0.0
    length_power: float = 0.5
    amplify: float = 1.0
    normalised: bool = False
    popular_power: float = 0.0

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError("neighbours must be at least 1")
        if self.likeness not in get_args(Likeness):
            raise ValueError(f"likeness must be one of {', '.join(get_args(Likeness))}")
        if self.likeness == "pearson" and self.weighting.scheme != "none":
            raise ValueError("pearson compares ratings as they are: leave the weighting at none")
        if self.shrink < 0:
            raise ValueError("shrink must not be negative")
        if not 0 <= self.length_power <= 1 or self.amplify <= 0:
            raise ValueError("length_power must lie in 0..1, and amplify be above 0")
        if self.popular_power < 0 or (self.popular_power and self.normalised):
            raise ValueError("popular_power must not be negative, and be 0 for what is normalised")

    def to_arrays(self) -> Arrays:
        rule = asdict(self)
        rule |= {f"weighting_{name}": value for name, value in rule.pop("weighting").items()}
        return {f"nearness/{name}": np.asarray(value) for name, value in rule.items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Nearness":
        under = "nearness/"
        rule = {
            name.removeprefix(under): value.item() for name, value in arrays.items() if name.startswith(under)
        }
        weighting = {name: rule.pop(f"weighting_{name}") for name in ("scheme", "k1", "b")}
        return cls(weighting=Weighting(**weighting), **rule)


PLAIN = Nearness()


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """people  (people, items) float32, stored cells above 0: how much each remembered person had of each item. Of
    equally near people those in earlier rows are heard.
    found  (items,) how many people have each item, counted among `among` people: these, and whoever else is
    remembered elsewhere; mean_length  the mean sum of their rows
    """

    people: Matrix
    found: Ints
    among: int
    mean_length: float
    nearness: Nearness
    rare: Floats = field(init=False, repr=False)
    telling: Matrix = field(init=False, repr=False)
    across: Matrix = field(init=False, repr=False)
    spoken: Matrix = field(init=False, repr=False)
    norm: Floats = field(init=False, repr=False)
    # Whoever is scored is explained next: the neighbours that were found last, and of which profile.
    last: tuple[ref[Matrix], Matrix] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rare", rarity(self.found, self.among))
        telling = self._telling(self.people)
        squares = _row_sums(telling, telling.data.astype(np.float64) ** 2)
        object.__setattr__(self, "telling", telling)
        object.__setattr__(self, "across", csr_array(telling.T.tocsr()))
        object.__setattr__(self, "spoken", self._spoken(telling))
        object.__setattr__(self, "norm", (squares**self.nearness.length_power).astype(np.float32))

    @property
    def items(self) -> int:
        return int(self.people.shape[1])

    def scores(self, profiles: Profiles) -> Floats:
        """What the nearest people had: with a_uv the likeness, r the rows of people and m their means,

            cosine   r'_uj = sum_v a_uv r_vj           normalised: over the sum of a_uv where v has j
            pearson  r'_uj = sum_v a_uv (r_vj - m_v)   normalised: besides m_u is added, as usual

        each over n_j ** popular_power, n_j of the remembered people having j. Values below 0 become 0.
        Sources: Resnick et al. 1994; Breese, Heckerman and Kadie 1998.
        """
        scores = np.zeros((profiles.weights.shape[0], self.items), dtype=np.float32)
        size = PROFILES_AT_ONCE
        if self.nearness.likeness == "pearson":
            size = max(1, min(size, DENSE_CELLS_AT_ONCE // max(1, self.people.shape[0])))
        for low in range(0, len(scores), size):
            mine = profiles.block(low, low + size).weights
            scores[low : low + size] = self._heard(mine, self.near(mine))
        return scores

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        """A neighbour's voice is divided among the items of the profile as they made the likeness. An item has no
        share in itself. For cosine the shares add up to the score of an item outside the profile; for Pearson's
        they do before the own mean is added."""
        mine = profile.weights
        near = self.near(mine)
        who, voice = near.indices, near.data
        telling = self._telling(mine).data
        # What is telling and what is spoken lies in the same cells as the people's rows.
        row, cells = cells_of(self.people, who)
        column, shape = self.people.indices[cells], (len(who), self.items)
        parts = placed(row, column, self.telling.data[cells], shape, mine.indices) * telling
        whole = parts.sum(axis=1, keepdims=True)
        parts = np.divide(parts, whole, out=np.zeros_like(parts), where=whole != 0) * voice[:, None]
        shares = placed(row, column, self.spoken.data[cells], shape, wanted).T @ parts
        if self.nearness.normalised:
            has = (placed(row, column, self.people.data[cells], shape, wanted) > 0).astype(np.float32)
            shares = _over(shares, has.T @ voice[:, None])
        shares[wanted[:, None] == mine.indices[None, :]] = 0.0
        return np.asarray(shares, dtype=np.float32, order="C")

    def having(self, profile: Profiles, wanted: Ints) -> Ints:
        """How many of the people whom one profile hears have each wanted item."""
        who = self.near(profile.weights).indices
        return np.asarray((picked(self.people, who, wanted) > 0).sum(axis=0), dtype=np.int64).ravel()

    def spread(self, places: Ints, items: int) -> "Neighbourhood":
        """The same people over more items: item i becomes places[i]; nobody had the others.

        places  (self.items,), ascending, below `items`
        """
        found = np.zeros(items, dtype=np.int64)
        found[places] = self.found
        parts = (self.people.data, places[self.people.indices], self.people.indptr)
        people = csr_array(parts, shape=(self.people.shape[0], items))
        return Neighbourhood(people, found, self.among, self.mean_length, self.nearness)

    def to_arrays(self) -> Arrays:
        counted = {"among": np.asarray(self.among), "mean_length": np.asarray(self.mean_length)}
        return packed(self.people, "people") | {"found": self.found} | counted | self.nearness.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Neighbourhood":
        counted = int(arrays["among"]), float(arrays["mean_length"])
        return cls(unpacked(arrays, "people"), arrays["found"], *counted, Nearness.from_arrays(arrays))

    def near(self, mine: Matrix) -> Matrix:
        """(profiles, people): likeness to the nearest people, above 0, raised to `amplify`."""
        last = self.last
        if last is not None and last[0]() is mine:
            return last[1]
        telling = self._telling(mine)
        alike = self._correlations(telling) if self.nearness.likeness == "pearson" else self._cosines(telling)
        alike.data **= np.float32(self.nearness.amplify)
        if mine.shape[0] == 1:
            # One assignment: another thread reads the pair before or after it.
            object.__setattr__(self, "last", (ref(mine), alike))
        return alike

    def _heard(self, mine: Matrix, near: Matrix) -> Floats:
        pearson = self.nearness.likeness == "pearson"
        total = np.asarray((near @ self.spoken).toarray(), dtype=np.float32)
        if self.nearness.normalised:
            voices = (near @ _with(self.people, np.ones_like(self.people.data))).toarray()
            total = _over(total, voices)
            if pearson:
                total += np.where(voices > 0, _means(mine)[:, None], 0.0).astype(np.float32)
        return np.maximum(total, 0.0)

    def _spoken(self, telling: Matrix) -> Matrix:
        """What a person adds to the score of each of their items, before it is multiplied by the likeness."""
        rows = telling if self.nearness.likeness == "pearson" else self.people
        if not self.nearness.popular_power:
            return rows
        count = self.found[rows.indices].astype(np.float64)
        return _with(rows, (rows.data * count**-self.nearness.popular_power).astype(np.float32))

    def _telling(self, rows: Matrix) -> Matrix:
        """Rows as they are compared: weighted for the cosine, less the row's mean for Pearson's."""
        lengths = np.diff(rows.indptr)
        if self.nearness.likeness == "pearson":
            cells = rows.data - np.repeat(_means(rows), lengths)
        else:
            long = np.repeat(_row_sums(rows, rows.data), lengths)
            cells = weighed(
                rows.data, self.rare[rows.indices], long, self.mean_length, self.nearness.weighting
            )
        return csr_array((cells.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)

    def _cosines(self, telling: Matrix) -> Matrix:
        """s_uv = sum_i x_ui x_vi / (|x_u| ** (2 - 2 length_power) * |x_v| ** (2 length_power) + shrink)"""
        rule = self.nearness
        alike = csr_array(telling @ self.across)
        own = _row_sums(telling, telling.data.astype(np.float64) ** 2) ** (1.0 - rule.length_power)
        bottom = np.repeat(own.astype(np.float32), np.diff(alike.indptr)) * self.norm[alike.indices]
        bottom += np.float32(rule.shrink)
        alike.data = np.divide(alike.data, bottom, out=np.zeros_like(alike.data), where=bottom > 0)
        return _nearest(alike, rule.neighbours)

    def _correlations(self, centred: Matrix) -> Matrix:
        """With x less its row's mean and the sums over the items that both rated,

        s_uv = sum_i x_ui x_vi / ((sum_i x_ui ** 2) ** (1 - length_power) * (sum_i x_vi ** 2) ** length_power + shrink)
        """
        rule = self.nearness
        joint = (centred @ self.across).toarray()
        own = (_with(centred, centred.data**2) @ _with(self.across, np.ones_like(self.across.data))).toarray()
        theirs = (
            _with(centred, np.ones_like(centred.data)) @ _with(self.across, self.across.data**2)
        ).toarray()
        bottom = own ** (1.0 - rule.length_power) * theirs**rule.length_power + rule.shrink
        alike = np.divide(joint, bottom, out=np.zeros_like(joint), where=(own > 0) & (theirs > 0))
        row, column = largest_per_row(alike, rule.neighbours)
        start = np.searchsorted(row, np.arange(len(alike) + 1))
        return csr_array((alike[row, column], column, start), shape=alike.shape)


def remembered(acts: Acts, people: int, weight_power: float = 1.0) -> Matrix:
    """Rows of at most `people` people with two items or more (being near to another proposes nothing), the latest
    first; without order those with most items.

    returns  (people, items) float32, cells above 0
    """
    folded = histories(acts)
    counts = folded.weight > 0
    start = np.concatenate([[0], np.cumsum(counts)])[folded.start]
    lengths = np.diff(start)
    latest = lengths
    if folded.order is not None:
        latest = np.full(folded.users, np.iinfo(np.int64).min)
        np.maximum.at(latest, folded.user[counts], folded.order[counts])
    ranked = np.lexsort((np.arange(folded.users), -lengths, -latest))
    chosen = ranked[lengths[ranked] >= 2][:people]
    weight = (folded.weight[counts] ** weight_power).astype(np.float32)
    whole = csr_array(
        (weight, folded.item[counts].astype(np.int32), start), shape=(folded.users, folded.items)
    )
    return csr_array(whole[chosen])


def neighbourhood(people: Matrix, nearness: Nearness) -> Neighbourhood:
    """Remember people, all of them in one model."""
    count, items = people.shape
    mean_length = float(people.data.sum(dtype=np.float64)) / max(count, 1)
    found = np.bincount(people.indices, minlength=items).astype(np.int64)
    return Neighbourhood(people, found, count, mean_length, nearness)


def _nearest(alike: Matrix, keep: int) -> Matrix:
    """The `keep` largest positive cells of each row; of equals those in the first columns."""
    kept = [
        _largest(alike, low, high, keep)
        for low, high in zip(alike.indptr[:-1], alike.indptr[1:], strict=True)
    ]
    start = np.cumsum([0, *(len(cells) for cells in kept)])
    cells = np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64)
    return csr_array((alike.data[cells], alike.indices[cells], start), shape=alike.shape)


def _largest(alike: Matrix, low: int, high: int, keep: int) -> Ints:
    cells, columns = alike.data[low:high], alike.indices[low:high]
    if high - low > keep:
        border = np.partition(cells, high - low - keep)[high - low - keep]
        above = np.flatnonzero(cells > border)
        equal = np.flatnonzero(cells == border)
        room = keep - len(above)
        if len(equal) > room:
            equal = equal[np.argpartition(columns[equal], room - 1)[:room]]
        chosen = np.concatenate([above, equal])
    else:
        chosen = np.arange(high - low)
    chosen = chosen[cells[chosen] > 0]
    return np.asarray(low + chosen[np.argsort(columns[chosen])], dtype=np.int64)


def _row_sums(rows: Matrix, cells: Floats) -> Floats:
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return np.asarray(np.bincount(row, weights=cells, minlength=rows.shape[0]))


def _means(rows: Matrix) -> Floats:
    return np.asarray(_row_sums(rows, rows.data) / np.maximum(np.diff(rows.indptr), 1))


def _with(rows: Matrix, cells: Floats) -> Matrix:
    return csr_array((cells, rows.indices, rows.indptr), shape=rows.shape)


def _over(total: Floats, voices: Floats) -> Floats:
    return np.divide(total, voices, out=np.zeros_like(total), where=voices > 0)
