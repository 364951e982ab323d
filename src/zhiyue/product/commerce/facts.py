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
class OrderPaid(AboutOrder):
    """Its money is in the books, and what it opens is open."""


@dataclass(frozen=True)
class OrderEnded(AboutOrder):
    """It was cancelled, ordered anew or not paid in time. Money that was under way may still pay it."""


@dataclass(frozen=True)
class OrderRefunded(AboutOrder):
    """Money of it went back; `amount_fen` of it this time."""

    amount_fen: int
