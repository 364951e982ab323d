"""What stands before an order: an offer as it is for sale now, and its price in lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.product.commerce.offers import Offer, offer_of
from zhiyue.product.commerce.orders import is_owned
from zhiyue.product.commerce.quoting import Priced, priced


@dataclass(frozen=True, slots=True)
class Checkout:
    """An offer to somebody. What `is_owned` already can't be ordered again."""

    offer: Offer
    price: Priced
    is_owned: bool


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
