"""Words for coupons, on every surface: what one takes off, from which price on, and for what."""

from collections.abc import Mapping, Sequence

from django.utils.translation import pgettext

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.cards import in_language
from zhiyue.product.catalogue.selectors import titles, topics
from zhiyue.product.commerce.models import Coupon


def takes_off(coupon: Coupon) -> str:
    """“¥20 off”, or a share and its bound."""
    if coupon.off_fen:
        return pgettext("coupon", "%(amount)s off") % {"amount": yuan(coupon.off_fen)}
    told = {"percent": coupon.off_percent}
    if coupon.most_fen is None:
        return pgettext("coupon", "%(percent)s%% off") % told
    words = pgettext("coupon", "%(percent)s%% off, %(most)s at most")
    return words % {**told, "most": yuan(coupon.most_fen)}


def needs(coupon: Coupon) -> str:
    if not coupon.threshold_fen:
        return ""
    return pgettext("coupon", "from a price of %(price)s on") % {"price": yuan(coupon.threshold_fen)}


def scope_names(coupons: Sequence[Coupon]) -> Mapping[str, str]:
    """What the parts of their scopes are called, those that are there still."""
    parts = {part for coupon in coupons for part in coupon.scope}
    ids = {int(number) for kind, _, number in (part.partition(":") for part in parts) if kind == "course"}
    names = {f"course:{pk}": title for pk, title in titles(ids).items()} if ids else {}
    if any(part.startswith("topic:") for part in parts):
        names |= {f"topic:{topic.pk}": in_language(topic.name, topic.name_en) for topic in topics()}
    names["kind:course"] = pgettext("coupon scope", "every course")
    return names
