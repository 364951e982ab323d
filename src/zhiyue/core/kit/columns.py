"""What a column holds. SQLite keeps longer texts all the same, PostgreSQL fails on them: services ask beforehand."""

from collections.abc import Iterable
from typing import ClassVar

from django.db.models import CharField, Model
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


class TooLong(Refused):
    """A text that its column doesn't hold."""

    code: ClassVar[str] = "too_long"
    status: ClassVar[int] = 400


def longest(kind: type[Model], name: str) -> int:
    """How many characters a column of limited length holds."""
    field = kind._meta.get_field(name)
    if not isinstance(field, CharField) or field.max_length is None:
        raise ValueError(f"{kind.__name__}.{name} has no limit.")
    return field.max_length


def refuse_too_long(row: Model, names: Iterable[str]) -> None:
    """Raises TooLong where one of these texts of the row doesn't fit."""
    for name in names:
        text, limit = getattr(row, name) or "", longest(type(row), name)
        if len(text) > limit:
            words = pgettext_lazy("too long", "“%(start)s…” is too long: %(n)s characters at most.")
            raise TooLong(words % {"start": text[:20], "n": limit})
