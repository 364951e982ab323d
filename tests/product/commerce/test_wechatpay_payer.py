"""Asking WeChat who pays inside it: what is asked, what is believed, and what is said where it doesn't tell."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from tests.product.commerce.fakes.serving import GARBAGE, Said
from tests.product.commerce.fakes.wechat_openid import OPENID, SECRET, fake_wechat_openid
from tests.product.commerce.fakes.wechatpay import fake_wechatpay
from tests.product.commerce.trying import NOTIFY_AT, RETURNS_TO, begun, ordered
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import PayerUnknown, ProviderNotOffered, ProviderUnreachable
from zhiyue.product.commerce.models import Payment
from zhiyue.product.commerce.payments import begin
from zhiyue.product.commerce.providers import wire
from zhiyue.product.commerce.providers.wechatpay import WechatPay
from zhiyue.product.commerce.providers.wechatpay_payer import asked_at, openid_for

pytestmark = pytest.mark.django_db
BACK = "https://testserver/pay/wechat/payer/"


@pytest.fixture
def wechat(settings):
    with fake_wechatpay(settings) as fake:
        yield fake


@pytest.fixture
def openid(wechat, settings):
    with fake_wechat_openid(settings) as fake:
        yield fake


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_990)


def code_of(openid) -> str:
    address = openid.come(asked_at(returns_to=BACK, state="a1"))
    assert address.startswith(BACK)
    return address.partition("code=")[2].partition("&")[0]


def test_a_code_stands_for_an_openid_once(openid):
    code = code_of(openid)

    assert openid_for(code) == OPENID
    with pytest.raises(PayerUnknown, match="用过"):
        openid_for(code)


@pytest.mark.parametrize("code", ["", "a b", "码", "x" * 513, "0&secret=", "a\n"])
def test_what_is_no_code_is_asked_of_nobody(openid, code):
    with pytest.raises(PayerUnknown):
        openid_for(code)
    assert openid.server.asked == []


@pytest.mark.parametrize("number", [40029, 40163, 42003])
def test_a_code_that_is_none_or_old_is_to_be_asked_for_again(openid, number):
    openid.refusal = (number, "code")

    with pytest.raises(PayerUnknown, match="重新"):
        openid_for("0a")


@pytest.mark.parametrize(("number", "words"), [(40125, "40125"), (40013, "40013"), (-1, "暂时")])
def test_what_wechat_refuses_is_told_by_its_number(openid, number, words):
    openid.refusal = (number, "invalid appsecret")

    with pytest.raises(ProviderUnreachable, match=words):
        openid_for("0a")


def test_a_snapshot_of_the_page_pays_nothing(openid):
    openid.changed = {"is_snapshotuser": 1}

    with pytest.raises(PayerUnknown, match="使用完整服务"):
        openid_for(code_of(openid))


@pytest.mark.parametrize(
    "changed",
    [{"openid": ""}, {"openid": None}, {"openid": ["o"]}, {"openid": "o o"}, {"openid": "o" * 129},
     {"errcode": "40029"}, {"errcode": [1]}, {"errcode": True}],
)  # fmt: skip
def test_an_answer_without_a_proper_openid_is_none(openid, changed):
    openid.changed = changed

    with pytest.raises(ProviderUnreachable):
        openid_for(code_of(openid))


@pytest.mark.parametrize("answer", [Said(500, b"oops"), Said(302), *(Said(body=one) for one in GARBAGE)])
def test_a_server_that_talks_nonsense_is_unreachable(openid, answer):
    openid.server.fault = answer

    with pytest.raises(ProviderUnreachable):
        openid_for("0a")


@pytest.mark.parametrize("fault", ["slow", "broken"])
def test_a_server_that_doesnt_end_is_waited_for_no_longer_than_said(openid, monkeypatch, fault):
    monkeypatch.setattr(wire, "TIMEOUT_SECONDS", 0.2)
    openid.server.fault = fault
    start = clock.now()

    with pytest.raises(ProviderUnreachable):
        openid_for("0a")
    assert clock.now() - start < timedelta(seconds=5)


def test_neither_secret_nor_openid_is_written_to_the_log(openid, caplog):
    with caplog.at_level("DEBUG"):
        openid_for(code_of(openid))
        openid.refusal = (40125, f"invalid appsecret {SECRET}")
        with pytest.raises(ProviderUnreachable) as refusal:
            openid_for("0a")
    assert "errcode 40125" in caplog.text
    assert SECRET not in caplog.text and OPENID not in caplog.text
    assert SECRET not in str(refusal.value)


def test_without_the_secret_nobody_pays_inside_wechat(wechat, settings, learner, course):
    assert WechatPay().channels == ("native", "h5")
    with pytest.raises(ProviderNotOffered):
        begun(learner, ordered(learner, course), "wechat", "jsapi")
    with pytest.raises(ProviderUnreachable):
        openid_for("0a")
    settings.ZHIYUE_WECHATPAY_APP_SECRET = SECRET
    assert WechatPay().channels == ("jsapi", "native", "h5")


def by_jsapi(learner, order, payer) -> Payment:
    return begin(
        user=learner,
        order_number=order.number,
        provider="wechat",
        channel="jsapi",
        returns_to=RETURNS_TO,
        notify_at=NOTIFY_AT,
        payer=payer,
    )


def test_a_payment_inside_wechat_begins_for_a_known_payer_alone(wechat, openid, learner, course):
    order = ordered(learner, course)

    with pytest.raises(PayerUnknown):
        by_jsapi(learner, order, "")
    assert not Payment.objects.exists() and wechat.trades == {}

    payment = by_jsapi(learner, order, OPENID)
    assert payment.shown["way"] == "call"
    # Begun already, it is gone on with by whoever owns the order.
    assert by_jsapi(learner, order, "").pk == payment.pk
    assert OPENID not in str(Payment.objects.filter(pk=payment.pk).values().get())


def test_the_openid_of_another_app_is_refused_and_the_right_one_taken_after_it(
    wechat, openid, learner, course
):
    wechat.openids = {OPENID}
    order = ordered(learner, course)

    with pytest.raises(ProviderUnreachable, match="PARAM_ERROR"):
        by_jsapi(learner, order, "oOfAnotherApp")
    assert wechat.trades == {}
    payment = by_jsapi(learner, order, OPENID)
    assert list(wechat.trades) == [payment.number]
    assert Payment.objects.count() == 1
