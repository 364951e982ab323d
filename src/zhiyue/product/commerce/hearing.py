"""What providers say, entered once. What it means is judged in `payments`, and of what goes back in `refunds`.

A word about a payment or refund that we don't know (yet, it may be) is kept under a key of its own: told again it is
judged anew.
"""

from collections.abc import Callable

from django.db import IntegrityError, transaction

from zhiyue.core.kit.columns import longest
from zhiyue.product.commerce.models import Payment, ProviderNotice
from zhiyue.product.commerce.providers.protocol import Told

# Of which payment of ours it was, and what became of it.
Judged = tuple[Payment | None, str]
NO_SUCH_PAYMENT = "no_such_payment"
NO_SUCH_REFUND = "no_such_refund"
_UNKNOWN = frozenset({NO_SUCH_PAYMENT, NO_SUCH_REFUND})


def enter_once(provider: str, told: Told, judge: Callable[[str, Told], Judged]) -> str:
    """Enter what a provider said, with all that follows from it; what became of it. Told again it changes nothing."""
    try:
        with transaction.atomic():
            known = _known(provider, told)
            return known.outcome if known is not None else _entered(provider, told, judge)
    except IntegrityError:
        # Another process entered the same word at this moment; its outcome is the outcome.
        known = _known(provider, told)
        if known is None:
            raise
        return known.outcome


def _known(provider: str, told: Told) -> ProviderNotice | None:
    return ProviderNotice.objects.filter(provider=provider, key=told.key).first()


def _entered(provider: str, told: Told, judge: Callable[[str, Told], Judged]) -> str:
    payment, outcome = judge(provider, told)
    kept = {"kind": told.kind, "payment": payment, "told": dict(told.words), "outcome": outcome}
    if outcome in _UNKNOWN:
        ProviderNotice.objects.get_or_create(provider=provider, key=_unknown_key(told), defaults=kept)
    else:
        ProviderNotice.objects.create(provider=provider, key=told.key, **kept)
    return outcome


def _unknown_key(told: Told) -> str:
    return f"?{told.key}"[: longest(ProviderNotice, "key")]
