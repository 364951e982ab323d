"""The pages used as people use them."""

import re

from playwright.sync_api import expect

LESSON = "/courses/intuition-for-statistics/means-lie/"


def test_from_the_home_page_a_free_lesson_is_one_tap(open_browser):
    page = open_browser(width=390).new_page()
    page.goto("/")
    page.locator("main a.btn-primary").first.click()
    expect(page).to_have_url(re.compile(r"/courses/[a-z-]+/[a-z0-9-]+/$"))
    expect(page.locator("article")).to_be_visible()


def test_a_member_goes_on_where_they_left_in_one_tap(open_browser):
    page = open_browser(width=390, email="learner@example.com").new_page()
    page.goto("/")
    page.locator("main a[href*='/courses/intuition-for-statistics/']").first.click()
    expect(page).to_have_url(re.compile(r"/courses/intuition-for-statistics/[a-z0-9-]+/$"))


def test_reading_is_kept_as_progress_by_what_came_into_view(open_browser):
    context = open_browser()
    page = context.new_page()
    page.goto(LESSON)
    with page.expect_response("**/api/v1/events") as sent:
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert sent.value.status == 202
    page.goto("/learning/")
    expect(page.locator("main")).to_contain_text("统计学的直觉")


def test_everything_a_reader_needs_works_without_a_script(open_browser):
    page = open_browser(java_script_enabled=False).new_page()
    page.goto(LESSON)
    page.locator("#consent-bar button[value=all]").click()
    page.locator("form[action*='/finish/'] button").first.click()
    page.goto("/courses/reading-tang-poems/")
    page.locator("form[action*='/save/'] button").first.click()
    page.goto("/learning/")
    expect(page.locator("main")).to_contain_text("统计学的直觉")
    expect(page.locator("main")).to_contain_text("唐诗的读法")
    page.goto("/")
    expect(page.locator("main")).to_contain_text("因为你收藏了")


def test_the_keyboard_reaches_the_content_first(open_browser):
    page = open_browser().new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_theme_and_language_are_the_servers(open_browser):
    context = open_browser(theme="dark", language="en", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("html").get_attribute("lang") == "en"


def test_one_click_is_followed_live_on_the_desk(open_browser):
    desk = open_browser(email="operator@example.com").new_page()
    desk.goto("/desk/follow/")
    visitor = open_browser().new_page()
    visitor.goto("/")
    visitor.locator("#consent-bar button[value=all]").click()
    expect(visitor.locator("#consent-bar")).to_have_count(0)
    visitor.goto("/courses/pour-over-coffee/")
    expect(desk.locator("main")).to_contain_text("一杯手冲咖啡", timeout=10_000)
    member = open_browser(email="learner@example.com").new_page()
    member.goto("/courses/seeing-light/")
    expect(desk.locator("main")).to_contain_text("看见光", timeout=10_000)
    expect(desk.locator("main")).to_contain_text("course.viewed")


def test_on_a_phone_courses_are_narrowed_in_a_sheet_in_place(open_browser):
    page = open_browser(width=390).new_page()
    page.goto("/courses/")
    page.locator(".results-head [popovertarget=facets]").click()
    with page.expect_response("**/courses/?*"):
        page.check("input[name=topic][value=data]")
    expect(page).to_have_url(re.compile(r"/courses/\?topic=data"))
    # The sheet stays open and says what there is now.
    done = page.locator(".side-sheet-end")
    expect(page.locator(".chosen .chip")).to_have_count(1)
    expect(done).to_contain_text(f"{page.locator('#results .course-card').count()} 门课程")
    done.click()
    expect(page.locator("#facets")).to_be_hidden()
    page.locator(".chosen .chip").click()
    expect(page).to_have_url(re.compile(r"/courses/$"))
    page.go_back()
    expect(page.locator("header.topbar")).to_be_visible()
    expect(page.locator(".chosen .chip")).to_have_count(1)


def test_without_a_script_courses_are_narrowed_and_text_grows(open_browser):
    page = open_browser(width=390, java_script_enabled=False).new_page()
    page.goto("/courses/")
    page.locator(".results-head [popovertarget=facets]").click()
    page.check("input[name=topic][value=data]")
    page.locator("#facet-form noscript button").click()
    expect(page.locator(".chosen .chip")).to_have_count(1)
    page.goto(LESSON)
    page.locator("[data-step='1']").click()
    expect(page.locator(".prose")).to_have_attribute("data-text-size", "l")


def test_the_size_of_text_changes_in_place_and_stays(open_browser):
    page = open_browser(width=390).new_page()
    page.goto(LESSON)
    page.locator("[data-step='1']").click()
    page.locator("[data-step='1']").click()
    expect(page.locator("[data-step='1']")).to_be_disabled()
    page.reload()
    expect(page.locator(".prose")).to_have_attribute("data-text-size", "xl")
