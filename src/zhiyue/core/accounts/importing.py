"""Members in an uploaded table: what each row means, and what is wrong with it. Nothing is written here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.columns import MEMBER_COLUMNS
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.models import Role, RoleGrant, User
from zhiyue.core.accounts.names import fit_username, tidy_name, tidy_username
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.accounts.staff import tidy_tag
from zhiyue.core.kit import sheets
from zhiyue.core.kit.sheets import UnreadableSheet

MARKS = ("email", "phone", "username")
_LOOKED_UP_AT_ONCE = 500
Words = str | Promise


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one cell, and what to do. `column` is a key of the columns, empty for the whole row."""

    line: int
    column: str
    words: Words
    value: str = ""


@dataclass(slots=True)
class PersonRow:
    """One person as a row tells of them. `known` is the member they are already. `courses_cell` is as it was typed:
    whoever knows courses reads `courses` from it."""

    line: int
    name: str
    email: str
    phone: str
    username: str
    tags: list[str]
    courses_cell: str
    roles: list[str]
    courses: list[str] = field(default_factory=list)
    known: int | None = None

    @property
    def marks(self) -> Iterable[tuple[str, str]]:
        return ((mark, getattr(self, mark)) for mark in MARKS if getattr(self, mark))


@dataclass(slots=True)
class Plan:
    """What an import would do: rows that are good, and what is wrong with the others."""

    people: list[PersonRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)

    @property
    def fresh(self) -> int:
        return sum(person.known is None for person in self.people)

    @property
    def known(self) -> int:
        return len(self.people) - self.fresh

    def refuse(self, errors: Iterable[RowError]) -> None:
        """Take the rows of these errors out of what will be done."""
        self.errors.extend(errors)
        bad = {error.line for error in self.errors}
        self.people = [person for person in self.people if person.line not in bad]
        self.errors.sort(key=lambda error: error.line)


def plan(text: str) -> Plan:
    """What importing this table would do. Raises UnreadableSheet where its columns don't say who people are."""
    sheet = sheets.read(text)
    keys = sheets.columns(sheet, MEMBER_COLUMNS)
    if not set(MARKS) & set(keys):
        message = pgettext_lazy(
            "import",
            "No column says who people are. Name one “E-mail”, “Phone” or “User name”: take the template.",
        )
        raise UnreadableSheet(message)
    made = Plan(
        unknown_columns=[name for name, key in zip(sheet.header, keys, strict=True) if not key and name]
    )
    errors: list[RowError] = []
    for line, cells in sheet.rows:
        values = {key: cell for key, cell in zip(keys, cells, strict=False) if key}
        person, wrong = _person(line, values)
        errors.extend(wrong)
        made.people.append(person)
    made.refuse(errors)
    made.refuse(_twice(made.people))
    made.refuse(_recognise(made.people))
    made.refuse(_roles(made.people))
    return made


def _person(line: int, values: Mapping[str, str]) -> tuple[PersonRow, list[RowError]]:
    errors: list[RowError] = []

    def wrong(column: str, words: Words) -> None:
        errors.append(RowError(line, column, words, values.get(column, "")[:80]))

    email = values.get("email", "").lower()
    if email and not _is_email(email):
        wrong(
            "email", pgettext_lazy("import", "This is no e-mail address. Mend it, or leave the cell empty.")
        )
    typed_phone = values.get("phone", "")
    phone = tidy_phone(typed_phone)
    if typed_phone and not phone:
        wrong("phone", _phone_words(typed_phone))
    username = tidy_username(values.get("username", ""))
    if username:
        try:
            fit_username(username)
        except ValidationError as why:
            wrong("username", cast(Words, why.message))
    if not (email or typed_phone or username):
        wrong(
            "", pgettext_lazy("import", "Nothing says who this is. Give an e-mail, a phone or a user name.")
        )
    tags: list[str] = []
    try:
        tags = [tidy_tag(tag) for tag in sheets.listed(values.get("tags", ""))]
    except Unfit as why:
        wrong("tags", why.message)
    name = ""
    try:
        name = tidy_name(values.get("name", ""))
    except ValidationError as why:
        wrong("name", cast(Words, why.message))
    if len(name) > 40:
        wrong("name", pgettext_lazy("import", "A name has 40 characters at most. Shorten it."))
    roles = [_role(role) for role in sheets.listed(values.get("roles", ""))]
    return PersonRow(line, name, email, phone, username, tags, values.get("courses", ""), roles), errors


def _twice(people: Iterable[PersonRow]) -> list[RowError]:
    """Somebody whom an earlier row of the file names."""
    first: dict[tuple[str, str], int] = {}
    errors = []
    for person in people:
        for mark, value in person.marks:
            line = first.setdefault((mark, value.casefold()), person.line)
            if line != person.line:
                words = pgettext("import", "Line %(line)s has the same. Keep one of them.")
                errors.append(RowError(person.line, mark, words % {"line": line}, value))
                break
    return errors


def _recognise(people: list[PersonRow]) -> list[RowError]:
    """Tie rows to members there are, by any of their marks. A row that names two members is wrong, and one that makes a
    member needs a name."""
    members = {mark: members_by(mark, [getattr(one, mark) for one in people]) for mark in MARKS}
    errors = []
    for person in people:
        found = {
            members[mark][value.casefold()]
            for mark, value in person.marks
            if value.casefold() in members[mark]
        }
        if len(found) > 1:
            words = pgettext_lazy(
                "import", "These marks belong to different members. Split the row, or mend it."
            )
            errors.append(RowError(person.line, "", words))
        elif found:
            person.known = found.pop()
        elif not person.name:
            errors.append(
                RowError(person.line, "name", pgettext_lazy("import", "A new member needs a name."))
            )
    return errors


def members_by(mark: str, values: Iterable[str]) -> dict[str, int]:
    """Who bears which of these marks, as they are kept: members by the mark without its case."""
    wanted = sorted({value for value in values if value})
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _LOOKED_UP_AT_ONCE):
        piece = wanted[start : start + _LOOKED_UP_AT_ONCE]
        found |= {
            value.casefold(): pk
            for value, pk in User.objects.filter(**{f"{mark}__in": piece}).values_list(mark, "pk")
        }
    return found


def _roles(people: Iterable[PersonRow]) -> list[RowError]:
    """Roles aren't given by a table; one that somebody holds may stand there, as exports write it."""
    named = [person for person in people if set(person.roles) - {Role.LEARNER.value}]
    held: dict[int, set[str]] = {}
    ids = [person.known for person in named if person.known]
    for user_id, role in RoleGrant.objects.filter(user__in=ids).values_list("user_id", "role"):
        held.setdefault(user_id, set()).add(role)
    words = pgettext_lazy(
        "import", "Roles aren't imported. Empty the cell, and invite them on the page “Staff”."
    )
    return [
        RowError(person.line, "roles", words, "; ".join(person.roles))
        for person in named
        if not set(person.roles) - {Role.LEARNER.value} <= held.get(person.known or 0, set())
    ]


def _role(text: str) -> str:
    """A role by its code or its name in the reader's language."""
    by_name = {str(role.label): role.value for role in Role}
    return by_name.get(text, text.lower())


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _phone_words(typed: str) -> Words:
    if "e+" in typed.lower():
        return pgettext_lazy(
            "import", "The spreadsheet rounded this number. Format the column as text and type it again."
        )
    return pgettext_lazy(
        "import", "This is no phone number. Write 13800138000, or +44… with the country's code."
    )
