"""Alipay's twin, held against the documented protocol: what it asks, and what of what it is told it believes."""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from tests.factories import make_course
from tests.product.commerce.fakes.alipay import (
    APP_ID,
    OWN,
    SELLER_ID,
    bill_of,
    bill_row,
    content_to_sign,
    fake_alipay,
)
from tests.product.commerce.fakes.serving import GARBAGE, Said, is_signed, key_of
from tests.product.commerce.trying import NOTIFY_AT, RETURNS_TO, begun, books, given_back, ordered
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NotProved, ProviderUnreachable
from zhiyue.product.commerce.models import OrderStep, Posting, ProviderNotice, Refund
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import account, alipay, wire
from zhiyue.product.commerce.providers.alipay import Alipay
from zhiyue.product.commerce.providers.protocol import BillLine, Notice
from zhiyue.product.commerce.pursuing import ask_after

pytestmark = pytest.mark.django_db

# A busy machine draws slowly, and what reads notices keeps nothing between them.
LENIENT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

# A notice that Alipay signed, and the key to it, as the tests of its own library publish them
# (github.com/alipay/alipay-sdk-nodejs-all, test/alipay.test.ts).
THEIR_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqObrdC7hrgAVM98tK0nv3hSQRGGKT4lBsQjHiGjeYZjOPIPHR5knm2jnnz/YGIXI"
    "ofVHkA/tAlBAd5DrY7YpvI4tP5EONLtZKC2ghBMx7McI2wRD0xiqzxOQr1FuhZGJ8/AUokBzJrzY+aGX2xcOrxFYRlFilvVLTXg4LWjR1tdP"
    "kO6+i7wQZAIVMClPkwVRZEbaERRHlKqTzv2gGv5rDU8gRoe1LeaN+6BlbTqHWkQcNCUNrA8C6l17XAXGKDsm/9TFWwO8EPHHHCaQdjtV5/Fd"
    "cWIt+L8SR1ss7EXTjYDFtxcKVv9rEoY1lX8T4mX+GbXfZHraG5NCF1+XioL5JwIDAQAB"
)
THEIR_NOTICE = {
    "gmt_create": "2019-08-15 15:56:22",
    "charset": "utf-8",
    "seller_email": "z97-yuquerevenue@service.aliyun.com",
    "subject": "语雀空间 500人规模",
    "sign": "QfTb8tqE1BMhS5qAnXtvsF3/jBkEvu9q9en0pdbBUDDjvKycZhQb7h8GDs4FKfi049PynaNuatxSgLb/nLWZpXyyh0LEWdK2S6Ri7nPw"
    "rVgOs08zugLO20vOQz44y3ti2Ncm8/wZts1Fr2gZ7pShnVX3d1B50hbsXnObT1r/U8ONNQjWXd0HIul4TG+Q3fm3svmSvFEy0WnzuhcyHPX5"
    "Gm4ELNctL6Qd5YniGJFNcc7kopHYtI/XD9YCKCH6Ct02rzUs9i11C9CsadtZn+WhxF26Dqt9sGEFajkJ8cxUTLi8+VCpLHsgPE8P0y095uQc"
    "DdK0YjCh4x7wVSov+lrmOQ==",
    "buyer_id": "2088102534368455",
    "invoice_amount": "0.10",
    "notify_id": "2019081500222155624068450559358070",
    "fund_bill_list": '[{"amount":"0.10","fundChannel":"ALIPAYACCOUNT"}]',
    "notify_type": "trade_status_sync",
    "trade_status": "TRADE_SUCCESS",
    "receipt_amount": "0.10",
    "buyer_pay_amount": "0.10",
    "sign_type": "RSA2",
    "app_id": "2019073166072302",
    "seller_id": "2088531891668739",
    "gmt_payment": "2019-08-15 15:56:24",
    "notify_time": "2019-08-15 15:56:25",
    "version": "1.0",
    "out_trade_no": "20190815155618536-564-57",
    "total_amount": "0.10",
    "trade_no": "2019081522001468450512505578",
    "auth_app_id": "2019073166072302",
    "buyer_logon_id": "xud***@126.com",
    "point_amount": "0.00",
}


@pytest.fixture
def gateway(settings):
    with fake_alipay(settings) as fake:
        yield fake


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_990)


