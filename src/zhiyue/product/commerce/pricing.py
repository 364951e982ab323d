"""What an offer costs somebody now, in lines that explain themselves. Numbers in, numbers out: who may use which
coupon, and what is left of a flash price, is asked elsewhere.

Reductions come in this order, each from what the ones before have left, and none takes it below 0:

    price · flash price · membership · credit of what is owned or was paid before ·
    coupons (shares first, then amounts) · points
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

LineKind = Literal["price", "flash", "membership", "credit", "coupon", "points", "redeem"]
WHOLE = 100


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What a coupon takes off, where what is left costs `threshold_fen` at least: `off_fen`, or `off_percent` of it, at
    most `most_fen` (None: without a bound). One that isn't `is_stackable` stands alone."""

    code: str
    off_fen: int = 0
    off_percent: int = 0
    most_fen: int | None = None
    threshold_fen: int = 0
    is_stackable: bool = False

    def __post_init__(self) -> None:
        if (self.off_fen > 0) == (self.off_percent > 0):
            raise ValueError("a coupon takes off either an amount or a share")
        if not 0 <= self.off_percent <= WHOLE or self.off_fen < 0 or self.threshold_fen < 0:
            raise ValueError("what a coupon takes off is an amount above 0 or 1 to 100 percent")
        if self.most_fen is not None and self.most_fen <= 0:
            raise ValueError("the bound of a coupon must be above 0")


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that a price is made of, in fen.

    price_fen  the offer's own price; flash_fen  what it costs while a flash price holds, None: none does
    member_percent  what the person's membership takes off; credit_fen  what is left of something paid before that this
    takes the place of; points_fen  what their points are worth, of which at most `points_percent` of the rest is taken
    owned_fen  how much of price_fen stands for what is theirs already: it comes off as that share of what the price is
    lowered to, so that what is missing is never had for nothing
    """

    price_fen: int
    flash_fen: int | None = None
    member_percent: int = 0
    credit_fen: int = 0
    points_fen: int = 0
    points_percent: int = WHOLE
    owned_fen: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.owned_fen <= self.price_fen:
            raise ValueError("what is owned isn't below 0, nor above the price")
        if min(self.price_fen, self.credit_fen, self.points_fen, self.flash_fen or 0) < 0:
            raise ValueError("nothing that a price is made of is below 0")
        if not (0 <= self.member_percent <= WHOLE and 0 <= self.points_percent <= WHOLE):
            raise ValueError("shares are 0 to 100 percent")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a price: what it is, and by how many fen it changes the total. `code` is the coupon's."""

    kind: LineKind
    amount_fen: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """The lines, the first of which is the price, in the order in which they apply."""

    lines: tuple[Line, ...]

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def saved_fen(self) -> int:
        return -sum(line.amount_fen for line in self.lines[1:])

    @property
    def codes(self) -> tuple[str, ...]:
        """The coupons that took something off."""
        return tuple(line.code for line in self.lines if line.kind == "coupon")


def quote(terms: Terms, coupons: Sequence[CouponTerms] = ()) -> Quote:
    """The price under these terms. Shares are rounded down to the fen, in favour of the academy. A coupon whose
    threshold isn't reached, or for which nothing is left, takes nothing off and has no line.

    Raises ValueError where a coupon that stands alone comes with others, or one comes twice.
    """
    if len({coupon.code for coupon in coupons}) < len(coupons):
        raise ValueError("a coupon counts once")
    if len(coupons) > 1 and not all(coupon.is_stackable for coupon in coupons):
        raise ValueError("a coupon that stands alone can't be added to others")
    lines = _before_coupons(terms)
    left = subtotal = sum(line.amount_fen for line in lines)
    for coupon in sorted(coupons, key=lambda one: (one.off_percent == 0, one.code)):
        taken = min(_off(coupon, left), left) if subtotal >= coupon.threshold_fen else 0
        if taken > 0:
            lines.append(Line("coupon", -taken, coupon.code))
            left -= taken
    points = min(terms.points_fen, left * terms.points_percent // WHOLE)
    if points > 0:
        lines.append(Line("points", -points))
    return Quote(tuple(lines))


def member_saved(terms: Terms, coupons: Sequence[CouponTerms] = ()) -> int:
    """What a membership's percent saves in the end: what is taken off after it, by share or by amount, is less than it
    would be without it."""
    if not terms.member_percent:
        return 0
    usual = quote(replace(terms, member_percent=0), coupons).total_fen
    return max(usual - quote(terms, coupons).total_fen, 0)


def best(terms: Terms, coupons: Iterable[CouponTerms]) -> tuple[CouponTerms, ...]:
    """Of all coupons that somebody has, those with which the total is lowest: one that stands alone, or all that may be
    added up and take something off. Of equals the fewest, then the first by code; none where none takes anything."""
    known = sorted(coupons, key=lambda coupon: coupon.code)
    together = tuple(coupon for coupon in known if coupon.is_stackable)
    choices: list[tuple[CouponTerms, ...]] = [(), *((coupon,) for coupon in known)]
    if len(together) > 1:
        used = set(quote(terms, together).codes)
        choices.append(tuple(coupon for coupon in together if coupon.code in used))
    return min(choices, key=lambda chosen: (quote(terms, chosen).total_fen, len(chosen)))


def _before_coupons(terms: Terms) -> list[Line]:
    lines = [Line("price", terms.price_fen)]
    left = terms.price_fen
    if terms.flash_fen is not None and terms.flash_fen < left:
        lines.append(Line("flash", terms.flash_fen - left))
        left = terms.flash_fen
    by_membership = left * terms.member_percent // WHOLE
    left -= by_membership
    owned = left * terms.owned_fen // terms.price_fen if terms.owned_fen else 0
    credit = min(owned + terms.credit_fen, left)
    reductions: tuple[tuple[LineKind, int], ...] = (("membership", by_membership), ("credit", credit))
    lines += [Line(kind, -taken) for kind, taken in reductions if taken > 0]
    return lines


def _off(coupon: CouponTerms, left: int) -> int:
    off = coupon.off_fen or left * coupon.off_percent // WHOLE
    return off if coupon.most_fen is None else min(off, coupon.most_fen)
