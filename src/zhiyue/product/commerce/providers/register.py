"""Which providers there are, and which of them this academy takes payments through."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.utils.translation import pgettext_lazy

from zhiyue.product.commerce.errors import ProviderNotOffered
from zhiyue.product.commerce.providers import alipay, sandbox, stripe, wechatpay
from zhiyue.product.commerce.providers.protocol import Provider

# A new provider takes one line here.
PROVIDERS: Mapping[str, Callable[[], Provider]] = {
    sandbox.NAME: sandbox.Sandbox,
    alipay.NAME: alipay.Alipay,
    wechatpay.NAME: wechatpay.WechatPay,
    stripe.NAME: stripe.Stripe,
}


def offered() -> list[Provider]:
    """Those of the setting, in its order. A name that is none is left out: `faults` tells of it."""
    return [PROVIDERS[name]() for name in settings.ZHIYUE_PAYMENT_PROVIDERS if name in PROVIDERS]


def faults() -> list[str]:
    """What is wrong with the providers of the setting, in words for whoever runs the academy."""
    found = [
        f"ZHIYUE_PAYMENT_PROVIDERS names “{name}”, which is none: there are {', '.join(PROVIDERS)}."
        for name in settings.ZHIYUE_PAYMENT_PROVIDERS
        if name not in PROVIDERS
    ]
    return found + [f"Payments through {one.name}: {fault}" for one in offered() for fault in one.faults()]


def provider_named(name: str) -> Provider:
    """Raises ProviderNotOffered."""
    if name not in settings.ZHIYUE_PAYMENT_PROVIDERS or name not in PROVIDERS:
        raise ProviderNotOffered(pgettext_lazy("payment", "Payments aren't taken this way: choose another."))
    return PROVIDERS[name]()


def provider_for(name: str, channel: str) -> Provider:
    """Raises ProviderNotOffered where it doesn't take payments by this channel."""
    found = provider_named(name)
    if channel not in found.channels:
        raise ProviderNotOffered(pgettext_lazy("payment", "Payments aren't taken this way: choose another."))
    return found
