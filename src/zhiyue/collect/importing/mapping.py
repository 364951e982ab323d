"""What the columns of a file mean: read from a TOML file, every mistake in it named."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from zhiyue.collect.errors import BadMapping
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.kit.sheets import UTF_8, encoding_of

Form = Literal["csv", "parquet", "xapi"]
PersonBy = Literal["email", "phone", "username", "id"]
PlaceBy = Literal["slug", "id"]

EPOCH, EPOCH_MS = "epoch", "epoch_ms"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row names a course or a lesson. `names` turns what the file calls it into our slug or id."""

    column: str = ""
    by: PlaceBy = "slug"
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What each column means. Empty names of columns are columns that the file doesn't have.

    `name` is one kind of event for all rows, else `names` turns the values of `name_column` into kinds. `zone` is that
    of times that name none. `stated` are the purposes that the operator says the people of the file consented to;
    what somebody chose here themselves goes before it.
    """

    form: Form
    person_column: str = ""
    person_by: PersonBy = "email"
    when_column: str = ""
    when_format: str = ""
    zone: str = ""
    name: str = ""
    name_column: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    course: Place = field(default_factory=Place)
    lesson: Place = field(default_factory=Place)
    id_column: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = UTF_8
    stated: Purpose = NOTHING

    @property
    def columns(self) -> list[str]:
        """Every column that it reads, each once."""
        named = (
            self.person_column,
            self.when_column,
            self.name_column,
            self.course.column,
            self.lesson.column,
            self.id_column,
            *self.properties.values(),
        )
        return list(dict.fromkeys(column for column in named if column))


_TABLES: dict[str, set[str]] = {
    "file": {"form", "delimiter", "encoding"},
    "person": {"column", "by"},
    "when": {"column", "format", "zone"},
    "event": {"column", "name", "names"},
    "course": {"column", "by", "names"},
    "lesson": {"column", "by", "names"},
    "id": {"column"},
    "properties": set(),
    "consent": {"stated"},
}


def read_mapping(path: Path | None, *, file: Path) -> ColumnMapping:
    """The mapping in the TOML file `path` for the events in `file`. xAPI statements need none.
    Raises BadMapping, which names every mistake."""
    if path is None:
        return parse_mapping("", file=file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as why:
        raise BadMapping([f"{path} can't be read: {why}"]) from why
    return parse_mapping(text, file=file)


def parse_mapping(text: str, *, file: Path) -> ColumnMapping:
    """The same from the TOML text itself."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise BadMapping([f"It is not TOML: {why}"]) from why
    return _Reader(told, file).mapping()


