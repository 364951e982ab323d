"""The bill of a day at Stripe: what moved its balance. Where that isn't in CNY, fees are reckoned back by the rate at
which Stripe changed the money."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.protocol import BillLine

_PAID = ("charge", "payment")
_WENT_BACK = ("refund", "payment_refund", "payment_failure_refund", "refund_failure")
# Money on its way to the academy's bank, or Stripe's own accounts with it, is no payment.
_DISPUTES = ("adjustment",)


def line_of(moved: Mapping[str, Any]) -> BillLine | None:
    """None where it is about no payment in CNY. Raises ProviderUnreachable where it can't be read."""
    try:
        return _line(moved)
    except (ValueError, LookupError, TypeError, AttributeError, DecimalException) as why:
        raise refusing.unreachable() from why


def _line(moved: Mapping[str, Any]) -> BillLine | None:
    kind, source = moved["type"], moved.get("source")
    if kind not in (*_PAID, *_WENT_BACK, *_DISPUTES) or not isinstance(source, dict):
        return None
    if source["currency"] != "cny":
        return None
    ours = source.get("metadata") or {}
    sign = 1 if moved["amount"] > 0 else -1
    return BillLine(
        number=str(ours.get("number", "")),
        provider_number=str(source.get("payment_intent") or source["id"]),
        amount_fen=sign * int(source["amount"]),
        fee_fen=_in_fen(int(moved["fee"]), moved),
        refund_number=str(ours.get("refund_number", "")) if kind in _WENT_BACK else "",
    )


def _in_fen(amount: int, moved: Mapping[str, Any]) -> int:
    if moved["currency"] == "cny":
        return amount
    rate = Decimal(str(moved["exchange_rate"]))
    return int((Decimal(amount) / rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))
