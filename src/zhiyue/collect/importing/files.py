"""Files of past events as rows of text, a part at a time: CSV, Parquet, or a JSON statement a line."""

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhiyue.collect.errors import UnreadableHistory
from zhiyue.collect.importing.mapping import ColumnMapping

# A cell longer than this is no cell of a table of events.
csv.field_size_limit(max(csv.field_size_limit(), 1_000_000))
_READ_AT_ONCE = 1 << 20

# The number of the row (the first is 1) and its cells in the order of the mapping's columns; of xAPI the whole line.
Row = tuple[int, tuple[str, ...]]


def checksum(path: Path, *, read_as: str) -> str:
    """SHA-256 of the file and of how it is read, hex. Raises UnreadableHistory."""
    digest = hashlib.sha256(read_as.encode())
    try:
        with path.open("rb") as file:
            while part := file.read(_READ_AT_ONCE):
                digest.update(part)
    except OSError as why:
        raise UnreadableHistory(f"{path} can't be read: {why.strerror or why}.") from why
    return digest.hexdigest()


def count_rows(path: Path, mapping: ColumnMapping) -> int:
    """About how many rows there are, for a bar: exact for Parquet, lines for the others."""
    if mapping.form == "parquet":
        return int(_parquet(path).metadata.num_rows)
    with path.open("rb") as file:
        lines = sum(part.count(b"\n") for part in iter(lambda: file.read(_READ_AT_ONCE), b""))
    return max(lines - (mapping.form == "csv"), 1)


def parts(path: Path, mapping: ColumnMapping, *, size: int, skip: int = 0) -> Iterator[list[Row]]:
    """The rows after the first `skip`, `size` at a time. Raises UnreadableHistory, where the file breaks off too."""
    rows = {"csv": _csv_rows, "parquet": _parquet_rows, "xapi": _lines}[mapping.form](path, mapping)
    part: list[Row] = []
    last = 0
    try:
        for row in rows:
            last = row[0]
            if last <= skip:
                continue
            part.append(row)
            if len(part) == size:
                yield part
                part = []
    except (OSError, UnicodeError, csv.Error, pa.ArrowException) as why:
        raise UnreadableHistory(f"{path.name} can't be read after row {last}: {why}") from why
    if part:
        yield part


class Unchanged:
    """A file that is read as it was when its reading began."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = self._looked_at()

    def require(self) -> None:
        if self._looked_at() != self._begun:
            raise UnreadableHistory(
                f"{self._path.name} changed while it was read. Undo this import, and bring the file in again."
            )

    def _looked_at(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError as why:
            raise UnreadableHistory(f"{self._path} can't be read: {why.strerror or why}.") from why
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def check_columns(path: Path, mapping: ColumnMapping) -> None:
    """Raises UnreadableHistory where the file isn't of its form, or lacks a column."""
    rows = {"csv": _csv_rows, "parquet": _parquet_rows, "xapi": _lines}[mapping.form](path, mapping)
    try:
        next(rows, None)
    except (OSError, UnicodeError, csv.Error, pa.ArrowException) as why:
        raise UnreadableHistory(f"{path.name} can't be read: {why}") from why


def _csv_rows(path: Path, mapping: ColumnMapping) -> Iterator[Row]:
    with _text(path, mapping.encoding, newline="") as file:
        # Else a quote that is never closed takes all that follows into its cell.
        lines = csv.reader(file, delimiter=_delimiter(mapping.delimiter), strict=True)
        header = [name.strip() for name in next(lines, [])]
        places = _places(header, mapping, path)
        width = len(header)
        number = 0
        for cells in lines:
            if not cells:
                continue
            number += 1
            # A row that breaks off lacks its last cells.
            whole = cells if len(cells) >= width else [*cells, *[""] * (width - len(cells))]
            yield number, tuple([whole[place] for place in places])


def _parquet_rows(path: Path, mapping: ColumnMapping) -> Iterator[Row]:
    file = _parquet(path)
    columns = mapping.columns
    _places(file.schema_arrow.names, mapping, path)
    number = 0
    for batch in file.iter_batches(batch_size=20_000, columns=columns):
        by_name = {name: _as_text(batch.column(name)) for name in columns}
        for cells in zip(*(by_name[name] for name in columns), strict=True):
            number += 1
            yield number, cells


def _lines(path: Path, mapping: ColumnMapping) -> Iterator[Row]:
    with _text(path, mapping.encoding) as file:
        number = 0
        for line in file:
            if line.strip():
                number += 1
                yield number, (line,)


def _as_text(column: pa.Array) -> list[str]:
    """The cells as CSV would hold them: "" for none, moments as ISO 8601, lists divided by “|”."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S") if kind.tz is None else pc.strftime(
            pc.cast(column, pa.timestamp(kind.unit, "UTC")), format="%Y-%m-%dT%H:%M:%S+00:00"
        )  # fmt: skip
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return ["|".join(str(one) for one in cell) if cell else "" for cell in column.to_pylist()]
    elif not pa.types.is_string(kind):
        column = pc.cast(column, pa.string())
    return list(pc.fill_null(column, "").to_pylist())


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as why:
        raise UnreadableHistory(f"{path} can't be read as Parquet: {why}") from why


def _text(path: Path, encoding: str, newline: str | None = None) -> io.TextIOWrapper:
    try:
        return path.open(encoding=encoding, newline=newline)
    except (OSError, LookupError) as why:
        raise UnreadableHistory(f"{path} can't be read: {why}") from why


def _delimiter(told: str) -> str:
    delimiter = {"tab": "\t", "\\t": "\t"}.get(told, told)
    if len(delimiter) != 1:
        raise UnreadableHistory(f"A delimiter is one sign (or “tab”), not “{told}”.")
    return delimiter


def _places(header: list[str], mapping: ColumnMapping, path: Path) -> list[int]:
    missing = [column for column in mapping.columns if column not in header]
    if missing:
        raise UnreadableHistory(
            f"{path.name} has no column {', '.join(f'“{one}”' for one in missing)}; it has: {', '.join(header)}."
        )
    return [header.index(column) for column in mapping.columns]
