"""The script of an order's page inside WeChat: it asks WeChat's app by the bridge, and says what became of it."""

import pytest
from playwright.sync_api import Page, expect

# What WeChat puts into pages, noting what it is asked.
BRIDGE = """
window.asked = [];
window.WeixinJSBridge = { invoke(name, values, then) { asked.push([name, values]); window.answer = then; } };
"""
LATE = """
const bridge = window.WeixinJSBridge;
delete window.WeixinJSBridge;
window.come = () => {
  window.WeixinJSBridge = bridge;
  document.dispatchEvent(new Event("WeixinJSBridgeReady"));
};
"""
VALUES = {"appId": "wx1", "package": "prepay_id=wxP1", "paySign": "c2ln"}
PART = """<div data-wechat-pay="{&quot;appId&quot;: &quot;wx1&quot;, &quot;package&quot;: &quot;prepay_id=wxP1&quot;,
&quot;paySign&quot;: &quot;c2ln&quot;}" data-now data-done="done" data-cancelled="cancelled" data-failed="failed">
<button type="button" id="to-wechat">pay</button><p role="status" id="became"></p></div>"""


def opened(open_browser, query: str = "", bridge: str = BRIDGE) -> Page:
    """A page with the part of an order that is paid inside WeChat."""
    page: Page = open_browser(width=390).new_page()
    page.add_init_script(bridge)

    def with_part(route) -> None:
        answer = route.fetch()
        part = PART if query else PART.replace(" data-now", "")
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{part}</main>"))

    page.route("**/help/**", with_part)
    page.goto(f"/help/{query}")
    return page


def until_asked(page: Page, times: int) -> None:
    # Pages let nobody make code of words, as waiting for an expression would.
    for _ in range(100):
        if page.evaluate("asked.length") == times:
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.evaluate("asked"))


@pytest.mark.parametrize(
    ("end", "words"),
    [("ok", "done"), ("cancel", "cancelled"), ("fail", "failed"), ("fail:unknown", "failed")],
)
def test_the_button_asks_wechat_and_says_what_became_of_it(open_browser, end, words):
    page = opened(open_browser)
    assert page.evaluate("asked") == []
    page.click("#to-wechat")
    until_asked(page, 1)
    assert page.evaluate("asked") == [["getBrandWCPayRequest", VALUES]]
    page.click("#to-wechat")
    assert page.evaluate("asked.length") == 1
    page.evaluate(f"answer({{ err_msg: 'get_brand_wcpay_request:{end}' }})")
    expect(page.locator("#became")).to_have_text(words)
    page.click("#to-wechat")
    until_asked(page, 2)


def test_begun_this_moment_it_is_asked_at_once_and_not_again(open_browser):
    page = opened(open_browser, "?pay=now&next=/x#wechat_redirect")
    until_asked(page, 1)
    assert page.url.endswith("/help/?next=%2Fx")


def test_a_bridge_that_comes_late_is_waited_for(open_browser):
    page = opened(open_browser, bridge=BRIDGE + LATE)
    page.click("#to-wechat")
    assert page.evaluate("asked.length") == 0
    page.evaluate("come()")
    until_asked(page, 1)


def test_where_there_is_no_wechat_it_is_said(open_browser):
    page = opened(open_browser, bridge="")
    page.click("#to-wechat")

    expect(page.locator("#became")).to_have_text("failed")
