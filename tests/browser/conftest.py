"""A real Chromium before a real demo: web, worker and scheduler as `make demo` runs them."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.services import demo_academy

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip

# What is awaited comes at once on a calm machine; on one that fills an academy meanwhile it may take its time.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("chromium") or shutil.which("google-chrome"):
        return
    if os.environ.get("CI") == "true":
        pytest.exit(
            "The browser tests need Chromium (Debian: apt install chromium fonts-noto-cjk).", returncode=1
        )
    print(
        "\n*** No Chromium on this machine: EVERY BROWSER TEST IS SKIPPED (Debian: apt install chromium) ***\n"
    )
    for item in items:
        if "browser" in Path(str(item.path)).parts:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.fixture(autouse=True)
def own_data_dir() -> None:
    """The demo under test has its own folder; nothing here touches this process's settings."""


@pytest.fixture(scope="session")
def academy() -> Iterator[str]:
    """The address of a demo that is filled and served."""
    with demo_academy() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


Open = Callable[..., BrowserContext]


@pytest.fixture
def open_browser(chromium: Browser, academy: str) -> Iterator[Open]:
    """A fresh browser (a context) at a width, in a theme and a language; signed in where an address is given."""
    opened: list[BrowserContext] = []

    def start(
        *, width: int = 1280, theme: str = "light", language: str = "zh-hans", email: str = "", **more: object
    ) -> BrowserContext:
        context = chromium.new_context(
            base_url=academy,
            viewport={"width": width, "height": 844 if width < 600 else 900},
            locale="zh-CN",
            reduced_motion="reduce",
            **more,
        )
        opened.append(context)
        cookies = {"zy_theme": theme, "zy_language": language}
        context.add_cookies(
            [{"name": name, "value": value, "url": academy} for name, value in cookies.items()]
        )
        if email:
            sign_in(context, email)
        return context

    yield start
    for context in opened:
        context.close()


def sign_in(context: BrowserContext, email: str) -> None:
    page = context.new_page()
    page.goto("/sign-in/")
    page.fill("input[type=email], input[name=username]", email)
    page.fill("input[name=password]", "zhiyue-demo")
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/")
    page.close()
