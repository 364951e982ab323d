"""Stripe: one of its own pages (Checkout), in CNY. Asked and verified by its library, which takes signatures from the
future and doesn't look at whose mode an event is of. Source: docs.stripe.com."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from types import ModuleType
from typing import Any

from django.conf import settings

from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import ProviderUnreachable
from zhiyue.product.commerce.models import Payment
from zhiyue.product.commerce.providers import account, refusing
from zhiyue.product.commerce.providers.protocol import (
    Answer,
    BillLine,
    GivenBack,
    Notice,
    Shown,
    Told,
    ToldKind,
    Wanted,
)
from zhiyue.product.commerce.providers.stripe_bill import line_of
from zhiyue.product.commerce.providers.telling import answered, kept, told_about, word

log = logging.getLogger(__name__)

NAME = "stripe"
ENDPOINT = "https://api.stripe.com"
CURRENCY = "cny"
NEEDED = ("ZHIYUE_STRIPE_SECRET_KEY", "ZHIYUE_STRIPE_WEBHOOK_SECRET")
# How old, and how much ahead of our clock, a signature may be.
BELIEVED_FOR = timedelta(minutes=5)
# A page of theirs stays open for half an hour at least and for a day at most; ours is closed when its order ends.
_OPEN_LONGER = timedelta(minutes=31)
_DAY_MINUTES = 24 * 60
_EVENTS: Mapping[str, ToldKind | None] = {
    "checkout.session.completed": None,
    "checkout.session.async_payment_succeeded": None,
    "checkout.session.async_payment_failed": "failed",
    "checkout.session.expired": None,
}
_REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
_REFUNDS: Mapping[str, ToldKind] = {
    "succeeded": "refunded",
    "pending": "refunding",
    "requires_action": "refunding",
    "failed": "refund_failed",
    "canceled": "refund_failed",
}
# What is kept of an event or an answer: nothing of who paid.
_KEPT = (
    "id",
    "client_reference_id",
    "payment_intent",
    "payment_status",
    "status",
    "amount_total",
    "amount",
    "currency",
)
_MISSING = "resource_missing"
_MOST_FOUND = 5_000


class Stripe:
    name = NAME
    channels: Sequence[str] = ("checkout",)
    by_payer: Sequence[str] = ()

    def faults(self) -> list[str]:
        key, secret = settings.ZHIYUE_STRIPE_SECRET_KEY, settings.ZHIYUE_STRIPE_WEBHOOK_SECRET
        return [
            *account.missing(NEEDED),
            *account.not_installed("stripe"),
            *(
                ["ZHIYUE_STRIPE_SECRET_KEY must begin with sk_ or rk_."]
                if key[:3] not in ("", "sk_", "rk_")
                else []
            ),
            *(
                ["ZHIYUE_STRIPE_WEBHOOK_SECRET must begin with whsec_."]
                if secret[:6] not in ("", "whsec_")
                else []
            ),
        ]

    def begin(self, wanted: Wanted) -> Shown:
        ours = {"number": wanted.number}
        params: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": wanted.number,
            "metadata": ours,
            "payment_intent_data": {"metadata": ours},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": CURRENCY,
                        "unit_amount": wanted.amount_fen,
                        "product_data": {"name": wanted.title[:250] or "-"},
                    },
                }
            ],
            "success_url": wanted.returns_to,
            "cancel_url": wanted.returns_to,
        }
        if settings.ZHIYUE_ORDER_MINUTES + 32 <= _DAY_MINUTES:
            # The same at every try: with another one Stripe takes the try for another payment.
            params["expires_at"] = int((wanted.expires_at + _OPEN_LONGER).timestamp())
        # Asked again with the same number it gives back the page that it made.
        options = {"idempotency_key": f"begin-{wanted.number}"}
        said = _object(_asked(lambda api: api.v1.checkout.sessions.create(params=params, options=options)))
        return Shown("go", answered(said, "url"), {"session": answered(said, "id")})

    def read(self, notice: Notice) -> Told:
        event = _proved(notice)
        try:
            kind, about = event["type"], event["data"]["object"]
            if event["livemode"] is not _is_live() or event.get("account"):
                raise refusing.not_ours()
            at = datetime.fromtimestamp(int(event["created"]), tz=UTC)
            if kind in _EVENTS:
                return _told(about, at=at, kind=_EVENTS[kind])
            if kind in _REFUND_EVENTS and (about.get("metadata") or {}).get("refund_number"):
                return _refund_told(about)
            name = word(event, "id")
            return Told(key=f"event:{name}", kind="unknown", number="", words={"type": word(event, "type")})
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, OSError) as why:
            raise refusing.not_readable() from why

    def answer(self, *, is_taken: bool) -> Answer:
        return Answer(200, "taken") if is_taken else Answer(500, "again")

    def ask(self, number: str) -> Told:
        session = _session(number)
        if session is None:
            return Told(key=f"{number}:unknown", kind="unknown", number=number)
        return told_about(number, lambda: _told(session, at=None))

    def close(self, number: str) -> None:
        """Where it was paid meanwhile nothing happens either: `ask` tells."""
        session = _session(number)
        if session and session.get("status") == "open":
            page = answered(session, "id")
            try:
                _asked(lambda api: api.v1.checkout.sessions.expire(page))
            except ProviderUnreachable:
                # Paid or closed at this very moment, it can't be closed: that is no fault.
                if (_session(number) or {}).get("status") == "open":
                    raise

    def give_back(self, wanted: GivenBack) -> Told:
        # Stripe remembers for a day that it was asked; its list of refunds, for good.
        before = self.ask_refund(wanted)
        if before.kind != "unknown":
            return before
        params = {
            "payment_intent": _intent(wanted),
            "amount": wanted.amount_fen,
            "metadata": {"number": wanted.number, "refund_number": wanted.refund_number},
        }
        options = {"idempotency_key": f"refund-{wanted.refund_number}"}
        said = _object(_asked(lambda api: api.v1.refunds.create(params=params, options=options)))
        return told_about(wanted.refund_number, lambda: _refund_told(said))

    def ask_refund(self, wanted: GivenBack) -> Told:
        number, intent = wanted.refund_number, _intent(wanted)
        if intent:
            found = _listed(lambda api: api.v1.refunds.list(params={"payment_intent": intent, "limit": 100}))
            for one in found:
                if (one.get("metadata") or {}).get("refund_number") == number:
                    return told_about(number, lambda found=one: _refund_told(found))  # type: ignore[misc]
        return Told(key=f"{number}:unknown", kind="unknown", number=number)

    def bill(self, day: date) -> Iterable[BillLine]:
        """A day is one of the academy's. What was taken in other currencies isn't the academy's and is left out."""
        end = clock.day_start(day + timedelta(days=1))
        if clock.now() < end:
            raise refusing.no_bill_yet()
        span = {"gte": int(clock.day_start(day).timestamp()), "lt": int(end.timestamp())}
        params = {"created": span, "limit": 100, "expand": ["data.source"]}
        found = _listed(lambda api: api.v1.balance_transactions.list(params=params))
        return [line for one in found if (line := line_of(one)) is not None]


