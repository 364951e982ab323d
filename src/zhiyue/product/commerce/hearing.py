"""What providers say, entered once. What it means is judged in `payments`, and of what goes back in `refunds`.

A word about a payment or refund that we don't know (yet, it may be) is kept under a key of its own: told again it is
judged anew.
"""

from collections.abc import Callable
from contextlib import suppress

from django.db import IntegrityError, transaction

from zhiyue.core.kit.columns import longest
from zhiyue.product.commerce.models import Payment, ProviderNotice
from zhiyue.product.commerce.providers.protocol import Told

# Of which payment of ours it was, and what became of it.
Judged = tuple[Payment | None, str]
NO_SUCH_PAYMENT = "no_such_payment"
NO_SUCH_REFUND = "no_such_refund"
_UNKNOWN = frozenset({NO_SUCH_PAYMENT, NO_SUCH_REFUND})
# Each time it fails something else was written; what fails so often has another reason.
_TRIES = 4


def enter_once(provider: str, told: Told, judge: Callable[[str, Told], Judged]) -> str:
    """Enter what a provider said, with all that follows from it; what became of it. Told again it changes nothing."""
    for _ in range(_TRIES - 1):
        # Another process may write at this moment what this one had found missing: the same word, whose outcome is the
        # outcome, or of another payment the number that this one names, too. Then it is there to be seen.
        with suppress(IntegrityError):
            return _once(provider, told, judge)
    return _once(provider, told, judge)


@transaction.atomic
def _once(provider: str, told: Told, judge: Callable[[str, Told], Judged]) -> str:
    known = _known(provider, told)
    return known.outcome if known is not None else _entered(provider, told, judge)


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
