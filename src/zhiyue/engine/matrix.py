"""From acts to histories, profiles and sparse matrices, and back to plain arrays. No algorithm lives here."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, Arrays, Bools, Floats, Histories, Ints, Matrix, Profiles

# As sparse matrices keep them, too.
Codes = NDArray[np.integer[Any]]
Moment = TypeVar("Moment", Ints, Floats)

# A dense block of so many cells stays in the processor's cache while it is made and its largest cells are looked for.
CELLS_AT_ONCE = 1_000_000
THREADS = min(8, os.cpu_count() or 1)
# Groups of columns to find the largest cells by: more of them than this are passed over in vectors of the processor.
GROUPS_PER_KEPT, FEWEST_GROUPS = 4, 1024


@dataclass(frozen=True, slots=True)
class ProfileShape:
    """How acts fold into a profile.

    recency  an item that was touched `r` items ago weighs (1 + r) ** -recency; 0 turns it off
    power  the summed weight of an item's acts is raised to this power, so that ten views are not ten
    purchases
    half_life_days  an act of this age, counted from the person's newest act, weighs half
    session_boost, session_half_life_hours  extra weight of what happened in the same sitting as the newest
    act
    """

    recency: float = 0.0
    power: float = 1.0
    half_life_days: float | None = None
    session_boost: float = 0.0
    session_half_life_hours: float = 2.0


def standing(acts: Acts) -> Bools:
    """Which acts still stand. An act of weight -w takes back every act of weight w by the same person on the
    same item that is not newer: then neither is left. Without order nothing is known to be taken back.

    returns  (acts,), False for what was taken back and for what took it back.
    """
    against = acts.weight < 0
    stands = np.ones(len(acts.weight), dtype=np.bool_)
    if acts.order is None or not against.any():
        return stands
    _, pair = np.unique(acts.user * acts.items + acts.item, return_inverse=True)
    sizes, size = np.unique(np.abs(acts.weight), return_inverse=True)
    _, group = np.unique(pair * len(sizes) + size, return_inverse=True)
    groups = int(group.max()) + 1
    last_back = np.full(groups, np.iinfo(np.int64).min)
    np.maximum.at(last_back, group[against], acts.order[against])
    first_done = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(first_done, group[~against], acts.order[~against])
    stands[against] = acts.order[against] < first_done[group[against]]
    stands[~against] = acts.order[~against] > last_back[group[~against]]
    return stands


def histories(acts: Acts) -> Histories:
    """Fold the acts that stand into one row per (user, item): weights summed, the newest moment kept. The
    moment of an act that speaks against an item counts for nothing.

    returns  rows sorted by user, then oldest first (equal moments by item code), so the result never depends
    on the order in which the acts arrived.
    """
    return _folded(_standing(acts))


def counting(folded: Histories) -> Histories:
    """Without the pairs whose weight is 0: what a person came across, and doesn't want."""
    counts = folded.weight > 0
    start = np.concatenate([[0], np.cumsum(counts)])[folded.start].astype(np.int64)
    order = None if folded.order is None else folded.order[counts]
    return Histories(start, folded.item[counts], folded.weight[counts], folded.items, order)


def profiles(acts: Acts, shape: ProfileShape) -> Profiles:
    """Fold the acts that stand into profiles. Ages are counted from the person's own newest act that does not
    speak against its item, so a profile needs no clock and stays the same while its owner is away.

    returns  weights (users, items), stored cells above 0, oldest first; `newest` is -1 for a person without
    acts or order.
    """
    folded = counting(_folded(_faded(_standing(acts), shape)))
    ends = folded.start[1:]
    weight = folded.weight**shape.power
    newest = np.full(folded.users, -1, dtype=np.int64)
    if folded.order is not None:
        age = np.repeat(ends, folded.lengths) - 1 - np.arange(len(folded.item))
        weight = weight * (1.0 + age) ** -shape.recency
        known = folded.lengths > 0
        newest[known] = folded.item[ends[known] - 1]
    shaped = csr_array(
        (weight.astype(np.float32), folded.item, folded.start), shape=(folded.users, folded.items)
    )
    return Profiles(shaped, newest)


def owned(acts: Acts) -> Matrix:
    """(users, items), 1 where the user ever touched the item, whatever the weight and whether it stands."""
    folded = _folded(acts)
    ones = np.ones(len(folded.item), dtype=np.float32)
    return csr_array((ones, folded.item, folded.start), shape=(folded.users, folded.items))


