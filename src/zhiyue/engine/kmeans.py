"""k-means: rows in groups, each around its mean. What rows stand for is for the caller."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Floats, Ints, Matrix

# So many distances are held at once.
DISTANCES_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """centres  (clusters, columns) float32; label  (rows,) the nearest centre of each row; inertia  the sum of the
    squared distances of rows to their centres."""

    centres: Floats
    label: Ints
    inertia: float


def kmeans(
    rows: Matrix | Floats, clusters: int, *, seed: int = 0, iterations: int = 50, tolerance: float = 1e-4
) -> Clustering:
    """Lloyd's iterations from greedy k-means++ seeds. A cluster that loses all its rows is seeded anew with the row
    farthest from its centre.

    rows  (rows, columns), sparse or dense
    tolerance  it ends when inertia falls by less than this share
    returns  at most `clusters` centres: fewer where there are fewer distinct rows, none where there are no rows
    Raises ValueError if `clusters` is below 1. Sources: Lloyd 1982; Arthur and Vassilvitskii 2007.
    """
    if clusters < 1:
        raise ValueError("clusters must be at least 1")
    square = _squares(rows)
    centres = _seeds(rows, square, min(clusters, rows.shape[0]), np.random.default_rng(seed))
    label, distance = nearest(rows, centres)
    inertia = float(distance.sum())
    for _ in range(iterations):
        moved = _means(rows, label, distance, len(centres))
        moved_label, distance = nearest(rows, moved)
        former, inertia = inertia, float(distance.sum())
        centres, label = moved, moved_label
        if former - inertia <= tolerance * former and len(np.unique(label)) == len(centres):
            break
    return Clustering(centres, label, inertia)


def nearest(rows: Matrix | Floats, centres: Floats) -> tuple[Ints, Floats]:
    """The nearest centre of each row and its squared distance, both (rows,). Of equally near ones the first."""
    label = np.zeros(rows.shape[0], dtype=np.int64)
    distance = np.zeros(rows.shape[0])
    if len(centres):
        size = max(1, DISTANCES_AT_ONCE // len(centres))
        for low in range(0, len(label), size):
            away = distances(rows[low : low + size], centres)
            label[low : low + size] = away.argmin(axis=1)
            distance[low : low + size] = away.min(axis=1)
    return label, distance


def distances(rows: Matrix | Floats, centres: Floats) -> Floats:
    """Squared distances, (rows, centres), at least 0."""
    return _away(rows, _squares(rows), centres)


def _away(rows: Matrix | Floats, square: Floats, centres: Floats) -> Floats:
    """`distances`, the squared lengths of the rows being known."""
    away = np.asarray(rows @ np.ascontiguousarray(-2.0 * centres.T))
    away += square.astype(away.dtype)[:, None]
    away += np.einsum("ij,ij->i", centres, centres)
    return np.asarray(np.maximum(away, 0.0, out=away))


def _seeds(rows: Matrix | Floats, square: Floats, clusters: int, random: np.random.Generator) -> Floats:
    """Each next seed is the best of a few rows drawn in proportion to their squared distance from the seeds so far."""
    chosen: list[int] = []
    distance = np.full(len(square), np.inf)
    tries = 2 + int(np.log(max(clusters, 1)))
    while len(chosen) < clusters:
        reach = np.cumsum(distance if chosen else np.ones(len(square)))
        if not reach[-1] > 1e-9 * max(float(square.max()), 1e-30):
            break
        drawn = np.unique(np.searchsorted(reach, random.random(tries) * reach[-1], side="right"))
        drawn = np.minimum(drawn, len(square) - 1)
        after = np.minimum(distance[:, None], _away(rows, square, _dense(rows, drawn)))
        best = int(after.sum(axis=0).argmin())
        distance = after[:, best]
        distance[drawn[best]] = 0.0
        chosen.append(int(drawn[best]))
    return _dense(rows, np.asarray(chosen, dtype=np.int64))


def _means(rows: Matrix | Floats, label: Ints, distance: Floats, clusters: int) -> Floats:
    count = np.bincount(label, minlength=clusters)
    ones = np.ones(len(label), dtype=np.float32)
    member = csr_array((ones, (label, np.arange(len(label)))), shape=(clusters, len(label)))
    total: Any = member @ rows
    centres = np.asarray(total.toarray() if isinstance(rows, csr_array) else total, dtype=np.float32)
    centres /= np.maximum(count, 1)[:, None]
    empty = np.flatnonzero(count == 0)
    if len(empty):
        farthest = np.argsort(-distance, kind="stable")[: len(empty)]
        centres[empty] = _dense(rows, farthest)
    return centres


def _squares(rows: Matrix | Floats) -> Floats:
    if isinstance(rows, csr_array):
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        return np.asarray(
            np.bincount(row, weights=rows.data.astype(np.float64) ** 2, minlength=rows.shape[0])
        )
    return np.asarray(np.einsum("ij,ij->i", rows, rows), dtype=np.float64)


def _dense(rows: Matrix | Floats, chosen: Ints) -> Floats:
    picked = rows[chosen]
    return np.asarray(picked.toarray() if isinstance(picked, csr_array) else picked, dtype=np.float32)
