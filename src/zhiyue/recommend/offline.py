"""Recommending from files: policies compared on a hidden part, and lists for many users. No database is
touched."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_array, vstack
from tqdm import tqdm

from zhiyue.engine import evaluate as measures
from zhiyue.engine.evaluate import LIST_LENGTH, Estimate
from zhiyue.engine.kinds import Acts, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import serve
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.files import (
    IdColumn,
    Ids,
    InteractionFile,
    ItemFile,
    read_interactions,
    read_items,
    read_pairs,
    read_users,
)
from zhiyue.recommend.fitting import NothingLeft, Pipeline, fit
from zhiyue.recommend.outputs import Place, reserved
from zhiyue.recommend.parts import OF_TEXTS, Texts
from zhiyue.recommend.policies import DEFAULT_POLICY, POLICIES, PROFILE, Policy

Tell = Callable[[str], object]
# Lists are held until they make a row group of so many rows, never all at once.
ROWS_AT_ONCE = 500_000
NO_WORDS = "the items file has no words that two items share"


@dataclass(frozen=True, slots=True)
class Result:
    """One policy's measures."""

    policy: str
    measures: dict[str, Estimate]
    fit_seconds: float
    milliseconds_per_user: float
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What `evaluate` found out."""

    interactions: int
    learners: int
    items: int
    test_learners: int
    unknown_learners: int
    test_pairs: int
    unreachable_pairs: int
    owned_pairs: int
    seed: int
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A training file (and its items) in codes."""

    acts: Acts
    users: Ids
    items: Ids
    item_kind: IdColumn
    texts: Texts | None


def chosen_policies(names: Sequence[str]) -> list[Policy]:
    """Policies by name, all for no name, each once. Raises NotPossible for a name that is not in the
    table."""
    unknown = [name for name in names if name not in POLICIES]
    if unknown:
        raise NotPossible(f"There is no policy “{unknown[0]}”. Choose from: {', '.join(POLICIES)}.")
    return [POLICIES[name] for name in dict.fromkeys(names or POLICIES)]


def evaluate(
    *,
    train: Path,
    test: Path,
    items: Path | None = None,
    policies: Sequence[str] = (),
    seed: int = 0,
    tell: Tell = print,
) -> Report:
    """Fit policies on `train` and measure on `test` under full ranking: every item of the catalogue that a
    user does not own competes. The catalogue is the items of the training file and of the items file.

    Raises NotPossible.
    """
    wanted = chosen_policies(policies)
    if items is None and policies and any(policy.needs_texts for policy in wanted):
        raise NotPossible("The policy “content” compares texts: give them with --items FILE.")
    known = training(train, items, tell)
    asked = _asked(read_pairs(test), known)
    results = [
        result for policy in wanted if (result := _measured(policy, known, asked, seed, tell)) is not None
    ]
    if not results:
        raise NotPossible("None of the policies could be fitted; see the messages above.")
    return Report(
        interactions=len(known.acts.user),
        learners=known.acts.users,
        items=known.acts.items,
        test_learners=len(asked.people),
        test_pairs=int(asked.relevant.nnz),
        unknown_learners=int((asked.people == NOTHING).sum()),
        unreachable_pairs=int((asked.relevant.indices >= known.acts.items).sum()),
        owned_pairs=asked.owned_pairs,
        seed=seed,
        results=tuple(results),
    )


def batch(
    *,
    train: Path,
    users: Path,
    out: Path,
    k: int,
    items: Path | None = None,
    policy: str = DEFAULT_POLICY,
    tell: Tell = print,
) -> int:
    """Write k items for each user of a file as long form user_id, item_id, score, best first. Items that a
    user has in `train` are left out; a user who is not in `train` gets the popular list. returns  the number
    of rows.

    Raises NotPossible; then nothing has been written.
    """
    (wanted,) = chosen_policies([policy])
    if k < 1:
        raise NotPossible(f"--k is {k}; it must be 1 or more.")
    check_target(out, {".parquet"})
    if items is None and wanted.needs_texts:
        raise NotPossible(f"The policy “{policy}” compares texts: give them with --items FILE.")
    with reserved(out) as place:
        return _write_lists(place, train, users, items, wanted, k, tell)


