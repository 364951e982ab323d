"""微信支付 v3: a code to scan (native), WeChat opened from a phone's browser (h5), and inside WeChat (jsapi). Requests
are made by the library. Whether an answer or a notice is WeChat's is judged here: the library takes any key it can
fetch, at any stranger's word, and signatures of any age. Source: pay.weixin.qq.com/doc/v3."""

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import ProviderUnreachable
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
from zhiyue.product.commerce.providers.telling import CHINA, answered, bill_is_made, kept, told_about, word
from zhiyue.product.commerce.providers.wechatpay_bill import lines_of, unpacked
from zhiyue.product.commerce.providers.wechatpay_payer import payer_can_be_asked
from zhiyue.product.commerce.providers.wechatpay_proof import (
    BELIEVED_FOR,
    decrypted,
    is_now_theirs,
    is_theirs,
    signed_at,
)

log = logging.getLogger(__name__)

# As the table of events calls it.
NAME = "wechat"
ENDPOINT = "https://api.mch.weixin.qq.com"
NEEDED = (
    "ZHIYUE_WECHATPAY_APP_ID",
    "ZHIYUE_WECHATPAY_MERCHANT_ID",
    "ZHIYUE_WECHATPAY_CERTIFICATE_SERIAL",
    "ZHIYUE_WECHATPAY_PRIVATE_KEY",
    "ZHIYUE_WECHATPAY_APIV3_KEY",
    "ZHIYUE_WECHATPAY_PUBLIC_KEY",
    "ZHIYUE_WECHATPAY_PUBLIC_KEY_ID",
)
_TOLD: Mapping[str, ToldKind] = {
    "NOTPAY": "waiting",
    "USERPAYING": "waiting",
    "ACCEPT": "waiting",
    "SUCCESS": "paid",
    "PAYERROR": "failed",
    "CLOSED": "closed",
    "REVOKED": "closed",
    # Money of it went back, nobody says how much: of a payment of which nothing was known before, none is counted.
    "REFUND": "closed",
}
_REFUNDS: Mapping[str, ToldKind] = {
    "SUCCESS": "refunded",
    "PROCESSING": "refunding",
    "CLOSED": "refund_failed",
    "ABNORMAL": "refund_failed",
}
# What is kept of a notice or an answer: nothing of who paid.
_KEPT = ("out_trade_no", "transaction_id", "trade_type", "trade_state", "success_time", "out_refund_no", "refund_id",
         "status", "refund_status", "create_time")  # fmt: skip
_NOT_THERE = ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS")
_ENDED = ("ORDER_CLOSED", "ORDERCLOSED", "ORDER_PAID", "ORDERPAID")


