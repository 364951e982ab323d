"""A form is sent once, however often it is clicked; and it can be sent again where that is meant."""

from playwright.sync_api import Page, expect

CREATOR = "creator@example.com"
TWICE = "button => { button.click(); button.click(); }"


def posts_of(page: Page) -> list[str]:
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    return sent


def in_studio(sent: list[str]) -> list[str]:
    return [url.split("/studio/")[1] for url in sent if "/studio/" in url]


def test_two_clicks_begin_one_course_and_add_one_chapter(open_browser):
    page = open_browser(email=CREATOR).new_page()
    page.goto("/studio/new/")
    page.fill("input[name=title]", "双击也只有一门课")
    sent = posts_of(page)
    page.locator("main form button.btn-primary").evaluate(TWICE)
    page.wait_for_url("**/outline/")
    page.fill("#add-chapter", "第一章")
    page.locator("#add-chapter + button").evaluate(TWICE)
    expect(page.locator("section.chapter")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    assert [address.split("/")[-2] for address in in_studio(sent)] == ["new", "add"]


def test_back_on_the_page_the_form_can_be_sent_again(open_browser):
    page = open_browser(email=CREATOR).new_page()
    page.goto("/studio/new/")
    page.fill("input[name=title]", "第一次")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/outline/")
    page.go_back()
    page.fill("input[name=title]", "第二次")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/outline/")
    expect(page.locator("h1")).to_contain_text("第二次")


def test_a_part_that_got_no_answer_can_be_sent_again(open_browser):
    page = open_browser(email=CREATOR).new_page()
    page.goto("/studio/new/")
    page.fill("input[name=title]", "断了一下")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/outline/")
    page.route("**/chapters/add/", lambda route: route.abort())
    page.fill("#add-chapter", "第一章")
    page.locator("#add-chapter + button").click()
    expect(page.locator("#toasts")).not_to_be_empty()
    page.unroute("**/chapters/add/")
    page.locator("#add-chapter + button").click()
    expect(page.locator("section.chapter")).to_have_count(1)
