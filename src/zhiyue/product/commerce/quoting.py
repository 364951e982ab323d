"""What an offer costs somebody now: everything that a price is made of, gathered, and the best coupons found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import CouponRefused
from zhiyue.product.commerce.flash import Flash, flash_of, flashes_of
from zhiyue.product.commerce.lowering.coupons import (
    ALONE,
    NOT_FOR_THIS,
    NOT_YOURS,
    Held,
    below_threshold,
    fitting,
    for_newcomers,
    held_by,
    terms_of,
)
from zhiyue.product.commerce.membership.held import running_of
from zhiyue.product.commerce.models import Coupon
from zhiyue.product.commerce.offers import Offer
from zhiyue.product.commerce.pricing import Quote, Terms, best, member_saved, quote
from zhiyue.product.commerce.shares import shared_out


@dataclass(frozen=True, slots=True)
class Priced:
    """A price and what it was made of. `usable` are the coupons that take something off, alone, the most first;
    `chosen` those in this price, whether they were asked for or are the best ones. `flash` is the flash price, where
    there is one. `owned` are the courses of a bundle that are theirs already, each with its part of the price.
    `member_saved_fen` is what their membership saves in the end."""

    quote: Quote
    usable: tuple[tuple[Coupon, int], ...]
    chosen: tuple[Coupon, ...]
    flash: Flash | None = None
    owned: Mapping[int, int] = field(default_factory=dict)
    member_saved_fen: int = 0

    @property
    def total_fen(self) -> int:
        return self.quote.total_fen

    @property
    def usual_fen(self) -> int:
        """The price that nothing was taken off."""
        return self.quote.lines[0].amount_fen

    @property
    def credit_fen(self) -> int:
        """What comes off for what is theirs or was paid before."""
        return -sum(line.amount_fen for line in self.quote.lines if line.kind == "credit")

    @property
    def lowered_fen(self) -> int:
        """The price with what lowers it for them now, before what comes off for what they have."""
        lowering = ("price", "flash", "membership")
        return sum(line.amount_fen for line in self.quote.lines if line.kind in lowering)

    def lines(self) -> list[dict[str, Any]]:
        """As an order keeps them; a coupon with its title, which may change, what a membership takes off with what it
        saves in the end, and what came off for courses that were theirs with how much it was for each: see
        `standing`."""
        titles = {coupon.mark: coupon.title for coupon in self.chosen}
        return [
            {"kind": line.kind, "amount_fen": line.amount_fen, "code": line.code}
            | ({"title": titles[line.code]} if line.code in titles else {})
            | ({"saved_fen": self.member_saved_fen} if line.kind == "membership" else {})
            | ({"courses": self._credited(-line.amount_fen)} if line.kind == "credit" and self.owned else {})
            for line in self.quote.lines
        ]

    def _credited(self, amount_fen: int) -> dict[str, int]:
        return {str(course): fen for course, fen in shared_out(amount_fen, self.owned).items()}

    def amounts(self) -> dict[int, int]:
        """What each coupon takes off, by its id."""
        taken = {line.code: -line.amount_fen for line in self.quote.lines if line.kind == "coupon"}
        return {coupon.pk: taken[coupon.mark] for coupon in self.chosen}


def priced(user: User | None, offer: Offer, coupons: Sequence[str] | None = None) -> Priced:
    """The price of an offer for somebody (None: a visitor) now. `coupons` are marks of those they want (none of them,
    where it is empty); None: the best ones are found. Raises CouponRefused where one of them can't be had."""
    moment = clock.now()
    held = held_by(user, moment=moment, offer=offer.ref, marks=coupons)
    fits = fitting([one.coupon for one in held], offer)
    flash = flash_of(offer.ref, user=user, moment=moment)
    terms = _terms(offer, flash, 0 if user is None or offer.plan else _member_percent(user))
    ready = [one.coupon for one in held if one.coupon.pk in fits and not one.why_not(moment)]
    if coupons is None:
        marks = {one.code for one in best(terms, map(terms_of, ready))}
        chosen = [coupon for coupon in ready if coupon.mark in marks]
    else:
        chosen = _asked_for(coupons, held, fits, _before_coupons(terms), moment)
    alone = ((coupon, _taken(terms, coupon)) for coupon in ready)
    usable = sorted((one for one in alone if one[1]), key=lambda one: (-one[1], one[0].pk))
    whole = quote(terms, [terms_of(coupon) for coupon in chosen])
    used = tuple(coupon for coupon in chosen if coupon.mark in whole.codes)
    saved = member_saved(terms, [terms_of(coupon) for coupon in used])
    return Priced(whole, tuple(usable), used, _used(flash, whole), offer.owned, saved)


