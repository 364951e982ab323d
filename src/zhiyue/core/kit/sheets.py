"""Tables as CSV, for spreadsheets: written so that no cell becomes a formula, read as people's programs write them."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, ClassVar

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused

BOM = "\ufeff"
MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
UTF_8, GB18030 = "utf-8-sig", "gb18030"
# UTF-8 first: GB18030 reads much that isn't its own. What it wrote passes for UTF-8 only by chance, in a file with very
# few Chinese signs.
ENCODINGS = (UTF_8, GB18030)
_READ_AT_ONCE = 1 << 20
# What a spreadsheet may take for a formula; the wide forms are those of Chinese keyboards. Quotes before it count,
# so that a guard is told from a quote that was there.
_RISKY = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"''*[=+\-@\t\r\n＝＋－＠]")
_LISTS = re.compile(r"[;；、|\n]")
_ENDS = re.compile(r"[^\S\n]*(?:[;；、|\n]|\Z)")
_DELIMITERS = ",;\t|"
# Python's own limit, 131,072, is less than a lesson may have. It is one for the whole process, so it is only raised.
csv.field_size_limit(max(MOST_BYTES, csv.field_size_limit()))


class UnreadableSheet(Refused):
    """The file isn't a table that can be imported; the message says what to do."""

    code = "unreadable_sheet"
    status: ClassVar[int] = 400


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that was read: its header, and each row with the line of the file in which it begins."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def csv_cell(value: object) -> str:
    """A value as a cell. Text that a spreadsheet might run gets a quote before it; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _RISKY.match(value) else value
    return str(value)


def plain_cell(text: str) -> str:
    """The value of a cell that was read: without the guard that `csv_cell` puts before it."""
    return text[1:] if _GUARDED.match(text) else text


def csv_row(values: Iterable[object]) -> str:
    """One line of CSV, with its line end."""
    line = io.StringIO()
    csv.writer(line).writerow([csv_cell(value) for value in values])
    return line.getvalue()


def csv_lines(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A whole CSV file, piece by piece. The BOM tells Excel that it is UTF-8."""
    yield BOM + csv_row(header)
    for row in rows:
        yield csv_row(row)


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 with or without BOM, UTF-16, or GB18030 as Excel writes in China.
    Raises UnreadableSheet."""
    if len(content) > MOST_BYTES:
        raise UnreadableSheet(
            pgettext_lazy(
                "sheet", "The file is larger than 5 MB. Split it and import one part after the other."
            )
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: Sequence[str] = ("utf-16",)
    elif content.startswith(b"PK\x03\x04"):
        raise UnreadableSheet(
            pgettext_lazy(
                "sheet", "This is an Excel workbook. Save it as CSV (“CSV UTF-8”) and choose that file."
            )
        )
    else:
        encodings = ENCODINGS
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise UnreadableSheet(
        pgettext_lazy(
            "sheet", "The file can't be read as text. Save it as CSV (“CSV UTF-8”) and choose it again."
        )
    )


def encoding_of(file: BinaryIO) -> str | None:
    """The first of ENCODINGS as which a whole file can be read, of any size; None: neither."""
    return next((encoding for encoding in ENCODINGS if _is_readable(file, encoding)), None)


def read(text: str) -> Sheet:
    """The table in `text`; its delimiter is found in the first line. Raises UnreadableSheet."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    begins = ends = 0
    try:
        for cells in lines:
            begins, ends = ends + 1, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            tidy = tuple(plain_cell(cell.strip()) for cell in cells)
            if not header:
                header = tidy
                continue
            rows.append((begins, tidy))
            if len(rows) > MOST_ROWS:
                raise UnreadableSheet(
                    pgettext_lazy(
                        "sheet", "The file has more than 20,000 rows. Split it and import the parts."
                    )
                )
    except csv.Error as why:
        message = pgettext_lazy(
            "sheet", "Line %(line)s can't be read: a quotation mark isn't closed, most likely."
        )
        raise UnreadableSheet(str(message) % {"line": ends + 1}) from why
    if not rows:
        raise UnreadableSheet(
            pgettext_lazy(
                "sheet", "The file has no rows. The first line names the columns; people start below it."
            )
        )
    return Sheet(header, tuple(rows))


def columns(sheet: Sheet, names: Mapping[str, str | Promise]) -> tuple[str | None, ...]:
    """Which column each cell of the header names, in any language of the academy; None for one it doesn't know."""
    known = {key: key for key in names}
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            known |= {_plainly(str(name)): key for key, name in names.items()}
    return tuple(known.get(_plainly(cell)) for cell in sheet.header)


def torn_names(names: Iterable[str]) -> dict[str, list[str]]:
    """Of these names those that a list would tear apart, for `listed`: by the piece they begin with, longest first."""
    torn: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        if sign := _LISTS.search(name):
            torn.setdefault(name[: sign.start()].strip(), []).append(name)
    return torn


def listed(cell: str, torn: Mapping[str, Sequence[str]] = MappingProxyType({})) -> list[str]:
    """The parts of a cell that lists several things, each once. A name of `torn` is one part, whatever signs it has in
    it: “数据、模型与决策” is one title."""
    parts: list[str] = []
    at = 0
    while at <= len(cell):
        sign = _LISTS.search(cell, at)
        part, after = cell[at : sign.start() if sign else None], sign.end() if sign else len(cell) + 1
        begins = at + len(part) - len(part.lstrip())
        for name in torn.get(part.strip(), ()):
            ends = _ENDS.match(cell, begins + len(name))
            if ends and cell.startswith(name, begins):
                part, after = name, ends.end() + (ends.end() == len(cell))
                break
        parts.append(part.strip())
        at = after
    return list(dict.fromkeys(part for part in parts if part))


def _is_readable(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while part := file.read(_READ_AT_ONCE):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _plainly(name: str) -> str:
    return re.sub(r"[\s_*-]+", "", name).casefold()


def _delimiter(text: str) -> str:
    """The sign that parts the first line's cells; a comma where there is only one."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=outside.count) if any(sign in outside for sign in _DELIMITERS) else ","