class _Reader:
    """Reads one mapping and collects what is wrong with it."""

    def __init__(self, told: dict[str, Any], file: Path) -> None:
        self._told = told
        self._file = file
        self._wrong: list[str] = []

    def mapping(self) -> ColumnMapping:
        self._check_tables()
        form = self._form()
        mapping = ColumnMapping(
            form=form,
            person_column=self._text("person", "column"),
            person_by=self._choice("person", "by", get_args(PersonBy), "email"),
            when_column=self._text("when", "column"),
            when_format=self._text("when", "format"),
            zone=self._zone(),
            name=self._text("event", "name"),
            name_column=self._text("event", "column"),
            names=self._names("event"),
            course=self._place("course"),
            lesson=self._place("lesson"),
            id_column=self._text("id", "column"),
            properties=self._properties(),
            delimiter=self._text("file", "delimiter") or ",",
            encoding=self._encoding(form),
            stated=self._stated(),
        )
        if form != "xapi":
            self._check_whole(mapping)
        if self._wrong:
            raise BadMapping(self._wrong)
        return mapping

    def _check_tables(self) -> None:
        for table, entries in self._told.items():
            if table not in _TABLES:
                self._wrong.append(f"[{table}] is unknown; there are: {', '.join(_TABLES)}.")
            elif not isinstance(entries, dict):
                self._wrong.append(f"“{table}” must be a table: [{table}].")
            elif table != "properties":
                unknown = sorted(entries.keys() - _TABLES[table])
                self._wrong += [f"[{table}] has no “{one}”." for one in unknown]

    def _check_whole(self, mapping: ColumnMapping) -> None:
        if not mapping.person_column:
            self._wrong.append("[person] column is missing: which column says who acted?")
        if not mapping.when_column:
            self._wrong.append("[when] column is missing: which column says when?")
        if bool(mapping.name) == bool(mapping.name_column):
            self._wrong.append("[event] needs either name (one for all rows) or column.")
        for name in (mapping.name, *mapping.names.values()):
            if name and name not in KINDS:
                self._wrong.append(f"“{name}” is not in the table of events.")
            elif name and "import" not in KINDS[name].origins:
                self._wrong.append(f"{name} can't be imported.")

    def _table(self, table: str) -> dict[str, Any]:
        found = self._told.get(table)
        return found if isinstance(found, dict) else {}

    def _text(self, table: str, key: str) -> str:
        value = self._table(table).get(key, "")
        if not isinstance(value, str):
            self._wrong.append(f"[{table}] {key} must be text.")
            return ""
        return value

    def _choice(self, table: str, key: str, choices: tuple[Any, ...], default: Any) -> Any:
        value = self._text(table, key) or default
        if value not in choices:
            self._wrong.append(f"[{table}] {key} must be one of: {', '.join(choices)}; not “{value}”.")
            return default
        return value

    def _names(self, table: str) -> Mapping[str, str]:
        names = self._table(table).get("names", {})
        if not isinstance(names, dict) or not all(isinstance(value, str) for value in names.values()):
            self._wrong.append(f"[{table}] names must map text to text.")
            return {}
        return dict(names)

    def _properties(self) -> Mapping[str, str]:
        found = self._table("properties")
        if not all(isinstance(column, str) for column in found.values()):
            self._wrong.append("[properties] must map each property to the name of its column.")
            return {}
        known = {one.name for kind in KINDS.values() for one in kind.properties}
        self._wrong += [
            f"[properties] “{name}” is a property of no event." for name in sorted(found.keys() - known)
        ]
        return dict(found)

    def _place(self, table: str) -> Place:
        return Place(
            column=self._text(table, "column"),
            by=self._choice(table, "by", get_args(PlaceBy), "slug"),
            names=self._names(table),
        )

    def _form(self) -> Form:
        by_ending = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".jsonl": "xapi", ".json": "xapi"}
        default = by_ending.get(self._file.suffix.lower(), "csv")
        form: Form = self._choice("file", "form", get_args(Form), default)
        return form

    def _encoding(self, form: Form) -> str:
        """As it is told; else as the file can be read."""
        told = self._text("file", "encoding")
        if told or form != "csv":
            return told or UTF_8
        try:
            with self._file.open("rb") as file:
                return encoding_of(file) or UTF_8
        except OSError:
            # Whoever reads it says what is wrong.
            return UTF_8

    def _zone(self) -> str:
        zone = self._text("when", "zone")
        if zone and zone not in available_timezones():
            self._wrong.append(f"[when] zone must be one such as Asia/Shanghai, not “{zone}”.")
            return ""
        return zone

    def _stated(self) -> Purpose:
        words = self._table("consent").get("stated", [])
        by_word = {purpose.name.lower(): purpose for purpose in Purpose if purpose.name}
        stated = NOTHING
        for word in words if isinstance(words, list) else [words]:
            if word in by_word:
                stated |= by_word[word]
            else:
                self._wrong.append(f"[consent] stated holds purposes ({', '.join(by_word)}), not “{word}”.")
        return stated


def zone_of(mapping: ColumnMapping, default: ZoneInfo) -> ZoneInfo:
    return ZoneInfo(mapping.zone) if mapping.zone else default
