"""WeChat Pay as pay.weixin.qq.com/doc/v3 describes it: signed requests in, signed answers and sealed notices out."""

import base64
import gzip
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.product.commerce.fakes.serving import (
    Asked,
    Said,
    Server,
    is_signed,
    key_of,
    private_pem,
    public_pem,
    serving,
    signed,
)
from zhiyue.core.kit import clock
from zhiyue.product.commerce.providers.protocol import Notice

APP_ID, MERCHANT = "wx0000000000000001", "1900000001"
SERIAL, KEY_ID, APIV3_KEY = "5157F09EFDC096DE15EBE81A47057A72", "PUB_KEY_ID_0119000000012026", "k" * 32
OWN, ACADEMYS = "wechat", "academy at wechat"
PAID_AT = "2026-11-20T10:00:05+08:00"
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(.*?)",nonce_str="(.*?)",signature="(.*?)",timestamp="(\d+)",serial_no="(.*?)"'
)
_ORDER = re.compile(r"/v3/pay/transactions/out-trade-no/(\w+)(/close)?")


def sealed(key: str, nonce: str, beside: str, text: str) -> str:
    """AEAD_AES_256_GCM, as resources of notices are sealed."""
    return base64.b64encode(
        AESGCM(key.encode()).encrypt(nonce.encode(), text.encode(), beside.encode())
    ).decode()


@dataclass
class Trade:
    content: dict[str, Any]
    kind: str
    transaction_id: str
    state: str = "NOTPAY"
    refunds: dict[str, int] = field(default_factory=dict)


