"""Which flash price an offer has now, and how many are left of it: true numbers, true ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import FlashHold, FlashSale, Order


@dataclass(frozen=True, slots=True)
class Flash:
    """A flash price and how many are `left` of it, None where nothing bounds it."""

    sale: FlashSale
    left: int | None

    @property
    def is_sold_out(self) -> bool:
        return self.left == 0


def flash_of(offer: str, *, user: User | None = None, moment: datetime | None = None) -> Flash | None:
    """The flash price of an offer now, the lowest of several; None where there is none, or none is left. What the
    person's own order that waits holds is still there for them: ordering again takes its place."""
    return flashes_of([offer], user=user, moment=moment).get(offer)


def flashes_of(
    offers: Iterable[str], *, user: User | None = None, moment: datetime | None = None
) -> dict[str, Flash]:
    """The same of several offers; those without one are absent. Two queries."""
    standing = FlashSale.objects.standing(moment or clock.now()).filter(offer__in=list(offers))
    sales = list(standing.order_by("price_fen", "pk"))
    own = Q()
    if user is not None and sales:
        own = Q(order__user=user, order__offer=F("sale__offer"), order__status=Order.Status.CREATED)
    found: dict[str, Flash] = {}
    for one in with_left(sales, but=own):
        if not one.is_sold_out:
            found.setdefault(one.sale.offer, one)
    return found


def flash_prices(*, moment: datetime | None = None) -> dict[str, int]:
    """What each offer that has a flash price costs now, the lowest of several, for whoever holds none yet. One query,
    however many of them a page shows."""
    left = Q(stock=None) | Q(held__lt=F("stock"))
    standing = FlashSale.objects.standing(moment or clock.now())
    counted = standing.annotate(held=Count("holds", filter=Q(holds__returned_at=None))).filter(left)
    # The lowest comes last, and stays.
    return dict(counted.order_by("-price_fen").values_list("offer", "price_fen"))


def with_left(sales: Iterable[FlashSale], *, but: Q | None = None) -> list[Flash]:
    """Flash prices with what is left; holds that are `but` don't count."""
    known = list(sales)
    bounded = [sale.pk for sale in known if sale.stock is not None]
    counts: dict[int, int] = {}
    if bounded:
        holds = FlashHold.objects.filter(sale__in=bounded, returned_at=None)
        holds = holds.exclude(but) if but else holds
        counts = dict(holds.order_by().values_list("sale").annotate(n=Count("pk")))
    return [
        Flash(sale, None if sale.stock is None else max(0, sale.stock - counts.get(sale.pk, 0)))
        for sale in known
    ]
