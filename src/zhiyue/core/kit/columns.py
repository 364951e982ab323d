"""What a column holds. SQLite keeps longer texts all the same, PostgreSQL fails on them: services ask beforehand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import CharField, Model
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


class TooLong(Refused):
    """A text that its column doesn't hold."""

    code: ClassVar[str] = "too_long"
    status: ClassVar[int] = 400


def storable(text: str) -> str:
    """What no database would take (NUL, lone surrogates) becomes a question mark."""
    return text.replace("\x00", "?").encode("utf-8", errors="replace").decode("utf-8")


def longest(kind: type[Model], name: str) -> int:
    """How many characters a column of limited length holds."""
    field = kind._meta.get_field(name)
    if not isinstance(field, CharField) or field.max_length is None:
        raise ValueError(f"{kind.__name__}.{name} has no limit.")
    return field.max_length


@dataclass(frozen=True, slots=True)
class Excess:
    """A text that its field doesn't hold, and how many characters that holds."""

    field: str
    text: str
    limit: int

    @property
    def words(self) -> str | Promise:
        words = pgettext_lazy("too long", "“%(start)s…” is too long: %(n)s characters at most.")
        return words % {"start": self.text[:20], "n": self.limit}


_NONE: Mapping[str, int] = {}


def first_too_long(
    kind: type[Model], values: Mapping[str, object], limits: Mapping[str, int] = _NONE
) -> Excess | None:
    """The first of these texts that doesn't fit; None where all do. `limits` of fields whose column takes any length.
    What is no text isn't looked at."""
    for name, text in values.items():
        if isinstance(text, str):
            limit = limits.get(name) or longest(kind, name)
            if len(text) > limit:
                return Excess(name, text, limit)
    return None


def refuse_too_long(row: Model, names: Iterable[str]) -> None:
    """Raises TooLong where one of these texts of the row doesn't fit."""
    excess = first_too_long(type(row), {name: getattr(row, name) for name in names})
    if excess:
        raise TooLong(excess.words)
