"""Files of interactions, items and users: read whole and checked, or refused with row and reason; written at
once."""

import csv
import gzip
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeAlias, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from zhiyue.engine.kinds import Floats, Ints
from zhiyue.recommend.errors import BadFile, NotPossible, is_parquet

Ids: TypeAlias = "pa.Array[Any]"
MISSING = ("", "nan", "null", "none", "na", "n/a", "<na>")
WHOLE_NUMBER = r"^(0|-?[1-9][0-9]{0,17})$"
WHOLE_FLOAT = r"^(0|-?[1-9][0-9]{0,14})\.0+$"
# Numbers this large in a time column count from 1970, and a unit ends where the next one begins: each covers
# the years 1973 to 5138. Smaller numbers only say what came first.
EPOCH_FROM = 1e8
UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
SECONDS_A_DAY = 86_400.0
# The engine reckons in single precision: a weight beyond 3.4e38 would be infinite there.
LARGEST_RATING = 3e38


@dataclass(frozen=True, slots=True, eq=False)
class IdColumn:
    """Ids as int64 or string, and the type they had in their file."""

    values: Ids
    kind: pa.DataType

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_text(self) -> bool:
        return bool(pa.types.is_string(self.values.type))

    def as_text(self) -> "IdColumn":
        return self if self.is_text else IdColumn(self.values.cast(pa.string()), pa.string())

    def restored(self, values: Ids) -> Ids:
        """Ids in the type of this column's file, or as they are if they do not fit into it."""
        try:
            return values.cast(self.kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return values


@dataclass(frozen=True, slots=True, eq=False)
class InteractionFile:
    """Rows of a training or test file. `order` and `days` as in the engine's Acts; `notes` for the person at
    the desk."""

    path: Path
    user: IdColumn
    item: IdColumn
    weight: Floats
    order: Ints | None
    days: Floats | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ItemFile:
    """Items with their text columns; columns named …_id or …_ids are labels, taken whole; numbers are
    left out."""

    path: Path
    item: IdColumn
    texts: Mapping[str, list[str]]
    labels: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """A file to be and the draft beside it: a reader sees the old file or the new, never half."""

    path: Path
    draft: Path

    def fill(self, write: Callable[[Path], object]) -> None:
        """Let `write` fill the draft. Raises NotPossible if that fails."""
        try:
            write(self.draft)
        except OSError as problem:
            raise self._failed(problem) from problem

    def settle(self) -> None:
        """Make a filled draft the file. Raises NotPossible if that fails."""
        try:
            if self.draft.stat().st_size:
                self.draft.chmod(0o644)
                self.draft.replace(self.path)
        except OSError as problem:
            raise self._failed(problem) from problem

    def _failed(self, problem: OSError) -> NotPossible:
        return NotPossible(
            f"{self.path}: writing failed, nothing was left behind: {problem.strerror or problem}."
        )


def read_interactions(path: Path) -> InteractionFile:
    """Raises BadFile."""
    table = _table(path, ("user_id", "item_id"), ("rating", "time", "position"))
    user, item = _ids(path, table, "user_id"), _ids(path, table, "item_id")
    weight = _weights(path, table) if "rating" in table.column_names else np.ones(len(user))
    notes: list[str] = []
    order = days = None
    if "time" in table.column_names:
        moment, days, unit = _moments(path, table)
        notes += [unit] if unit else []
        order = np.unique(moment, return_inverse=True)[1].astype(np.int64)
    if "position" in table.column_names:
        place = np.unique(_numbers(path, table, "position"), return_inverse=True)[1].astype(np.int64)
        if order is None:
            order = place
        else:
            notes.append("has time and position: time decides, position between equal times")
            order = order * (place.max() + 1) + place
    twice = len(user) - _pairs(user, item)
    if twice:
        notes.append(f"{twice:,} rows repeat a pair of user and item; their weights are added up")
    return InteractionFile(path, user, item, weight, order, days, tuple(notes))


def read_pairs(path: Path) -> InteractionFile:
    """A test file: user_id and item_id count, everything else is ignored. Raises BadFile."""
    table = _table(path, ("user_id", "item_id"), ())
    user, item = _ids(path, table, "user_id"), _ids(path, table, "item_id")
    return InteractionFile(path, user, item, np.ones(len(user)), None, None)


def read_users(path: Path) -> IdColumn:
    """The distinct users in the order of the file. Raises BadFile."""
    found = _ids(path, _table(path, ("user_id",), ()), "user_id")
    return IdColumn(pc.unique(found.values), found.kind)


def read_items(path: Path) -> ItemFile:
    """Raises BadFile, also for an item that stands in the file twice."""
    table = _table(path, ("item_id",), None)
    item = _ids(path, table, "item_id")
    first = pc.index_in(item.values, value_set=pc.unique(item.values)).to_numpy()
    again = np.flatnonzero(np.concatenate([[False], first[1:] <= np.maximum.accumulate(first)[:-1]]))
    if len(again):
        raise _bad_row(
            path, f"item_id {item.values[int(again[0])]} stands in the file twice", int(again[0]) + 1
        )
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[str]] = {}
    for name in table.column_names:
        values = _texts(table.column(name)) if name != "item_id" else None
        if values is not None and not all(not value or _looks_numeric(value) for value in values):
            (labels if name.endswith(("_id", "_ids")) else texts)[name] = values
    return ItemFile(path, item, texts, labels)


