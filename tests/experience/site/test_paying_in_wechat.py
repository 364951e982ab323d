"""Paying inside WeChat: to WeChat, which says who pays, back with a code, and the page that opens the payment."""

import html
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.experience.site.test_ways_to_pay import COMPUTER, IN_WECHAT, PHONE, form, shown
from tests.product.commerce.fakes.serving import Said, is_signed, key_of
from tests.product.commerce.fakes.wechat_openid import OPENID, fake_wechat_openid
from tests.product.commerce.fakes.wechatpay import ACADEMYS, APP_ID, fake_wechatpay
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Order, Payment
from zhiyue.product.commerce.selectors import is_enrolled

pytestmark = pytest.mark.django_db
WAY = "wechat:jsapi"
LESSON = "/courses/intuition/two/"


@pytest.fixture
def wechat(settings):
    with fake_wechatpay(settings) as fake:
        fake.openids = {OPENID}
        yield fake


@pytest.fixture
def openid(wechat, settings):
    with fake_wechat_openid(settings) as fake:
        yield fake


def inside(signed_in, user):
    browser = signed_in(user)
    browser.cookies["zy_language"] = "en"
    browser.defaults["HTTP_USER_AGENT"] = IN_WECHAT
    return browser


@pytest.fixture
def client(signed_in, learner):
    return inside(signed_in, learner)


def sent(client, course) -> str:
    """Where whoever pays by WeChat is sent."""
    answer = client.post("/checkout/", form(course, WAY) | {"next": LESSON})
    assert answer.status_code == 302
    return answer["Location"]


def said(answer) -> str:
    return html.unescape(answer.content.decode())


def test_inside_wechat_it_is_the_first_way_and_elsewhere_none(client, course, openid):
    assert shown(client, course, IN_WECHAT) == [WAY, "wechat:native"]
    assert shown(client, course, COMPUTER) == ["wechat:native"]
    assert shown(client, course, PHONE) == ["wechat:h5"]
    page = said(client.get(f"/checkout/?offer=course:{course.pk}"))
    assert "Right here in WeChat" in page and "with another device" in page
    assert "Open in browser" not in page


def test_without_the_secret_all_stays_as_it_was(client, course, wechat):
    assert shown(client, course, IN_WECHAT) == ["wechat:native"]
    answer = client.post("/checkout/", form(course, WAY))
    assert (answer.status_code, "Choose how to pay" in said(answer)) == (409, True)
    assert not Order.objects.exists()


def test_from_checkout_by_way_of_wechat_to_the_lesson(client, learner, course, wechat, openid):
    address = sent(client, course)
    assert not Payment.objects.exists() and wechat.trades == {}

    answer = client.get(openid.come(address))

    order, payment = Order.objects.get(), Payment.objects.get()
    assert wechat.trades[payment.number].content["payer"] == {"openid": OPENID}
    parts = urlsplit(answer["Location"])
    assert (parts.path, parse_qs(parts.query)) == (
        f"/orders/{order.number}/", {"pay": ["now"], "next": [LESSON]},
    )  # fmt: skip
    page = client.get(answer["Location"]).content.decode()
    (told, now) = re.search(r'data-wechat-pay="([^"]+)"( data-now)?', page).groups()
    values = json.loads(html.unescape(told))
    assert now and "Pay ¥99 with WeChat" in page and OPENID not in page
    assert values.keys() == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    text = f"{APP_ID}\n{values['timeStamp']}\n{values['nonceStr']}\n{values['package']}\n"
    assert (values["appId"], values["signType"]) == (APP_ID, "RSA")
    assert is_signed(key_of(ACADEMYS).public_key(), text, values["paySign"])
    # Looked at again it opens nothing by itself.
    assert "data-now" not in client.get(f"/orders/{order.number}/").content.decode()

    notice = wechat.pay(payment.number)
    client.post(
        "/pay/notify/wechat/", notice.body, content_type="application/json", headers=dict(notice.headers)
    )
    state = f"/orders/{order.number}/state/?next={LESSON}&seen=created-begun"
    assert client.get(state, headers={"hx-request": "true"})["HX-Redirect"] == LESSON
    assert is_enrolled(learner, course.pk)


def test_who_pays_is_kept_nowhere(client, course, wechat, openid):
    client.get(openid.come(sent(client, course)))

    assert OPENID not in json.dumps(dict(client.session.items()))
    assert OPENID not in str(list(Payment.objects.values()))
    # The next payment asks again, and without a question to anybody.
    client.post(f"/orders/{Order.objects.get().number}/cancel/")
    assert "open.weixin.qq.com" in sent(client, course)


def test_elsewhere_it_is_said_that_it_begins_inside_wechat(client, course, wechat, openid):
    client.defaults["HTTP_USER_AGENT"] = COMPUTER
    answer = client.post("/checkout/", form(course, WAY))

    assert (answer.status_code, "begins inside WeChat" in said(answer)) == (409, True)
    assert not Payment.objects.exists()


