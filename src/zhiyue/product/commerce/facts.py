"""What happens to orders that others may want to know."""

from dataclasses import dataclass

from zhiyue.core.kit.facts import Fact


@dataclass(frozen=True)
class AboutOrder(Fact):
    order_id: int

    @property
    def subject(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True)
class OrderPlaced(AboutOrder):
    """It waits for its money, or costs nothing."""


@dataclass(frozen=True)
class OrderPaid(AboutOrder):
    """Its money is in the books, and what it opens is open."""


@dataclass(frozen=True)
class OrderExpired(AboutOrder):
    """It wasn't paid in time, or another one took its place. Money that comes late may still pay it."""


@dataclass(frozen=True)
class OrderCancelled(AboutOrder):
    """Its member doesn't want it."""


@dataclass(frozen=True)
class OrderRefunded(AboutOrder):
    """Money of it went back; `amount_fen` of it this time."""

    amount_fen: int


@dataclass(frozen=True)
class CourseOpened(Fact):
    """A course became a member's own: `how` is a source of enrolments, or “paid” by that order."""

    course_id: int
    member_id: int
    how: str
    order_id: int | None = None

    @property
    def subject(self) -> str:
        return f"course:{self.course_id}"
