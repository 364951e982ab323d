"""Frozen records of search: what is put in, and what is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Text:
    """A thing to be found, `ref` its id among those of its `kind`.

    Title, secondary (who teaches) and tags are for everybody; the body too if `is_open`, else for readers of `scope`.
    """

    kind: str
    ref: int
    title: str
    secondary: str = ""
    tags: tuple[str, ...] = ()
    body: str = ""
    is_open: bool = True
    scope: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its title and a passage of its body, what was found in both marked."""

    kind: str
    ref: int
    title: SafeString
    passage: SafeString
    score: float


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of some kinds, best first. Where `is_more`, `count` is only how many were looked at."""

    hits: tuple[Hit, ...] = ()
    count: int = 0
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An answer by group. `meant` is what was searched for instead, where nothing fits the words as typed;
    `is_near` says that what is shown fits only in part. `marks`: the words found, to mark in what else is shown."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    meant: str = ""
    is_near: bool = False
    marks: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups.values())

    @property
    def is_more(self) -> bool:
        return any(group.is_more for group in self.groups.values())
