"""Words for what goes wrong with a provider: to whoever pays, to staff, and to whoever sends a notice."""

from django.utils.translation import pgettext_lazy

from zhiyue.product.commerce.errors import NotProved, PayerUnknown, ProviderUnreachable

_UNREACHABLE = pgettext_lazy(
    "payment",
    "The payment provider can't be reached at the moment. Try again in a minute, or choose another way to pay.",
)
_REFUSED = pgettext_lazy(
    "payment",
    "The payment provider refused this (%(code)s). Choose another way to pay, or tell the academy.",
)
_NOT_SET_UP = pgettext_lazy(
    "payment", "This way to pay isn't set up fully yet. Choose another one, or tell the academy."
)
_NOT_ENOUGH = pgettext_lazy(
    "payment",
    "The academy's account at the provider doesn't hold enough to give this back. Fill it up and try again.",
)
_NO_BILL_YET = pgettext_lazy(
    "payment", "The provider has no bill of this day yet. It comes on the day after, at about ten o'clock."
)
_NO_PAYER = pgettext_lazy(
    "payment",
    "This way to pay begins inside WeChat. Open the order there, or choose another way to pay.",
)
_NOT_SAID_WHO = pgettext_lazy(
    "payment",
    "WeChat didn't say who pays, so nothing was begun and nothing taken. Try again, or choose another way to pay.",
)
_SAID_BEFORE = pgettext_lazy(
    "payment",
    "What WeChat said of who pays was used before, or is too old. Nothing was taken: begin the payment once more.",
)
_SNAPSHOT = pgettext_lazy(
    "payment",
    "WeChat shows you a mere picture of this page. Tap “使用完整服务” (use the full service) at its edge, then pay.",
)
_NOT_SIGNED = pgettext_lazy("payment", "The notice isn't signed by the provider.")
_NOT_READABLE = pgettext_lazy("payment", "The notice can't be read.")
_NOT_OURS = pgettext_lazy("payment", "The notice is meant for somebody else.")
_NOT_NOW = pgettext_lazy("payment", "The notice was signed too long ago, or later than now.")


def unreachable() -> ProviderUnreachable:
    """It didn't answer in time, or nothing that it would say."""
    return ProviderUnreachable(_UNREACHABLE)


def is_silence(why: ProviderUnreachable) -> bool:
    """Is it that the provider didn't answer, or nothing that it would say? The words are for whoever pays."""
    return why.message is _UNREACHABLE


def refused(code: str) -> ProviderUnreachable:
    """It answered, and won't. `code` is its own name for why."""
    return ProviderUnreachable(_REFUSED % {"code": code[:60]})


def not_set_up() -> ProviderUnreachable:
    return ProviderUnreachable(_NOT_SET_UP)


def not_enough() -> ProviderUnreachable:
    return ProviderUnreachable(_NOT_ENOUGH)


def no_bill_yet() -> ProviderUnreachable:
    return ProviderUnreachable(_NO_BILL_YET)


def no_payer() -> PayerUnknown:
    """It begins only for somebody whom it knows, and nobody said who."""
    return PayerUnknown(_NO_PAYER)


def not_said_who() -> PayerUnknown:
    return PayerUnknown(_NOT_SAID_WHO)


def said_before() -> PayerUnknown:
    return PayerUnknown(_SAID_BEFORE)


def snapshot() -> PayerUnknown:
    """Whoever looks sees WeChat's snapshot of the page, under a name that isn't theirs."""
    return PayerUnknown(_SNAPSHOT)


def not_signed() -> NotProved:
    return NotProved(_NOT_SIGNED)


def not_readable() -> NotProved:
    return NotProved(_NOT_READABLE)


def not_ours() -> NotProved:
    return NotProved(_NOT_OURS)


def not_now() -> NotProved:
    return NotProved(_NOT_NOW)