class WechatPay:
    name = NAME
    by_payer: Sequence[str] = ("jsapi",)

    @property
    def channels(self) -> Sequence[str]:
        """Inside WeChat only where it can be asked who pays there."""
        return ("jsapi", "native", "h5") if payer_can_be_asked() else ("native", "h5")

    def faults(self) -> list[str]:
        key = settings.ZHIYUE_WECHATPAY_APIV3_KEY
        return [
            *account.missing(NEEDED),
            *account.not_installed("wechatpayv3"),
            *account.unusable_key("ZHIYUE_WECHATPAY_PRIVATE_KEY", "private"),
            *account.unusable_key("ZHIYUE_WECHATPAY_PUBLIC_KEY", "public"),
            *(["ZHIYUE_WECHATPAY_APIV3_KEY must have 32 characters."] if key and len(key) != 32 else []),
        ]

    def begin(self, wanted: Wanted) -> Shown:
        types = account.library("wechatpayv3").WeChatPayType
        kind, more = types.NATIVE, {}
        if wanted.channel == "h5":
            address = wanted.address or "127.0.0.1"
            kind = types.H5
            more = {"scene_info": {"payer_client_ip": address, "h5_info": {"type": "Wap"}}}
        elif wanted.channel == "jsapi":
            kind, more = types.JSAPI, {"payer": {"openid": wanted.payer}}
        said = _asked(
            lambda library: library.pay(
                description=_cut(wanted.title, 127) or "-",
                out_trade_no=wanted.number,
                amount={"total": wanted.amount_fen, "currency": "CNY"},
                time_expire=wanted.expires_at.astimezone(CHINA).isoformat(timespec="seconds"),
                notify_url=wanted.notify_at,
                pay_type=kind,
                **more,
            )
        )
        if wanted.channel == "h5":
            return Shown("go", f"{answered(said, 'h5_url')}&redirect_url={quote(wanted.returns_to, safe='')}")
        if wanted.channel == "jsapi":
            return Shown("call", values=_for_script(answered(said, "prepay_id")))
        return Shown("scan", answered(said, "code_url"))

    def read(self, notice: Notice) -> Told:
        headers = {name.title(): value for name, value in notice.headers.items()}
        try:
            body = notice.body.decode()
            moment = signed_at(headers)
        except (ValueError, OverflowError, OSError) as why:
            raise refusing.not_readable() from why
        if not is_theirs(headers, body):
            raise refusing.not_signed()
        if abs(clock.now() - moment) > BELIEVED_FOR:
            raise refusing.not_now()
        try:
            whole = json.loads(body)
            said = json.loads(decrypted(whole["resource"]))
            event, merchant, app = whole["event_type"], said["mchid"], said.get("appid")
            is_refund = event.startswith("REFUND.")
            # Of a refund the application isn't told.
            ours = (settings.ZHIYUE_WECHATPAY_MERCHANT_ID, settings.ZHIYUE_WECHATPAY_APP_ID)
            if merchant != ours[0] or (app != ours[1] and not is_refund):
                raise refusing.not_ours()
            return _refund_told(said, said["refund_status"]) if is_refund else _told(said)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as why:
            raise refusing.not_readable() from why

    def answer(self, *, is_taken: bool) -> Answer:
        if is_taken:
            return Answer(204, "")
        return Answer(500, '{"code": "FAIL", "message": "again"}', "application/json")

    def ask(self, number: str) -> Told:
        said = _asked(lambda library: library.query(out_trade_no=number), but=_NOT_THERE)
        if "trade_state" not in said:
            return Told(key=f"{number}:unknown", kind="unknown", number=number)
        return told_about(number, lambda: _told(said))

    def close(self, number: str) -> None:
        """Where it was paid meanwhile nothing happens either: `ask` tells."""
        _asked(lambda library: library.close(out_trade_no=number), but=(*_NOT_THERE, *_ENDED))

    def give_back(self, wanted: GivenBack) -> Told:
        said = _asked(
            lambda library: library.refund(
                out_refund_no=wanted.refund_number,
                out_trade_no=wanted.number,
                amount={"refund": wanted.amount_fen, "total": wanted.whole_fen, "currency": "CNY"},
                reason=_cut(wanted.why, 80),
                notify_url=wanted.notify_at,
            )
        )
        return told_about(wanted.refund_number, lambda: _refund_told(said, said["status"]))

    def ask_refund(self, wanted: GivenBack) -> Told:
        number = wanted.refund_number
        said = _asked(lambda library: library.query_refund(out_refund_no=number), but=_NOT_THERE)
        if "out_refund_no" not in said:
            return Told(key=f"{number}:unknown", kind="unknown", number=number)
        return told_about(number, lambda: _refund_told(said, said["status"]))

    def bill(self, day: date) -> Iterable[BillLine]:
        """A day is one of China's."""
        said = _asked(
            lambda library: library.trade_bill(bill_date=day.isoformat(), tar_type="GZIP"),
            but=("NO_STATEMENT_EXIST", "STATEMENT_CREATING"),
        )
        if "download_url" not in said:
            # Days without any payment have no bill, and nor have those whose bill isn't made yet.
            if said.get("code") == "STATEMENT_CREATING" or not bill_is_made(day):
                raise refusing.no_bill_yet()
            return []
        # Of the address only what follows the host: a bill is fetched where everything else is asked.
        parts = urlsplit(answered(said, "download_url"))
        packed = _raw(lambda library: library.download_bill(f"{parts.path}?{parts.query}"))
        return lines_of(unpacked(packed, sha1=answered(said, "hash_value")))


def _library() -> Any:
    if account.missing(NEEDED):
        raise refusing.not_set_up()
    return _made(
        settings.ZHIYUE_WECHATPAY_APP_ID,
        settings.ZHIYUE_WECHATPAY_MERCHANT_ID,
        settings.ZHIYUE_WECHATPAY_CERTIFICATE_SERIAL,
        settings.ZHIYUE_WECHATPAY_PRIVATE_KEY,
        settings.ZHIYUE_WECHATPAY_APIV3_KEY,
        settings.ZHIYUE_WECHATPAY_PUBLIC_KEY,
        settings.ZHIYUE_WECHATPAY_PUBLIC_KEY_ID,
        settings.ZHIYUE_WECHATPAY_ENDPOINT or ENDPOINT,
    )


