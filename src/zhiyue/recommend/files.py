"""Files of interactions, items and users: read whole and checked, or refused with row and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from zhiyue.engine.kinds import Floats, Ints
from zhiyue.recommend.errors import BadFile, is_parquet
from zhiyue.recommend.tables import Tell, bad_row, first_line, read_table, silently

Ids: TypeAlias = "pa.Array[Any]"
MISSING = ("", "nan", "null", "none", "na", "n/a", "<na>")
WHOLE_NUMBER = r"^(0|-?[1-9][0-9]{0,17})$"
WHOLE_FLOAT = r"^(0|-?[1-9][0-9]{0,14})\.0+$"
# Numbers this large in a time column count from 1970, and a unit ends where the next one begins: each covers
# the years 1973 to 5138. Smaller numbers only say what came first.
EPOCH_FROM = 1e8
UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
SECONDS_A_DAY = 86_400.0
# The engine reckons in single precision, which ends at 3.4e38: squares of squares stay below it, and so does the sum of
# the squares of as many rows as a file can have.
LARGEST_RATING = 1e9


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
    the desk. `negatives`: as many sampled items a row of a test file as any other row has, row after row. `is_timed`:
    the order is that of a clock, by which acts of different people compare."""

    path: Path
    user: IdColumn
    item: IdColumn
    weight: Floats
    order: Ints | None
    days: Floats | None
    notes: tuple[str, ...] = ()
    negatives: IdColumn | None = None
    is_timed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ItemFile:
    """Items with their text columns; columns named …_id or …_ids are labels, taken whole; numbers are
    left out."""

    path: Path
    item: IdColumn
    texts: Mapping[str, list[str]]
    labels: Mapping[str, list[str]]


def read_interactions(path: Path, tell: Tell = silently) -> InteractionFile:
    """Raises BadFile."""
    table = read_table(path, ("user_id", "item_id"), ("rating", "time", "position"), tell)
    user, item = ids_of(path, table, "user_id"), ids_of(path, table, "item_id")
    weight = bounded(path, table, "rating") if "rating" in table.column_names else np.ones(len(user))
    notes: list[str] = []
    order = days = None
    if "time" in table.column_names:
        moment, days, unit = _moments(path, table)
        notes += [unit] if unit else []
        order = np.unique(moment, return_inverse=True)[1].astype(np.int64)
    if "position" in table.column_names:
        place = np.unique(numbers_of(path, table, "position"), return_inverse=True)[1].astype(np.int64)
        if order is None:
            order = place
        else:
            notes.append("has time and position: time decides, position between equal times")
            order = order * (place.max() + 1) + place
    twice = len(user) - _pairs(user, item)
    if twice:
        notes.append(f"{twice:,} rows repeat a pair of user and item; their weights are added up")
    is_timed = "time" in table.column_names
    return InteractionFile(path, user, item, weight, order, days, tuple(notes), is_timed=is_timed)


def read_pairs(path: Path, tell: Tell = silently) -> InteractionFile:
    """A test file: user_id, item_id and, where there is one, the list `negatives` count, everything else is ignored.
    Raises BadFile."""
    table = read_table(path, ("user_id", "item_id"), ("negatives",), tell)
    user, item = ids_of(path, table, "user_id"), ids_of(path, table, "item_id")
    negatives = _negatives(path, table) if "negatives" in table.column_names else None
    if negatives is not None:
        _require_rivals(path, item, negatives)
    return InteractionFile(path, user, item, np.ones(len(user)), None, None, (), negatives)


def read_users(path: Path, tell: Tell = silently) -> IdColumn:
    """The distinct users in the order of the file. Raises BadFile."""
    found = ids_of(path, read_table(path, ("user_id",), (), tell), "user_id")
    return IdColumn(pc.unique(found.values), found.kind)


def read_items(path: Path, tell: Tell = silently) -> ItemFile:
    """Raises BadFile, also for an item that stands in the file twice."""
    table = read_table(path, ("item_id",), None, tell)
    item = ids_of(path, table, "item_id")
    first = pc.index_in(item.values, value_set=pc.unique(item.values)).to_numpy()
    again = np.flatnonzero(np.concatenate([[False], first[1:] <= np.maximum.accumulate(first)[:-1]]))
    if len(again):
        raise bad_row(
            path, f"item_id {item.values[int(again[0])]} stands in the file twice", int(again[0]) + 1
        )
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[str]] = {}
    for name in table.column_names:
        values = _texts(table.column(name)) if name != "item_id" else None
        if values is not None and not all(not value or _looks_numeric(value) for value in values):
            (labels if name.endswith(("_id", "_ids")) else texts)[name] = values
    return ItemFile(path, item, texts, labels)


