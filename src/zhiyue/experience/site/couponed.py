"""Coupons as learners see them: what one takes off in words, the choice at the checkout, and one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.coupon_words import needs, scope_names, takes_off
from zhiyue.product.commerce.lowering.coupons import Held, Words, everything_of
from zhiyue.product.commerce.models import Coupon
from zhiyue.product.commerce.quoting import Priced

# What a form says where somebody wants none.
NO_COUPON = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the choice: `value` is what the form says, "" the best."""

    value: str
    name: str
    off: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class OwnCoupon:
    """A coupon of whoever looks. `why_not` it can't be used now, "" where it can; `left`, how many more times all
    together may use it, None where nothing bounds that."""

    coupon: Coupon
    off: str
    needs: str
    scope: Sequence[str]
    why_not: Words
    left: int | None
    mine: int


@dataclass(frozen=True, slots=True)
class OwnCoupons:
    usable: Sequence[OwnCoupon]
    coming: Sequence[OwnCoupon]
    used: Sequence[OwnCoupon]
    over: Sequence[OwnCoupon]


def own_coupons(user: User) -> OwnCoupons:
    """Everything that a member has, in the groups of their page."""
    moment = clock.now()
    groups: dict[str, list[Held]] = {"usable": [], "coming": [], "used": [], "over": []}
    for one in everything_of(user):
        groups[one.standing(moment)].append(one)
    names = scope_names([one.coupon for each in groups.values() for one in each])
    return OwnCoupons(**{name: [_own(one, names, moment) for one in each] for name, each in groups.items()})


def _own(one: Held, names: Mapping[str, str], moment: datetime) -> OwnCoupon:
    coupon = one.coupon
    return OwnCoupon(
        coupon=coupon,
        off=takes_off(coupon),
        needs=needs(coupon),
        scope=[names[part] for part in coupon.scope if part in names],
        why_not=one.why_not(moment),
        left=one.left,
        mine=one.mine,
    )


def coupon_choice(price: Priced, asked: str) -> Sequence[Choice]:
    """What can be chosen instead of what was asked for; nothing where no coupon takes anything off."""
    if not price.usable:
        return []
    known = {NO_COUPON, *(coupon.mark for coupon, _ in price.usable)}
    chosen = asked if asked in known else ""
    best = pgettext("coupon", "The best for you, found by itself")
    none = pgettext("coupon", "Without a coupon")
    return [
        Choice("", best, "", not chosen),
        *(
            Choice(coupon.mark, coupon.title, yuan(-off_fen), chosen == coupon.mark)
            for coupon, off_fen in price.usable
        ),
        Choice(NO_COUPON, none, "", chosen == NO_COUPON),
    ]


def said_of_claimed(coupon: Coupon, price: Priced) -> str:
    """What became of a coupon that was entered at the checkout."""
    told = {"title": coupon.title}
    if coupon in price.chosen:
        return pgettext("coupon", "“%(title)s” is yours, and makes this cheaper.") % told
    if any(coupon == one for one, _ in price.usable):
        return pgettext("coupon", "“%(title)s” is yours. Here another takes more off.") % told
    if not coupon.scope and coupon.threshold_fen > price.quote.lines[0].amount_fen:
        told["price"] = yuan(coupon.threshold_fen)
        words = pgettext(
            "coupon", "“%(title)s” is yours. It needs a price of %(price)s at least; it is kept for you."
        )
        return words % told
    return (
        pgettext("coupon", "“%(title)s” is yours. It isn't for what you are buying; it is kept for you.")
        % told
    )
