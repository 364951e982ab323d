"""What a room above keeps of the events it hands in, in the transaction that stores them: how far a reader came."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from zhiyue.collect.log import LogRow


class Beside(Protocol):
    """Called in this order, of batches that tell of active time."""

    def spent_until(self) -> datetime | None:
        """Up to when the person's time is spent by reports that weren't stored."""

    def amend(self, rows: list[LogRow], unstored: list[LogRow]) -> tuple[list[LogRow], list[LogRow]]:
        """The rows that will be stored, and those that won't, corrected. Of none was the id stored before."""

    def keep(self, rows: Sequence[LogRow], spent_until: datetime | None) -> None:
        """`rows` are new, stored or not: what they move is moved now, and `spent_until` kept."""


class _Alone:
    def spent_until(self) -> datetime | None:
        return None

    def amend(self, rows: list[LogRow], unstored: list[LogRow]) -> tuple[list[LogRow], list[LogRow]]:
        return rows, unstored

    def keep(self, rows: Sequence[LogRow], spent_until: datetime | None) -> None:
        return


ALONE: Beside = _Alone()
