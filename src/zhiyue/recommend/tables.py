"""Files as tables of columns, Parquet or CSV; what a row may hold is decided in `files`."""

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from zhiyue.core.kit.sheets import GB18030, UTF_8, encoding_of
from zhiyue.recommend.errors import BadFile, is_parquet

NOT_UTF_8 = "the file isn't UTF-8: open it in Excel or an editor and save it as “CSV UTF-8”"
AS_GB18030 = "the file isn't UTF-8; read as GB18030, as Excel in Chinese saves “CSV”"

_IDS = ("user_id", "item_id")
# So much of a file is parsed at once: a row must fit.
MOST_ROW_BYTES = 1 << 20
# What pyarrow says of a row that doesn't.
_STRADDLING = "straddling"
_LONGEST_CELL = 2**31 - 1

Tell = Callable[[str], object]


def silently(_: str) -> None:
    """Nobody is told."""


def read_table(
    path: Path, needed: tuple[str, ...], wanted: tuple[str, ...] | None, tell: Tell = silently
) -> pa.Table:
    """The needed and wanted columns (None: all columns) of a file that has rows. `tell` hears of a CSV that isn't
    UTF-8."""
    if not path.exists():
        raise BadFile(path, "there is no such file")
    if not path.is_file():
        raise BadFile(path, "this is not a file")
    if path.stat().st_size == 0:
        raise BadFile(path, "the file is empty")
    if not (is_parquet(path) or path.name.lower().endswith((".csv", ".csv.gz"))):
        raise BadFile(path, "only .parquet, .csv and .csv.gz files can be read")
    try:
        table = _parquet(path, needed, wanted) if is_parquet(path) else _csv(path, needed, wanted, tell)
    except (pa.ArrowException, csv.Error, OSError, EOFError) as problem:
        raise BadFile(path, f"the file cannot be read: {first_line(problem)}") from problem
    if table.num_rows == 0:
        raise BadFile(path, "the file has no data rows")
    return table


def _parquet(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...] | None) -> pa.Table:
    names = pq.read_schema(path).names
    _check_names(path, names, needed, wanted)
    return pq.read_table(path, columns=_chosen(names, needed, wanted))


def _csv(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...] | None, tell: Tell) -> pa.Table:
    filled = _filled_lines(path)
    encoding = _encoding(path)
    if encoding == GB18030:
        tell(f"{path}: {AS_GB18030}")
    with _opened(path, encoding=encoding, newline="") as lines:
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
    read = partial(
        pyarrow.csv.read_csv,
        path,
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False,
            block_size=MOST_ROW_BYTES,
            column_names=names,
            skip_rows=1,
            encoding="utf8" if encoding == UTF_8 else encoding,
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=False,
        ),
    )
    try:
        table = read()
    except pa.ArrowInvalid as problem:
        if _STRADDLING not in str(problem):
            raise
        raise _too_long(path) from problem
    if ragged:
        line, reason = ragged[0]
        if line is None:
            raise BadFile(path, reason)
        raise bad_row(path, reason + _left_open(path, line - 1), line - 1)
    _require_closed(path, table, [name for name in columns if name in needed or name in _IDS])
    within = filled - 1 - table.num_rows
    if within > 0 and (first := next((row for row in _rows(path) if row.last > row.line), None)):
        tell(
            f"{path}: {within:,} lines are parts of quoted texts, the first since line {first.line:,}; "
            "where no text goes over several lines, a quote is open there"
        )
    return table


def _require_closed(path: Path, table: pa.Table, names: list[str]) -> None:
    """Raises BadFile where an open quote took lines into a cell that no line break belongs in."""
    for name in names:
        broken = pc.match_substring_regex(table.column(name), "[\r\n]")
        if pc.any(broken).as_py():
            row = int(pc.index(broken, True).as_py()) + 1
            since = _since(_line(path, row))
            raise bad_row(path, f"{name} holds a line break: a quote is open{since}", row)


def _too_long(path: Path) -> BadFile:
    """The refusal of a file with a row that is longer than what is parsed at once."""
    longest = max(_rows(path), key=lambda row: row.length, default=None)
    where = "a row" if longest is None else f"the row that begins on line {longest.line:,}"
    since = _since(None if longest is None else longest.line)
    return BadFile(
        path,
        f"{where} is longer than {MOST_ROW_BYTES >> 20} MB: a quote is open{since}, or a text has to be cut",
    )


def _left_open(path: Path, row: int) -> str:
    """What explains a row that goes over several lines."""
    found = next(islice(_rows(path), row - 1, None), None)
    return f": a quote is open{_since(found.line)}" if found is not None and found.last > found.line else ""


def _since(line: int | None) -> str:
    return "" if line is None else f" since line {line:,}"


def _opened(path: Path, *, encoding: str, newline: str | None) -> TextIO:
    """A CSV file as text; `newline` as in `open`."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    return cast(TextIO, opened(path, "rt", encoding=encoding, newline=newline))


def _encoding(path: Path) -> str:
    """How a CSV file is encoded. Raises BadFile where it is neither UTF-8 nor GB18030."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with cast(BinaryIO, opened(path, "rb")) as file:
        found = encoding_of(file)
    if found is None:
        raise BadFile(path, NOT_UTF_8)
    return found


def _filled_lines(path: Path) -> int:
    """How many lines hold anything. Raises BadFile for NUL bytes: readers disagree about them, and an id would silently
    turn into another one."""
    filled = 0
    with _opened(path, encoding="latin-1", newline=None) as lines:
        for number, line in enumerate(lines, 1):
            if "\0" in line:
                raise BadFile(path, f"line {number} holds a NUL byte; save the file as UTF-8 text")
            filled += line != "\n"
    return filled


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


def bad_row(path: Path, reason: str, row: int) -> BadFile:
    """The refusal of a data row (from 1), with its line if the file has lines."""
    line = None if is_parquet(path) else _line(path, row)
    return BadFile(path, f"data row {row}{'' if line is None else f' (line {line})'}: {reason}")


def _line(path: Path, row: int) -> int | None:
    """The line on which a data row begins, None if that cannot be told for certain."""
    found = next(islice(_rows(path), row - 1, None), None)
    return None if found is None else found.line


class _Row(NamedTuple):
    """The lines on which a data row begins and ends, and how many letters its cells hold."""

    line: int
    last: int
    length: int


def _rows(path: Path) -> Iterator[_Row]:
    """The data rows of a CSV file; none where they cannot be told for certain. Empty lines are no rows, and a quoted
    text may go over several."""
    # One limit for the whole process, so it is only raised: a text of any length is passed over here.
    csv.field_size_limit(max(_LONGEST_CELL, csv.field_size_limit()))
    with suppress(csv.Error), _opened(path, encoding=_encoding(path), newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        if reader.line_num > 1:
            return
        before = reader.line_num
        for cells in reader:
            if cells:
                yield _Row(before + 1, reader.line_num, sum(map(len, cells)))
            before = reader.line_num


def first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
