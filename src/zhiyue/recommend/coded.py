"""Files in the engine's codes: the training data, and what a test file hides. What is done with them is in
`offline`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array, vstack

from zhiyue.engine.kinds import Acts, Ints, Matrix
from zhiyue.engine.matrix import owned
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.files import (
    IdColumn,
    Ids,
    InteractionFile,
    ItemFile,
    read_interactions,
    read_items,
)
from zhiyue.recommend.parts import Texts
from zhiyue.recommend.tables import Tell
from zhiyue.recommend.traits import Traits, codes_by_value


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A training file (and its items) in codes. `is_timed`: as in `InteractionFile`."""

    acts: Acts
    users: Ids
    items: Ids
    item_kind: IdColumn
    texts: Texts | None
    is_timed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Whom the test file asks about: code of each person in the training file (NOTHING: not in it), owned
    items, hidden items (columns from the catalogue's size on are items that no list can name); `sampled`: None for a
    file without negatives."""

    people: Ints
    owned: Matrix
    relevant: Matrix
    owned_pairs: int
    sampled: "Sampled | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Hidden items with their sampled negatives, the first row of each pair: whose it is (a row of `Asked`), the code
    of the hidden item, and of the negatives, (rows, n). NOTHING: an item that no list can name."""

    person: Ints
    hidden: Ints
    negatives: Ints


def training(train: Path, items: Path | None, tell: Tell) -> Training:
    """Read a training file and, where given, an items file. Raises BadFile."""
    rows = read_interactions(train, tell)
    for note in rows.notes:
        tell(f"{train}: {note}")
    described = None if items is None else read_items(items, tell)
    item = rows.item
    catalogue = item.values
    if described is not None:
        if described.item.is_text != item.is_text:
            item, described = item.as_text(), _as_text(described)
        catalogue = pa.concat_arrays([item.values, described.item.values])
    users, catalogue = _sorted_distinct(rows.user.values), _sorted_distinct(catalogue)
    acts = Acts(
        codes(rows.user, users),
        codes(item, catalogue),
        rows.weight,
        len(users),
        len(catalogue),
        rows.order,
        rows.days,
    )
    texts = None if described is None else _texts_of(described, catalogue)
    return Training(acts, users, catalogue, item, texts, rows.is_timed)


def asked_by(hidden: InteractionFile, known: Training) -> Asked:
    item = codes(hidden.item, known.items)
    beyond = item == NOTHING
    item[beyond] = known.acts.items + _numbered(hidden.item.values.filter(pa.array(beyond)))
    person = _numbered(hidden.user.values)
    people = codes(IdColumn(pc.unique(hidden.user.values), hidden.user.kind), known.users)
    columns = max(known.acts.items, int(item.max()) + 1)
    pairs, row = np.unique(person * columns + item, return_index=True)
    person, item = pairs // columns, pairs % columns
    mine = rows_of(owned(known.acts), people)
    held = np.isin(pairs, np.repeat(np.arange(len(people)), np.diff(mine.indptr)) * columns + mine.indices)
    kept = np.unique(person[~held])
    if len(kept) == 0:
        raise NotPossible(f"{hidden.path}: every pair is in the training file already, so nothing is hidden.")
    cells = (np.ones(int((~held).sum()), dtype=np.float32), (person[~held], item[~held]))
    relevant = csr_array(cells, shape=(len(people), columns))
    sampled = None
    if hidden.negatives is not None:
        negatives = codes(hidden.negatives, known.items).reshape(len(hidden.user), -1)[row[~held]]
        reachable = np.where(item < known.acts.items, item, NOTHING)[~held]
        sampled = Sampled(np.searchsorted(kept, person[~held]), reachable, negatives)
    return Asked(people[kept], mine[kept], relevant[kept], int(held.sum()), sampled)


def rows_of(matrix: Matrix, rows: Ints) -> Matrix:
    """Rows by number; NOTHING gives an empty row."""
    empty = csr_array((1, matrix.shape[1]), dtype=matrix.dtype)
    return csr_array(vstack([matrix, empty], format="csr")[np.where(rows == NOTHING, matrix.shape[0], rows)])


def _texts_of(described: ItemFile, catalogue: Ids) -> Texts:
    """Texts in the order of the catalogue; an item that the file does not have says nothing."""
    place = pc.index_in(catalogue, value_set=described.item.values).to_pylist()

    def ordered(values: list[str]) -> list[str]:
        return ["" if at is None else values[at] for at in place]

    topic, teacher = (
        codes_by_value(ordered(described.texts[name])) if name in described.texts else None
        for name in ("topic", "teacher")
    )
    return Texts(
        {name: ordered(values) for name, values in described.texts.items()},
        {name: ordered(values) for name, values in described.labels.items()},
        None if topic is None else Traits.of_topics(topic, teacher),
    )


def _as_text(described: ItemFile) -> ItemFile:
    return ItemFile(described.path, described.item.as_text(), described.texts, described.labels)


def _sorted_distinct(values: Ids) -> Ids:
    distinct = pc.unique(values)
    return distinct.take(pc.sort_indices(distinct))


def _numbered(values: Ids) -> Ints:
    """Codes by first appearance."""
    return np.asarray(pc.index_in(values, value_set=pc.unique(values)).to_numpy(), dtype=np.int64)


def codes(column: IdColumn, universe: Ids) -> Ints:
    """The place of each id in `universe`, NOTHING if it is not there. Numbers and text meet as text."""
    values = column.values
    if column.is_text and not pa.types.is_string(universe.type):
        universe = universe.cast(pa.string())
    elif not column.is_text and pa.types.is_string(universe.type):
        values = column.as_text().values
    return np.array(pc.fill_null(pc.index_in(values, value_set=universe), NOTHING).to_numpy(), dtype=np.int64)
