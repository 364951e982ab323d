"""Lists page by page. A cursor holds the place of a row in its order, so rows that come or go move nobody's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import APIException

from zhiyue.experience.shell.problems import KINDS

Row = TypeVar("Row", bound=Model)
DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LONGEST_CURSOR = 400
# Signed without a time: the same page has the same cursor, and so the same ETag.
_signer = Signer(salt="zhiyue.api.cursor")


class BadCursor(APIException):
    status_code = 400
    default_code = "bad_cursor"
    default_detail = cast(Any, KINDS["bad_cursor"].advice)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in their order, and cursors of the pages beside them, None at the ends."""

    rows: Sequence[Any]
    next: str | None
    previous: str | None


def page(
    rows: QuerySet[Row] | Sequence[QuerySet[Any]], *, order: Sequence[str], cursor: str, size: int
) -> Page:
    """The page at `cursor` (“”: the first). `order` are field names, `-` before the falling ones, the last unique. Rows
    of several tables come as their querysets, of the same columns: they are one list."""
    place, backward = _read(cursor, order) if cursor else (None, False)
    wanted = [_turned(name) for name in order] if backward else list(order)
    parts: list[QuerySet[Any]] = [rows] if isinstance(rows, QuerySet) else list(rows)
    if place is not None:
        parts = [part.filter(_after(wanted, place)) for part in parts]
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    taken = list(found.order_by(*wanted)[: size + 1])
    more, taken = len(taken) > size, taken[:size]
    if backward:
        taken.reverse()
    has_next = more or backward if not backward else bool(taken)
    has_previous = more if backward else place is not None and bool(taken)
    return Page(
        rows=taken,
        next=_cursor(taken[-1], order, backward=False) if taken and has_next else None,
        previous=_cursor(taken[0], order, backward=True) if taken and has_previous else None,
    )


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _after(order: Sequence[str], place: Sequence[object]) -> Q:
    """Rows whose fields come after `place`: the first that differs decides."""
    found, equal = Q(), Q()
    for name, value in zip(order, place, strict=True):
        field = name.removeprefix("-")
        found |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{field: value})
    return found


def _cursor(row: Model, order: Sequence[str], *, backward: bool) -> str:
    values = []
    for name in order:
        value = getattr(row, name.removeprefix("-"))
        values.append({"at": value.isoformat()} if isinstance(value, datetime) else value)
    return _signer.sign_object([list(order), backward, values])


def _read(cursor: str, order: Sequence[str]) -> tuple[list[object], bool]:
    try:
        made_for, backward, values = _signer.unsign_object(cursor[:LONGEST_CURSOR])
    except (BadSignature, ValueError, TypeError) as why:
        raise BadCursor from why
    if made_for != list(order):
        raise BadCursor
    return [datetime.fromisoformat(v["at"]) if isinstance(v, dict) else v for v in values], bool(backward)