def test_begun_inside_wechat_another_device_is_told_so_and_pays_another_way(client, course, wechat, openid):
    client.get(openid.come(sent(client, course)))
    page = client.get(f"/orders/{Order.objects.get().number}/", headers={"user-agent": COMPUTER})

    assert "was begun inside WeChat" in said(page) and "data-wechat-pay" not in said(page)
    assert 'value="wechat:native"' in said(page)


@pytest.mark.parametrize("state", ["", "0" * 32, "a" * 4000, "状态"])
def test_a_state_that_nobody_was_sent_with_begins_nothing(client, course, wechat, openid, state):
    back = openid.come(sent(client, course))
    code = parse_qs(urlsplit(back).query)["code"][0]
    answer = client.get("/pay/wechat/payer/", {"code": code, "state": state})

    assert (answer.status_code, "no payment that was begun here" in said(answer)) == (409, True)
    assert not Payment.objects.exists() and openid.server.asked == []


def test_the_state_of_another_browser_or_person_begins_nothing(
    client, signed_in, learner, stranger, course, wechat, openid
):
    back = openid.come(sent(client, course))
    # A stranger who lures a member to this address would have them pay the stranger's order.
    for other in (inside(signed_in, stranger), inside(signed_in, learner)):
        assert other.get(back).status_code == 409
    assert not Payment.objects.exists() and openid.server.asked == []
    visitor = inside(signed_in, learner)
    visitor.logout()
    assert visitor.get(back)["Location"].startswith("/sign-in/")


def test_coming_back_twice_begins_one_payment_and_leads_to_it(client, course, wechat, openid):
    back = openid.come(sent(client, course))
    client.get(back)
    again = client.get(back)

    number = Order.objects.get().number
    assert urlsplit(again["Location"]).path == f"/orders/{number}/"
    assert "pay=now" not in again["Location"]
    assert (Payment.objects.count(), len(openid.server.asked)) == (1, 1)


def test_a_state_holds_for_ten_minutes(client, course, wechat, openid, monkeypatch):
    back = openid.come(sent(client, course))
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr("zhiyue.experience.site.payer.clock.now", lambda: later)

    assert client.get(back).status_code == 409
    assert not Payment.objects.exists() and openid.server.asked == []


def test_five_pages_are_on_their_way_at_most(client, course, wechat, openid):
    first = openid.come(sent(client, course))
    for _ in range(5):
        latest = openid.come(sent(client, course))

    assert client.get(first).status_code == 409
    assert client.get(latest).status_code == 302


def not_begun(client, back, words, status):
    """Nothing is begun, it is said why, and the way on isn't lost."""
    answer = client.get(back)
    assert (answer.status_code, words in said(answer)) == (status, True), said(answer)
    assert f'name="next" value="{LESSON}"' in said(answer)
    assert Order.objects.get().status == "created"
    return answer


def test_whoever_refuses_is_told_that_nothing_was_begun(client, course, wechat, openid):
    not_begun(client, openid.come(sent(client, course), is_refused=True), "didn't say who pays", 409)
    assert not Payment.objects.exists() and openid.server.asked == []


def test_a_code_that_was_used_begins_nothing(client, course, wechat, openid):
    back = openid.come(sent(client, course))
    openid.used |= set(openid.codes)
    not_begun(client, back, "used before", 409)
    assert not Payment.objects.exists()


def test_a_silent_wechat_begins_nothing_and_it_can_be_tried_again(client, course, wechat, openid):
    back = openid.come(sent(client, course))
    openid.server.fault = Said(500, b"")
    not_begun(client, back, "be reached at the moment", 502)
    assert not Payment.objects.exists()

    openid.server.fault = ""
    number = Order.objects.get().number
    answer = client.post(f"/orders/{number}/pay/", {"way": WAY, "next": LESSON})
    assert client.get(openid.come(answer["Location"])).status_code == 302
    assert Payment.objects.get().shown["way"] == "call"


def test_the_openid_of_another_app_is_refused_in_words(client, course, wechat, openid):
    not_begun(client, openid.come(sent(client, course), "oOfAnotherApp"), "refused this (PARAM_ERROR)", 502)
    assert Payment.objects.get().shown == {} and wechat.trades == {}


def test_an_order_that_ended_meanwhile_begins_nothing(client, course, wechat, openid):
    back = openid.come(sent(client, course))
    client.post(f"/orders/{Order.objects.get().number}/cancel/")

    answer = client.get(back)
    assert (answer.status_code, "waits for no payment any more" in said(answer)) == (409, True)
    assert not Payment.objects.exists()


def test_a_mere_look_spends_no_state(client, course, wechat, openid):
    back = openid.come(sent(client, course))

    assert client.head(back).status_code == 405
    assert client.get(back).status_code == 302
