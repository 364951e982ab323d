"""WeChat Pay's twin, held against the documented protocol: what it asks, and what of what it is told it believes."""

import base64
import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from tests.factories import make_course
from tests.product.commerce.fakes.serving import GARBAGE, Said, is_signed, key_of, signed
from tests.product.commerce.fakes.wechatpay import (
    ACADEMYS,
    APP_ID,
    MERCHANT,
    bill_of,
    bill_row,
    fake_wechatpay,
    sealed,
)
from tests.product.commerce.trying import NOTIFY_AT, RETURNS_TO, begun, books, given_back, ordered
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NotProved, ProviderUnreachable
from zhiyue.product.commerce.models import OrderStep, Posting, ProviderNotice, Refund
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import account, wechatpay
from zhiyue.product.commerce.providers.protocol import BillLine, Notice, Wanted
from zhiyue.product.commerce.providers.wechatpay import WechatPay
from zhiyue.product.commerce.pursuing import ask_after

pytestmark = pytest.mark.django_db

# A busy machine draws slowly, and what reads notices keeps nothing between them.
LENIENT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

# What the tests of WeChat's own library publish (github.com/wechatpay-apiv3/wechatpay-go, sha256withrsa_signer_test.go
# and aes_test.go): a key made for tests, what it signs “source” with, and something sealed.
THEIR_KEY = (
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDZUJN33V+dSfvdfL0Mu+39XrZNXFFMQSy1V15FpncHeV47SmV0TzTqZc7h"
    "HB0ddqAdDi8Z5k3TKqb76sOwYr5TcAfuR6PIPaleyE0/0KrljBum2Isa2Nyq7Dgc3ElBQ6YN4l/a+DpvKaz1FSKmKrhLNskqokWVSlu4g8Ol"
    "KlbPXQ9ibII14MZRQrrkTmHYHzfi7GXXM0thAKuR0HNvyhTHBh4/lrYM3GaMvmWwkwvsMavnOex6+eioZHBOb1/EIZ/LzC6zuHArPpyW3daG"
    "aZ1rtQB1vVzTyERAVVFsXXgBHvfFud3w3ShsJYk8JvMwK2RpJ5/gV0QSARcmLDRUAlPzAgMBAAECggEBAMc7rDeUaXiWv6bMGbZ3BTXpg1Fh"
    "dddnWUnYE8HfX/kmOFI7XtBHXcgYFpcjYz4D5787pcsk7ezPidAj58zqenuclmjKnUmT3pfbI5eCA2v4C9HnbYDrmUPK1ZcADtka4D6ScDcc"
    "pNYNa1g2TFHzkIrEa6H+q7S3O2fqxY/DRVtN0JIXalBb8daaqL5QVzSmM2BMVnHy+YITJWIkP2a3pKs9C0W65JGDsnG0wVrHinHF+cnhFZIb"
    "aPEI//DAFMc9NkrWOKVRTEgcCUxCFaHOZVNxDWZD7A2ZfJB2rK6eg//ygEiFDR2h6mTaDowMB4YF2n2dsIO4/dCG8vPHI20jn4ECgYEA/ZGu"
    "6lEMlO0XZnamAZGtiNgLcCfM/C2ZERZE7QTRPZH1WdK92Al9ndldsswFw4baJrJLCmghjF/iG4zihhBvLnOLksnZUfjdumxoHDWXo2QBWbI5"
    "QsWIE7AuTiWgWj1I7X4fCXSQf6i+M/y26TogQ7d0ANpZFyOkTNMn/tiJvLECgYEA22XqlamG/yfAGWery5KNH2DGlTIyd6xJWtJ9j3jU99lZ"
    "0bCQ5xhiBbU9ImxCi3zgTsoqLWgA/p00HhNFNoUcTl9ofc0G3zwTD1y0ZzcnVKxGJdZ6ohW52V0hJStAigtjYAsUgjm7//FH7PiQDBDP1Wa6"
    "xSRkDQU/aSbQxvEE8+MCgYEA3bb8krW7opyM0XL9RHH0oqsFlVO30Oit5lrqebS0oHl3Zsr2ZGgoBlWBsEzk3UqUhTFwm/DhJLTSJ/TQPRkx"
    "nhQ5/mewNhS9C7yua7wQkzVmWN+VYeUGTvDGDF6qDz12/vJAgSwDDRym8x4NcXD5tTw7mmNRcwIfL22SkysThIECgYAVBgccoEoXWS/HP2/u"
    "6fQr9ZIR6eV8Ij5FPbZacTG3LlS1Cz5XZra95UgebFFUHHtCEY1JHJY7z8SWvTH8r3Su7eWNaIAoFBGffzqqSVazfm6aYZsOvRY6BfqPHT3p"
    "/H1hTq6AbBffxrcltgvXnCTORjHPglU0CjSxVs7awW3AEQKBgB5WtaC8VLROM7rkfVIq+RXqE5vtJfa3e3N7W3RqxKp4zHFAPfr82FK5CX2b"
    "ppEaxY7SEZVvVInKDc5gKdG/jWNRBmvvftZhY59PILHO2X5vO4FXh7suEjy6VIh0gsnK36mmRboYIBGsNuDHjXLeBDa+8mDLkWu5nHEhOxy2"
    "JJZl"
)
THEIR_SIGNATURE = (
    "BKyAfU4iMCuvXMXS0Wzam3V/cnxZ+JaqigPM5OhljS2iOT95OO6Fsuml2JkFANJU9K6q9bLlDhPXuoVz+pp4hAm6pHU4ld815U4jsKu1Rkya"
    "II+1CYBUYC8TK0XtJ8FwUXXz8vZHh58rrAVN1XwNyvD1vfpxrMT4SL536GLwvpUHlCqIMzoZUguLli/K8V29QiOhuH6IEqLNJn8e9b3nwNcQ"
    "7be3CzYGpDAKBfDGPCqCv8Rw5zndhlffk2FEA70G4hvMwe51qMN/RAJbknXG23bSlObuTCN7Ndj1aJGH6/L+hdwfLpUtJm4QYVazzW7DFD27"
    "EpSQEqA8bX9+8m1rLg=="
)


