"""Words for what is paid and how, on every surface: lines of a price, providers and their channels."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy
from limits import RateLimitItemPerHour

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.limits import Allowance, spend
from zhiyue.product.commerce.models import Payment
from zhiyue.product.commerce.models.payments import PAST
from zhiyue.product.commerce.payments import begin
from zhiyue.product.commerce.providers.register import offered, provider_named

Words = str | Promise
# How many orders one person may place in an hour; each writes rows that stay.
_ORDERS_OF_ONE = RateLimitItemPerHour(60)
Device = Literal["computer", "phone", "wechat"]

_LINES: Mapping[str, Words] = {
    "price": pgettext_lazy("price line", "Price"),
    "flash": pgettext_lazy("price line", "For a short time"),
    "membership": pgettext_lazy("price line", "As a member"),
    "credit": pgettext_lazy("price line", "What you paid before"),
    "coupon": pgettext_lazy("price line", "Coupon"),
    "points": pgettext_lazy("price line", "Points"),
    "redeem": pgettext_lazy("price line", "By a redeem code"),
}
# Of a bundle the credit is what they own of it; its line says for which courses it comes off.
_OWNED = pgettext_lazy("price line", "Courses that are yours")
# A provider or a channel without words shows its code.
_PROVIDERS: Mapping[str, Words] = {
    "sandbox": pgettext_lazy("payment provider", "Sandbox: no money moves"),
    "alipay": pgettext_lazy("payment provider", "Alipay"),
    "wechat": pgettext_lazy("payment provider", "WeChat Pay"),
    "stripe": pgettext_lazy("payment provider", "Card, by Stripe"),
    "offline": pgettext_lazy("payment provider", "Paid offline"),
    "other": pgettext_lazy("payment provider", "Paid in another way"),
}
_CHANNELS: Mapping[str, Words] = {
    "sandbox:page": pgettext_lazy("payment channel", "On a page of the pretended till"),
    "sandbox:qr": pgettext_lazy("payment channel", "By a code, scanned with another device"),
    "alipay:page": pgettext_lazy("payment channel", "On Alipay's page, for computers"),
    "alipay:wap": pgettext_lazy("payment channel", "In the Alipay app of this phone"),
    "alipay:qr": pgettext_lazy("payment channel", "By a code, scanned with Alipay"),
    "wechat:jsapi": pgettext_lazy("payment channel", "Right here in WeChat"),
    "wechat:native": pgettext_lazy("payment channel", "By a code, scanned with WeChat"),
    "wechat:h5": pgettext_lazy("payment channel", "In the WeChat app of this phone"),
    "stripe:checkout": pgettext_lazy("payment channel", "On Stripe's page, with cards from everywhere"),
}
# Ways that lead nowhere but on some devices; every other way is for all. A code on a phone is for another phone, and
# the browser inside WeChat opens neither WeChat's app nor Alipay's.
_ONLY_ON: Mapping[str, frozenset[str]] = {
    "alipay:page": frozenset({"computer"}),
    "alipay:wap": frozenset({"phone"}),
    "alipay:qr": frozenset({"computer"}),
    "wechat:jsapi": frozenset({"wechat"}),
    "wechat:native": frozenset({"computer", "wechat"}),
    "wechat:h5": frozenset({"phone"}),
}
# Of the way that begins inside WeChat.
IN_WECHAT = "wechat:jsapi"
_ELSEWHERE = pgettext_lazy("payment channel", "with another device")
_NOT_HERE = pgettext_lazy(
    "checkout",
    "with another device. To pay in the app of this one, open this page in its browser: … at the top right, then “Open "
    "in browser”.",
)


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A line of a price for people: what it is, and by how much it changes the total."""

    name: str
    amount: str
    is_less: bool


@dataclass(frozen=True, slots=True)
class WayToPay:
    """A provider by one of its channels. `key` is what forms say, `note` what is to be known of it on the device at
    hand."""

    provider: str
    channel: str
    note: Words = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.provider}:{self.channel}"

    @property
    def name(self) -> Words:
        return provider_words(self.provider)

    @property
    def how(self) -> Words:
        return channel_words(self.provider, self.channel)


def ways_to_pay() -> list[WayToPay]:
    """Every way that the academy offers, in the order of its setting."""
    return [WayToPay(one.name, channel) for one in offered() for channel in one.channels]


def device_of(request: HttpRequest) -> Device:
    """What somebody looks at us with: a computer, a phone's browser, or the one inside WeChat."""
    agent = request.headers.get("User-Agent", "")
    if "MicroMessenger" in agent:
        return "wechat"
    return "phone" if re.search(r"Mobile|Android|iPhone", agent) else "computer"


def ways_on(device: Device) -> list[WayToPay]:
    """The ways that lead somewhere on this device; all of them where none would."""
    ways = ways_to_pay()
    found = [way for way in ways if device in _ONLY_ON.get(way.key, (device,))] or ways
    if device != "wechat":
        return found
    note = _ELSEWHERE if any(way.key == IN_WECHAT for way in found) else _NOT_HERE
    return [replace(way, note=note) if way.key == "wechat:native" else way for way in found]


def way_named(key: str) -> WayToPay:
    """What a form chose. Whether it is offered says whoever begins the payment."""
    provider, _, channel = key.partition(":")
    return WayToPay(provider, channel)


def begin_paying(
    request: HttpRequest, *, user: User, order_number: str, way: WayToPay, returns_to: str, payer: str = ""
) -> Payment:
    """Begin to pay an order from wherever it is asked; `returns_to` is a whole address, `payer` as `payments.begin`
    takes it. Raises as that does."""
    # Before its address is made: whatever was typed as a provider's name fits in none.
    provider_named(way.provider)
    return begin(
        user=user,
        order_number=order_number,
        provider=way.provider,
        channel=way.channel,
        returns_to=returns_to,
        notify_at=request.build_absolute_uri(reverse("site:notify", args=[way.provider])),
        address=request.META.get("REMOTE_ADDR", ""),
        payer=payer,
    )


def price_lines(lines: Sequence[Mapping[str, Any]]) -> list[PriceLine]:
    """Lines as an order keeps them."""
    return [_line(one, str(one.get("title") or "")) for one in lines]


def provider_words(name: str) -> Words:
    return _PROVIDERS.get(name, name)


def channel_words(provider: str, channel: str) -> Words:
    if channel == PAST:
        return pgettext_lazy("payment channel", "Before it came here")
    return _CHANNELS.get(f"{provider}:{channel}", channel)


def _line(line: Mapping[str, Any], title: str) -> PriceLine:
    kind, amount_fen = str(line["kind"]), int(line["amount_fen"])
    name = str(_OWNED if kind == "credit" and line.get("courses") else _LINES.get(kind, kind))
    if title:
        name = pgettext("price line", "%(name)s “%(title)s”") % {"name": name, "title": title}
    return PriceLine(name, yuan(amount_fen), amount_fen < 0)


def count_order(user: User) -> None:
    """Before an order is placed. Raises TooMany."""
    spend([Allowance(_ORDERS_OF_ONE, "order-placed", f"member {user.pk}")])