def training(train: Path, items: Path | None, tell: Tell) -> Training:
    """Read a training file and, where given, an items file. Raises BadFile."""
    rows = read_interactions(train)
    for note in rows.notes:
        tell(f"{train}: {note}")
    described = None if items is None else read_items(items)
    item = rows.item
    catalogue = item.values
    if described is not None:
        if described.item.is_text != item.is_text:
            item, described = item.as_text(), _as_text(described)
        catalogue = pa.concat_arrays([item.values, described.item.values])
    users, catalogue = _sorted_distinct(rows.user.values), _sorted_distinct(catalogue)
    acts = Acts(
        _codes(rows.user, users),
        _codes(item, catalogue),
        rows.weight,
        len(users),
        len(catalogue),
        rows.order,
        rows.days,
    )
    return Training(
        acts, users, catalogue, item, None if described is None else _texts_of(described, catalogue)
    )


def check_target(out: Path, suffixes: set[str]) -> None:
    """Raises NotPossible unless the name suits a file of this kind. Whether the folder takes it shows when it
    is reserved."""
    if out.suffix.lower() not in suffixes:
        raise NotPossible(f"{out}: the name must end in {' or '.join(sorted(suffixes))}.")
    try:
        if out.is_dir():
            raise NotPossible(f"{out} is a folder.")
        if not out.parent.is_dir():
            raise NotPossible(f"{out}: the folder {out.parent} does not exist.")
    except OSError as problem:
        raise NotPossible(f"{out}: nothing can be written there: {problem.strerror}.") from problem


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Whom the test file asks about: code of each person in the training file (NOTHING: not in it), owned
    items, hidden items (columns from the catalogue's size on are items that no list can name)."""

    people: Ints
    owned: Matrix
    relevant: Matrix
    owned_pairs: int


def _asked(hidden: InteractionFile, known: Training) -> _Asked:
    item = _codes(hidden.item, known.items)
    beyond = item == NOTHING
    item[beyond] = known.acts.items + _numbered(hidden.item.values.filter(pa.array(beyond)))
    person = _numbered(hidden.user.values)
    people = _codes(IdColumn(pc.unique(hidden.user.values), hidden.user.kind), known.users)
    columns = max(known.acts.items, int(item.max()) + 1)
    pairs = np.unique(person * columns + item)
    person, item = pairs // columns, pairs % columns
    mine = _rows_of(owned(known.acts), people)
    held = np.isin(pairs, np.repeat(np.arange(len(people)), np.diff(mine.indptr)) * columns + mine.indices)
    kept = np.unique(person[~held])
    if len(kept) == 0:
        raise NotPossible(f"{hidden.path}: every pair is in the training file already, so nothing is hidden.")
    cells = (np.ones(int((~held).sum()), dtype=np.float32), (person[~held], item[~held]))
    relevant = csr_array(cells, shape=(len(people), columns))
    return _Asked(people[kept], mine[kept], relevant[kept], int(held.sum()))


def _measured(policy: Policy, known: Training, asked: _Asked, seed: int, tell: Tell) -> Result | None:
    try:
        pipeline, fit_seconds = _fitted(policy, known, tell)
    except NotPossible as problem:
        tell(f"{policy.name}: left out. {problem}")
        return None
    started = time.perf_counter()
    shaped = profiles(known.acts, PROFILE)
    blocks = _lists(pipeline, shaped, owned(known.acts), asked.people, LIST_LENGTH, False, policy.name)
    lists = np.concatenate([items for items, _ in blocks])
    milliseconds = 1000.0 * (time.perf_counter() - started) / len(asked.people)
    found = measures.measured(lists, asked.relevant, known.acts.items, seed=seed)
    return Result(policy.name, found, fit_seconds, milliseconds, tuple(pipeline.left_out))


def _fitted(policy: Policy, known: Training, tell: Tell) -> tuple[Pipeline, float]:
    started = time.perf_counter()
    try:
        pipeline = fit(policy, known.acts, known.texts)
    except NothingLeft as problem:
        if OF_TEXTS.issuperset(problem.left_out):
            given = NO_WORDS if known.texts else "give texts with --items FILE"
            raise NotPossible(f"The policy “{policy.name}” compares texts: {given}.") from None
        raise NotPossible(f"The policy “{policy.name}” cannot be fitted: {problem}.") from None
    if pipeline.left_out:
        why = [
            (NO_WORDS if known.texts else "no texts given with --items") if name in OF_TEXTS else said
            for name, said in pipeline.left_out.items()
        ]
        parts = ", ".join(part.name for part in policy.parts if part.name not in pipeline.left_out)
        tell(f"{policy.name}: {'; '.join(dict.fromkeys(why))}, so it falls back to {parts}")
    return pipeline, time.perf_counter() - started


def _lists(
    pipeline: Pipeline, shaped: Profiles, taken: Matrix, people: Ints, k: int, vary: bool, name: str = "users"
) -> Iterator[tuple[Ints, Floats]]:
    """Blocks of items and scores, (people of the block, k) each, for people by code in their order; NOTHING
    has an empty profile."""
    size = serve.block_size(pipeline)
    with tqdm(total=len(people), desc=name, unit=" users", file=sys.stderr) as progress:
        for low in range(0, len(people), size):
            part = people[low : low + size]
            newest = np.where(part == NOTHING, NOTHING, np.append(shaped.newest, NOTHING)[part])
            mine = Profiles(_rows_of(shaped.weights, part), newest)
            ranked = serve.rank(pipeline, mine, _rows_of(taken, part), k, vary=vary)
            progress.update(len(part))
            yield ranked.items, ranked.scores


def _write_lists(
    place: Place, train: Path, users: Path, items: Path | None, policy: Policy, k: int, tell: Tell
) -> int:
    asked = read_users(users)
    known = training(train, items, tell)
    pipeline, _ = _fitted(policy, known, tell)
    people = _codes(asked, known.users)
    if strangers := int((people == NOTHING).sum()):
        tell(f"{strangers:,} of {len(people):,} users are not in {train}: they get the popular list")
    if k > known.acts.items:
        tell(f"--k is {k:,}, but there are only {known.acts.items:,} items: lists are shorter")
        k = known.acts.items
    lists = _lists(pipeline, profiles(known.acts, PROFILE), owned(known.acts), people, k, policy.is_varied)
    tables = _long(lists, asked, known)
    rows = 0

    def write(draft: Path) -> None:
        nonlocal rows
        first = next(tables)
        with pq.ParquetWriter(draft, first.schema) as writer:
            for table in _grouped(chain([first], tables)):
                writer.write_table(table)
                rows += table.num_rows

    place.fill(write)
    return rows


def _long(blocks: Iterable[tuple[Ints, Floats]], asked: IdColumn, known: Training) -> Iterator[pa.Table]:
    """Blocks of lists in long form, the users in the order of `asked`; all tables have the same types."""
    users = asked.restored(asked.values)
    items = known.item_kind.restored(known.items)
    low = 0
    for lists, scores in blocks:
        listed = lists != NOTHING
        person = low + np.repeat(np.arange(len(lists)), listed.sum(axis=1))
        low += len(lists)
        yield pa.table(
            {
                "user_id": users.take(pa.array(person)),
                "item_id": items.take(pa.array(lists[listed])),
                "score": pa.array(scores[listed], pa.float32()),
            }
        )


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of ROWS_AT_ONCE or a little more: a row group each."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.concat_tables(waiting)


def _rows_of(matrix: Matrix, rows: Ints) -> Matrix:
    """Rows by number; NOTHING gives an empty row."""
    empty = csr_array((1, matrix.shape[1]), dtype=matrix.dtype)
    return csr_array(vstack([matrix, empty], format="csr")[np.where(rows == NOTHING, matrix.shape[0], rows)])


def _texts_of(described: ItemFile, catalogue: Ids) -> Texts:
    """Texts in the order of the catalogue; an item that the file does not have says nothing."""
    place = pc.index_in(catalogue, value_set=described.item.values).to_pylist()

    def ordered(values: list[str]) -> list[str]:
        return ["" if at is None else values[at] for at in place]

    topics = ordered(described.texts["topic"]) if "topic" in described.texts else None
    groups = None
    if topics is not None and any(topics):
        groups = np.unique(topics, return_inverse=True)[1].astype(np.int64)
        groups[np.asarray(topics) == ""] = NOTHING
    return Texts(
        {name: ordered(values) for name, values in described.texts.items()},
        {name: ordered(values) for name, values in described.labels.items()},
        groups,
    )


def _as_text(described: ItemFile) -> ItemFile:
    return ItemFile(described.path, described.item.as_text(), described.texts, described.labels)


def _sorted_distinct(values: Ids) -> Ids:
    distinct = pc.unique(values)
    return distinct.take(pc.sort_indices(distinct))


def _numbered(values: Ids) -> Ints:
    """Codes by first appearance."""
    return np.asarray(pc.index_in(values, value_set=pc.unique(values)).to_numpy(), dtype=np.int64)


def _codes(column: IdColumn, universe: Ids) -> Ints:
    """The place of each id in `universe`, NOTHING if it is not there. Numbers and text meet as text."""
    values = column.values
    if column.is_text and not pa.types.is_string(universe.type):
        universe = universe.cast(pa.string())
    elif not column.is_text and pa.types.is_string(universe.type):
        values = column.as_text().values
    return np.array(pc.fill_null(pc.index_in(values, value_set=universe), NOTHING).to_numpy(), dtype=np.int64)
