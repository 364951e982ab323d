"""Lesson text is safe whoever wrote it."""

from html.parser import HTMLParser
from time import process_time

import pytest
from django.urls import reverse

from zhiyue.product.catalogue import reading_time
from zhiyue.product.catalogue.openings import opening
from zhiyue.product.catalogue.pictures import ADDRESS
from zhiyue.product.catalogue.prose import render, render_marked


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


LONG = 60_000
ORDINARY = "## 平均数会骗人\n\n**重点**：见[这里](https://academy.example/a)，`x`。\n\n- 一\n- 二\n\n> 引用\n> 的话\n\n"


def repeated(pattern):
    return (pattern * (LONG // len(pattern) + 1))[:LONG]


def seconds(markdown):
    begun = process_time()
    render(markdown)
    return process_time() - begun


@pytest.fixture(scope="module")
def ordinary():
    return seconds(repeated(ORDINARY))


@pytest.mark.parametrize(
    "pattern",
    [
        "![a](", "[", "![", "[a][", "*a_", "**a", "~~a", "`a", "<a ", "<![CDATA[", "- ", "> ", ">- a\nb\n",
        "> ```\na\n", "[a]: b\n>     *|[a]: b\n", "#\n> [a]: b\n*#", "- >     a\n  b\n", "[a]: b\n", "|a|\n|-|\n",
    ],
)  # fmt: skip
def test_no_text_takes_much_longer_than_an_ordinary_one_of_its_length(pattern, ordinary):
    assert seconds(repeated(pattern)) < 20 * ordinary


@pytest.mark.parametrize(
    "text",
    [
        "[a]: " + "b" * (LONG // 2) + "\n\n" + "[a] " * (LONG // 8),
        "[a]: b '" + "c" * (LONG // 2) + "'\n\n" + "![a] " * (LONG // 10),
        "[a]: " + "平" * (LONG // 2) + "\n\n" + "[a] " * (LONG // 8),
    ],
)
def test_an_address_that_is_named_in_every_line_is_not_written_in_every_line(text):
    assert len(render(text)) < 15 * LONG


def test_named_addresses_and_lazy_quotations_go_on_working():
    assert '<a href="https://a.example/" ' in render("[这里][1]\n\n[1]: https://a.example/")
    assert render("> 一\n二\n\n三") == "<blockquote>\n<p>一\n二</p>\n</blockquote>\n<p>三</p>\n"


MARK = '<span id="go-on" class="go-on"></span>'


@pytest.mark.parametrize(
    ("text", "percent", "marked"),
    [
        ("一句。两句。三句。", 40, f"<p>一句。{MARK}两句。三句。</p>\n"),
        ("一句。\n\n## 下面\n\n两句。", 40, f"<p>一句。</p>\n<p>{MARK}</p>\n<h2>下面</h2>\n<p>两句。</p>\n"),
        ("```\nx = 1\n```\n\n两句，很长很长很长很长很长。", 50, f"</code></pre>\n<p>{MARK}</p>\n<p>两句"),
        ("一句。", 100, "<p>一句。</p>\n"),
        ("一句很长很长。", 10, "<p>一句很长很长。</p>\n"),
    ],
)
def test_the_end_of_the_opening_is_marked(text, percent, marked):
    html = render_marked(text, opening(text, percent))
    assert marked in html
    assert "\ue0a7" not in html


def test_an_address_that_is_cut_through_stays_whole():
    text = "见[这里](https://a.example/x)，就在那里，就在那里，就在那里，就在那里。"
    html = render_marked(text, opening(text, 40))

    assert html == render(text)