def floor_per_row(block: Floats, keep: int) -> Floats:
    """(rows,): what at least `keep` cells of each row reach, and few more.

    Columns are dealt out into groups, a few times as many as `keep`: what `keep` of the groups' greatest cells reach,
    so many cells do. That reads each cell once, where a partition moves it about.
    """
    columns = block.shape[1]
    groups = max(GROUPS_PER_KEPT * keep, FEWEST_GROUPS)
    if keep >= columns:
        return np.zeros(len(block), dtype=block.dtype)
    if columns < 2 * groups:
        return np.asarray(np.partition(block, columns - keep, axis=1)[:, columns - keep])
    dealt = block[:, : columns // groups * groups].reshape(len(block), columns // groups, groups)
    return np.asarray(np.partition(dealt.max(axis=1), groups - keep, axis=1)[:, groups - keep])


def largest_per_row(block: Floats, keep: int) -> tuple[Ints, Ints]:
    """Row and column numbers of the `keep` largest positive cells of each row of a dense block, row by row; of equals
    those in the first columns."""
    columns = block.shape[1]
    floor = np.maximum(floor_per_row(block, keep), np.nextafter(block.dtype.type(0), block.dtype.type(1)))
    row, column = np.divmod(np.flatnonzero(block >= floor[:, None]), columns)
    found = np.bincount(row, minlength=len(block))
    if found.max(initial=0) > keep:
        best = np.lexsort((-block[row, column], row))
        first = np.cumsum(found) - found
        kept = np.zeros(len(row), dtype=np.bool_)
        kept[best[np.arange(len(row)) - first[row] < keep]] = True
        row, column = row[kept], column[kept]
    return row, column


def nearest(rows: Callable[[int, int], Floats], count: int, keep: int) -> Matrix:
    """The `keep` largest positive cells of each row of a (count, count) matrix, of which no more than a few blocks of
    rows ever exist, on each thread one.

    rows  makes the dense rows low..high-1; several are asked for at once
    returns  (count, count) float32
    """
    size = max(1, CELLS_AT_ONCE // max(1, count))

    def kept(low: int) -> _Kept:
        return _Kept.of(rows(low, min(low + size, count)), keep)

    with ThreadPoolExecutor(THREADS) as threads:
        return _joined(list(threads.map(kept, range(0, count, size))), count)


def stacked(rows: Iterator[Floats], columns: int, keep: int) -> Matrix:
    """Join dense blocks of rows into one sparse float32 matrix that keeps the `keep` cells of the largest size a row,
    whatever their sign."""
    return _joined([_Kept.of(block, keep, np.abs(block)) for block in rows], columns)


def spread(matrix: Matrix, places: Ints, size: int) -> Matrix:
    """An (n, n) matrix as a (size, size) one: row and column i become places[i], the others are empty.

    places  (n,), ascending, below `size`
    """
    counts = np.zeros(size + 1, dtype=np.int64)
    counts[places + 1] = np.diff(matrix.indptr)
    kind = matrix.indices.dtype
    parts = (matrix.data, places.astype(kind)[matrix.indices], np.cumsum(counts).astype(kind))
    return csr_array(parts, shape=(size, size))


def indexed_by(matrix: Matrix, kind: np.dtype[Any]) -> Matrix:
    """The same matrix, its columns and starts told in integers of a kind. Of two matrices that scipy multiplies it
    widens the narrower one, however large, at every product."""
    if matrix.indices.dtype == kind:
        return matrix
    parts = matrix.data, matrix.indices.astype(kind), matrix.indptr.astype(kind)
    return csr_array(parts, shape=matrix.shape)


def packed(matrix: Matrix, name: str) -> Arrays:
    """A sparse matrix as plain arrays under `name/…`."""
    shape = np.asarray(matrix.shape, dtype=np.int64)
    return {
        f"{name}/cells": matrix.data,
        f"{name}/columns": matrix.indices,
        f"{name}/start": matrix.indptr,
        f"{name}/shape": shape,
    }


def unpacked(arrays: Arrays, name: str) -> Matrix:
    """The inverse of `packed`. Raises KeyError if the arrays are not there, ValueError if they make no matrix: scipy
    would read and write beside its memory by them."""
    rows, columns = (int(side) for side in arrays[f"{name}/shape"])
    cells, column, start = (arrays[f"{name}/{part}"] for part in ("cells", "columns", "start"))
    makes_rows = len(start) == rows + 1 and start[0] == 0 and bool((np.diff(start) >= 0).all())
    if not makes_rows or not start[-1] == len(cells) == len(column):
        raise ValueError(f"the rows of {name} are not those of a matrix")
    if len(column) and not 0 <= int(column.min()) <= int(column.max()) < columns:
        raise ValueError(f"{name} names columns that it doesn't have")
    return csr_array((cells, column, start), shape=(rows, columns))


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What a block of rows keeps: how many cells each row, their columns and what they hold."""

    counts: Ints
    columns: NDArray[np.int32]
    cells: Floats

    @classmethod
    def of(cls, block: Floats, keep: int, size: Floats | None = None) -> "_Kept":
        """The `keep` largest cells of each row, by `size` if that isn't the block itself."""
        row, column = largest_per_row(block if size is None else size, keep)
        counts = np.bincount(row, minlength=len(block))
        return cls(counts, column.astype(np.int32), block[row, column].astype(np.float32))


def _joined(kept: Sequence[_Kept], columns: int) -> Matrix:
    counts = np.concatenate([np.zeros(1, dtype=np.int64), *(block.counts for block in kept)])
    column = np.concatenate([np.zeros(0, dtype=np.int32), *(block.columns for block in kept)])
    cell = np.concatenate([np.zeros(0, dtype=np.float32), *(block.cells for block in kept)])
    start = np.cumsum(counts)
    kind = np.int32 if start[-1] <= np.iinfo(np.int32).max else np.int64
    return csr_array((cell, column.astype(kind), start.astype(kind)), shape=(len(counts) - 1, columns))


def _standing(acts: Acts) -> Acts:
    stands = standing(acts)
    if stands.all():
        return acts
    order = None if acts.order is None else acts.order[stands]
    days = None if acts.days is None else acts.days[stands]
    kept = acts.user[stands], acts.item[stands], acts.weight[stands]
    return Acts(*kept, acts.users, acts.items, order, days)


def _folded(acts: Acts) -> Histories:
    cell = acts.user * acts.items + acts.item
    cells, row = np.unique(cell, return_inverse=True)
    weight = np.maximum(np.bincount(row, weights=acts.weight, minlength=len(cells)), 0.0)
    speaks_for = acts.weight >= 0
    order = None if acts.order is None else _newest(acts.order, row, len(cells), speaks_for)
    days = None if acts.days is None else _newest(acts.days, row, len(cells), speaks_for)
    user, item = cells // max(acts.items, 1), cells % max(acts.items, 1)
    if order is not None:
        place = np.lexsort((item, order, user))
        user, item, weight, order = user[place], item[place], weight[place], order[place]
        days = None if days is None else days[place]
    start = np.searchsorted(user, np.arange(acts.users + 1)).astype(np.int64)
    return Histories(start, item, weight, acts.items, order, days)


def _faded(acts: Acts, shape: ProfileShape) -> Acts:
    if acts.days is None or (shape.half_life_days is None and not shape.session_boost):
        return acts
    newest = _newest(acts.days, acts.user, acts.users, acts.weight >= 0)
    age_days = np.maximum(newest[acts.user] - acts.days, 0.0)
    factor = (
        np.ones(len(age_days)) if shape.half_life_days is None else 0.5 ** (age_days / shape.half_life_days)
    )
    factor = factor + shape.session_boost * 0.5 ** (age_days * 24.0 / shape.session_half_life_hours)
    return Acts(acts.user, acts.item, acts.weight * factor, acts.users, acts.items, acts.order, acts.days)


def _newest(moment: Moment, row: Ints, rows: int, counts: Bools) -> Moment:
    """The newest moment that counts in each row; the oldest moment of all where none does."""
    newest = np.full(rows, moment.min() if len(moment) else 0, dtype=moment.dtype)
    np.maximum.at(newest, row[counts], moment[counts])
    return newest


def picked(matrix: Matrix, rows: Codes, columns: Codes) -> Floats:
    """matrix[rows][:, columns] as a dense array. Choosing columns of a sparse matrix costs several times as much."""
    row, cells = cells_of(matrix, rows)
    return placed(row, matrix.indices[cells], matrix.data[cells], (len(rows), matrix.shape[1]), columns)


def cells_of(matrix: Matrix, rows: Codes) -> tuple[Ints, Ints]:
    """The stored cells of some rows: for each its place among `rows`, and its place among the matrix's cells."""
    start = matrix.indptr[rows].astype(np.int64)
    lengths = matrix.indptr[rows + 1] - start
    row = np.repeat(np.arange(len(rows)), lengths)
    return row, np.arange(len(row)) + np.repeat(start - (np.cumsum(lengths) - lengths), lengths)


def placed(row: Ints, column: Codes, cell: Floats, shape: tuple[int, int], columns: Codes) -> Floats:
    """Some columns of a matrix of that shape that holds these cells, each once; (rows, len(columns))."""
    place = np.full(shape[1], -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    at = place[column]
    wanted = np.flatnonzero(at >= 0)
    found = np.zeros((shape[0], len(columns)), dtype=cell.dtype)
    found[row[wanted], at[wanted]] = cell[wanted]
    # A column asked for twice was written at its last place only.
    return np.asarray(found[:, place[columns]])