def form(said):
    return Notice(headers={}, query={}, body=urlencode(said).encode())


def test_the_pretended_gateway_signs_as_alipay_does():
    key = serialization.load_der_public_key(base64.b64decode(THEIR_KEY))
    content = content_to_sign(THEIR_NOTICE, without=("sign", "sign_type"))

    assert is_signed(key, content, THEIR_NOTICE["sign"])
    assert not is_signed(key, content + " ", THEIR_NOTICE["sign"])


def test_a_notice_that_alipay_published_is_believed(gateway, settings):
    settings.ZHIYUE_ALIPAY_PUBLIC_KEY = THEIR_KEY
    settings.ZHIYUE_ALIPAY_APP_ID, settings.ZHIYUE_ALIPAY_SELLER_ID = "2019073166072302", "2088531891668739"

    told = Alipay().read(form(THEIR_NOTICE))

    assert (told.kind, told.number, told.amount_fen) == ("paid", "20190815155618536-564-57", 10)
    assert told.at == datetime(2019, 8, 15, 7, 56, 24, tzinfo=UTC)
    with pytest.raises(NotProved):
        Alipay().read(form(THEIR_NOTICE | {"total_amount": "0.01"}))


@pytest.mark.parametrize(
    ("channel", "product"), [("page", "FAST_INSTANT_TRADE_PAY"), ("wap", "QUICK_WAP_WAY")]
)
def test_a_page_to_pay_on_is_a_signed_address(gateway, learner, course, channel, product):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", channel)

    assert payment.shown["way"] == "go"
    trade = gateway.open(payment.shown["value"])
    assert (trade.number, trade.amount) == (payment.number, "199.90")
    assert trade.content["product_code"] == product
    assert trade.content.get("quit_url") == (RETURNS_TO if channel == "wap" else None)
    until = datetime.strptime(trade.content["time_expire"] + "+0800", "%Y-%m-%d %H:%M:%S%z")
    assert until == order.expires_at.replace(microsecond=0)
    asked = parse_qs(payment.shown["value"].partition("?")[2])
    assert asked["notify_url"] == [f"{NOTIFY_AT}alipay/"]
    assert asked["return_url"] == [RETURNS_TO]
    signed_at = datetime.strptime(asked["timestamp"][0] + "+0800", "%Y-%m-%d %H:%M:%S%z")
    assert timedelta(0) <= clock.now() - signed_at < timedelta(minutes=1)
    assert gateway.server.asked == []


