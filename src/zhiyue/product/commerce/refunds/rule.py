"""How much of what a course cost goes back, in lines that explain themselves. Numbers in, numbers out: what was paid,
opened and given back before is asked elsewhere.

Lines come in this order, each from what the ones before have left, and none takes it below 0:

    paid · lessons that were opened, or days that were used · what days cost more than those of the membership whose
    place it took · what went back before · what a membership saved on what is kept · fee
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

Unit = Literal["lessons", "days"]
LineKind = Literal["paid", "lessons", "days", "covered", "returned", "saved", "fee"]
WhyNot = Literal[
    "",
    "no_refunds",
    "too_late",
    "costs_nothing",
    "all_opened",
    "used_up",
    "credited",
    "bundled",
    "elsewhere",
    "in_part",
    "much_read",
    "this_year",
    "nothing_left",
]
THOUSAND = 1_000
LONGEST_DAYS = 3_650
MOST_FEE_FEN = 1_000_000
MOST_LESSONS = 100_000


@dataclass(frozen=True, slots=True)
class RefundTerms:
    """By which rule a course's money goes back: within `window_days` of 24 hours since it was paid (0: never by rule),
    less a fee of so many thousandths of what would go back, `fee_least_fen` at least. Of a membership only while no
    more than `most_lessons` were opened by it (0: however many)."""

    window_days: int
    fee_permille: int = 0
    fee_least_fen: int = 0
    most_lessons: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.window_days <= LONGEST_DAYS:
            raise ValueError(f"refunds are asked for within 0 to {LONGEST_DAYS} days")
        if not 0 <= self.fee_permille <= THOUSAND:
            raise ValueError("a fee is 0 to 1000 thousandths")
        if not 0 <= self.fee_least_fen <= MOST_FEE_FEN:
            raise ValueError(f"the least fee is 0 to {MOST_FEE_FEN} fen")
        if not 0 <= self.most_lessons <= MOST_LESSONS:
            raise ValueError(f"a membership is given back with 0 to {MOST_LESSONS} lessons opened")

    def to_json(self) -> dict[str, int]:
        return {
            "window_days": self.window_days,
            "fee_permille": self.fee_permille,
            "fee_least_fen": self.fee_least_fen,
            **({"most_lessons": self.most_lessons} if self.most_lessons else {}),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "RefundTerms":
        return cls(
            window_days=int(kept["window_days"]),
            fee_permille=int(kept["fee_permille"]),
            fee_least_fen=int(kept["fee_least_fen"]),
            most_lessons=int(kept.get("most_lessons", 0)),
        )

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.window_days)


@dataclass(frozen=True, slots=True)
class Bought:
    """What was paid for: `paid_fen` of which `returned_fen` went back or are on their way; of a course `opened` of the
    `lessons` that were for money, of a membership so many of its days. `saved_fen` is what a membership's percent saved
    on what is kept. `covered` days more were had anyway by what it took the place of, and cost `covered_fen` more than
    that; `credit_fen` of its price were paid before."""

    paid_fen: int
    lessons: int
    opened: int
    returned_fen: int = 0
    unit: Unit = "lessons"
    saved_fen: int = 0
    covered: int = 0
    covered_fen: int = 0
    credit_fen: int = 0

    def __post_init__(self) -> None:
        of_days = min(self.covered, self.covered_fen, self.credit_fen)
        if min(self.paid_fen, self.lessons, self.opened, self.returned_fen, self.saved_fen, of_days) < 0:
            raise ValueError("nothing that was bought is below 0")
        if self.opened + self.covered > self.lessons:
            raise ValueError("no more lessons are opened than there are")
        if self.returned_fen > self.paid_fen:
            raise ValueError("no more went back than was paid")

    @property
    def left_fen(self) -> int:
        return self.paid_fen - self.returned_fen


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a reckoning: what it is, and by how many fen it changes what goes back. `count` of `of` lessons or
    days."""

    kind: LineKind
    amount_fen: int
    count: int = 0
    of: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "amount_fen": self.amount_fen, "count": self.count, "of": self.of}


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The lines, the first of which is what was paid, in the order in which they apply."""

    lines: tuple[Line, ...]

    @property
    def amount_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)


def reckon(terms: RefundTerms, bought: Bought) -> Reckoning:
    """What goes back, whether or not there is still time to ask. Every lesson for money, and every day, is worth the
    same; what they and the fee keep is rounded up to the fen. What nothing is kept for has no line."""
    lines = [Line("paid", bought.paid_fen)]
    left = bought.paid_fen
    if bought.opened:
        price = bought.paid_fen + bought.credit_fen
        kept = min(_up(price * bought.opened, bought.lessons), left)
        lines.append(Line(bought.unit, -kept, bought.opened, bought.lessons))
        left -= kept
    covered = min(bought.covered_fen, left)
    if covered:
        lines.append(Line("covered", -covered, bought.covered, bought.lessons))
        left -= covered
    # What lessons keep is kept of what is still there: whatever went back before can't be kept any more.
    returned = min(bought.returned_fen, left)
    if returned:
        lines.append(Line("returned", -returned))
        left -= returned
    # Else somebody would be given back the membership and keep its prices.
    saved = min(bought.saved_fen, left)
    if saved:
        lines.append(Line("saved", -saved))
        left -= saved
    fee = min(max(_up(left * terms.fee_permille, THOUSAND), terms.fee_least_fen), left)
    if fee:
        lines.append(Line("fee", -fee))
    return Reckoning(tuple(lines))


def why_not(terms: RefundTerms, bought: Bought, *, age: timedelta) -> WhyNot:
    """Why nothing goes back by rule so long after the payment; "" where something does."""
    if not bought.paid_fen:
        return "costs_nothing"
    if is_over := _time_over(terms, age):
        return is_over
    if reckon(terms, bought).amount_fen:
        return ""
    is_used = bool(bought.lessons) and bought.opened + bought.covered == bought.lessons
    return _USED[bought.unit] if is_used else "nothing_left"


def why_not_free(terms: RefundTerms, *, age: timedelta, saved_fen: int) -> WhyNot:
    """The same of what cost nothing and takes the place of something that didn't. What it saved on what is kept can't
    be kept of nothing."""
    return _time_over(terms, age) or ("nothing_left" if saved_fen else "")


def _time_over(terms: RefundTerms, age: timedelta) -> WhyNot:
    if not terms.window_days:
        return "no_refunds"
    return "too_late" if age >= terms.window else ""


_USED: Mapping[Unit, WhyNot] = {"lessons": "all_opened", "days": "used_up"}


def _up(amount: int, by: int) -> int:
    return -(-amount // by)
