"""`factors.fit` over blocks of people and of items that lie on many machines: the same objective, start and steps.

Spark's own ALS isn't used: it weighs the regularisation of each row by its number of cells, which is another model.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Floats, Ints, Matrix
from zhiyue.engine.recommenders.factors import (
    Factors,
    FactorsConfig,
    Side,
    of_vectors,
    products,
    solved,
    start,
)

# A block of people or items has about so many cells: a few dozen megabytes of a worker.
CELLS_A_BLOCK = 2_000_000

# Frames and RDDs are Spark's, which the engine doesn't import: whoever calls brings them.
Frame = Any
Rdd = Any


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some people with their items, or some items with their people. rows  their codes, ascending; start, columns,
    cells  as of a sparse matrix, columns by the codes of the other side; asked_by  for each block of the other side the
    places of those rows that it needs."""

    rows: Ints
    start: Ints
    columns: Ints
    cells: Floats
    asked_by: tuple[Ints, ...]

    def over(self, columns: int) -> Matrix:
        """The rows as a matrix over all columns."""
        return csr_array((self.cells, self.columns, self.start), shape=(len(self.rows), columns))

    def over_some(self, known: Ints) -> Matrix:
        """The rows as a matrix over the columns `known`, ascending, which hold all of theirs."""
        places = np.searchsorted(known, self.columns)
        return csr_array((self.cells, places, self.start), shape=(len(self.rows), len(known)))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Vectors of some people, on their way to a block of items."""

    rows: Ints
    vectors: Floats


def fit(
    taken: Frame,
    items: int,
    config: FactorsConfig,
    *,
    blocks: int,
    tell: Callable[[int], object] = lambda _: None,
) -> Factors:
    """As `factors.fit`. People's vectors never leave their machines but for the blocks of items that need them; items'
    vectors are held here and handed to all in each round.

    taken  a frame of Spark with the columns user, item, weight: the cells above 0, each once
    blocks  how many of people, and how many of items
    tell  hears how many rounds are done
    """
    context = taken.sparkSession.sparkContext
    people = _blocks(taken, "user", "item", blocks).persist()
    takers = _blocks(taken, "item", "user", blocks).persist()
    vectors = start(items, config)
    try:
        for done in range(config.rounds):
            known = context.broadcast(vectors)
            vectors = _round(people, takers, known, vectors.shape, config, blocks)
            known.destroy()
            tell(done + 1)
    finally:
        people.unpersist()
        takers.unpersist()
    return of_vectors(vectors, config)


def _round(
    people: Rdd, takers: Rdd, known: Any, shape: tuple[int, ...], config: FactorsConfig, blocks: int
) -> Floats:
    confidence, regularisation = config.confidence, config.regularisation
    told = people.mapValues(lambda block: _people_solved(block, known.value, confidence, regularisation))
    told.persist()
    # Summed in the order of blocks, so that the same acts give the same model.
    parts = sorted(told.mapValues(lambda found: found[0]).collect(), key=lambda part: int(part[0]))
    gram = regularisation * np.eye(shape[1]) + sum(part for _, part in parts)
    sent = told.flatMap(lambda found: enumerate(found[1][1])).partitionBy(blocks)
    met = takers.cogroup(sent, blocks)
    found = met.flatMap(lambda met: _items_solved(met[1][0], met[1][1], gram, confidence)).collect()
    told.unpersist()
    vectors = np.zeros(shape, dtype=np.float32)
    for rows, solution in found:
        vectors[rows] = solution
    return vectors


def _people_solved(
    block: Block, vectors: Floats, confidence: float, regularisation: float
) -> tuple[Floats, list[Told]]:
    """A block's part of XᵀX, and what each block of items needs of it."""
    solution = solved(block.over(len(vectors)), Side.of(vectors, regularisation), confidence)
    told = [Told(block.rows[places], solution[places]) for places in block.asked_by]
    return products(solution), told


def _items_solved(
    blocks: Iterable[Block], told: Iterable[Told], gram: Floats, confidence: float
) -> Iterator[tuple[Ints, Floats]]:
    """The vectors of a block of items, from those of its people."""
    for block in blocks:
        heard = [part for part in told if len(part.rows)]
        rows = np.concatenate([part.rows for part in heard])
        order = np.argsort(rows)
        vectors = np.concatenate([part.vectors for part in heard])[order]
        yield block.rows, solved(block.over_some(rows[order]), Side.some_of(vectors, gram), confidence)


def _blocks(taken: Frame, row: str, column: str, blocks: int) -> Rdd:
    """(number, Block) of every block of rows: those whose code leaves that rest when divided by `blocks`."""
    frame = taken.selectExpr(
        f"cast(`{row}` % {blocks} as int) block",
        f"cast(`{row}` as bigint) row",
        f"cast(`{column}` as bigint) column",
        "cast(weight as float) cell",
    )
    packed = frame.groupBy("block").applyInArrow(_packed, "block int, row binary, column binary, cell binary")
    numbered = packed.rdd.map(lambda one: (one.block, _unpacked((one.row, one.column, one.cell), blocks)))
    return numbered.partitionBy(blocks)


def _packed(table: pa.Table) -> pa.Table:
    """A block's columns as three values, so that they come over as they are."""
    columns = {
        name: pa.array([table[name].to_numpy().tobytes()], pa.binary()) for name in ("row", "column", "cell")
    }
    return pa.table({"block": table["block"][:1].combine_chunks(), **columns})


def _unpacked(packed: Sequence[bytes], blocks: int) -> Block:
    row, column = (np.frombuffer(part, dtype=np.int64) for part in packed[:2])
    order = np.lexsort((column, row))
    row, column, cell = row[order], column[order], np.frombuffer(packed[2], dtype=np.float32)[order]
    rows, first = np.unique(row, return_index=True)
    place = np.searchsorted(rows, row)
    asked_by = tuple(np.unique(place[column % blocks == number]) for number in range(blocks))
    return Block(rows, np.append(first, len(row)).astype(np.int64), column, cell, asked_by)