def test_a_code_to_scan_is_asked_for_and_asked_again_the_same(gateway, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", "qr")

    assert (payment.shown["way"], payment.shown["value"]) == (
        "scan",
        f"https://qr.alipay.com/{payment.number}",
    )
    assert begun(learner, order, "alipay", "qr").number == payment.number
    assert gateway.scan(payment.shown["value"]).amount == "199.90"


def test_paid_is_told_before_the_buyer_comes_back_and_once(gateway, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", "page")
    gateway.open(payment.shown["value"])
    notice = gateway.pay(payment.number)

    for _ in range(2):
        answer = receive("alipay", notice)
        assert (answer.status, answer.body) == (200, "success")
    receive("alipay", gateway.notice(payment.number, notify_time="2026-11-20 10:04:06"))

    order.refresh_from_db()
    payment.refresh_from_db()
    assert order.status == "paid"
    assert payment.provider_number == gateway.trades[payment.number].trade_no
    assert books() == {"receivable:alipay": 19_990, "revenue": -19_990}
    kept = ProviderNotice.objects.get().told
    assert kept["total_amount"] == "199.90"
    assert "buyer" not in str(kept) and "abc***" not in str(kept) and "2088000000000777" not in str(kept)


@pytest.mark.parametrize(
    "changed",
    [
        {"app_id": "2021000000000002"},
        {"seller_id": "2088000000000002"},
        {"seller_id": ""},
        {"total_amount": "199.9O"},
        {"total_amount": "-1.00"},
        {"total_amount": "1e3"},
        {"total_amount": ""},
        {"gmt_payment": "yesterday"},
        {"out_trade_no": "P" * 65},
        {"out_trade_no": ""},
        {"trade_no": ""},
        {"trade_status": ""},
    ],
)
def test_a_signed_notice_for_somebody_else_or_of_nothing_isnt_believed(gateway, learner, course, changed):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", "page")
    gateway.open(payment.shown["value"])
    gateway.pay(payment.number)

    with pytest.raises(NotProved):
        receive("alipay", gateway.notice(payment.number, **changed))
    assert not ProviderNotice.objects.exists()


def test_a_changed_or_unsigned_notice_opens_nothing(gateway, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", "page")
    gateway.open(payment.shown["value"])
    notice = gateway.pay(payment.number)

    for body in (
        notice.body.replace(b"199.90", b"0.01"),
        notice.body.replace(b"sign_type=RSA2", b"sign_type=RSA"),
        notice.body.replace(b"&sign_type=RSA2", b""),
        notice.body + b"&total_amount=0.01",
        notice.body.replace(b"sign=", b"sign=A"),
        notice.body[:-30],
        b"",
    ):
        with pytest.raises(NotProved):
            receive("alipay", replace(notice, body=body))
    order.refresh_from_db()
    assert order.status == "created"
    assert not Posting.objects.exists()


def test_a_wrong_amount_an_unknown_status_and_another_order_pay_nothing(gateway, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", "page")
    gateway.open(payment.shown["value"])
    gateway.pay(payment.number)

    receive("alipay", gateway.notice(payment.number, trade_status="TRADE_PENDING"))
    receive("alipay", gateway.notice(payment.number, out_trade_no="P261120XXXXXXXXXX"))
    receive("alipay", gateway.notice(payment.number, total_amount="0.01"))

    order.refresh_from_db()
    assert order.status == "created"
    outcomes = ProviderNotice.objects.order_by("pk").values_list("kind", "outcome")
    assert list(outcomes) == [
        ("unknown", "nothing_to_do"),
        ("paid", "no_such_payment"),
        ("paid", "wrong_amount"),
    ]
    steps = OrderStep.objects.filter(order=order).order_by("pk").values_list("why", flat=True)
    assert list(steps) == ["placed", "wrong_amount", "paid_too_much"]
    # What came is owed back, and is the order's no more than before.
    accounts = dict(Posting.objects.values_list("account", "amount_fen"))
    assert accounts == {"receivable:alipay": 1, f"owed:{order.number}": -1}
    owed = Refund.objects.get(order=order)
    assert (owed.cause, owed.status, owed.amount_fen) == ("owed", "approved", 1)
    assert not order.paid_at


def test_money_that_went_back_is_no_payment(gateway, learner, course):
    payment = begun(learner, ordered(learner, course), "alipay", "page")
    gateway.open(payment.shown["value"])
    gateway.pay(payment.number)
    went_back = {"refund_fee": "10.00", "gmt_refund": "2026-11-21 09:00:00.123", "out_biz_no": "R7"}

    partly = Alipay().read(gateway.notice(payment.number, **went_back))
    wholly = Alipay().read(gateway.notice(payment.number, trade_status="TRADE_CLOSED", **went_back))

    assert (partly.kind, partly.number, partly.amount_fen) == ("refunded", "R7", None)
    assert partly.at == datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    assert wholly.key == partly.key


def test_a_notice_that_never_comes_is_asked_for(gateway, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "alipay", "qr")
    soon = clock.now() + timedelta(seconds=30)

    assert ask_after(now=soon) == 0
    gateway.scan(payment.shown["value"])
    assert Alipay().ask(payment.number).kind == "waiting"
    notice = gateway.pay(payment.number)
    assert ask_after(now=soon + timedelta(minutes=3)) == 1

    order.refresh_from_db()
    assert order.status == "paid"
    assert receive("alipay", notice).body == "success"
    assert ProviderNotice.objects.count() == 1


def test_closing_takes_no_money_any_more_and_twice_is_nothing(gateway, learner, course):
    payment = begun(learner, ordered(learner, course), "alipay", "page")

    Alipay().close(payment.number)
    gateway.open(payment.shown["value"])
    Alipay().close(payment.number)
    Alipay().close(payment.number)
    assert Alipay().ask(payment.number).kind == "closed"
    gateway.trades[payment.number].status = "TRADE_SUCCESS"
    Alipay().close(payment.number)
    assert Alipay().ask(payment.number).kind == "paid"


@pytest.mark.parametrize("is_late", [False, True])
def test_a_refund_asked_for_again_gives_back_once(gateway, learner, course, is_late):
    payment = begun(learner, ordered(learner, course), "alipay", "page")
    gateway.open(payment.shown["value"])
    gateway.pay(payment.number)
    gateway.says_refunds_late = is_late
    wanted = given_back(payment, 9_995)

    assert Alipay().ask_refund(wanted).kind == "unknown"
    told = [Alipay().give_back(wanted) for _ in range(2)]

    assert {(one.kind, one.number, one.amount_fen) for one in told} == {("refunded", "R1", 9_995)}
    assert gateway.trades[payment.number].refunds == {"R1": "99.95"}
    assert Alipay().ask_refund(wanted).at == datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def test_what_alipay_refuses_is_told_in_words(gateway, learner, course):
    payment = begun(learner, ordered(learner, course), "alipay", "page")

    with pytest.raises(ProviderUnreachable, match="TRADE_NOT_EXIST"):
        Alipay().give_back(given_back(payment, 100))
    gateway.refusal = ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    with pytest.raises(ProviderUnreachable, match="补足"):
        Alipay().give_back(given_back(payment, 100))
    gateway.refusal = ("40002", "isv.invalid-signature")
    with pytest.raises(ProviderUnreachable, match=r"isv\.invalid-signature"):
        Alipay().ask(payment.number)


NONSENSE = [Said(500, b"oops"), Said(302, b"", {"Location": "/"}), *(Said(body=one) for one in GARBAGE)]


@pytest.mark.parametrize("answer", NONSENSE)
def test_a_gateway_that_talks_nonsense_is_unreachable(gateway, learner, course, answer):
    payment = begun(learner, ordered(learner, course), "alipay", "page")
    gateway.server.fault = answer

    for ask in (
        lambda: Alipay().ask(payment.number),
        lambda: Alipay().close(payment.number),
        lambda: Alipay().give_back(given_back(payment, 100)),
        lambda: Alipay().ask_refund(given_back(payment, 100)),
        lambda: Alipay().bill(date(2026, 11, 20)),
        lambda: begun(learner, payment.order, "alipay", "qr"),
    ):
        with pytest.raises(ProviderUnreachable):
            ask()
    assert ask_after(now=clock.now() + timedelta(minutes=1)) == 0


@pytest.mark.parametrize("fault", ["slow", "broken"])
def test_a_gateway_that_doesnt_end_is_waited_for_no_longer_than_said(gateway, monkeypatch, fault):
    monkeypatch.setattr(wire, "TIMEOUT_SECONDS", 0.2)
    gateway.server.fault = fault
    start = clock.now()

    with pytest.raises(ProviderUnreachable):
        Alipay().ask("P1")
    assert clock.now() - start < timedelta(seconds=5)


def test_nobody_listens(gateway, settings):
    settings.ZHIYUE_ALIPAY_ENDPOINT = "http://127.0.0.1:9/gateway.do"

    with pytest.raises(ProviderUnreachable):
        Alipay().ask("P1")


def test_an_answer_that_isnt_signed_or_is_of_another_payment_counts_for_nothing(gateway, learner, course):
    payment = begun(learner, ordered(learner, course), "alipay", "page")
    gateway.open(payment.shown["value"])
    name = b'"alipay_trade_query_response"'
    paid = b'{"code":"10000","out_trade_no":"%s","trade_no":"1","trade_status":"TRADE_SUCCESS","total_amount":"199.90"}'

    gateway.server.fault = Said(body=b'{%s:%s,"sign":"AAAA"}' % (name, paid % payment.number.encode()))
    with pytest.raises(ProviderUnreachable):
        Alipay().ask(payment.number)
    gateway.server.fault = ""
    gateway.changed = {"out_trade_no": "P261120XXXXXXXXXX"}
    with pytest.raises(ProviderUnreachable):
        Alipay().ask(payment.number)


def test_the_bill_of_a_day(gateway):
    gateway.bills["2026-11-20"] = bill_of(
        [
            bill_row("2026112022001400001", "P1", "交易", "199.90", "-1.20"),
            bill_row("2026112022001400002", "P2", "交易", "0.01", "0.00"),
            bill_row("2026112022001400001", "P1", "退款", "-100.00", "0.60", "R1"),
        ]
    )

    assert list(Alipay().bill(date(2026, 11, 20))) == [
        BillLine("P1", "2026112022001400001", 19_990, 120),
        BillLine("P2", "2026112022001400002", 1, 0),
        BillLine("P1", "2026112022001400001", -10_000, -60, "R1"),
    ]


def test_a_day_without_payments_has_no_bill_and_today_has_none_yet(gateway):
    assert list(Alipay().bill(date(2020, 1, 1))) == []
    with pytest.raises(ProviderUnreachable, match="十点"):
        Alipay().bill(clock.business_day())


def test_a_bill_that_is_none_is_refused(gateway):
    for packed in (
        b"PK",
        b"",
        bill_of(["only\t,three\t,cells"]),
        bill_of([bill_row("1", "P1", "交易", "1.005", "0")]),
    ):
        gateway.bills["2026-11-20"] = packed
        with pytest.raises(ProviderUnreachable):
            Alipay().bill(date(2026, 11, 20))


@fuzzing(max_examples=60, deadline=None, suppress_health_check=LENIENT)
@given(body=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_no_notice_at_all_does_more_than_be_refused(gateway, body):
    with pytest.raises(NotProved):
        Alipay().read(Notice(headers={}, query={}, body=body))


_WORDS = (
    "out_trade_no trade_no trade_status total_amount gmt_payment gmt_refund refund_fee out_biz_no charset"
)
_FIELDS = st.sampled_from(_WORDS.split())


@fuzzing(max_examples=80, deadline=None, suppress_health_check=LENIENT)
@given(
    said=st.dictionaries(
        _FIELDS, st.one_of(st.text(max_size=90), st.from_regex(r"[0-9.]{1,12}", fullmatch=True))
    )
)
def test_signed_nonsense_is_told_or_refused(gateway, said):
    ours = {"app_id": APP_ID, "seller_id": SELLER_ID}
    written = {name: value.encode(errors="replace").decode() for name, value in said.items()}
    try:
        told = Alipay().read(gateway.told(written | ours))
    except NotProved:
        return
    assert len(told.key) <= 128 and "\0" not in str(told)


def test_what_is_missing_is_told_by_name(gateway, settings, monkeypatch):
    assert Alipay().faults() == []
    settings.ZHIYUE_ALIPAY_SELLER_ID = ""
    settings.ZHIYUE_ALIPAY_PRIVATE_KEY = "not a key"
    first, second = Alipay().faults()
    assert first == "ZHIYUE_ALIPAY_SELLER_ID isn't set."
    assert second.startswith("ZHIYUE_ALIPAY_PRIVATE_KEY holds no private key that can be read")
    assert "not a key" not in second
    with pytest.raises(ProviderUnreachable):
        Alipay().ask("P1")
    monkeypatch.setattr(account, "find_spec", lambda name: None)
    assert Alipay().faults()[-1] == "Its library isn't installed: pip install 'zhiyue[payments]'"


def test_a_key_may_be_given_as_the_tools_of_alipay_write_it(gateway, settings):
    key = key_of(OWN).public_key()
    form_of = serialization.PublicFormat.SubjectPublicKeyInfo
    settings.ZHIYUE_ALIPAY_PUBLIC_KEY = base64.b64encode(
        key.public_bytes(serialization.Encoding.DER, form_of)
    ).decode()
    own = key_of("academy at alipay").private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    settings.ZHIYUE_ALIPAY_PRIVATE_KEY = base64.b64encode(own).decode()

    assert Alipay().faults() == []
    assert Alipay().ask("P1").kind == "unknown"


def test_no_secret_is_written_to_the_log(gateway, settings, caplog):
    gateway.refusal = ("40002", "isv.invalid-signature")
    with caplog.at_level("DEBUG"), pytest.raises(ProviderUnreachable):
        Alipay().ask("P1")
    assert "isv.invalid-signature" in caplog.text
    assert settings.ZHIYUE_ALIPAY_PRIVATE_KEY[40:80] not in caplog.text


def test_amounts_are_exact():
    for fen, yuan in [(1, "0.01"), (10, "0.10"), (100, "1.00"), (19_990, "199.90"), (2**31, "21474836.48")]:
        assert alipay._yuan(fen) == yuan
        assert alipay._fen(yuan) == fen