def newcomers_price(offer: Offer, now: Priced) -> Priced:
    """`now`, what an offer costs a visitor before coupons, with the best that whoever signs up today has."""
    moment = clock.now()
    ready = for_newcomers(offer, moment=moment)
    terms = _terms(offer, now.flash, 0)
    marks = {one.code for one in best(terms, map(terms_of, ready))}
    chosen = tuple(coupon for coupon in ready if coupon.mark in marks)
    whole = quote(terms, [terms_of(coupon) for coupon in chosen])
    return Priced(whole, (), chosen, _used(now.flash, whole), offer.owned)


def before_coupons(user: User | None, offers: Sequence[Offer]) -> dict[str, Priced]:
    """What offers cost somebody (None: a visitor) now, by their names, as pages show it: coupons come off at the
    checkout. Three queries at most, however many they are."""
    flashes = flashes_of([offer.ref for offer in offers], user=user)
    is_lowered = user is not None and not all(offer.plan for offer in offers)
    percent = _member_percent(user) if user is not None and is_lowered else 0
    found: dict[str, Priced] = {}
    for offer in offers:
        flash = flashes.get(offer.ref)
        terms = _terms(offer, flash, 0 if offer.plan else percent)
        whole = quote(terms)
        found[offer.ref] = Priced(whole, (), (), _used(flash, whole), member_saved_fen=member_saved(terms))
    return found


def _terms(offer: Offer, flash: Flash | None, member_percent: int) -> Terms:
    return Terms(
        offer.price_fen,
        flash_fen=flash.sale.price_fen if flash else None,
        member_percent=member_percent,
        credit_fen=offer.credit_fen,
        owned_fen=offer.owned_fen,
    )


def _used(flash: Flash | None, whole: Quote) -> Flash | None:
    """A flash price that is none for who pays less is none."""
    return flash if any(line.kind == "flash" for line in whole.lines) else None


def _member_percent(user: User) -> int:
    """What the membership that runs takes off everything that isn't a membership itself."""
    running = running_of(user.pk)
    return running.row.off_percent if running else 0


def _asked_for(
    marks: Sequence[str], held: Sequence[Held], fits: set[int], left_fen: int, moment: datetime
) -> list[Coupon]:
    """Raises CouponRefused."""
    known = {one.coupon.mark: one for one in held}
    chosen: list[Coupon] = []
    for mark in dict.fromkeys(marks):
        if mark not in known:
            raise CouponRefused(NOT_YOURS)
        coupon = known[mark].coupon
        why = known[mark].why_not(moment) or ("" if coupon.pk in fits else NOT_FOR_THIS)
        if why or left_fen < coupon.threshold_fen:
            raise CouponRefused(why or below_threshold(coupon))
        chosen.append(coupon)
    if len(chosen) > 1 and not all(coupon.is_stackable for coupon in chosen):
        raise CouponRefused(ALONE)
    return chosen


def _before_coupons(terms: Terms) -> int:
    """What is left for coupons to take off."""
    return sum(line.amount_fen for line in quote(terms).lines if line.kind != "points")


def _taken(terms: Terms, coupon: Coupon) -> int:
    """What a coupon takes off alone."""
    lines = quote(terms, [terms_of(coupon)]).lines
    return -sum(line.amount_fen for line in lines if line.kind == "coupon")