@pytest.fixture
def wechat(settings):
    with fake_wechatpay(settings) as fake:
        yield fake


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_990)


def test_the_pretended_server_signs_and_seals_as_wechat_does():
    key = serialization.load_der_private_key(base64.b64decode(THEIR_KEY), password=None)

    assert signed(key, "source") == THEIR_SIGNATURE
    assert is_signed(key.public_key(), "source", THEIR_SIGNATURE)
    beside = "Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8"
    found = sealed("testAPIv3Key0000", "wCq51qZv4Yfg", beside, "Hello World")
    assert found == "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC"


def test_a_code_to_scan_is_asked_for_and_asked_again_the_same(wechat, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "wechat", "native")

    assert (payment.shown["way"], payment.shown["value"]) == (
        "scan",
        f"weixin://wxpay/bizpayurl?pr={payment.number}",
    )
    content = wechat.trades[payment.number].content
    assert content["amount"] == {"total": 19_990, "currency": "CNY"}
    assert content["notify_url"] == f"{NOTIFY_AT}wechat/"
    assert datetime.fromisoformat(content["time_expire"]) == order.expires_at.replace(microsecond=0)
    payment.shown = {}
    payment.save()
    assert begun(learner, order, "wechat", "native").shown["value"].endswith(payment.number)
    assert list(wechat.trades) == [payment.number]


def test_wechat_is_opened_from_a_phones_browser(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "h5")

    assert payment.shown["way"] == "go"
    asked = parse_qs(urlsplit(payment.shown["value"]).query)
    assert asked == {"prepay_id": [f"wx{payment.number}"], "redirect_url": [RETURNS_TO]}
    assert wechat.trades[payment.number].content["scene_info"] == {
        "payer_client_ip": "203.0.113.7",
        "h5_info": {"type": "Wap"},
    }


