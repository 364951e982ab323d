"""Lesson text is safe whoever wrote it."""

from html.parser import HTMLParser

import pytest
from django.urls import reverse

from zhiyue.product.catalogue import reading_time
from zhiyue.product.catalogue.pictures import ADDRESS
from zhiyue.product.catalogue.prose import render


def test_markdown_becomes_html():
    assert render("**重点**：`x`") == "<p><strong>重点</strong>：<code>x</code></p>\n"


def test_a_table_scrolls_in_its_own_frame():
    assert '<div class="table-frame" tabindex="0"><table>' in render("| a | b |\n|---|---|\n| 1 | 2 |")


OWN = f"/media/pictures/{'0a' * 16}-640x480.jpg"


def test_a_picture_of_the_academys_own_keeps_its_place_free():
    assert render(f'![一"张]({OWN} "标题")') == (
        f'<p><img src="{OWN}" alt="一&quot;张" title="标题" width="640" height="480" loading="lazy"></p>\n'
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/a.png",
        "/media/pictures/../../settings",
        "/desk/",
        OWN.replace(".jpg", ".svg"),
    ],
)
def test_a_picture_from_elsewhere_is_a_link(address):
    html = render(f"![看这里]({address})")
    assert "<img" not in html
    assert f'<a href="{address}" rel="noopener noreferrer nofollow">看这里</a>' in html


def test_the_address_of_pictures_is_where_they_are_served():
    assert reverse("shell:picture", args=[OWN.rpartition("/")[2]]) == OWN
    assert reverse("shell:picture", args=["a" * 32 + ".jpg"]).startswith(ADDRESS)


def test_reading_counts_what_is_said_of_a_picture_and_not_its_address():
    assert reading_time.length(f"看 ![一张图]({OWN})") == 4


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