@contextmanager
def reserved(path: Path) -> Iterator[Place]:
    """A place for `path`, taken before the work begins. What was filled is put in place when the block ends
    well; else nothing is left behind.

    Raises NotPossible if the folder does not take it.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as problem:
        raise NotPossible(f"{path}: nothing can be written there: {problem.strerror}.") from problem
    place = Place(path, Path(name))
    try:
        yield place
        place.settle()
    finally:
        place.draft.unlink(missing_ok=True)


def _table(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...] | None) -> pa.Table:
    """The needed and wanted columns (None: all columns) of a file that has rows."""
    if not path.exists():
        raise BadFile(path, "there is no such file")
    if not path.is_file():
        raise BadFile(path, "this is not a file")
    if path.stat().st_size == 0:
        raise BadFile(path, "the file is empty")
    if not (is_parquet(path) or path.name.lower().endswith((".csv", ".csv.gz"))):
        raise BadFile(path, "only .parquet, .csv and .csv.gz files can be read")
    try:
        table = _parquet(path, needed, wanted) if is_parquet(path) else _csv(path, needed, wanted)
    except (pa.ArrowException, csv.Error, UnicodeDecodeError, OSError, EOFError) as problem:
        raise BadFile(path, f"the file cannot be read: {_first_line(problem)}") from problem
    if table.num_rows == 0:
        raise BadFile(path, "the file has no data rows")
    return table


def _parquet(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...] | None) -> pa.Table:
    names = pq.read_schema(path).names
    _check_names(path, names, needed, wanted)
    return pq.read_table(path, columns=_chosen(names, needed, wanted))


def _csv(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...] | None) -> pa.Table:
    _refuse_nul(path)
    with _opened(path, encoding="utf-8-sig", newline="") as lines:
        names = [name.strip() for name in next(csv.reader(lines), [])]
    _check_names(path, names, needed, wanted)
    columns = _chosen(names, needed, wanted)
    ragged: list[tuple[int | None, str]] = []

    def refuse(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(
            (row.number, f"{row.expected_columns} columns were expected, {row.actual_columns} found")
        )
        return "skip"

    # One thread: only then does the parser know the number of the row that it stumbles over.
    table = pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=False,
        ),
    )
    if ragged:
        line, reason = ragged[0]
        raise BadFile(path, reason) if line is None else _bad_row(path, reason, line - 1)
    return table


def _opened(path: Path, *, encoding: str, newline: str | None) -> TextIO:
    """A CSV file as text; `newline` as in `open`."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    return cast(TextIO, opened(path, "rt", encoding=encoding, newline=newline))