def test_inside_wechat_its_script_is_called_with_signed_values(wechat):
    wanted = Wanted(
        "P1", 19_990, "统计直觉" * 30, "jsapi", clock.now(), RETURNS_TO, NOTIFY_AT, payer="oUpF8u"
    )

    shown = WechatPay().begin(wanted)

    values = shown.values
    assert shown.way == "call"
    assert (values["appId"], values["package"], values["signType"]) == (APP_ID, "prepay_id=wxP1", "RSA")
    text = f"{APP_ID}\n{values['timeStamp']}\n{values['nonceStr']}\nprepay_id=wxP1\n"
    assert is_signed(key_of(ACADEMYS).public_key(), text, values["paySign"])
    content = wechat.trades["P1"].content
    assert content["payer"] == {"openid": "oUpF8u"}
    assert len(content["description"].encode()) <= 127


def test_paid_is_told_before_the_buyer_comes_back_and_once(wechat, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "wechat", "native")
    notice = wechat.pay(payment.number)

    for _ in range(2):
        answer = receive("wechat", notice)
        assert (answer.status, answer.body) == (204, "")
    receive("wechat", wechat.notice(payment.number))

    order.refresh_from_db()
    payment.refresh_from_db()
    assert order.status == "paid"
    assert payment.provider_number == wechat.trades[payment.number].transaction_id
    assert books() == {"receivable:wechat": 19_990, "revenue": -19_990}
    kept = ProviderNotice.objects.get().told
    assert (kept["total"], kept["trade_state"]) == (19_990, "SUCCESS")
    assert "oUpF8u" not in str(kept) and "CMC" not in str(kept)


def test_headers_come_in_any_case(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    notice = wechat.pay(payment.number)

    for change in (str.lower, str.upper):
        told = WechatPay().read(replace(notice, headers={change(k): v for k, v in notice.headers.items()}))
        assert told.kind == "paid"


def test_a_notice_that_isnt_signed_just_now_by_the_key_we_hold_opens_nothing(wechat, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "wechat", "native")
    notice = wechat.pay(payment.number)
    asked_before = len(wechat.server.asked)

    def but(**headers):
        return replace(
            notice, headers=notice.headers | {name.replace("_", "-"): v for name, v in headers.items()}
        )

    wechat.signed_before_seconds = 301
    old = wechat.notice(payment.number)
    wechat.signed_before_seconds = -301
    early = wechat.notice(payment.number)
    for forged in (
        old,
        early,
        replace(notice, headers={}),
        replace(notice, body=notice.body.replace(b"SUCCESS", b"SUCCES5")),
        replace(notice, body=b""),
        but(Wechatpay_Signature="WECHATPAY/SIGNTEST/" + notice.headers["Wechatpay-Signature"]),
        but(Wechatpay_Signature=""),
        but(Wechatpay_Serial="5157F09EFDC096DE15EBE81A47057A72"),
        but(Wechatpay_Serial="zzz"),
        but(Wechatpay_Nonce="another"),
        but(Wechatpay_Timestamp="now"),
        but(Wechatpay_Timestamp="9" * 40),
        but(Wechatpay_Signature_Type="WECHATPAY2-SM2-WITH-SM3"),
    ):
        with pytest.raises(NotProved):
            receive("wechat", forged)

    order.refresh_from_db()
    assert order.status == "created"
    assert not ProviderNotice.objects.exists()
    # No stranger makes the academy ask anybody anything.
    assert len(wechat.server.asked) == asked_before


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "wx0000000000000002"},
        {"mchid": "1900000002"},
        {"mchid": None},
        {"amount": {"total": "19990", "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 19990, "currency": "HKD"}},
        {"amount": [1]},
        {"amount": {}},
        {"success_time": "2026-11-20T10:00:05"},
        {"success_time": 5},
        {"out_trade_no": ""},
        {"out_trade_no": "P" * 65},
        {"out_trade_no": ["P1"]},
        {"trade_state": None},
        {"trade_state": "\ud800"},
        {"transaction_id": "4\0"},
    ],
)
def test_a_signed_notice_for_somebody_else_or_of_nothing_isnt_believed(wechat, learner, course, changed):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    wechat.pay(payment.number)

    with pytest.raises(NotProved):
        receive("wechat", wechat.notice(payment.number, **changed))
    assert not ProviderNotice.objects.exists()


