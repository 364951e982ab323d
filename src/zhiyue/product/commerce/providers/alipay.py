"""支付宝: a page for computers (page), one for phones (wap), a code to scan (qr). Requests are signed by the library;
what Alipay answers and tells is verified here, for the library looks neither at whose it is nor at where in an answer
the signed part lies. Source: opendocs.alipay.com."""

import base64
import binascii
import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings

from zhiyue.core.kit import clock
from zhiyue.product.commerce.providers import account, refusing, wire
from zhiyue.product.commerce.providers.alipay_bill import lines_of
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
from zhiyue.product.commerce.providers.telling import CHINA, answered, bill_is_made, kept, word

log = logging.getLogger(__name__)

NAME = "alipay"
ENDPOINT = "https://openapi.alipay.com/gateway.do"
NEEDED = (
    "ZHIYUE_ALIPAY_APP_ID",
    "ZHIYUE_ALIPAY_SELLER_ID",
    "ZHIYUE_ALIPAY_PRIVATE_KEY",
    "ZHIYUE_ALIPAY_PUBLIC_KEY",
)
_METHODS = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
_TOLD: Mapping[str, ToldKind] = {
    "WAIT_BUYER_PAY": "waiting",
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    # Not paid in time, closed by us, or paid and gone back wholly: they hold no money of it.
    "TRADE_CLOSED": "closed",
}
_REFUNDS: Mapping[str, ToldKind] = {
    "REFUND_SUCCESS": "refunded",
    "REFUND_PROCESSING": "refunding",
    "REFUND_FAIL": "refund_failed",
}
# What of a notice or an answer is kept: nothing of who paid.
_KEPT = ("notify_id", "trade_no", "out_trade_no", "out_biz_no", "trade_status", "total_amount", "receipt_amount",
         "gmt_payment", "gmt_refund", "refund_fee", "send_pay_date", "refund_status", "refund_amount")  # fmt: skip
_NOT_THERE = "ACQ.TRADE_NOT_EXIST"