def _refuse_nul(path: Path) -> None:
    """Readers disagree about NUL bytes: an id would silently turn into another one."""
    with _opened(path, encoding="latin-1", newline=None) as lines:
        for number, line in enumerate(lines, 1):
            if "\0" in line:
                raise BadFile(path, f"line {number} holds a NUL byte; save the file as UTF-8 text")


def _check_names(
    path: Path, names: list[str], needed: tuple[str, ...], wanted: tuple[str, ...] | None
) -> None:
    for name in needed:
        if name not in names:
            found = ", ".join(names[:12]) or "none"
            raise BadFile(path, f"the column {name} is missing (columns found: {found})")
    for name in _chosen(names, needed, wanted):
        if names.count(name) > 1:
            raise BadFile(path, f"the column {name} stands in the file twice")


def _chosen(names: Iterable[str], needed: tuple[str, ...], wanted: tuple[str, ...] | None) -> list[str]:
    return [name for name in names if wanted is None or name in needed or name in wanted]


def _ids(path: Path, table: pa.Table, name: str) -> IdColumn:
    column = table.column(name).combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_integer(kind):
        _refuse_first(path, pc.is_null(column), f"{name} is missing")
        return IdColumn(_cast(path, name, column, pa.int64()), kind)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        column = _cast(path, name, column, pa.float64())
        _refuse_first(path, pc.is_null(column, nan_is_null=True), f"{name} is missing")
        whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**53))
        _refuse_first(path, pc.invert(whole), f"{name} is not a whole number")
        return IdColumn(column.cast(pa.int64()), pa.int64())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise BadFile(path, f"{name} holds {kind}; only whole numbers and text can be ids")
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    gone = pc.or_kleene(pc.is_null(text), pc.is_in(pc.utf8_lower(text), value_set=pa.array(MISSING)))
    _refuse_first(path, pc.fill_null(gone, True), f"{name} is missing")
    # A CSV file knows no types: what is written like whole numbers throughout is taken as such.
    if not is_parquet(path) and pc.all(pc.match_substring_regex(text, WHOLE_NUMBER)).as_py():
        return IdColumn(text.cast(pa.int64()), pa.int64())
    if not is_parquet(path) and pc.all(pc.match_substring_regex(text, WHOLE_FLOAT)).as_py():
        return IdColumn(text.cast(pa.float64()).cast(pa.int64()), pa.int64())
    return IdColumn(text, kind)


def _numbers(path: Path, table: pa.Table, name: str) -> Floats:
    """A column of finite numbers."""
    column = table.column(name).combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = column.to_pylist()
        return np.asarray(
            [_number(path, name, text, row) for row, text in enumerate(texts, 1)], dtype=np.float64
        )
    if not (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
    ):
        raise BadFile(path, f"{name} holds {column.type}, not numbers")
    found = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        raise _bad_row(path, f"{name} is missing or not a finite number", int(wrong[0]) + 1)
    return found


def _weights(path: Path, table: pa.Table) -> Floats:
    found = _numbers(path, table, "rating")
    wrong = np.flatnonzero(np.abs(found) > LARGEST_RATING)
    if len(wrong):
        raise _bad_row(
            path,
            f"rating is {found[wrong[0]]:g}; it must lie between -{LARGEST_RATING:g} and {LARGEST_RATING:g}",
            int(wrong[0]) + 1,
        )
    return found


def _number(path: Path, name: str, text: str | None, row: int) -> float:
    try:
        number = float(text or "nan")
    except ValueError:
        raise _bad_row(path, f"{name} is {text!r}, not a number", row) from None
    if not np.isfinite(number):
        raise _bad_row(path, f"{name} is missing or not a finite number", row)
    return number


