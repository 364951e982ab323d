"""Lesson text is safe whoever wrote it."""

from html.parser import HTMLParser

import pytest

from zhiyue.product.catalogue.prose import render


def test_markdown_becomes_html():
    assert render("**重点**：`x`") == "<p><strong>重点</strong>：<code>x</code></p>\n"


def test_a_table_scrolls_in_its_own_frame():
    assert '<div class="table-frame" tabindex="0"><table>' in render("| a | b |\n|---|---|\n| 1 | 2 |")


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        '<a href="x" style="position:fixed">x</a>',
        "<iframe src=//evil.example></iframe>",
        "```\n</code><script>alert(1)</script>\n```",
        '[x](# "onmouseover=alert(1)")',
    ],
)
def test_no_attack_comes_out_alive(attack):
    for tag, attributes in Elements.of(render(attack)):
        assert tag not in {"script", "iframe", "style", "object"}
        for name, value in attributes:
            assert name in {"href", "src", "title", "alt", "rel", "class", "tabindex"}
            assert not (value or "").strip().lower().startswith(("javascript:", "data:"))


class Elements(HTMLParser):
    """The elements a browser would see, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))

    @classmethod
    def of(cls, html):
        parser = cls()
        parser.feed(html)
        return parser.found