class Alipay:
    name = NAME
    channels: Sequence[str] = ("page", "wap", "qr")
    by_payer: Sequence[str] = ()

    def faults(self) -> list[str]:
        return [
            *account.missing(NEEDED),
            *account.not_installed("alipay"),
            *account.unusable_key("ZHIYUE_ALIPAY_PRIVATE_KEY", "private"),
            *account.unusable_key("ZHIYUE_ALIPAY_PUBLIC_KEY", "public"),
        ]

    def begin(self, wanted: Wanted) -> Shown:
        order = {
            "out_trade_no": wanted.number,
            "total_amount": _yuan(wanted.amount_fen),
            "subject": _subject(wanted.title),
            "time_expire": _written(wanted.expires_at),
        }
        if wanted.channel == "qr":
            said = self._ask("alipay.trade.precreate", order, notify_url=wanted.notify_at)
            return Shown("scan", answered(said, "qr_code"))
        method, product = _METHODS[wanted.channel]
        order |= {"product_code": product}
        if wanted.channel == "wap":
            order |= {"quit_url": wanted.returns_to}
        # Nothing is asked: the signed address is the whole request, and the member's browser makes it.
        signed = _signed(method, order, notify_url=wanted.notify_at, return_url=wanted.returns_to)
        return Shown("go", f"{_endpoint()}?{signed}")

    def read(self, notice: Notice) -> Told:
        said = _form(notice.body)
        signature = said.pop("sign", "")
        sign_type = said.pop("sign_type", "")
        signed = "&".join(f"{name}={value}" for name, value in sorted(said.items()))
        if sign_type != "RSA2" or not _is_theirs(signed, signature):
            raise refusing.not_signed()
        ours = (settings.ZHIYUE_ALIPAY_APP_ID, settings.ZHIYUE_ALIPAY_SELLER_ID)
        if (said.get("app_id"), said.get("seller_id")) != ours:
            raise refusing.not_ours()
        try:
            return (
                _refund_told(said)
                if said.get("refund_fee", "").strip("0.")
                else _told(said, paid_at="gmt_payment")
            )
        except ValueError as why:
            raise refusing.not_readable() from why

    def answer(self, *, is_taken: bool) -> Answer:
        return Answer(200, "success" if is_taken else "fail")

    def ask(self, number: str) -> Told:
        said = self._ask("alipay.trade.query", {"out_trade_no": number}, but=_NOT_THERE)
        if said["code"] != "10000":
            return Told(key=f"{number}:unknown", kind="unknown", number=number)
        try:
            told = _told(said, paid_at="send_pay_date")
        except ValueError as why:
            raise refusing.unreachable() from why
        if told.number != number:
            raise refusing.unreachable()
        return told

    def close(self, number: str) -> None:
        """Where it was paid meanwhile nothing happens either: `ask` tells."""
        self._ask("alipay.trade.close", {"out_trade_no": number}, but=(_NOT_THERE, "ACQ.TRADE_STATUS_ERROR"))

    def give_back(self, wanted: GivenBack) -> Told:
        said = self._ask(
            "alipay.trade.refund",
            {
                "out_trade_no": wanted.number,
                "out_request_no": wanted.refund_number,
                "refund_amount": _yuan(wanted.amount_fen),
                "refund_reason": wanted.why[:128],
            },
        )
        if said.get("fund_change") != "Y":
            # Asked before, or still on its way.
            return self.ask_refund(wanted)
        return Told(
            key=f"{wanted.refund_number}:refunded",
            kind="refunded",
            number=wanted.refund_number,
            amount_fen=wanted.amount_fen,
            provider_number=str(said.get("trade_no", ""))[:64],
            at=clock.now(),
            words=kept(said, _KEPT),
        )

    def ask_refund(self, wanted: GivenBack) -> Told:
        number = wanted.refund_number
        said = self._ask(
            "alipay.trade.fastpay.refund.query",
            {"out_trade_no": wanted.number, "out_request_no": number, "query_options": ["gmt_refund_pay"]},
            but=_NOT_THERE,
        )
        # Without a status it was never asked for, or isn't known yet.
        kind = _REFUNDS.get(str(said.get("refund_status", "")), "unknown")
        try:
            amount = _fen(said["refund_amount"]) if kind != "unknown" else None
            at = _moment(said["gmt_refund_pay"]) if said.get("gmt_refund_pay") else None
        except (ValueError, LookupError) as why:
            raise refusing.unreachable() from why
        return Told(
            key=f"{number}:{kind}",
            kind=kind,
            number=number,
            amount_fen=amount,
            provider_number=str(said.get("trade_no", ""))[:64],
            at=at,
            words=kept(said, _KEPT),
        )

    def bill(self, day: date) -> Iterable[BillLine]:
        """A day is one of China's."""
        said = self._ask(
            "alipay.data.dataservice.bill.downloadurl.query",
            {"bill_type": "trade", "bill_date": day.isoformat()},
            but="isp.bill_not_exist",
        )
        if said["code"] != "10000":
            # Days without any payment have no bill, and nor have those whose bill isn't made yet.
            if not bill_is_made(day):
                raise refusing.no_bill_yet()
            return []
        return lines_of(wire.get(answered(said, "bill_download_url")))

    def _ask(
        self, method: str, content: Mapping[str, Any], *, but: str | Sequence[str] = (), notify_url: str = ""
    ) -> dict[str, Any]:
        """What Alipay answers, proved to be its own. Raises ProviderUnreachable; but an answer with a sub-code of `but`
        is given back."""
        raw = wire.get(f"{_endpoint()}?{_signed(method, content, notify_url=notify_url)}")
        said = _verified(raw, method.replace(".", "_") + "_response")
        sub_code = str(said.get("sub_code", ""))
        if said["code"] == "10000" or sub_code in ((but,) if isinstance(but, str) else but):
            return said
        log.warning("Alipay refused %s: %s %s %s", method, said["code"], sub_code, said.get("sub_msg", ""))
        if sub_code == "ACQ.SELLER_BALANCE_NOT_ENOUGH":
            raise refusing.not_enough()
        if said["code"] == "20000" or sub_code == "ACQ.SYSTEM_ERROR":
            raise refusing.unreachable()
        raise refusing.refused(sub_code or said["code"])


def _endpoint() -> str:
    return settings.ZHIYUE_ALIPAY_ENDPOINT or ENDPOINT