def _negatives(path: Path, table: pa.Table) -> IdColumn:
    """The items of the lists of all rows, one after another. In a CSV file they are joined by "|"."""
    column = table.column("negatives").combine_chunks()
    if pa.types.is_string(column.type):
        column = pc.split_pattern(column, "|")
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        raise BadFile(path, f"negatives holds {column.type}, not lists of items")
    _refuse_first(path, pc.is_null(column), "negatives is missing")
    lengths = pc.list_value_length(column)
    wrong = pc.or_(pc.not_equal(lengths, lengths[0]), pc.equal(lengths, 0))
    _refuse_first(path, wrong, "negatives is empty or not as long as in the first row")
    try:
        return ids_of(path, pa.table({"negatives": pc.list_flatten(column)}), "negatives")
    except BadFile as problem:
        raise BadFile(path, "negatives holds something that is not an item id") from problem


def _require_rivals(path: Path, item: IdColumn, negatives: IdColumn) -> None:
    """Raises BadFile where the list of a row holds the row's own item, or another one twice."""
    if item.is_text != negatives.is_text:
        item, negatives = item.as_text(), negatives.as_text()
    codes = pc.dictionary_encode(pa.concat_arrays([item.values, negatives.values]))
    found = codes.indices.to_numpy().astype(np.int64)
    own, rivals = found[: len(item), None], np.sort(found[len(item) :].reshape(len(item), -1), axis=1)
    is_own, is_again = (rivals == own).any(axis=1), (rivals[:, 1:] == rivals[:, :-1]).any(axis=1)
    wrong = np.flatnonzero(is_own | is_again)
    if len(wrong):
        row = int(wrong[0])
        reason = "the row's own item" if is_own[row] else "an item twice"
        raise bad_row(
            path, f"negatives holds {reason}: sample others than the hidden one, each once", row + 1
        )


def ids_of(path: Path, table: pa.Table, name: str) -> IdColumn:
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


def numbers_of(path: Path, table: pa.Table, name: str) -> Floats:
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
        raise bad_row(path, f"{name} is missing or not a finite number", int(wrong[0]) + 1)
    return found


def bounded(path: Path, table: pa.Table, name: str) -> Floats:
    """A column of numbers, with whose squares can be reckoned."""
    found = numbers_of(path, table, name)
    wrong = np.flatnonzero(np.abs(found) > LARGEST_RATING)
    if len(wrong):
        raise bad_row(
            path,
            f"{name} is {found[wrong[0]]:g}; it must lie between -{LARGEST_RATING:,.0f} and {LARGEST_RATING:,.0f}: "
            "divide all of them by the same number",
            int(wrong[0]) + 1,
        )
    return found


def _number(path: Path, name: str, text: str | None, row: int) -> float:
    try:
        number = float(text or "nan")
    except ValueError:
        raise bad_row(path, f"{name} is {text!r}, not a number", row) from None
    if not np.isfinite(number):
        raise bad_row(path, f"{name} is missing or not a finite number", row)
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
    numbers = numbers_of(path, table, "time")
    smallest = float(np.abs(numbers).min())
    if smallest < EPOCH_FROM:
        return numbers, None, f"time goes down to {smallest:.15g}: taken as an order only, without ages"
    unit = max((name for name in UNITS if smallest >= EPOCH_FROM * UNITS[name]), key=lambda name: UNITS[name])
    beyond = np.flatnonzero(np.abs(numbers) >= 1000.0 * EPOCH_FROM * UNITS[unit])
    if len(beyond):
        reason = (
            f"time is {numbers[beyond[0]]:.15g}, too large for {unit} since 1970, as other rows have them"
        )
        raise bad_row(path, reason, int(beyond[0]) + 1)
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
        raise bad_row(path, "time is missing", row)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise bad_row(path, f"time is {text!r}; write it like 2026-03-01 20:15:00", row) from None
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
        raise BadFile(path, f"{name}: {first_line(problem)}") from problem


def _refuse_first(path: Path, wrong: "pa.Array[Any]", reason: str) -> None:
    if pc.any(wrong).as_py():
        raise bad_row(path, reason, int(pc.index(wrong, True).as_py()) + 1)
