"""Records that travel in and out of the event log."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a member, or a visitor under a pseudonymous key. With neither, nothing is recorded."""

    member_id: int | None = None
    visitor: UUID | None = None

    @property
    def is_nobody(self) -> bool:
        return self.member_id is None and self.visitor is None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch. `refused` names the position in the batch and the reason of each refusal."""

    accepted: int
    duplicates: int
    refused: tuple[tuple[int, str], ...] = ()