@lru_cache(maxsize=4)
def _keys(app_id: str, private: str, public: str) -> Any:
    """The library with an academy's keys in it. Raises ProviderUnreachable where they can't be used."""
    try:
        private, public = account.pem(private, "private"), account.pem(public, "public")
    except ValueError as why:
        raise refusing.not_set_up() from why
    return account.library("alipay").AliPay(
        appid=app_id, app_private_key_string=private, alipay_public_key_string=public, sign_type="RSA2"
    )


def _library() -> Any:
    if account.missing(NEEDED):
        raise refusing.not_set_up()
    return _keys(
        settings.ZHIYUE_ALIPAY_APP_ID, settings.ZHIYUE_ALIPAY_PRIVATE_KEY, settings.ZHIYUE_ALIPAY_PUBLIC_KEY
    )


def _signed(method: str, content: Mapping[str, Any], **more: str) -> str:
    """A request as it goes into an address. Without its own time the library takes the machine's zone."""
    given = {name: value for name, value in more.items() if value}
    written: str = _library().client_api(method, dict(content), timestamp=_written(clock.now()), **given)
    return written


def _is_theirs(signed: str, signature: str) -> bool:
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    padding = account.library("Cryptodome.Signature.PKCS1_v1_5")
    digest = account.library("Cryptodome.Hash.SHA256").new(signed.encode(errors="replace"))
    try:
        return bool(padding.new(_library().alipay_public_key).verify(digest, given))
    except ValueError:
        return False


def _verified(raw: bytes, name: str) -> dict[str, Any]:
    """The answer of this name in what came, signed by Alipay."""
    try:
        text = raw.decode()
        whole = json.loads(text)
        said, signature = whole[name], whole["sign"]
        proved = _is_theirs(_part(text, name), signature)
        code = said["code"]
    except (ValueError, LookupError, TypeError, RecursionError) as why:
        log.warning("Alipay's answer can't be read: %s", raw[:300])
        raise refusing.unreachable() from why
    if not proved or not isinstance(code, str) or not isinstance(said, dict):
        raise refusing.unreachable()
    return said


def _part(text: str, name: str) -> str:
    """The value of this name in a JSON object, letter by letter as it was written: that is what is signed."""
    decoder = json.JSONDecoder()
    at = text.index("{") + 1
    while True:
        at = _after_space(text, at)
        key, at = decoder.raw_decode(text, at)
        at = _after_space(text, text.index(":", at) + 1)
        _, end = decoder.raw_decode(text, at)
        if key == name:
            return text[at:end]
        at = text.index(",", end) + 1


def _after_space(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip())


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as why:
        raise refusing.not_readable() from why
    if len(dict(pairs)) != len(pairs):
        raise refusing.not_readable()
    return dict(pairs)


def _told(said: Mapping[str, Any], *, paid_at: str) -> Told:
    """Raises ValueError."""
    number, status = word(said, "out_trade_no"), word(said, "trade_status")
    return Told(
        key=f"{number}:{status}",
        kind=_TOLD.get(status, "unknown"),
        number=number,
        amount_fen=_fen(said.get("total_amount")),
        provider_number=word(said, "trade_no"),
        at=_moment(said[paid_at]) if said.get(paid_at) else None,
        words=kept(said, _KEPT),
    )


def _refund_told(said: Mapping[str, Any]) -> Told:
    """A notice that money went back. It tells how much went back altogether, so not how much this time."""
    number = word(said, "out_biz_no" if said.get("out_biz_no") else "out_trade_no")
    return Told(
        key=f"{number}:refunded",
        kind="refunded",
        number=number,
        provider_number=word(said, "trade_no"),
        at=_moment(said["gmt_refund"][:19]) if said.get("gmt_refund") else None,
        words=kept(said, _KEPT),
    )


def _yuan(fen: int) -> str:
    return str(Decimal(fen).scaleb(-2).quantize(Decimal("0.01")))


def _fen(yuan: Any) -> int:
    """Raises ValueError."""
    if not isinstance(yuan, str) or not re.fullmatch(r"\d{1,9}(\.\d{1,2})?", yuan, re.ASCII):
        raise ValueError("no amount in yuan")
    return int(Decimal(yuan).scaleb(2))


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _moment(written: Any) -> datetime:
    """Raises ValueError."""
    if not isinstance(written, str):
        raise ValueError("no time")
    return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _subject(title: str) -> str:
    """Alipay refuses / = & and control signs in it."""
    return re.sub(r"[/=&\x00-\x1f]", " ", title)[:128] or "-"