@dataclass
class FakeWechatPay:
    server: Server = field(default_factory=Server)
    trades: dict[str, Trade] = field(default_factory=dict)
    bills: dict[str, bytes] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None
    refund_status: str = "SUCCESS"
    changed: dict[str, Any] = field(default_factory=dict)
    signed_before_seconds: int = 0
    serial: str = KEY_ID
    bill_sum: str = ""
    # Whom the academy's account knows; None: whoever comes.
    openids: set[str] | None = None

    # What people do there.

    def pay(self, number: str) -> Notice:
        self.trades[number].state = "SUCCESS"
        return self.notice(number)

    def notice(self, number: str, **changed: Any) -> Notice:
        return self.told("TRANSACTION.SUCCESS", "transaction", self.shown(number) | changed)

    def refund_notice(self, number: str, refund: str, status: str = "SUCCESS", **changed: Any) -> Notice:
        said = {
            "mchid": MERCHANT,
            "out_trade_no": number,
            "transaction_id": self.trades[number].transaction_id,
            "out_refund_no": refund,
            "refund_id": f"503{refund}",
            "refund_status": status,
            "success_time": PAID_AT,
            "user_received_account": "招商银行信用卡0403",
            "amount": {"total": 19_990, "refund": self.trades[number].refunds[refund], "payer_total": 19_990},
        }
        return self.told(f"REFUND.{status}", "refund", said | changed)

    def told(self, event: str, kind: str, resource: dict[str, Any], *, key: str = APIV3_KEY) -> Notice:
        nonce = secrets.token_hex(6)
        whole = {
            "id": "EV-2026112010000512345678",
            "create_time": PAID_AT,
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "支付成功",
            "resource": {
                "original_type": kind,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": sealed(key, nonce, kind, json.dumps(resource)),
                "associated_data": kind,
                "nonce": nonce,
            },
        }
        return self.sent(json.dumps(whole, ensure_ascii=False))

    def sent(self, text: str) -> Notice:
        return Notice(headers=self.signature(text), query={}, body=text.encode())

    def shown(self, number: str) -> dict[str, Any]:
        trade = self.trades[number]
        said = {
            "appid": APP_ID,
            "mchid": MERCHANT,
            "out_trade_no": number,
            "trade_state": trade.state,
            "trade_type": trade.kind.upper(),
        }
        if trade.state == "SUCCESS":
            said |= {
                "transaction_id": trade.transaction_id,
                "success_time": PAID_AT,
                "bank_type": "CMC",
                "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
                "amount": {**trade.content["amount"], "payer_total": 1, "payer_currency": "CNY"},
            }
        return said

    # What the server answers.

    def answer(self, asked: Asked) -> Said:
        body = asked.body.decode()
        self.prove(asked, body)
        if asked.path == "/v3/billdownload/file":
            return Said(body=self.bills[parse_qs(asked.query)["token"][0]])
        if self.refusal:
            status, code = self.refusal
            return self.said(status, {"code": code, "message": "不行"})
        return self.said(*self.handled(asked, json.loads(body) if body else {}))

    def prove(self, asked: Asked, body: str) -> None:
        merchant, nonce, signature, at, serial = _AUTHORIZATION.fullmatch(
            asked.headers["Authorization"]
        ).groups()
        assert (merchant, serial) == (MERCHANT, SERIAL)
        assert abs(clock.now().timestamp() - int(at)) < 60
        whole = f"{asked.path}?{asked.query}" if asked.query else asked.path
        text = f"{asked.method}\n{whole}\n{at}\n{nonce}\n{body}\n"
        assert is_signed(key_of(ACADEMYS).public_key(), text, signature)

    def handled(self, asked: Asked, content: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if order := _ORDER.fullmatch(asked.path):
            assert self.merchant_of(asked, content) == MERCHANT
            return self.of_order(order[1], is_close=bool(order[2]))
        if asked.path.startswith("/v3/pay/transactions/"):
            return self.begun(asked.path.rpartition("/")[2], content)
        if asked.path.startswith("/v3/refund/domestic/refunds"):
            number = asked.path.removeprefix("/v3/refund/domestic/refunds").strip("/")
            return self.refund_shown(number) if number else self.refunded(content)
        assert asked.path == "/v3/bill/tradebill"
        return self.bill(parse_qs(asked.query)["bill_date"][0])

    def of_order(self, number: str, *, is_close: bool) -> tuple[int, dict[str, Any] | None]:
        trade = self.trades.get(number)
        if trade is None:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        if not is_close:
            return 200, self.shown(number) | self.changed
        if trade.state != "NOTPAY":
            return 400, {
                "code": "ORDER_CLOSED" if trade.state == "CLOSED" else "ORDER_PAID",
                "message": "不行",
            }
        trade.state = "CLOSED"
        return 204, None

    def begun(self, kind: str, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert (content["appid"], content["mchid"]) == (APP_ID, MERCHANT)
        number = content["out_trade_no"]
        if self.openids is not None and kind == "jsapi" and content["payer"]["openid"] not in self.openids:
            return 400, {"code": "PARAM_ERROR", "message": "无效的openid"}
        before = self.trades.setdefault(number, Trade(content, kind, f"42000000{len(self.trades):020d}"))
        if before.content != content:
            return 400, {"code": "OUT_TRADE_NO_USED", "message": "商户订单号重复"}
        return 200, {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={number}"},
            "h5": {"h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{number}"},
            "jsapi": {"prepay_id": f"wx{number}"},
        }[kind]

    def refunded(self, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None or trade.state != "SUCCESS":
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "订单号不存在"}
        assert content["amount"]["total"] == trade.content["amount"]["total"]
        trade.refunds.setdefault(content["out_refund_no"], content["amount"]["refund"])
        return self.refund_shown(content["out_refund_no"])

    def refund_shown(self, number: str) -> tuple[int, dict[str, Any]]:
        for trade in self.trades.values():
            if number in trade.refunds:
                amount = {"refund": trade.refunds[number], "total": trade.content["amount"]["total"]}
                return 200, {
                    "refund_id": f"503{number}",
                    "out_refund_no": number,
                    "out_trade_no": trade.content["out_trade_no"],
                    "status": self.refund_status,
                    "user_received_account": "招商银行信用卡0403",
                    "create_time": PAID_AT,
                    "amount": {**amount, "currency": "CNY"},
                } | self.changed
        return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}

    def bill(self, day: str) -> tuple[int, dict[str, Any]]:
        if day not in self.bills:
            return 400, {"code": "NO_STATEMENT_EXIST", "message": "账单不存在"}
        summed = (
            self.bill_sum or hashlib.sha1(gzip.decompress(self.bills[day]), usedforsecurity=False).hexdigest()
        )
        address = f"https://api.mch.weixin.qq.com/v3/billdownload/file?token={day}"
        return 200, {"hash_type": "SHA1", "hash_value": summed, "download_url": address}

    def said(self, status: int, content: dict[str, Any] | None) -> Said:
        text = "" if content is None else json.dumps(content, ensure_ascii=False)
        headers = self.signature(text) | {"Content-Type": "application/json; charset=utf-8"}
        return Said(status, text.encode(), headers)

    def signature(self, text: str) -> dict[str, str]:
        at = str(int(clock.now().timestamp()) - self.signed_before_seconds)
        nonce = secrets.token_hex(16)
        return {
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Timestamp": at,
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature": signed(key_of(OWN), f"{at}\n{nonce}\n{text}\n"),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    @staticmethod
    def merchant_of(asked: Asked, content: dict[str, Any]) -> str:
        return str(content["mchid"] if asked.method == "POST" else parse_qs(asked.query)["mchid"][0])


def bill_of(rows: list[str]) -> bytes:
    sums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
    table = "\r\n".join([HEAD, *rows, sums, "`2,`199.91,`100.00,`0.00,`0.60000,`199.91,`100.00", ""])
    return gzip.compress(("\ufeff" + table).encode())


def bill_row(
    transaction: str,
    number: str,
    state: str,
    amount: str,
    fee: str,
    refund: str = "0",
    back: str = "0.00",
    refund_state: str = "SUCCESS",
) -> str:
    kind = f"ORIGINAL|{refund_state}" if state == "REFUND" else "|"
    cells = f"2026-11-20 10:00:05|{APP_ID}|{MERCHANT}|0||{transaction}|{number}|oUpF8u|NATIVE|{state}|CMC|CNY"
    cells += f"|{amount}|0.00|{refund}|{refund}|{back}|0.00|{kind}|统计,直觉||{fee}|0.60%|{amount}|{back}|"
    return ",".join("`" + cell for cell in cells.split("|"))


@contextmanager
def fake_wechatpay(settings: Any) -> Iterator[FakeWechatPay]:
    """The academy's settings lead to it, with keys that were exchanged."""
    fake = FakeWechatPay()
    with serving(fake.answer) as server:
        fake.server = server
        settings.ZHIYUE_PAYMENT_PROVIDERS = ["wechat"]
        settings.ZHIYUE_WECHATPAY_ENDPOINT = server.address
        settings.ZHIYUE_WECHATPAY_APP_ID, settings.ZHIYUE_WECHATPAY_MERCHANT_ID = APP_ID, MERCHANT
        settings.ZHIYUE_WECHATPAY_CERTIFICATE_SERIAL = SERIAL
        settings.ZHIYUE_WECHATPAY_PRIVATE_KEY = private_pem(key_of(ACADEMYS))
        settings.ZHIYUE_WECHATPAY_APIV3_KEY = APIV3_KEY
        settings.ZHIYUE_WECHATPAY_PUBLIC_KEY = public_pem(key_of(OWN))
        settings.ZHIYUE_WECHATPAY_PUBLIC_KEY_ID = KEY_ID
        yield fake
