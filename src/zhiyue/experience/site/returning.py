"""Giving something back, as its page shows it: what goes back of each course and why, and how far refunds are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell import refunding
from zhiyue.experience.shell.refunding import ReckonedLine, Words
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Order, OrderPlan, Refund
from zhiyue.product.commerce.refunds.reckoning import OrderReckoning, Returnable, goes_by_rule


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A course, or the membership, that could be given back."""

    part: Returnable
    is_chosen: bool

    @property
    def course(self) -> Course | None:
        return self.part.course

    @property
    def title(self) -> str:
        return self.part.part.title

    @property
    def lines(self) -> list[ReckonedLine]:
        return refunding.reckoned_lines([line.to_json() for line in self.part.reckoning.lines])

    @property
    def amount(self) -> str:
        return yuan(self.part.by_rule_fen)

    @property
    def why_not(self) -> Words:
        return refunding.why_not_of(self.part)

    @property
    def terms(self) -> str:
        bought = self.part.part
        if isinstance(bought, OrderPlan):
            return refunding.plan_terms_words(self.part.terms, bought.off_percent)
        return refunding.terms_words(self.part.terms)

    @property
    def brings_back(self) -> bool:
        """It took the place of another membership, which has its time again where this one is refunded."""
        return isinstance(self.part.part, OrderPlan) and self.part.part.credited_at is not None

    @property
    def savings(self) -> list[tuple[Order, str]]:
        """The orders on which a membership saved something, and how much, where that is taken off."""
        return [(one.order, yuan(one.amount_fen)) for one in self.part.savings]

    @property
    def until(self) -> datetime | None:
        return self.part.until


@dataclass(frozen=True, slots=True)
class ShownReturn:
    """What a member may ask for. `is_by_rule`: it goes back at once; else staff decide."""

    parts: Sequence[ShownPart]
    closed_to: Words
    goes_back_whole: bool = False

    @property
    def chosen(self) -> list[ShownPart]:
        return [one for one in self.parts if one.is_chosen]

    @property
    def amount_fen(self) -> int:
        return sum(one.part.by_rule_fen for one in self.chosen)

    @property
    def amount(self) -> str:
        return yuan(self.amount_fen)

    @property
    def is_by_rule(self) -> bool:
        return goes_by_rule([one.part for one in self.chosen])

    @property
    def frees_another(self) -> bool:
        return any(one.part.frees_another for one in self.chosen)


@dataclass(frozen=True, slots=True)
class ShownRefund:
    """A refund of somebody's own order."""

    refund: Refund

    @property
    def amount(self) -> str:
        return yuan(self.refund.amount_fen) if self.refund.amount_fen else ""

    @property
    def tone(self) -> str:
        return refunding.tone(self.refund)

    @property
    def at(self) -> datetime:
        return self.refund.settled_at or self.refund.sent_at or self.refund.decided_at or self.refund.asked_at


def shown_return(found: OrderReckoning, course_ids: Collection[int]) -> ShownReturn:
    """With the courses that were chosen; where none was, with all."""
    open_parts = found.open
    known = {one.course_id for one in open_parts if one.course_id is not None}
    asked = {one.part.pk: one for one in found.asked_for(known & {*course_ids} or known)}
    return ShownReturn(
        parts=[ShownPart(asked.get(one.part.pk, one), one.part.pk in asked) for one in open_parts],
        closed_to=refunding.closed_to(found.closed_to) if found.closed_to else "",
        goes_back_whole=found.goes_back_whole,
    )
