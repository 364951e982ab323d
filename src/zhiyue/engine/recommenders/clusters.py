"""People in groups of like taste: what the group of a profile took, or its nearest members, is proposed."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from zhiyue.engine.kinds import Acts, Arrays, Floats, Ints, Matrix, Profiles
from zhiyue.engine.kmeans import kmeans
from zhiyue.engine.matrix import packed, unpacked
from zhiyue.engine.recommenders.neighbourhood import PLAIN, Nearness, Neighbourhood, remembered
from zhiyue.engine.recommenders.weighting import Weighting, rarity, weighed

Inside = Literal["neighbours", "popular"]

TF_IDF = Weighting("tf-idf")


@dataclass(frozen=True, slots=True)
class ClustersConfig:
    """clusters  how many groups; fewer where there are fewer distinct people
    factors  people are grouped by so many factors of a truncated SVD of their tf-idf rows; 0: by the rows themselves
    inside  what speaks in a group: its members nearest to the profile, or what most of them have
    nearest  a profile hears so many groups, those nearest to it
    people  so many people are remembered and grouped, those who acted last; without order those with most items
    weight_power  the weight of a person's acts on an item is raised to this power
    nearness  how people are compared and heard inside a group; of `popular` only its popular_power counts
    iterations  of k-means at most; seed  what it draws with
    """

    clusters: int = 32
    factors: int = 0
    inside: Inside = "neighbours"
    nearest: int = 1
    people: int = 100_000
    weight_power: float = 1.0
    nearness: Nearness = PLAIN
    iterations: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        if self.clusters < 1 or self.nearest < 1 or self.people < 1:
            raise ValueError("clusters, nearest and people must be at least 1")
        if self.factors < 0 or self.iterations < 0:
            raise ValueError("factors and iterations must not be negative")
        if self.inside not in get_args(Inside):
            raise ValueError(f"inside must be one of {', '.join(get_args(Inside))}")


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """people  (people, items) float32, cluster after cluster; those of cluster c are start[c]:start[c+1]
    found, mean_length  as in `Neighbourhood`, counted among all of them
    axes  (items, factors), or (0, 0) where people are grouped by their rows
    centres  (clusters, factors or items)
    """

    people: Matrix
    start: Ints
    found: Ints
    mean_length: float
    axes: Floats
    centres: Floats
    inside: Inside
    nearest: int
    nearness: Nearness
    groups: tuple[Neighbourhood, ...] = field(init=False, repr=False)
    popular: Floats = field(init=False, repr=False)
    pull: Floats = field(init=False, repr=False)
    toward: Floats = field(init=False, repr=False)
    square: Floats = field(init=False, repr=False)
    rare: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cuts = list(zip(self.start[:-1], self.start[1:], strict=True))
        groups: tuple[Neighbourhood, ...] = ()
        popular = np.zeros((0, self.items), dtype=np.float32)
        if self.inside == "neighbours":
            counted = self.found, self.people.shape[0], self.mean_length, self.nearness
            groups = tuple(Neighbourhood(self.people[low:high], *counted) for low, high in cuts)
        else:
            totals = [
                np.asarray(self.people[low:high].sum(axis=0)) / max(high - low, 1) for low, high in cuts
            ]
            damped = np.maximum(self.found, 1.0) ** -self.nearness.popular_power
            popular = np.asarray(np.reshape(totals, (len(cuts), self.items)) * damped, dtype=np.float32)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "popular", popular)
        object.__setattr__(self, "toward", np.ascontiguousarray(self.centres.T))
        object.__setattr__(self, "square", np.einsum("ij,ij->i", self.centres, self.centres))
        object.__setattr__(self, "rare", rarity(self.found, self.people.shape[0]))
        # How much each item of a profile draws it to each centre.
        object.__setattr__(self, "pull", self.centres @ self.axes.T if self.axes.size else self.centres)

    @property
    def items(self) -> int:
        return int(self.people.shape[1])

    def scores(self, profiles: Profiles) -> Floats:
        """What the nearest clusters say, added up: `neighbours`, the sum over the nearest members of each; `popular`,
        how much a member has of the item on average, over its popularity ** popular_power, times the likeness of
        profile and cluster: the cosine, at least 0."""
        scores = np.zeros((profiles.weights.shape[0], self.items), dtype=np.float32)
        where, likeness = self.assigned(profiles.weights)
        for cluster in np.unique(where[likeness > 0]):
            row, column = np.nonzero((where == cluster) & (likeness > 0))
            if self.inside == "neighbours":
                mine = Profiles(profiles.weights[row], profiles.newest[row])
                scores[row] += self.groups[cluster].scores(mine)
            else:
                scores[row] += likeness[row, column][:, None] * self.popular[cluster]
        return scores

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        """`neighbours`: as in `Neighbourhood`. `popular`: divided as the items drew the profile to the cluster."""
        mine = profile.weights
        shares = np.zeros((len(wanted), mine.nnz), dtype=np.float32)
        where, likeness = self.assigned(mine)
        for cluster, alike in zip(where[0], likeness[0], strict=True):
            if alike > 0 and self.inside == "neighbours":
                shares += self.groups[cluster].shares(profile, wanted)
            elif alike > 0:
                drew = np.maximum(self._telling(mine).data * self.pull[cluster, mine.indices], 0.0)
                whole = drew.sum()
                shares += np.outer(
                    self.popular[cluster, wanted], drew * (alike / whole if whole > 0 else 0.0)
                )
        shares[wanted[:, None] == mine.indices[None, :]] = 0.0
        return shares

    def having(self, profile: Profiles, wanted: Ints) -> Ints:
        """How many people have each wanted item: `neighbours`, of those whom one profile hears; `popular`, of all
        members of its nearest clusters."""
        found = np.zeros(len(wanted), dtype=np.int64)
        where, likeness = self.assigned(profile.weights)
        for cluster in where[0][likeness[0] > 0]:
            if self.inside == "neighbours":
                found += self.groups[cluster].having(profile, wanted)
            else:
                members = self.people[self.start[cluster] : self.start[cluster + 1]]
                found += np.asarray((members[:, wanted] > 0).sum(axis=0), dtype=np.int64).ravel()
        return found

    def assigned(self, mine: Matrix) -> tuple[Ints, Floats]:
        """The nearest clusters of each profile, nearest first, and their likeness (0: the profile says nothing), both
        (profiles, nearest)."""
        keep = min(self.nearest, len(self.centres))
        place = _placed(self._telling(mine), self.axes)
        dots = np.asarray(place @ self.toward)
        # The squared distance, less the length of the profile, which is the same to every centre.
        where = np.argsort(self.square - 2.0 * dots, axis=1, kind="stable")[:, :keep]
        cosine = dots / np.sqrt(np.where(self.square > 0, self.square, 1.0))
        return where, np.maximum(np.take_along_axis(cosine, where, axis=1), 0.0)

    def spread(self, places: Ints, items: int) -> "Clusters":
        """The same clusters over more items: item i becomes places[i]; nobody has the others.

        places  (self.items,), ascending, below `items`
        """
        parts = (self.people.data, places[self.people.indices], self.people.indptr)
        people = csr_array(parts, shape=(self.people.shape[0], items))
        found = np.zeros(items, dtype=np.int64)
        found[places] = self.found
        axes, centres = self.axes, self.centres
        if axes.size:
            axes = np.zeros((items, axes.shape[1]), dtype=np.float32)
            axes[places] = self.axes
        else:
            centres = np.zeros((len(centres), items), dtype=np.float32)
            centres[:, places] = self.centres
        rest = self.inside, self.nearest, self.nearness
        return Clusters(people, self.start, found, self.mean_length, axes, centres, *rest)

    def to_arrays(self) -> Arrays:
        arrays = packed(self.people, "people") | self.nearness.to_arrays()
        arrays |= {"start": self.start, "found": self.found, "mean_length": np.asarray(self.mean_length)}
        arrays |= {"axes": self.axes, "centres": self.centres}
        return arrays | {"inside": np.asarray(self.inside), "nearest": np.asarray(self.nearest)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Clusters":
        return cls(
            unpacked(arrays, "people"),
            arrays["start"],
            arrays["found"],
            float(arrays["mean_length"]),
            arrays["axes"],
            arrays["centres"],
            arrays["inside"].item(),
            int(arrays["nearest"]),
            Nearness.from_arrays(arrays),
        )

    def _telling(self, rows: Matrix) -> Matrix:
        return _unit(rows, self.rare)


def fit(acts: Acts, config: ClustersConfig) -> Clusters:
    """Group the rows of people (tf-idf, length 1) by k-means, or their places along the strongest axes of these rows.

    Sources: Ungar and Foster 1998 (clusters of people and of what they like); Sarwar et al. 2002 (neighbours inside
    a cluster, for scale); Deerwester et al. 1990 (truncated SVD).
    """
    rows = remembered(acts, config.people, config.weight_power)
    count, items = rows.shape
    found = np.bincount(rows.indices, minlength=items).astype(np.int64)
    telling = _unit(rows, rarity(found, count))
    axes = _axes(telling, config.factors, config.seed)
    grouped = kmeans(_placed(telling, axes), config.clusters, seed=config.seed, iterations=config.iterations)
    start = np.searchsorted(np.sort(grouped.label), np.arange(len(grouped.centres) + 1)).astype(np.int64)
    people = csr_array(rows[np.argsort(grouped.label, kind="stable")])
    mean_length = float(people.data.sum(dtype=np.float64)) / max(count, 1)
    rest = config.inside, config.nearest, config.nearness
    return Clusters(people, start, found, mean_length, axes, grouped.centres, *rest)


def _unit(rows: Matrix, rare: Floats) -> Matrix:
    """tf-idf rows of length 1; of length 0 where nothing in them is rare."""
    lengths = np.diff(rows.indptr)
    cells = weighed(rows.data, rare[rows.indices], rows.data, 1.0, TF_IDF)
    square = np.bincount(
        np.repeat(np.arange(rows.shape[0]), lengths), weights=cells**2, minlength=rows.shape[0]
    )
    long = np.sqrt(np.where(square > 0, square, 1.0))
    cells = (cells / np.repeat(long, lengths)).astype(np.float32)
    return csr_array((cells, rows.indices, rows.indptr), shape=rows.shape)


def _axes(rows: Matrix, factors: int, seed: int) -> Floats:
    """The strongest right singular vectors as columns, as many as there can be; (0, 0) for none."""
    factors = min(factors, min(rows.shape) - 1)
    if factors < 1 or not rows.data.any():
        return np.zeros((0, 0), dtype=np.float32)
    start = np.random.default_rng(seed).standard_normal(min(rows.shape))
    _, _, axes = svds(rows.astype(np.float64), k=factors, v0=start)
    return np.ascontiguousarray(axes.T, dtype=np.float32)


def _placed(telling: Matrix, axes: Floats) -> Matrix | Floats:
    """Where rows are compared with centres: themselves, or their places along the axes at length 1."""
    if not axes.size:
        return telling
    place = np.asarray(telling @ axes)
    long = np.linalg.norm(place, axis=1, keepdims=True)
    return np.asarray(place / np.where(long > 1e-12, long, 1.0), dtype=np.float32)
