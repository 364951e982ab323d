"""What scripts add at the entrance: each is but a help, and none is needed to come in."""

import re

from playwright.sync_api import expect


def test_what_was_typed_as_a_password_can_be_looked_at_and_is_sent_hidden(open_browser):
    page = open_browser(width=390, language="en").new_page()
    page.goto("/sign-in/")
    field, eye = page.locator("#id_password"), page.get_by_role("button", name="Show the password")
    field.fill("not-the-password")
    eye.click()
    expect(field).to_have_attribute("type", "text")
    expect(eye).to_have_attribute("aria-pressed", "true")
    page.fill("#id_username", "nobody@example.com")
    page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(field).to_have_attribute("type", "password")


def test_without_a_script_there_is_no_such_button_and_the_code_can_be_asked_for_again(open_browser):
    page = open_browser(language="en", java_script_enabled=False).new_page()
    page.goto("/sign-up/")
    expect(page.get_by_role("button", name="Show the password")).to_be_hidden()
    page.get_by_role("link", name="No password? Use a code").click()
    page.fill("input[name=address]", "13800138001")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.locator("main")).to_contain_text("138 **** 8001")
    expect(page.get_by_role("button", name="Send another code")).to_be_enabled()


def test_the_next_code_counts_its_seconds_down(open_browser):
    page = open_browser(language="en").new_page()
    page.goto("/sign-in/code/")
    page.fill("input[name=address]", "13800138002")
    page.get_by_role("button", name="Send me a code").click()
    button = page.get_by_role("button", name="Another code in")
    expect(button).to_be_disabled()
    seconds = int(re.search(r"\d+", button.inner_text())[0])
    expect(button).to_contain_text(str(seconds - 2), timeout=5000)


def test_topics_are_counted_and_the_button_calls_once_one_is_chosen(open_browser):
    page = open_browser(language="en").new_page()
    page.goto("/welcome/")
    colour = "getComputedStyle(document.querySelector('.choosing .btn-primary')).backgroundColor"
    calm = page.evaluate(colour)
    page.locator(".interest").first.click()
    page.locator(".interest").last.click()
    expect(page.locator("main")).to_contain_text("2 chosen")
    page.wait_for_timeout(300)
    assert page.evaluate(colour) != calm


def test_english_quotation_marks_are_narrow(open_browser):
    page = open_browser(language="en").new_page()
    page.goto("/sign-in/")
    wide = page.evaluate(
        """() => {
          const sign = document.createElement("span");
          sign.textContent = "“";
          document.querySelector("main").append(sign);
          return sign.getBoundingClientRect().width / parseFloat(getComputedStyle(sign).fontSize);
        }"""
    )
    assert wide < 0.7
