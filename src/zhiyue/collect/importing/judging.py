"""One row of a file after the other: whose is it, when was it, and does it fit the table of events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from zhiyue.collect.cleaning import FUTURE_BOUND, check
from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.importing.files import Row
from zhiyue.collect.importing.mapping import EPOCH, EPOCH_MS, ColumnMapping, Place
from zhiyue.collect.kinds import Told
from zhiyue.collect.vocabulary import KINDS, EventKind, Property
from zhiyue.collect.xapi import told_by
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.kit.columns import storable

DETAIL_LIMIT = 200
_48_BITS = 2**48 - 1
# Where an id says that it is of version 8, and of RFC 9562.
_NO_MARKS = ~(0xF << 76 | 0b11 << 62)
_MARKS = 8 << 76 | 0b10 << 62


@dataclass(frozen=True, slots=True)
class Places:
    """The courses and lessons that a file may name: course ids by slug, lesson ids by course id and slug."""

    courses: Mapping[str, int]
    lessons: Mapping[tuple[int, str], int]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that wasn't taken: its number in the file (the first is 1), the reason in a word, and in a sentence."""

    row: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are held against. `members`: their ids by e-mail, phone, username or id; `gone_by`: the last day of
    which nothing of a kind is kept any more. `zone` is the academy's, `told_zone` that of times that name none."""

    members: Mapping[str, Mapping[str, int]]
    places: Places
    gone_by: Mapping[str, date]
    days_kept: Mapping[str, int]
    now: datetime
    zone: ZoneInfo
    told_zone: ZoneInfo


# Event id, kind, member, course, lesson, properties, moment and business day: plain, because it may come from another
# process.
JudgedRow = tuple[int, str, int, int | None, int | None, Mapping[str, object], datetime, date]


class JudgedPart(NamedTuple):
    """How many rows there were, what can be taken of them, and what can't; both in the order of the file."""

    rows: int
    taken: list[JudgedRow]
    faults: list[Fault]


class Judge:
    """Judges the rows of one file. It asks no database, so it can work in a process of its own."""

    def __init__(self, mapping: ColumnMapping, known: Known) -> None:
        self._mapping = mapping
        self._known = known
        places = known.places
        self._course_ids = {str(pk) for pk in places.courses.values()}
        self._lesson_ids = {(course, str(pk)): pk for (course, _), pk in places.lessons.items()}
        self._tell = told_by if mapping.form == "xapi" else _Cells(mapping).told

    def judge(self, rows: Sequence[Row]) -> JudgedPart:
        taken: list[JudgedRow] = []
        faults: list[Fault] = []
        for number, cells in rows:
            try:
                taken.append(self._one(cells))
            except NotInVocabulary as why:
                faults.append(Fault(number, why.reason, storable(str(why))[:DETAIL_LIMIT]))
        return JudgedPart(len(rows), taken, faults)

    def _one(self, cells: tuple[str, ...]) -> JudgedRow:
        told = self._tell(cells)
        member_id = self._member(told.person_by, told.person)
        course_id = self._course(told.course)
        moment, day = self._moment(told.when)
        lesson_id = self._lesson(told.lesson, course_id)
        properties = dict(told.properties or {})
        check(
            name=told.name,
            origin="import",
            course_id=course_id,
            lesson_id=lesson_id,
            properties=properties,
        )
        if day <= self._known.gone_by[told.name]:
            raise NotInVocabulary(
                "kept_no_longer", f"{told.name} is kept {self._known.days_kept[told.name]} days."
            )
        event_id = _event_id(told, member_id, moment)
        return event_id, told.name, member_id, course_id, lesson_id, properties, moment, day

    def _member(self, by: str, person: str) -> int:
        tidy = tidy_phone(person) if by == "phone" else person.strip().casefold()
        found = self._known.members[by].get(tidy)
        if found is None:
            raise NotInVocabulary("unknown_person", f"There is no member with the {by} “{person[:60]}”.")
        return found

    def _moment(self, when: str | datetime) -> tuple[datetime, date]:
        """When it was, and the business day of it."""
        moment = when if isinstance(when, datetime) else _read_moment(when, self._mapping.when_format)
        try:
            known = moment if moment.tzinfo else moment.replace(tzinfo=self._known.told_zone)
            moment, day = known.astimezone(UTC), known.astimezone(self._known.zone).date()
        except OverflowError as why:
            raise NotInVocabulary("malformed", f"“{str(when)[:60]}” is no moment.") from why
        if moment > self._known.now + FUTURE_BOUND:
            raise NotInVocabulary("in_the_future", f"{moment.isoformat()} hasn't come yet.")
        return moment, day

    def _course(self, text: str) -> int | None:
        if not text:
            return None
        slug, by_id = _ours(text, self._mapping.course)
        if by_id and slug in self._course_ids:
            return int(slug)
        found = None if by_id else self._known.places.courses.get(slug)
        if found is None:
            raise NotInVocabulary("unknown_course", f"There is no course “{slug[:60]}”.")
        return found

    def _lesson(self, text: str, course_id: int | None) -> int | None:
        if not text:
            return None
        slug, by_id = _ours(text, self._mapping.lesson)
        lessons = self._lesson_ids if by_id else self._known.places.lessons
        found = lessons.get((course_id or 0, slug))
        if found is None:
            raise NotInVocabulary("unknown_lesson", f"There is no lesson “{slug[:60]}” in that course.")
        return found