def test_a_notice_sealed_by_another_key_isnt_believed(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    wechat.pay(payment.number)

    with pytest.raises(NotProved):
        receive(
            "wechat",
            wechat.told("TRANSACTION.SUCCESS", "transaction", wechat.shown(payment.number), key="j" * 32),
        )


def test_a_wrong_amount_an_unknown_status_and_another_order_pay_nothing(wechat, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "wechat", "native")
    wechat.pay(payment.number)

    receive("wechat", wechat.notice(payment.number, trade_state="DREAMING"))
    receive("wechat", wechat.notice(payment.number, out_trade_no="P261120XXXXXXXXXX"))
    receive("wechat", wechat.notice(payment.number, amount={"total": 1, "currency": "CNY"}))

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
    assert accounts == {"receivable:wechat": 1, f"owed:{order.number}": -1}
    owed = Refund.objects.get(order=order)
    assert (owed.cause, owed.status, owed.amount_fen) == ("owed", "approved", 1)
    assert not order.paid_at


def test_a_notice_that_never_comes_is_asked_for(wechat, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "wechat", "native")
    soon = clock.now() + timedelta(seconds=30)

    assert ask_after(now=soon) == 0
    notice = wechat.pay(payment.number)
    assert ask_after(now=soon + timedelta(minutes=3)) == 1

    order.refresh_from_db()
    assert order.status == "paid"
    receive("wechat", notice)
    assert ProviderNotice.objects.count() == 1
    assert WechatPay().ask("P0").kind == "unknown"


@pytest.mark.parametrize(
    ("state", "kind"),
    [("USERPAYING", "waiting"), ("PAYERROR", "failed"), ("REVOKED", "closed"), ("REFUND", "closed")],
)
def test_each_state_has_its_word(wechat, learner, course, state, kind):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    wechat.trades[payment.number].state = state

    assert WechatPay().ask(payment.number).kind == kind


def test_closing_takes_no_money_any_more_and_twice_is_nothing(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "native")

    WechatPay().close("P0")
    WechatPay().close(payment.number)
    WechatPay().close(payment.number)
    assert WechatPay().ask(payment.number).kind == "closed"
    wechat.trades[payment.number].state = "SUCCESS"
    WechatPay().close(payment.number)
    assert WechatPay().ask(payment.number).kind == "paid"


def test_a_refund_asked_for_again_gives_back_once(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    wechat.pay(payment.number)
    wanted = given_back(payment, 9_995)

    assert WechatPay().ask_refund(wanted).kind == "unknown"
    wechat.refund_status = "PROCESSING"
    assert WechatPay().give_back(wanted).kind == "refunding"
    wechat.refund_status = "SUCCESS"
    told = [WechatPay().give_back(wanted), WechatPay().ask_refund(wanted)]
    told.append(WechatPay().read(wechat.refund_notice(payment.number, "R1")))

    assert {(one.key, one.kind, one.number, one.amount_fen) for one in told} == {
        ("R1:refunded", "refunded", "R1", 9_995)
    }
    assert wechat.trades[payment.number].refunds == {"R1": 9_995}
    assert "招商" not in str([one.words for one in told])
    wechat.refund_status = "ABNORMAL"
    assert WechatPay().ask_refund(wanted).kind == "refund_failed"
    with pytest.raises(NotProved):
        WechatPay().read(wechat.refund_notice(payment.number, "R1", mchid="1900000002"))


def test_what_wechat_refuses_is_told_in_words(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "native")

    with pytest.raises(ProviderUnreachable, match="RESOURCE_NOT_EXISTS"):
        WechatPay().give_back(given_back(payment, 100))
    wechat.refusal = (403, "NOT_ENOUGH")
    with pytest.raises(ProviderUnreachable, match="补足"):
        WechatPay().give_back(given_back(payment, 100))
    wechat.refusal = (401, "SIGN_ERROR")
    with pytest.raises(ProviderUnreachable, match="SIGN_ERROR"):
        WechatPay().ask(payment.number)
    wechat.refusal = (429, "FREQUENCY_LIMITED")
    with pytest.raises(ProviderUnreachable, match="暂时"):
        WechatPay().ask(payment.number)


NONSENSE = [Said(500, b"oops"), Said(404, b"{}"), *(Said(body=one) for one in GARBAGE)]


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize("is_signed_by_them", [False, True])
def test_a_server_that_talks_nonsense_is_unreachable(wechat, learner, course, answer, is_signed_by_them):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    if is_signed_by_them:
        headers = wechat.signature(answer.body.decode(errors="replace")) | {
            "Content-Type": "application/json"
        }
        answer = replace(answer, headers=headers)
    wechat.server.fault = answer
    asks = [
        lambda: WechatPay().give_back(given_back(payment, 100)),
        lambda: begun(learner, payment.order, "wechat", "h5"),
    ]
    if answer.body not in (b"{}", b"") or answer.status != 200 or not is_signed_by_them:
        # Nothing at all, signed, tells of nothing, and closing expects no more.
        asks += [
            lambda: WechatPay().ask(payment.number),
            lambda: WechatPay().ask_refund(given_back(payment, 100)),
            lambda: WechatPay().bill(clock.business_day()),
        ]

    for ask in asks:
        with pytest.raises(ProviderUnreachable):
            ask()
    assert ask_after(now=clock.now() + timedelta(minutes=1)) == 0


@pytest.mark.parametrize("fault", ["slow", "broken"])
def test_a_server_that_doesnt_end_is_waited_for_no_longer_than_said(wechat, monkeypatch, fault):
    monkeypatch.setattr(account, "TIMEOUT_SECONDS", 0.2)
    wechatpay._made.cache_clear()
    wechat.server.fault = fault
    start = clock.now()

    with pytest.raises(ProviderUnreachable):
        WechatPay().ask("P1")
    assert clock.now() - start < timedelta(seconds=5)
    wechatpay._made.cache_clear()


def test_nobody_listens(wechat, settings):
    settings.ZHIYUE_WECHATPAY_ENDPOINT = "http://127.0.0.1:9"

    with pytest.raises(ProviderUnreachable):
        WechatPay().ask("P1")


def test_an_answer_of_old_by_another_key_or_of_another_payment_counts_for_nothing(wechat, learner, course):
    payment = begun(learner, ordered(learner, course), "wechat", "native")
    wechat.pay(payment.number)

    wechat.signed_before_seconds = 301
    with pytest.raises(ProviderUnreachable):
        WechatPay().ask(payment.number)
    wechat.signed_before_seconds, wechat.serial = 0, "5157F09EFDC096DE15EBE81A47057A72"
    with pytest.raises(ProviderUnreachable):
        WechatPay().ask(payment.number)
    assert not [one for one in wechat.server.asked if "certificates" in one.path]
    wechat.serial, wechat.changed = wechatpay.settings.ZHIYUE_WECHATPAY_PUBLIC_KEY_ID, {"out_trade_no": "P0"}
    with pytest.raises(ProviderUnreachable):
        WechatPay().ask(payment.number)


def test_the_bill_of_a_day(wechat):
    wechat.bills["2026-11-20"] = bill_of(
        [
            bill_row("42001", "P1", "SUCCESS", "199.90", "1.20000"),
            bill_row("42002", "P2", "SUCCESS", "0.01", "0.00006"),
            bill_row("42001", "P1", "REFUND", "0.00", "-0.60000", "R1", "100.00"),
        ]
    )

    assert list(WechatPay().bill(date(2026, 11, 20))) == [
        BillLine("P1", "42001", 19_990, 120),
        BillLine("P2", "42002", 1, 0),
        BillLine("P1", "42001", -10_000, -60, "R1"),
    ]


def test_of_a_refund_that_failed_the_bill_tells_no_money(wechat):
    back = ("42001", "P1", "REFUND", "0.00", "-0.60000")
    wechat.bills["2026-11-20"] = bill_of(
        [
            bill_row(*back, "R1", "100.00", "FAIL"),
            bill_row(*back, "R2", "100.00", "CHANGE"),
            # It has left the merchant, and no later bill tells of it.
            bill_row(*back, "R3", "100.00", "PROCESSING"),
            bill_row(*back, "R4", "100.00", "SUCCESS"),
        ]
    )

    lines = WechatPay().bill(date(2026, 11, 20))

    assert [(line.refund_number, line.amount_fen) for line in lines] == [("R3", -10_000), ("R4", -10_000)]


def test_a_bill_that_isnt_the_one_that_was_signed_is_refused(wechat):
    wechat.bills["2026-11-20"] = bill_of([bill_row("42001", "P1", "SUCCESS", "199.90", "1.20000")])
    wechat.bill_sum = "0" * 40
    with pytest.raises(ProviderUnreachable):
        WechatPay().bill(date(2026, 11, 20))
    wechat.bill_sum = ""
    for wrong in (["`only,`three,`cells"], [bill_row("42001", "P1", "SUCCESS", "1.005", "0")]):
        wechat.bills["2026-11-20"] = bill_of(wrong)
        with pytest.raises(ProviderUnreachable):
            WechatPay().bill(date(2026, 11, 20))


def test_a_day_without_payments_has_no_bill_and_today_has_none_yet(wechat):
    assert list(WechatPay().bill(date(2020, 1, 1))) == []
    with pytest.raises(ProviderUnreachable, match="十点"):
        WechatPay().bill(clock.business_day())


_HEADERS = st.sampled_from(
    ["Wechatpay-Serial", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce"]
)
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=70), st.floats(allow_nan=False))
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner)
)
_FUZZ = fuzzing(max_examples=60, deadline=None, suppress_health_check=LENIENT)