@lru_cache(maxsize=4)
def _made(
    app: str, merchant: str, serial: str, private: str, apiv3: str, public: str, key_id: str, endpoint: str
) -> Any:
    """The library with an academy's keys in it. Raises ProviderUnreachable where they can't be used."""
    library = account.library("wechatpayv3")
    try:
        made = library.WeChatPay(
            wechatpay_type=library.WeChatPayType.NATIVE,
            mchid=merchant,
            private_key=account.pem(private, "private"),
            cert_serial_no=serial,
            apiv3_key=apiv3,
            appid=app,
            public_key=account.pem(public, "public"),
            public_key_id=key_id,
            timeout=account.TIMEOUT_SECONDS,
        )
    except ValueError as why:
        raise refusing.not_set_up() from why
    # It offers no way to say either: where to ask, and by which key alone to believe.
    made._core._gate_way = endpoint
    made._core._verify_signature = is_now_theirs
    return made


def _raw(ask: Callable[[Any], tuple[int, Any]], *, but: Sequence[str] = ()) -> Any:
    """What the library gives back for a question; an error of WeChat's only where its code is one of `but`. Raises
    ProviderUnreachable."""
    library = _library()
    try:
        status, said = ask(library)
    except ProviderUnreachable:
        raise
    except Exception as why:  # their library raises one class per transport, and bare ones
        log.warning("WeChat Pay can't be asked: %s", str(why)[:300])
        raise refusing.unreachable() from why
    if status in (200, 202, 204):
        return said
    code = str(_as_object(said).get("code", ""))
    if code in but:
        return said
    log.warning("WeChat Pay refused with %s: %s", status, str(said)[:300])
    if code == "NOT_ENOUGH":
        raise refusing.not_enough()
    if status == 429 or status >= 500 or not code:
        raise refusing.unreachable()
    raise refusing.refused(code)


def _asked(ask: Callable[[Any], tuple[int, Any]], *, but: Sequence[str] = ()) -> dict[str, Any]:
    said = _raw(ask, but=but)
    return _as_object(said) if said else {}


def _as_object(said: Any) -> dict[str, Any]:
    """Raises ProviderUnreachable."""
    try:
        found = json.loads(said)
    except (ValueError, TypeError, RecursionError) as why:
        raise refusing.unreachable() from why
    if not isinstance(found, dict):
        raise refusing.unreachable()
    return found


def _told(said: Mapping[str, Any]) -> Told:
    """Raises ValueError, LookupError or TypeError."""
    number, state = word(said, "out_trade_no"), word(said, "trade_state")
    kind = _TOLD.get(state, "unknown")
    amount = _fen(said["amount"], "total") if kind == "paid" else None
    return Told(
        key=f"{number}:{state}",
        kind=kind,
        number=number,
        amount_fen=amount,
        provider_number=word(said, "transaction_id") if kind == "paid" else "",
        at=_moment(said.get("success_time")),
        words=kept(said, _KEPT) | ({"total": amount} if amount else {}),
    )


def _refund_told(said: Mapping[str, Any], status: Any) -> Told:
    """Raises ValueError, LookupError or TypeError."""
    number = word(said, "out_refund_no")
    kind = _REFUNDS.get(status, "unknown")
    return Told(
        key=f"{number}:{kind}",
        kind=kind,
        number=number,
        amount_fen=_fen(said["amount"], "refund"),
        provider_number=word(said, "refund_id"),
        at=_moment(said.get("success_time")),
        words=kept(said, _KEPT) | {"refund": said["amount"]["refund"]},
    )


def _fen(amount: Mapping[str, Any], name: str) -> int:
    fen = amount[name]
    # Notices of refunds name no currency; there is one.
    if type(fen) is not int or not 0 < fen < 2**31 or amount.get("currency", "CNY") != "CNY":
        raise ValueError("no amount in fen")
    return fen


def _moment(written: Any) -> datetime | None:
    if not written:
        return None
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError("a moment has a zone")
    return at


def _for_script(prepay_id: str) -> dict[str, str]:
    """What WeChat's script in the page takes."""
    app, at, nonce = (
        settings.ZHIYUE_WECHATPAY_APP_ID,
        str(int(clock.now().timestamp())),
        secrets.token_hex(16),
    )
    package = f"prepay_id={prepay_id}"
    signature = _library().sign([app, at, nonce, package])
    return {
        "appId": app,
        "timeStamp": at,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signature,
    }


def _cut(text: str, octets: int) -> str:
    return text.encode()[:octets].decode(errors="ignore")