def _is_live() -> bool:
    return "_live_" in settings.ZHIYUE_STRIPE_SECRET_KEY[:8]


@lru_cache(maxsize=4)
def _client(key: str, endpoint: str, seconds: float) -> Any:
    library = account.library("stripe")
    return library.StripeClient(
        key,
        base_addresses={"api": endpoint},
        max_network_retries=0,
        http_client=library.RequestsClient(timeout=seconds),
    )


def _library() -> ModuleType:
    if account.missing(NEEDED):
        raise refusing.not_set_up()
    return account.library("stripe")


def _asked(ask: Callable[[Any], Any], *, but: Sequence[str] = ()) -> Any:
    """What Stripe answers, or the code of `but` with which it refuses. Raises ProviderUnreachable."""
    library = _library()
    endpoint = settings.ZHIYUE_STRIPE_ENDPOINT or ENDPOINT
    try:
        return ask(_client(settings.ZHIYUE_STRIPE_SECRET_KEY, endpoint, account.TIMEOUT_SECONDS))
    except library.StripeError as why:
        code = str(why.code or type(why).__name__)
        if code in but:
            return code
        log.warning("Stripe refused: %s %s %s", why.http_status, code, why.request_id)
        if code in ("balance_insufficient", "insufficient_funds"):
            raise refusing.not_enough() from why
        status = why.http_status or 0
        if 400 <= status < 500 and status not in (409, 429):
            raise refusing.refused(code) from why
        raise refusing.unreachable() from why
    except Exception as why:  # whatever its library makes of an answer that is none
        log.warning("Stripe can't be asked: %s", type(why).__name__)
        raise refusing.unreachable() from why


