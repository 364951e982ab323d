"""What somebody is on their way to buy who signs up or in first, read from where they go on to."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.urls import reverse
from django.utils.safestring import SafeString

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.cards import show
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.commerce.checkout import takes_payments
from zhiyue.product.commerce.errors import NotForSale
from zhiyue.product.commerce.offers import offer_of
from zhiyue.product.commerce.quoting import before_coupons


@dataclass(frozen=True, slots=True)
class Wanted:
    """An offer as everybody sees it. `usual` is crossed out, "" where nothing lowers the price; `cover` is a course's,
    "" of what is none; `language` that of its title, "" where it is the academy's own."""

    title: str
    price: str
    usual: str
    cover: SafeString | str
    language: str


def wanted(onward: str) -> Wanted | None:
    """The offer of our checkout that `onward`, an address of this host, leads to; None where it leads elsewhere, or to
    nothing that is for sale."""
    at = urlsplit(onward)
    if at.path != reverse("site:checkout") or not takes_payments():
        return None
    try:
        offer = offer_of(parse_qs(at.query).get("offer", [""])[0])
    except NotForSale:
        return None
    price = before_coupons(None, [offer])[offer.ref]
    cards = show(list(catalogue.courses_by_id(offer.courses).values())) if offer.kind == "course" else []
    return Wanted(
        title=offer.title,
        price=yuan(price.total_fen),
        usual=yuan(price.usual_fen) if price.total_fen < price.usual_fen else "",
        cover=cards[0].cover if cards else "",
        language=cards[0].course.language if cards else "",
    )
