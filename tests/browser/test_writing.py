"""The studio used as authors use it."""

import re

from playwright.sync_api import expect

from tests.experience.studio.test_studio import picture


def editor(open_browser, **more):
    """The first lesson of a course of the demo creator, its text emptied in the page alone."""
    page = open_browser(email="creator@example.com", **more).new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/studio/")
    page.get_by_role("link", name="统计学的直觉").click()
    page.locator(".lesson-link").first.click()
    field = page.locator("textarea[name=body]")
    field.fill("")
    return page, field


def press(page, mark):
    page.locator(f"[data-mark={mark}]").click()


def test_the_bar_writes_the_signs_and_can_be_undone(open_browser):
    page, field = editor(open_browser)
    field.type("平均数")
    field.press("Control+a")
    press(page, "bold")
    expect(field).to_have_value("**平均数**")
    page.keyboard.press("Control+z")
    expect(field).to_have_value("平均数")
    press(page, "heading")
    expect(field).to_have_value("## 平均数")
    press(page, "heading")
    expect(field).to_have_value("平均数")
    field.fill("一\n二")
    field.press("Control+a")
    press(page, "list")
    expect(field).to_have_value("- 一\n- 二")
    field.press("Control+a")
    press(page, "code")
    expect(field).to_have_value("```\n- 一\n- 二\n```")
    field.fill("链接")
    field.press("Control+a")
    field.press("Control+k")
    expect(field).to_have_value("[链接](https://)")


def test_the_bar_is_one_stop_for_the_keyboard_and_each_button_has_a_name(open_browser):
    page, field = editor(open_browser)
    bar = page.get_by_role("toolbar")
    for name in ("加粗", "小标题", "列表", "引用", "代码", "链接", "图片"):
        expect(bar.get_by_role("button", name=re.compile(name))).to_have_count(1)
    page.locator("[data-mark=bold]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-mark=heading]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_have_value("## 小标题")
    page.locator("[data-mark=heading]").focus()
    page.keyboard.press("Tab")
    expect(field).to_be_focused()


def test_a_picture_comes_into_the_text_and_is_seen_at_once(open_browser):
    page, field = editor(open_browser)
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture(size=(800, 400))}
    with page.expect_file_chooser() as chosen:
        press(page, "picture")
    chosen.value.set_files(file)
    expect(field).to_have_value(re.compile(r"!\[图片说明\]\(/media/pictures/[0-9a-f]{32}-800x400\.jpg\)"))
    # What it shows stands chosen: typing replaces it.
    page.keyboard.type("两条线")
    expect(field).to_have_value(re.compile(r"!\[两条线\]"))
    shown = page.locator("#preview img")
    expect(shown).to_have_attribute("alt", "两条线")
    shown.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#preview img').naturalWidth === 800")
    with page.expect_file_chooser() as chosen:
        press(page, "picture")
    chosen.value.set_files({"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    expect(page.locator("[data-said]")).to_contain_text("JPEG")


def test_on_a_phone_text_or_page_is_shown(open_browser):
    page, field = editor(open_browser, width=390)
    preview = page.locator("#preview")
    expect(field).to_be_visible()
    expect(preview).to_be_hidden()
    field.fill("**重点**")
    page.get_by_role("button", name="看", exact=True).click()
    expect(field).to_be_hidden()
    expect(preview.locator("strong")).to_have_text(["重点"])
    page.get_by_role("button", name="写", exact=True).click()
    expect(field).to_be_visible()


def test_without_a_script_there_is_no_bar_and_the_page_saves(open_browser):
    page = open_browser(email="creator@example.com", java_script_enabled=False).new_page()
    page.goto("/studio/")
    page.get_by_role("link", name="统计学的直觉").click()
    page.locator(".lesson-link").first.click()
    expect(page.get_by_role("toolbar")).to_have_count(0)
    expect(page.locator(".editor-sides")).to_be_hidden()
    page.locator(".studio-save button:not([name])").click()
    expect(page.locator("textarea[name=body]")).to_be_visible()


def test_the_card_follows_the_title(open_browser):
    page = open_browser(email="creator@example.com").new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/studio/")
    page.get_by_role("link", name="统计学的直觉").click()
    page.locator(".studio-tabs a[href$='/facts/']").click()
    page.fill("input[name=title]", "换一个名字看看")
    expect(page.locator("#card .course-card-title")).to_have_text("换一个名字看看")


def test_a_file_field_says_what_was_chosen(open_browser):
    page = open_browser(email="operator@example.com").new_page()
    page.goto("/desk/import/members/")
    expect(page.locator("[data-file-name]")).to_have_text("选择文件，或拖到这里")
    file = {"name": "成员.csv", "mimeType": "text/csv", "buffer": "名字,邮箱\n".encode()}
    page.set_input_files("input[type=file]", file)
    expect(page.locator("[data-file-name]")).to_have_text("成员.csv")