def _object(found: Any) -> dict[str, Any]:
    """Raises ProviderUnreachable."""
    try:
        said = found.to_dict()
    except (AttributeError, TypeError) as why:
        raise refusing.unreachable() from why
    if not isinstance(said, dict):
        raise refusing.unreachable()
    return said


def _listed(ask: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Everything of a list, page after page. Raises ProviderUnreachable, also where it has no end."""

    def all_of(api: Any) -> list[Any]:
        return list(islice(ask(api).auto_paging_iter(), _MOST_FOUND + 1))

    found = _asked(all_of)
    if len(found) > _MOST_FOUND:
        raise refusing.unreachable()
    return [_object(one) for one in found]


def _session(number: str) -> dict[str, Any] | None:
    """The page on which a payment of ours is paid: by the name that Stripe gave it; where that never reached us, by our
    number among the pages of its time."""
    payment = Payment.objects.select_related("order").filter(provider=NAME, number=number).first()
    if payment is None:
        return None
    if page := payment.shown.get("values", {}).get("session"):
        found = _asked(lambda api: api.v1.checkout.sessions.retrieve(page), but=[_MISSING])
        if found == _MISSING:
            return None
        said = _object(found)
        if said.get("client_reference_id") != number:
            raise refusing.unreachable()
        return said
    begun, ended = payment.begun_at - BELIEVED_FOR, payment.order.expires_at + BELIEVED_FOR
    span = {"gte": int(begun.timestamp()), "lte": int(ended.timestamp())}
    for one in _listed(lambda api: api.v1.checkout.sessions.list(params={"created": span, "limit": 100})):
        if one.get("client_reference_id") == number:
            return one
    return None


def _intent(wanted: GivenBack) -> str:
    """Stripe's name of the payment, "" where there is none."""
    return wanted.provider_number or str((_session(wanted.number) or {}).get("payment_intent") or "")


def _proved(notice: Notice) -> dict[str, Any]:
    """Raises NotProved."""
    header = {name.title(): value for name, value in notice.headers.items()}.get("Stripe-Signature", "")
    library = _library()
    secret, seconds = settings.ZHIYUE_STRIPE_WEBHOOK_SECRET, BELIEVED_FOR.total_seconds()
    try:
        signed_at = next(part[2:] for part in header.split(",") if part.startswith("t="))
        library.WebhookSignature.verify_header(notice.body, header, secret, tolerance=None)
        age = clock.now().timestamp() - int(signed_at)
        said = json.loads(notice.body)
    except (library.SignatureVerificationError, StopIteration, TypeError) as why:
        raise refusing.not_signed() from why
    except (ValueError, OverflowError, RecursionError) as why:
        raise refusing.not_readable() from why
    if not -seconds <= age <= seconds:
        raise refusing.not_now()
    if not isinstance(said, dict):
        raise refusing.not_readable()
    return said


def _told(session: Mapping[str, Any], *, at: datetime | None, kind: ToldKind | None = None) -> Told:
    """Raises ValueError, LookupError or TypeError."""
    if session["livemode"] is not _is_live():
        raise ValueError("of the other mode")
    number = word(session, "client_reference_id")
    kind = kind or _kind_of(session)
    is_paid = kind == "paid"
    return Told(
        key=f"{number}:{kind}",
        kind=kind,
        number=number,
        amount_fen=_fen(session["amount_total"], session["currency"]) if is_paid else None,
        provider_number=word(session, "payment_intent") if is_paid else "",
        at=at,
        words=kept(session, _KEPT),
    )


def _kind_of(session: Mapping[str, Any]) -> ToldKind:
    if session["payment_status"] == "paid":
        return "paid"
    states: Mapping[str, ToldKind] = {"expired": "closed", "open": "waiting", "complete": "waiting"}
    return states.get(session["status"], "unknown")


def _refund_told(refund: Mapping[str, Any]) -> Told:
    """Raises ValueError, LookupError, TypeError or AttributeError."""
    number = word(refund["metadata"], "refund_number")
    kind = _REFUNDS.get(refund["status"], "unknown")
    return Told(
        key=f"{number}:{kind}",
        kind=kind,
        number=number,
        amount_fen=_fen(refund["amount"], refund["currency"]),
        provider_number=word(refund, "id"),
        at=datetime.fromtimestamp(int(refund["created"]), tz=UTC),
        words=kept(refund, _KEPT),
    )


def _fen(amount: Any, currency: Any) -> int:
    if type(amount) is not int or not 0 < amount < 2**31 or currency != CURRENCY:
        raise ValueError("no amount in fen")
    return amount
