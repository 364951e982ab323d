"""A pretended provider for trying everything out: no money moves, and all else is as with a real one. It tells by
signed notices, late, twice or in the wrong order where somebody asks it to, or not at all. A production server refuses
it."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, cast

from django.conf import settings
from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NotProved, OrderNotOpen, ProviderUnreachable
from zhiyue.product.commerce.models import SandboxTrade
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

NAME = "sandbox"
SIGNATURE = "x-sandbox-signature"
PAGE = "/pay/sandbox/"
# What it keeps of a payment, in thousandths.
FEE_PERMILLE = 6
_LONGEST_WORD, _MOST_FEN = 80, 2**31
# So long a refund is on its way where the till was told to be slow.
REFUND_TAKES = timedelta(seconds=30)
_State, _Way = SandboxTrade.State, SandboxTrade.RefundWay
_TOLD: dict[str, ToldKind] = {
    _State.WAITING: "waiting",
    _State.PAID: "paid",
    _State.FAILED: "failed",
    _State.CLOSED: "closed",
}
Deed = Literal["pay", "fail", "leave"]
_DEEDS = {"pay": _State.PAID, "fail": _State.FAILED, "leave": _State.CLOSED}


class Sandbox:
    name = NAME
    channels: Sequence[str] = ("page", "qr")
    by_payer: Sequence[str] = ()

    def faults(self) -> Sequence[str]:
        return ()

    def begin(self, wanted: Wanted) -> Shown:
        SandboxTrade.objects.get_or_create(
            number=wanted.number,
            defaults={
                "title": wanted.title,
                "amount_fen": wanted.amount_fen,
                "returns_to": wanted.returns_to,
                "expires_at": wanted.expires_at,
            },
        )
        return Shown("scan" if wanted.channel == "qr" else "go", f"{PAGE}{wanted.number}/")

    def read(self, notice: Notice) -> Told:
        headers = {name.lower(): value for name, value in notice.headers.items()}
        signature = headers.get(SIGNATURE, "").encode(errors="replace")
        if not hmac.compare_digest(signature, _signed(notice.body).encode()):
            raise NotProved(pgettext_lazy("payment", "The notice isn't signed by the provider."))
        try:
            return _told(json.loads(notice.body))
        except (ValueError, LookupError, TypeError, RecursionError) as why:
            raise NotProved(pgettext_lazy("payment", "The notice can't be read.")) from why

    def answer(self, *, is_taken: bool) -> Answer:
        return Answer(200, "success") if is_taken else Answer(503, "again")

    def ask(self, number: str) -> Told:
        trade = SandboxTrade.objects.filter(number=number).first()
        if trade is None:
            return Told(key=f"{number}:unknown", kind="unknown", number=number)
        told = _notice_of(trade)
        return self.read(told)

    def close(self, number: str) -> None:
        waiting = SandboxTrade.objects.filter(number=number, state=_State.WAITING)
        waiting.update(state=_State.CLOSED, settled_at=clock.now())

    @transaction.atomic
    def give_back(self, wanted: GivenBack) -> Told:
        trade = SandboxTrade.objects.select_for_update().filter(number=wanted.number).first()
        if trade is None or trade.state != _State.PAID:
            raise ProviderUnreachable(pgettext_lazy("payment", "The provider knows of no such payment."))
        if wanted.refund_number not in trade.refunds:
            if sum(trade.refunds.values()) + wanted.amount_fen > trade.amount_fen:
                raise ProviderUnreachable(pgettext_lazy("payment", "More can't go back than was paid."))
            _begin_refund(trade, wanted)
        return self.ask_refund(wanted)

    def ask_refund(self, wanted: GivenBack) -> Told:
        trade = SandboxTrade.objects.filter(number=wanted.number).first()
        kind = "unknown" if trade is None else _refund_kind(trade, wanted.refund_number)
        is_through = trade is not None and kind in ("refunded", "refund_failed")
        return Told(
            key=f"{wanted.refund_number}:{kind}",
            kind=kind,
            number=wanted.refund_number,
            amount_fen=trade.refunds[wanted.refund_number] if trade and kind == "refunded" else None,
            provider_number=trade.provider_number if trade else "",
            at=_moment(trade.refunds_at[wanted.refund_number]) if trade and is_through else None,
            words={"number": wanted.refund_number, "kind": kind},
        )

    def bill(self, day: date) -> Iterable[BillLine]:
        start = clock.day_start(day)
        paid = SandboxTrade.objects.filter(
            state=_State.PAID, settled_at__gte=start, settled_at__lt=clock.day_start(day + timedelta(days=1))
        )
        for trade in paid.order_by("pk").iterator():
            fee = trade.amount_fen * FEE_PERMILLE // 1000
            yield BillLine(trade.number, trade.provider_number, trade.amount_fen, fee)
        for trade in SandboxTrade.objects.exclude(refunds={}).order_by("pk").iterator():
            for number, amount in trade.refunds.items():
                if amount and clock.business_day(_moment(trade.refunds_at[number])) == day:
                    yield BillLine(trade.number, trade.provider_number, -amount, 0, number)


@transaction.atomic
def press(number: str, deed: Deed, *, refund_way: str = _Way.AT_ONCE) -> Notice:
    """Whoever stands at the pretended till does something, and says how it shall give money back; the notice that tells
    of it. Raises OrderNotOpen where the payment isn't waiting there any more."""
    trade = SandboxTrade.objects.select_for_update().filter(number=number).first()
    if trade is None or trade.state != _State.WAITING or trade.expires_at <= clock.now():
        raise OrderNotOpen(pgettext_lazy("order", "This order waits for no payment any more."))
    trade.state, trade.settled_at = _DEEDS[deed], clock.now()
    trade.refund_way = refund_way
    trade.save(update_fields=["state", "settled_at", "refund_way"])
    return _notice_of(trade)


