"""Words for coupons, on every surface: what one takes off, from which price on, and for what."""

from collections.abc import Mapping, Sequence

from django.utils.translation import get_language, pgettext

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.cards import in_language
from zhiyue.product.catalogue.selectors import titles, topics
from zhiyue.product.commerce.models import Coupon


def takes_off(coupon: Coupon) -> str:
    """“¥20 off”, or a share and its bound."""
    if coupon.off_fen:
        return pgettext("coupon", "%(amount)s off") % {"amount": yuan(coupon.off_fen)}
    share = percent_off(coupon.off_percent)
    if coupon.most_fen is None:
        return share
    return pgettext("coupon", "%(share)s, %(most)s at most") % {"share": share, "most": yuan(coupon.most_fen)}


def percent_off(percent: int) -> str:
    """“10% off”. Chinese shops say what is left of the price, in tenths: “9 折”, “85 折”."""
    left = 100 - percent
    if left and (get_language() or "").startswith("zh"):
        # 15 % off is “85 折”, 90 % off “1 折”, 95 % off “0.5 折”.
        said = f"{left / 10:g}" if left < 10 or not left % 10 else str(left)
        return pgettext("percent off", "%(left)s of ten") % {"left": said}
    return pgettext("percent off", "%(percent)s%% off") % {"percent": percent}


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
