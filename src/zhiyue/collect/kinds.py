"""Records that travel in and out of the event log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from zhiyue.core.consent.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a member, or a visitor under a pseudonymous key. With neither, nothing is recorded.

    `granted` spares asking where the caller knows what the person consents to now, and `granted_since` when they chose
    it; None where it doesn't.
    """

    member_id: int | None = None
    visitor: UUID | None = None
    granted: Purpose | None = field(default=None, compare=False)
    granted_since: datetime | None = field(default=None, compare=False)

    @property
    def is_nobody(self) -> bool:
        return self.member_id is None and self.visitor is None

    @property
    def key(self) -> str:
        """One word for who it is, as rows of the log are grouped by: m and the member, v and the visitor's key."""
        return f"m{self.member_id}" if self.member_id is not None else f"v{self.visitor}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch. `refused` names the position in the batch and the reason of each refusal; `unconsented`
    is how many were not stored because the person hasn't consented."""

    accepted: int
    duplicates: int
    refused: tuple[tuple[int, str], ...] = ()
    unconsented: int = 0


class Told(NamedTuple):
    """A row of a file as it was told, before anything in it is looked up. Properties have their types already; empty
    texts say nothing."""

    person_by: str
    person: str
    when: str | datetime
    name: str
    course: str = ""
    lesson: str = ""
    event_id: str = ""
    properties: Mapping[str, object] | None = None
