"""Which ways to pay are shown where, and how a provider's page, code or refusal reaches the buyer."""

import re

import pytest

from tests.product.commerce.fakes.alipay import fake_alipay
from tests.product.commerce.fakes.serving import Said
from tests.product.commerce.fakes.wechatpay import fake_wechatpay
from zhiyue.product.commerce.models import Order, Payment

pytestmark = pytest.mark.django_db

PHONE = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)
IN_WECHAT = f"{PHONE} MicroMessenger/8.0.60"
COMPUTER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


@pytest.fixture
def offered(settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["wechat", "alipay", "stripe"]


def shown(client, course, agent):
    page = client.get(f"/checkout/?offer=course:{course.pk}", headers={"user-agent": agent}).content.decode()
    return re.findall(r'name="way" id="way-\d+" value="([\w:]+)"', page)


def form(course, way):
    return {"offer": f"course:{course.pk}", "seen_fen": str(course.price_fen), "way": way, "next": ""}


def test_each_device_is_shown_what_leads_somewhere_on_it(client, course, offered, settings):
    assert shown(client, course, COMPUTER) == ["wechat:native", "alipay:page", "alipay:qr", "stripe:checkout"]
    assert shown(client, course, PHONE) == ["wechat:h5", "alipay:wap", "stripe:checkout"]
    assert shown(client, course, IN_WECHAT) == ["wechat:native", "stripe:checkout"]
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["alipay"]
    assert shown(client, course, IN_WECHAT) == ["alipay:page", "alipay:wap", "alipay:qr"]


def test_inside_wechat_it_is_said_how_to_pay_in_the_app(client, course, offered):
    address = f"/checkout/?offer=course:{course.pk}"
    inside = client.get(address, headers={"user-agent": IN_WECHAT}).content.decode()

    assert "Open in browser" in inside
    assert "Open in browser" not in client.get(address, headers={"user-agent": COMPUTER}).content.decode()


def test_a_page_elsewhere_is_told_whose_page_led_there(client, course, settings):
    with fake_alipay(settings) as gateway:
        answer = client.post("/checkout/", form(course, "alipay:page"))
        number = Order.objects.get().number
        waiting = client.get(f"/orders/{number}/").content.decode()

        assert answer.status_code == 302
        assert answer["Referrer-Policy"] == "strict-origin"
        assert gateway.open(answer["Location"]).amount == "99.00"
        assert 'referrerpolicy="strict-origin"' in waiting
        assert "Go and pay ¥99" in waiting


def test_a_code_of_wechats_is_shown_and_a_notice_turns_the_page(client, course, settings):
    with fake_wechatpay(settings) as wechat:
        answer = client.post("/checkout/", form(course, "wechat:native"))
        payment = Payment.objects.get()
        page = client.get(answer["Location"]).content.decode()

        assert "<svg" in page and "Scan the code with the other device" in page
        assert "weixin://" not in page
        notice = wechat.pay(payment.number)
        told = client.post(
            "/pay/notify/wechat/", notice.body, content_type="application/json", headers=dict(notice.headers)
        )
        assert (told.status_code, told.content) == (204, b"")
        assert "Paid: go on learning" in client.get(answer["Location"]).content.decode()


def test_a_provider_that_cant_be_had_is_said_in_words_and_the_order_waits(client, course, settings):
    with fake_wechatpay(settings) as wechat:
        wechat.server.fault = Said(500, b"")
        answer = client.post("/checkout/", form(course, "wechat:native"))
        assert answer.status_code == 502
        assert "be reached at the moment" in answer.content.decode()
        assert Order.objects.get().status == "created"

        wechat.server.fault = ""
        assert client.post("/checkout/", form(course, "wechat:native")).status_code == 302
    assert Payment.objects.count() == 1


def test_a_notice_nobody_signed_is_answered_in_words(client, settings):
    with fake_alipay(settings):
        answer = client.post("/pay/notify/alipay/", {"out_trade_no": "P1", "trade_status": "TRADE_SUCCESS"})
    assert answer.status_code == 400
