"""What a fact is and how one travels as JSON. Announcing and reacting is `core.jobs.facts`."""

import inspect
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints
from uuid import UUID

_PLAIN: tuple[type, ...] = (bool, int, float, str, NoneType)
_WRITTEN: tuple[type, ...] = (datetime, date, UUID)


SUBJECT_CHARACTERS = 80


@dataclass(frozen=True)
class Fact(ABC):
    """Something that has happened, named in the past tense: `OrderPaid(order_id=7, paid_at=…)`.

    Subclasses are frozen dataclasses; their fields are numbers, text, moments, days, UUIDs, `None`,
    or tuples of those.
    """

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it is about, kind and number: “course:7”. Facts about one subject are reacted to in order."""

    def to_json(self) -> dict[str, Any]:
        return {field.name: _write(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Reads what `to_json` wrote, also by an older version: fields gone since are ignored, fields added
        since take their default; `ValueError` names one that is missing without a default."""
        hints, known = get_type_hints(cls), {}
        for field in fields(cls):
            if field.name in stored:
                known[field.name] = _read(hints[field.name], stored[field.name])
            elif field.default is MISSING and field.default_factory is MISSING:
                raise ValueError(f"{cls.__name__} was stored without “{field.name}”, which has no default.")
        return cls(**known)


def check_fact_type(fact_type: type[Fact]) -> None:
    """Raises `TypeError` unless every field of `fact_type` survives the way through JSON."""
    # A subclass that forgot its decorator inherits the parent's fields and would travel without its own.
    if "__dataclass_fields__" not in vars(fact_type):
        raise TypeError(f"{fact_type.__name__} must be decorated with @dataclass(frozen=True).")
    if inspect.isabstract(fact_type):
        raise TypeError(f"{fact_type.__name__} must say what it is about: give it a property `subject`.")
    hints = get_type_hints(fact_type)
    for field in fields(fact_type):
        if not _travels(hints[field.name]):
            raise TypeError(f"{fact_type.__name__}.{field.name}: JSON cannot hold {hints[field.name]}.")


def _travels(hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return all(isinstance(value, _PLAIN) for value in arguments)
    if origin in (Union, UnionType):
        # Only “… | None”: of two types in one union nobody could tell afterwards which one a text was.
        return len(arguments) == 2 and NoneType in arguments and all(_travels(each) for each in arguments)
    if origin is tuple:
        return len(arguments) == 2 and arguments[1] is Ellipsis and _travels(arguments[0])
    return hint in _PLAIN or hint in _WRITTEN


def _write(value: object) -> Any:
    if isinstance(value, tuple):
        return [_write(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def _read(hint: Any, stored: Any) -> Any:
    if stored is None:
        return None
    if get_origin(hint) in (Union, UnionType):
        return _read(next(each for each in get_args(hint) if each is not NoneType), stored)
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], each) for each in stored)
    if hint is datetime:
        return datetime.fromisoformat(stored)
    if hint is date:
        return date.fromisoformat(stored)
    return UUID(stored) if hint is UUID else stored