@_FUZZ
@given(headers=st.dictionaries(_HEADERS, st.text(max_size=60)), body=st.binary(max_size=300))
def test_no_notice_at_all_does_more_than_be_refused(wechat, headers, body):
    with pytest.raises(NotProved):
        WechatPay().read(Notice(headers=headers, query={}, body=body))


@_FUZZ
@given(whole=_JSON)
def test_signed_nonsense_is_refused(wechat, whole):
    with pytest.raises(NotProved):
        WechatPay().read(wechat.sent(json.dumps(whole)))


@_FUZZ
@given(
    event=st.sampled_from(["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "COMPLAINT.CREATE"]),
    said=st.fixed_dictionaries(
        {},
        optional={
            "out_trade_no": _JSON, "trade_state": st.sampled_from(["SUCCESS", "NOTPAY", "?"]), "amount": _JSON,
            "transaction_id": _JSON, "success_time": _JSON, "out_refund_no": _JSON, "refund_id": _JSON,
            "refund_status": _JSON,
        },
    ),
)  # fmt: skip
def test_sealed_nonsense_is_told_or_refused(wechat, event, said):
    try:
        told = WechatPay().read(
            wechat.told(event, "transaction", said | {"appid": APP_ID, "mchid": MERCHANT})
        )
    except NotProved:
        return
    assert len(told.key) <= 128
    json.dumps(dict(told.words)).encode()


def test_what_is_missing_is_told_by_name(wechat, settings, monkeypatch):
    assert WechatPay().faults() == []
    settings.ZHIYUE_WECHATPAY_PUBLIC_KEY_ID = ""
    settings.ZHIYUE_WECHATPAY_APIV3_KEY = "short"
    settings.ZHIYUE_WECHATPAY_PUBLIC_KEY = "bm8ga2V5"
    assert [fault.partition(" ")[0] for fault in WechatPay().faults()] == [
        "ZHIYUE_WECHATPAY_PUBLIC_KEY_ID",
        "ZHIYUE_WECHATPAY_PUBLIC_KEY",
        "ZHIYUE_WECHATPAY_APIV3_KEY",
    ]
    with pytest.raises(ProviderUnreachable):
        WechatPay().ask("P1")
    monkeypatch.setattr(account, "find_spec", lambda name: None)
    assert "Its library isn't installed: pip install 'zhiyue[payments]'" in WechatPay().faults()


def test_no_secret_is_written_to_the_log(wechat, settings, caplog):
    wechat.refusal = (401, "SIGN_ERROR")
    with caplog.at_level("DEBUG"), pytest.raises(ProviderUnreachable):
        WechatPay().ask("P1")
    assert "SIGN_ERROR" in caplog.text
    assert settings.ZHIYUE_WECHATPAY_PRIVATE_KEY[40:80] not in caplog.text
    assert settings.ZHIYUE_WECHATPAY_APIV3_KEY not in caplog.text