def _moments(path: Path, table: pa.Table) -> tuple[Floats, Floats | None, str]:
    """The time column as comparable numbers, in days where it has a unit, and a note if the unit was
    guessed."""
    column = table.column("time").combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        _refuse_first(path, pc.is_null(column), "time is missing")
        millis = column.cast(pa.timestamp("ms", getattr(column.type, "tz", None)), safe=False).cast(
            pa.int64()
        )
        days = millis.to_numpy() / (1000.0 * SECONDS_A_DAY)
        return days, days, ""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = column.to_pylist()
        if not _looks_numeric(texts[0]):
            seconds = np.asarray(
                [_instant(path, text, row) for row, text in enumerate(texts, 1)], dtype=np.float64
            )
            return seconds, seconds / SECONDS_A_DAY, ""
    numbers = _numbers(path, table, "time")
    smallest = float(np.abs(numbers).min())
    if smallest < EPOCH_FROM:
        return numbers, None, f"time goes down to {smallest:.15g}: taken as an order only, without ages"
    unit = max((name for name in UNITS if smallest >= EPOCH_FROM * UNITS[name]), key=lambda name: UNITS[name])
    beyond = np.flatnonzero(np.abs(numbers) >= 1000.0 * EPOCH_FROM * UNITS[unit])
    if len(beyond):
        reason = (
            f"time is {numbers[beyond[0]]:.15g}, too large for {unit} since 1970, as other rows have them"
        )
        raise _bad_row(path, reason, int(beyond[0]) + 1)
    return numbers, numbers / (UNITS[unit] * SECONDS_A_DAY), f"time is taken as {unit} since 1970"


def _looks_numeric(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _instant(path: Path, text: str | None, row: int) -> float:
    """Seconds since 1970 of an ISO 8601 text; without a zone it is taken as UTC."""
    if text is None or text.strip().lower() in MISSING:
        raise _bad_row(path, "time is missing", row)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _bad_row(path, f"time is {text!r}; write it like 2026-03-01 20:15:00", row) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _texts(column: "pa.ChunkedArray[Any]") -> list[str] | None:
    """A column as texts, or None if it does not hold texts."""
    plain = column.combine_chunks()
    if pa.types.is_dictionary(plain.type):
        plain = plain.dictionary_decode()
    if pa.types.is_list(plain.type) or pa.types.is_large_list(plain.type):
        return ["|".join(str(part) for part in row or [] if part is not None) for row in plain.to_pylist()]
    if not (pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type)):
        return None
    return [
        text if text is not None and text.strip().lower() not in MISSING else "" for text in plain.to_pylist()
    ]


def _pairs(user: IdColumn, item: IdColumn) -> int:
    """How many distinct pairs there are."""
    users = pc.dictionary_encode(user.values).indices.to_numpy().astype(np.int64)
    items = pc.dictionary_encode(item.values)
    return len(np.unique(users * len(items.dictionary) + items.indices.to_numpy()))


def _cast(path: Path, name: str, column: Ids, kind: pa.DataType) -> Ids:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as problem:
        raise BadFile(path, f"{name}: {_first_line(problem)}") from problem


def _bad_row(path: Path, reason: str, row: int) -> BadFile:
    """The refusal of a data row (from 1), with its line if the file has lines."""
    line = None if is_parquet(path) else _line(path, row)
    return BadFile(path, f"data row {row}{'' if line is None else f' (line {line})'}: {reason}")


def _line(path: Path, row: int) -> int | None:
    """The line on which a data row begins, None if that cannot be told for certain. Empty lines are no rows,
    and a quoted text may go over several."""
    seen = 0
    try:
        with _opened(path, encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            next(reader)
            if reader.line_num > 1:
                return None
            before = reader.line_num
            for cells in reader:
                seen += bool(cells)
                if seen == row:
                    return before + 1
                before = reader.line_num
    except csv.Error:
        return None
    return None


def _refuse_first(path: Path, wrong: "pa.Array[Any]", reason: str) -> None:
    if pc.any(wrong).as_py():
        raise _bad_row(path, reason, int(pc.index(wrong, True).as_py()) + 1)


def _first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
