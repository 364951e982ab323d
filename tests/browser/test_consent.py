"""The bar that asks for consent, on a phone and without a script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

BAR = "#consent-bar"


def box(page, selector):
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_on_a_phone_the_bar_stands_above_the_tabs_and_covers_no_end_of_a_page(open_browser, theme, language):
    page = open_browser(width=390, theme=theme, language=language).new_page()
    page.goto("/")
    bar, tabs = box(page, BAR), box(page, ".tabbar")
    assert bar["y"] + bar["height"] <= tabs["y"] + 1
    assert bar["height"] < 844 / 3
    ways = page.locator(f"{BAR} .btn")
    assert ways.count() == 3
    boxes = [ways.nth(n).bounding_box() for n in range(3)]
    assert len({(round(one["width"]), round(one["height"])) for one in boxes}) == 1
    assert len({ways.nth(n).evaluate("e => getComputedStyle(e).backgroundColor") for n in range(3)}) == 1
    assert Axe().run(page).response["violations"] == []
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    foot, bar = box(page, ".footer"), box(page, BAR)
    assert foot["y"] + foot["height"] <= bar["y"] + 1


def test_one_tap_refuses_in_place_and_the_reader_stays_where_they_were(open_browser):
    page = open_browser(width=390).new_page()
    page.goto("/")
    page.evaluate("window.scrollTo(0, 300)")
    page.get_by_role("button", name="只用必要的").click()
    expect(page.locator(BAR)).to_have_count(0)
    expect(page.locator("main")).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("隐私与同意")
    assert page.evaluate("window.scrollY") == 300
    page.goto("/courses/")
    expect(page.locator(BAR)).to_have_count(0)


def test_by_the_keyboard_nothing_is_reached_under_the_bar(open_browser):
    page = open_browser(width=390).new_page()
    page.goto("/")
    top = box(page, BAR)["y"]
    for _ in range(30):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
              const at = document.activeElement.getBoundingClientRect();
              const apart = document.activeElement.closest("#consent-bar, .tabbar") !== null;
              return apart ? 0 : at.bottom;
            }"""
        )
        assert found <= top + 1


@pytest.mark.parametrize("width", [390, 1280])
def test_by_the_keyboard_the_bar_comes_right_after_the_way_past_the_navigation(open_browser, width):
    page = open_browser(width=width).new_page()
    page.goto("/")
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[:4] == ["跳到正文", "全部同意", "只用必要的", "自己选"]
    assert page.evaluate("document.activeElement.closest('.topbar') !== null")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(BAR)).to_have_count(0)


def test_on_a_phone_the_act_of_a_course_is_in_reach_while_the_bar_waits_at_the_end(open_browser):
    page = open_browser(width=390).new_page()
    page.goto("/courses/intuition-for-statistics/")
    act = box(page, ".sticky-action")
    assert act["y"] + act["height"] <= 844
    assert box(page, BAR)["y"] >= 844
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="全部同意").click()
    expect(page.locator(BAR)).to_have_count(0)


def test_without_a_script_a_choice_leads_back_and_holds(open_browser):
    page = open_browser(width=390, java_script_enabled=False).new_page()
    page.goto("/courses/?topic=data")
    page.get_by_role("button", name="全部同意").click()
    expect(page).to_have_url(re.compile(r"/courses/\?topic=data$"))
    expect(page.locator(BAR)).to_have_count(0)
    page.goto("/privacy/")
    assert page.locator("input[name=purpose]:checked").count() == 4
    page.locator("#purpose-personalisation").uncheck()
    page.get_by_role("button", name="保存").click()
    assert page.locator("input[name=purpose]:checked").count() == 3
