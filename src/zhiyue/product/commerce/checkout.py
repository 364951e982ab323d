"""What stands before an order: an offer as it is for sale now, and its price in lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.offers import Offer, course_offer, offer_of
from zhiyue.product.commerce.orders import is_owned
from zhiyue.product.commerce.quoting import Priced, before_coupons, priced


@dataclass(frozen=True, slots=True)
class Checkout:
    """An offer to somebody. What `is_owned` already can't be ordered again."""

    offer: Offer
    price: Priced
    is_owned: bool


@dataclass(frozen=True, slots=True)
class Apart:
    """What of a bundle isn't somebody's yet, and what it costs them one by one."""

    courses: Sequence[Course]
    total_fen: int


def takes_payments() -> bool:
    """Is there anybody through whom this academy takes money?"""
    return bool(settings.ZHIYUE_PAYMENT_PROVIDERS)


def checkout_of(user: User | None, offer: str, coupons: Sequence[str] | None = None) -> Checkout:
    """What an offer costs somebody (None: a visitor) now, in lines. `coupons` as in `quoting.priced`.

    Raises NotForSale, CouponRefused."""
    found = offer_of(offer, user)
    owned = user is not None and is_owned(user.pk, found)
    return Checkout(found, priced(user, found, coupons), owned)


def open_checkout(*, user: User, offer: str, actor: Actor, coupons: Sequence[str] | None = None) -> Checkout:
    """The same for somebody who opens the page on which it is ordered. Raises NotForSale, CouponRefused."""
    found = checkout_of(user, offer, coupons)
    if not found.is_owned:
        course_id = next(iter(found.offer.courses), None)
        record(
            "checkout.opened",
            actor=actor,
            course_id=course_id,
            amount_fen=found.price.total_fen,
            coupon=found.price.chosen[0].mark if found.price.chosen else None,
        )
    return found


def cheaper_apart(user: User | None, found: Checkout) -> Apart | None:
    """Where what is missing of a bundle costs somebody less one by one, as with a flash price of one of its courses. Of
    several courses coupons count for none: one may be used once."""
    shown = found.offer.bundle
    if shown is None:
        return None
    missing = [course for course in shown.courses if course.pk not in shown.owned]
    offers = [course_offer(course) for course in missing]
    alone = [priced(user, offers[0])] if len(offers) == 1 else before_coupons(user, offers).values()
    total_fen = sum(one.total_fen for one in alone)
    return Apart(missing, total_fen) if total_fen < found.price.total_fen else None
