"""Alipay's gateway as opendocs.alipay.com describes it: signed requests in, signed answers and notices out."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

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
from zhiyue.product.commerce.providers.protocol import Notice

APP_ID, SELLER_ID = "2021000000000001", "2088000000000001"
OWN, ACADEMYS = "alipay", "academy at alipay"
PAID_AT = "2026-11-20 10:00:05"
COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def content_to_sign(params: Mapping[str, str], *, without: tuple[str, ...]) -> str:
    """All but the signature (and in notices its kind), by name, as name=value with & between."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name not in without)


@dataclass
class Trade:
    number: str
    trade_no: str
    amount: str
    content: dict[str, Any]
    notify_url: str
    status: str = "WAIT_BUYER_PAY"
    refunds: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeAlipay:
    server: Server = field(default_factory=Server)
    trades: dict[str, Trade] = field(default_factory=dict)
    codes: dict[str, Trade] = field(default_factory=dict)
    bills: dict[str, bytes] = field(default_factory=dict)
    refusal: tuple[str, str] | None = None
    says_refunds_late: bool = False
    changed: dict[str, str] = field(default_factory=dict)

    # What people do there.

    def open(self, address: str) -> Trade:
        """A browser comes with the address of a page: the trade is there from then on."""
        _, _, query = address.partition("?")
        params = self.proved(query)
        assert params["method"] in ("alipay.trade.page.pay", "alipay.trade.wap.pay")
        return self._traded(params)

    def scan(self, code: str) -> Trade:
        trade = self.codes[code]
        return self.trades.setdefault(trade.number, trade)

    def pay(self, number: str) -> Notice:
        self.trades[number].status = "TRADE_SUCCESS"
        return self.notice(number)

    def notice(self, number: str, **changed: str) -> Notice:
        trade = self.trades[number]
        said = {
            "notify_time": "2026-11-20 10:00:06",
            "notify_type": "trade_status_sync",
            "notify_id": f"20261120000{trade.trade_no[-6:]}",
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "charset": "utf-8",
            "version": "1.0",
            "trade_no": trade.trade_no,
            "out_trade_no": number,
            "seller_id": SELLER_ID,
            "buyer_id": "2088000000000777",
            "buyer_logon_id": "abc***@example.com",
            "subject": trade.content["subject"],
            "trade_status": trade.status,
            "total_amount": trade.amount,
            "receipt_amount": trade.amount,
            "gmt_payment": PAID_AT,
        }
        return self.told({name: value for name, value in (said | changed).items() if value})

    def told(self, said: dict[str, str]) -> Notice:
        content = content_to_sign(said, without=("sign", "sign_type"))
        body = urlencode(said | {"sign": signed(key_of(OWN), content), "sign_type": "RSA2"}).encode()
        return Notice(headers={"Content-Type": "application/x-www-form-urlencoded"}, query={}, body=body)

    # What the gateway answers.

    def answer(self, asked: Asked) -> Said:
        if asked.path == "/bill.zip":
            return Said(body=self.bills[asked.query])
        params = self.proved(asked.query)
        method = params["method"]
        name = method.replace(".", "_") + "_response"
        content = json.loads(params["biz_content"])
        said = self.refused(*self.refusal) if self.refusal else self._doing[method](self, params, content)
        # Escaped slashes and spaces, as theirs come: what is signed are the letters as they stand.
        text = json.dumps(said | self.changed, ensure_ascii=False).replace("/", "\\/")
        return Said(body=f'{{"{name}":{text},"sign":"{signed(key_of(OWN), text)}"}}'.encode())

    def proved(self, query: str) -> dict[str, str]:
        params = dict(parse_qsl(query, strict_parsing=True))
        assert (params["app_id"], params["sign_type"], params["charset"]) == (APP_ID, "RSA2", "utf-8")
        content = content_to_sign(params, without=("sign",))
        assert is_signed(key_of(ACADEMYS).public_key(), content, params["sign"])
        return params

    @staticmethod
    def refused(code: str, sub_code: str) -> dict[str, Any]:
        return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "不行 {1}"}

    @staticmethod
    def good(**said: Any) -> dict[str, Any]:
        return {"code": "10000", "msg": "Success", **said}

    def _traded(self, params: Mapping[str, str]) -> Trade:
        content = json.loads(params["biz_content"])
        number = content["out_trade_no"]
        new = Trade(
            number,
            f"20261120220014{len(self.trades):06d}",
            content["total_amount"],
            content,
            params["notify_url"],
        )
        return self.trades.setdefault(number, new)

    def _precreate(self, params: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
        number = content["out_trade_no"]
        code = f"https://qr.alipay.com/{number}"
        new = Trade(number, f"2026112022001{len(self.codes):07d}", content["total_amount"], dict(content), "")
        self.codes.setdefault(code, new).notify_url = params["notify_url"]
        return self.good(out_trade_no=number, qr_code=code)

    def _query(self, _: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return self.refused("40004", "ACQ.TRADE_NOT_EXIST")
        paid = {} if trade.status == "WAIT_BUYER_PAY" else {"send_pay_date": PAID_AT}
        return self.good(
            trade_no=trade.trade_no,
            out_trade_no=trade.number,
            trade_status=trade.status,
            total_amount=trade.amount,
            buyer_user_id="2088000000000777",
            buyer_logon_id="abc***@example.com",
            **paid,
        )

    def _close(self, _: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return self.refused("40004", "ACQ.TRADE_NOT_EXIST")
        if trade.status != "WAIT_BUYER_PAY":
            return self.refused("40004", "ACQ.TRADE_STATUS_ERROR")
        trade.status = "TRADE_CLOSED"
        return self.good(trade_no=trade.trade_no, out_trade_no=trade.number)

    def _refund(self, _: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None or trade.status != "TRADE_SUCCESS":
            return self.refused("40004", "ACQ.TRADE_NOT_EXIST" if trade is None else "ACQ.TRADE_STATUS_ERROR")
        before = content["out_request_no"] in trade.refunds
        trade.refunds.setdefault(content["out_request_no"], content["refund_amount"])
        moved = "N" if before or self.says_refunds_late else "Y"
        return self.good(
            trade_no=trade.trade_no, out_trade_no=trade.number, fund_change=moved, refund_fee="1.00"
        )

    def _refund_query(self, _: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return self.refused("40004", "ACQ.TRADE_NOT_EXIST")
        amount = trade.refunds.get(content["out_request_no"])
        if amount is None:
            return self.good()
        return self.good(
            trade_no=trade.trade_no,
            out_trade_no=trade.number,
            out_request_no=content["out_request_no"],
            refund_amount=amount,
            total_amount=trade.amount,
            refund_status="REFUND_SUCCESS",
            gmt_refund_pay="2026-11-21 09:00:00",
        )

    def _bill(self, _: Mapping[str, str], content: Mapping[str, Any]) -> dict[str, Any]:
        assert content["bill_type"] == "trade"
        if content["bill_date"] not in self.bills:
            return self.refused("40004", "isp.bill_not_exist")
        return self.good(bill_download_url=f"{self.server.address}/bill.zip?{content['bill_date']}")

    _doing = {  # noqa: RUF012 - what there is to ask, the same for all
        "alipay.trade.precreate": _precreate,
        "alipay.trade.query": _query,
        "alipay.trade.close": _close,
        "alipay.trade.refund": _refund,
        "alipay.trade.fastpay.refund.query": _refund_query,
        "alipay.data.dataservice.bill.downloadurl.query": _bill,
    }


def bill_of(rows: list[str]) -> bytes:
    """A day's bill: two tables in GB18030, whose names are in GB18030 as well."""
    lines = "-" * 41
    listed = "\r\n".join(
        [
            "#支付宝业务明细查询",
            f"#账号：[{SELLER_ID}0156]",
            "#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]",
            f"#{lines}业务明细列表{lines}",
            COLUMNS,
            *rows,
            f"#{lines}业务明细列表结束{lines}",
            f"#交易合计：{len(rows)}笔，商家实收共0.00元，商家优惠共0.00元",
            "",
        ]
    )
    summed = "\r\n".join(["#支付宝业务汇总查询", "门店编号,门店名称,交易订单总笔数", "合计\t,\t,2\t", ""])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for name, table in (("业务明细", listed), ("业务明细(汇总)", summed)):
            files.writestr(f"{SELLER_ID}_20261120_{name}.csv", table.encode("gb18030"))
    return packed.getvalue()


def bill_row(trade_no: str, number: str, kind: str, amount: str, fee: str, refund: str = "") -> str:
    return (
        f"{trade_no}\t,{number}\t,{kind}\t,统计直觉,2026-11-20 10:00:00,2026-11-20 10:00:05,\t,\t,\t,\t,"
        f"*林(138****0000)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund}\t,{fee},0.00,"
    )


@contextmanager
def fake_alipay(settings: Any) -> Iterator[FakeAlipay]:
    """The academy's settings lead to it, with keys that were exchanged."""
    fake = FakeAlipay()
    with serving(fake.answer) as server:
        fake.server = server
        settings.ZHIYUE_PAYMENT_PROVIDERS = ["alipay"]
        settings.ZHIYUE_ALIPAY_ENDPOINT = f"{server.address}/gateway.do"
        settings.ZHIYUE_ALIPAY_APP_ID, settings.ZHIYUE_ALIPAY_SELLER_ID = APP_ID, SELLER_ID
        settings.ZHIYUE_ALIPAY_PRIVATE_KEY = private_pem(key_of(ACADEMYS))
        settings.ZHIYUE_ALIPAY_PUBLIC_KEY = public_pem(key_of(OWN))
        yield fake
