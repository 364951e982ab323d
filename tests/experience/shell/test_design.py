"""The living page of the design system, and the files that were built for it."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from zhiyue.experience.shell.templatetags import shell

pytestmark = pytest.mark.django_db

MARKS = (
    "btn-primary",
    "badge-good",
    'class="progress"',
    "avatar-l",
    "segmented",
    "choices",
    "field-error",
    "notice-bad",
    'class="empty"',
    "modal-box",
    "toast-note",
    "shelf-track",
    "card-grid",
    "data-chart",
    "file-control",
    "data-table",
    "skeleton is-card",
    "skeleton is-row",
    "skeleton is-lines",
)


def test_the_design_page_shows_every_component(browser):
    page = browser.get("/design/").content.decode()
    for mark in MARKS:
        assert mark in page


@pytest.mark.parametrize(
    ("demo", "debug", "status"), [(False, False, 404), (True, False, 200), (False, True, 200)]
)
def test_only_the_demo_and_debug_show_it(browser, settings, demo, debug, status):
    settings.ZHIYUE_DEMO, settings.DEBUG = demo, debug
    assert browser.get("/design/").status_code == status


def test_every_icon_that_a_page_may_draw_is_in_the_sprite(browser):
    sprite = (shell.BUILT.parent / "shell" / "icons.svg").read_text("utf-8")
    page = browser.get("/design/").content.decode()
    drawn = {part.split('"')[0] for part in page.split("icons.svg#")[1:]}
    assert len(drawn) > 30
    assert {name for name in drawn if f'<symbol id="{name}"' not in sprite} == set()


def test_a_page_without_built_files_says_how_to_build_them(tmp_path, monkeypatch):
    monkeypatch.setattr(shell, "BUILT", tmp_path)
    with pytest.raises(ImproperlyConfigured, match="npm run build"):
        shell.asset("site.js")


def test_a_built_file_is_found_under_its_hashed_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shell, "BUILT", tmp_path)
    entry = {"file": "assets/site-abc.js", "name": "site", "isEntry": True, "css": ["assets/site-def.css"]}
    (tmp_path / "manifest.json").write_text(json.dumps({"src/site.ts": entry}))
    assert shell.asset("site.js") == "/static/built/assets/site-abc.js"
    assert shell.asset("site.css") == "/static/built/assets/site-def.css"
    with pytest.raises(ImproperlyConfigured, match=r"desk\.js"):
        shell.asset("desk.js")