def _begin_refund(trade: SandboxTrade, wanted: GivenBack) -> None:
    """Remember a refund: through now, in a while, or never. The caller holds the row."""
    is_late = trade.refund_way == _Way.SLOWLY
    amount = wanted.amount_fen
    if trade.refund_way == _Way.FAIL_FIRST:
        amount, trade.refund_way = 0, _Way.AT_ONCE
    through = clock.now() + (REFUND_TAKES if is_late else timedelta(0))
    trade.refunds[wanted.refund_number] = amount
    trade.refunds_at[wanted.refund_number] = through.isoformat()
    trade.save(update_fields=["refunds", "refunds_at", "refund_way"])


def _refund_kind(trade: SandboxTrade, refund_number: str) -> ToldKind:
    if refund_number not in trade.refunds:
        return "unknown"
    if _moment(trade.refunds_at[refund_number]) > clock.now():
        return "refunding"
    return "refunded" if trade.refunds[refund_number] else "refund_failed"


def settled_notice(number: str) -> Notice:
    """What it says of a payment now."""
    return _notice_of(SandboxTrade.objects.get(number=number))


def waiting_notice(number: str) -> Notice:
    """What it says of a payment that nobody paid yet; told after the rest, it comes in the wrong order."""
    trade = SandboxTrade.objects.get(number=number)
    return _notice_of(trade, kind="waiting")


def _told(said: dict[str, object]) -> Told:
    """Raises ValueError, LookupError or TypeError where a notice isn't made as ours are."""
    words = {name: said[name] for name in ("event", "number", "provider_number", "at")}
    if any(not isinstance(one, str) or "\0" in one or len(one) > _LONGEST_WORD for one in words.values()):
        raise ValueError("words of a notice are short")
    kind, amount = said["kind"], said["amount_fen"]
    if kind not in _TOLD.values() or type(amount) is not int or not 0 < amount < _MOST_FEN:
        raise ValueError("a notice tells of a payment of something")
    return Told(
        key=str(said["event"]),
        kind=cast(ToldKind, kind),
        number=str(said["number"]),
        amount_fen=amount,
        provider_number=str(said["provider_number"]),
        at=_moment(str(said["at"])),
        words={**words, "kind": kind, "amount_fen": amount},
    )


def _moment(said: str) -> datetime:
    at = datetime.fromisoformat(said)
    if at.tzinfo is None:
        raise ValueError("a moment has a zone")
    return at


def _notice_of(trade: SandboxTrade, kind: ToldKind | None = None) -> Notice:
    said = kind or _TOLD[trade.state]
    body = json.dumps(
        {
            "event": f"{trade.number}:{said}",
            "kind": said,
            "number": trade.number,
            "amount_fen": trade.amount_fen,
            "provider_number": trade.provider_number,
            "at": (trade.settled_at or trade.created_at).isoformat(),
        }
    ).encode()
    return Notice(headers={SIGNATURE: _signed(body)}, query={}, body=body)


def _signed(body: bytes) -> str:
    key = hashlib.sha256(b"zhiyue sandbox" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, body, hashlib.sha256).hexdigest()
