"""Members as rows of a table that leaves the academy: which columns there are, and what stands in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.functional import Promise

from zhiyue.collect.selectors import last_seen
from zhiyue.core.accounts import directory
from zhiyue.core.accounts.columns import MEMBER_COLUMNS, SEPARATOR
from zhiyue.core.accounts.directory import STATES, MemberRow
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce.selectors import course_titles_of

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Line:
    member: MemberRow
    seen: datetime | None
    courses: Sequence[str]


_VALUES: Mapping[str, Callable[[_Line], str]] = {
    "name": lambda line: line.member.name,
    "email": lambda line: line.member.email,
    "phone": lambda line: line.member.phone,
    "username": lambda line: line.member.username,
    "tags": lambda line: SEPARATOR.join(line.member.tags),
    "courses": lambda line: SEPARATOR.join(line.courses),
    "roles": lambda line: SEPARATOR.join(line.member.roles),
    "joined": lambda line: _moment(line.member.joined_at),
    "seen": lambda line: _moment(line.seen),
    "state": lambda line: str(STATES["banned" if line.member.banned_at else "active"]),
}

COLUMNS: Sequence[tuple[str, Promise]] = tuple((key, MEMBER_COLUMNS[key]) for key in _VALUES)


def known_columns(asked: Sequence[str]) -> list[str]:
    """Those of the columns asked for that exist, in the table's own order."""
    return [key for key in _VALUES if key in asked]


def header(keys: Sequence[str]) -> list[str]:
    return [str(MEMBER_COLUMNS[key]) for key in keys]


def lines(viewer: Viewer, members: QuerySet[User], keys: Sequence[str]) -> Iterator[list[str]]:
    """One row a member, read piece by piece in the order of joining. Raises NotAllowed."""
    members = members.annotate(seen=last_seen()).order_by("pk")
    after = 0
    while piece := list(members.filter(pk__gt=after)[:_CHUNK]):
        after = piece[-1].pk
        courses = course_titles_of([member.pk for member in piece]) if "courses" in keys else {}
        for row, member in zip(directory.rows(viewer, piece), piece, strict=True):
            line = _Line(row, getattr(member, "seen", None), courses.get(member.pk, ()))
            yield [_VALUES[key](line) for key in keys]


def _moment(moment: datetime | None) -> str:
    """In the academy's own zone, as a spreadsheet reads it."""
    return moment.astimezone(clock.business_zone()).strftime("%Y-%m-%d %H:%M") if moment else ""
