"""What staff do with flash prices: make them, and end them before their time."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NoSuchSale, NotForSale, SaleRefused
from zhiyue.product.commerce.flash import Flash, with_left
from zhiyue.product.commerce.models import FlashSale, Order
from zhiyue.product.commerce.offers import all_offers, offer_of, titles_of

MOST_STOCK = 10**6


@dataclass(frozen=True, slots=True)
class FlashWish:
    """A flash price as somebody wants it; without a beginning it begins at once."""

    offer: str
    price_fen: int
    ends_at: datetime
    begins_at: datetime | None = None
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class ShownSale:
    """A flash price for the desk; `paid` are the orders that were paid at it, and not given back whole."""

    flash: Flash
    title: str
    paid: int


def all_sales(viewer: Viewer) -> tuple[list[ShownSale], list[ShownSale]]:
    """Those that stand or will, in the order in which they begin, and the last fifty that are over, the latest first.
    Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    over = Q(ends_at__lte=clock.now()) | Q(ended_at__isnull=False)
    counted = FlashSale.objects.select_related("by").annotate(
        paid=Count("holds", filter=Q(holds__returned_at=None) & ~Q(holds__order__status=Order.Status.CREATED))
    )
    standing = list(counted.exclude(over).order_by("begins_at", "pk"))
    past = list(counted.filter(over).order_by("-ends_at", "-pk")[:50])
    titles = titles_of({sale.offer for sale in [*standing, *past]})
    return tuple(  # type: ignore[return-value]
        [
            ShownSale(one, titles.get(one.sale.offer, one.sale.offer), one.sale.paid)  # type: ignore[attr-defined]
            for one in with_left(sales)
        ]
        for sales in (standing, past)
    )


def offers_to_choose(viewer: Viewer) -> list[tuple[str, str]]:
    """What may have a flash price: what is out and has a price. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    return all_offers()


@transaction.atomic
def make_sale(*, viewer: Viewer, wish: FlashWish) -> FlashSale:
    """A new flash price. The same one sent twice is made once. Raises NotAllowed, SaleRefused."""
    by = require(viewer, Permission.CHANGE_SALES)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    try:
        offer = offer_of(wish.offer)
    except NotForSale as why:
        raise SaleRefused("offer", why.message) from why
    told = {
        "offer": offer.ref,
        "price_fen": wish.price_fen,
        "stock": wish.stock,
        "begins_at": wish.begins_at.isoformat() if wish.begins_at else None,
        "ends_at": wish.ends_at.isoformat(),
    }
    told = {name: value for name, value in told.items() if value is not None}
    before = just_noted(by=by, act="flash.made", after=told)
    if before is not None:
        return FlashSale.objects.get(pk=int(before.subject_id))
    begins = wish.begins_at or clock.now()
    _check(wish, offer.price_fen, begins)
    row = FlashSale.objects.create(
        offer=offer.ref,
        price_fen=wish.price_fen,
        stock=wish.stock,
        begins_at=begins,
        ends_at=wish.ends_at,
        by=by,
    )
    note(by=by, act="flash.made", subject=("flash", row.pk, offer.title), after=told)
    return row


@transaction.atomic
def end_sale(*, viewer: Viewer, sale_id: int) -> FlashSale:
    """End a flash price now; orders that hold it keep it. One that is over stays as it was.

    Raises NotAllowed, NoSuchSale."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = FlashSale.objects.select_for_update(no_key=True, of=("self",)).filter(pk=sale_id).first()
    if row is None:
        raise NoSuchSale(pgettext_lazy("flash", "There is no such flash price."))
    now = clock.now()
    if row.ended_at is None and row.ends_at > now:
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        title = titles_of({row.offer}).get(row.offer, row.offer)
        note(by=by, act="flash.ended", subject=("flash", row.pk, title))
    return row


def _check(wish: FlashWish, price_fen: int, begins: datetime) -> None:
    """Raises SaleRefused."""
    if not 0 < wish.price_fen < price_fen:
        raise SaleRefused(
            "price_fen", pgettext_lazy("flash", "Give a price above 0 and below the usual one.")
        )
    if wish.stock is not None and not 1 <= wish.stock <= MOST_STOCK:
        words = pgettext_lazy("coupon", "Give a number from %(least)s to %(most)s.")
        raise SaleRefused("stock", words % {"least": 1, "most": MOST_STOCK})
    if wish.ends_at <= max(begins, clock.now()):
        words = pgettext_lazy("coupon", "The end must lie after the beginning, and after now.")
        raise SaleRefused("ends_at", words)
    others = FlashSale.objects.filter(
        offer=wish.offer, ended_at=None, begins_at__lt=wish.ends_at, ends_at__gt=begins
    )
    if others.exists():
        words = pgettext_lazy("flash", "It has a flash price in that time already. End that one first.")
        raise SaleRefused("offer", words)