class _Cells:
    """Reads the cells of a table, in the order of the mapping's columns."""

    def __init__(self, mapping: ColumnMapping) -> None:
        place = {column: n for n, column in enumerate(mapping.columns)}
        self._mapping = mapping
        self._person = place[mapping.person_column] if mapping.person_column else -1
        self._when = place[mapping.when_column] if mapping.when_column else -1
        self._name = place.get(mapping.name_column, -1)
        self._course = place.get(mapping.course.column, -1)
        self._lesson = place.get(mapping.lesson.column, -1)
        self._id = place.get(mapping.id_column, -1)
        # What a kind has of the mapped properties; a column may be there for some kinds of event only.
        self._properties = {
            kind.name: [
                (one, place[mapping.properties[one.name]])
                for one in kind.properties
                if one.name in mapping.properties
            ]
            for kind in KINDS.values()
        }

    def told(self, cells: tuple[str, ...]) -> Told:
        mapping = self._mapping
        name = mapping.name
        if not name:
            called = cells[self._name].strip()
            name = mapping.names.get(called, called)
        kind = KINDS.get(name)
        return Told(
            person_by=mapping.person_by,
            person=cells[self._person],
            when=cells[self._when].strip(),
            name=name,
            # A table names the course in every row, also where its kind of event is about none.
            course=cells[self._course].strip() if self._course >= 0 and _about(kind) else "",
            lesson=cells[self._lesson].strip() if self._lesson >= 0 and _about(kind) == "lesson" else "",
            event_id=cells[self._id].strip() if self._id >= 0 else "",
            properties={
                one.name: _typed(cells[at], one)
                for one, at in self._properties.get(name, ())
                if cells[at].strip() != ""
            },
        )


def _about(kind: EventKind | None) -> str:
    return "" if kind is None or kind.about == "nothing" else kind.about


def _typed(cell: str, wanted: Property) -> object:
    """A cell as the property's type; as it stands where it can't be, so that cleaning names the fault."""
    text = cell.strip()
    read = _READERS.get(wanted.type)
    try:
        return read(text) if read else text
    except ValueError:
        return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise
        return int(number)


_YES, _NO = {"true", "yes", "y", "1", "t"}, {"false", "no", "n", "0", "f"}


def _yes(text: str) -> object:
    word = text.casefold()
    return True if word in _YES else False if word in _NO else text


_READERS: dict[str, Callable[[str], object]] = {
    "int": _whole,
    "number": float,
    "bool": _yes,
    "int_list": lambda text: [int(one) for one in text.replace(";", "|").split("|") if one.strip()],
    "number_list": lambda text: [float(one) for one in text.replace(";", "|").split("|") if one.strip()],
}


def _ours(text: str, place: Place) -> tuple[str, bool]:
    return place.names.get(text, text), place.by == "id"


def _read_moment(text: str, form: str) -> datetime:
    try:
        if form == EPOCH:
            return datetime.fromtimestamp(float(text), UTC)
        if form == EPOCH_MS:
            return datetime.fromtimestamp(float(text) / 1000, UTC)
        return datetime.strptime(text, form) if form else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as why:
        expected = f"written as {form}" if form else "an ISO 8601 time"
        raise NotInVocabulary("malformed", f"“{text[:60]}” is not {expected}.") from why


def _event_id(told: Told, member_id: int, moment: datetime) -> int:
    """The row's own id where that is a UUID; else one made of what it says, so that the same row again is the same
    event. Numbers of rows are no ids: two tables have the same ones, so they count beside all else that a row says.

    Made ids begin with the moment, as version 8 of RFC 9562 lets them: in the log's unique index what happened together
    stands together, and a file in the order of time is stored faster.
    """
    if told.event_id:
        try:
            return UUID(told.event_id).int
        except ValueError:
            pass
    properties = sorted(told.properties.items()) if told.properties else []
    seconds = moment.timestamp()
    says = (member_id, seconds, told.name, told.course, told.lesson, properties, told.event_id)
    text = "\x1f".join(map(str, says))
    rest = int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=10).digest())
    return (int(seconds * 1000) & _48_BITS) << 80 | rest & _NO_MARKS | _MARKS
