"""Lesson text: Markdown to HTML that is safe whoever wrote it."""

import re
from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from zhiyue.product.catalogue.openings import Opening
from zhiyue.product.catalogue.pictures import in_text

_OPTIONS = {"html": False, "linkify": False, "typographer": False}
_MARKDOWN = MarkdownIt("commonmark", _OPTIONS).enable(["table", "strikethrough"])
# For texts in which addresses named once, [so]: https://…, would cost too much: there they are shown as they stand.
_WITHOUT_NAMES = MarkdownIt("commonmark", _OPTIONS).enable(["table", "strikethrough"]).disable("reference")
# Reading a definition may mean reading everything after it again.
DEFINITIONS_AT_MOST = 100
# The end of a line of a quotation, in a list or not, before one that has no sign of it.
_AFTER_QUOTATION = re.compile(r"^([ \t*+\-\d.)]*>[^\n]*)\n(?=[^\n])(?![ \t*+\-\d.)]*>)", re.MULTILINE)
LINES_LOOKED_AT = 200_000

_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s",
    "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "ol": {"start"},
    "code": {"class"},
}


def _picture(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    """A picture of the academy's own, in its place before it is loaded. One from elsewhere would tell others who reads
    here, and pages don't load it: it is a link."""
    token = tokens[place]
    address = str(token.attrGet("src") or "")
    words = renderer.renderInlineAsText(token.children, options, env)
    own = in_text(address)
    if own is None:
        return format_html('<a href="{}">{}</a>', address, words or address)
    title = format_html(' title="{}"', token.attrs["title"]) if "title" in token.attrs else ""
    return format_html(
        '<img src="{}" alt="{}"{} width="{}" height="{}" loading="lazy">',
        address, words, title, str(own.width), str(own.height),
    )  # fmt: skip


for _reader in (_MARKDOWN, _WITHOUT_NAMES):
    _reader.add_render_rule("image", _picture)


def render(markdown: str) -> SafeString:
    """Markdown as HTML. Raw HTML in it is shown as text; scripts, styles and foreign schemes can't come out."""
    html = nh3.clean(
        _html(markdown),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    # A wide table scrolls inside its own frame instead of pushing the page; the frame can be reached by keyboard.
    html = html.replace("<table>", '<div class="table-frame" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    return mark_safe(html)  # noqa: S308 - cleaned by nh3 above


def render_marked(markdown: str, opening: Opening) -> SafeString:
    """The whole text with a mark, `#go-on`, where its opening ends: who had read so far goes on there."""
    read = len(opening.text)
    if opening.is_all or not read or _MARK in markdown:
        return render(markdown)
    mark = _MARK if opening.is_amid else f"\n\n{_MARK}\n\n"
    html = render(f"{markdown[:read]}{mark}{markdown[read:]}")
    before, found, after = html.partition(_MARK)
    # An address that was cut through stays as it is, and holds no mark.
    if not found or before.rfind("<") > before.rfind(">"):
        return render(markdown)
    return mark_safe(f'{before}<span id="go-on" class="go-on"></span>{after}')  # noqa: S308 - cleaned in `render`


# A character that no text needs.
_MARK = "\ue0a7"


def _html(markdown: str) -> str:
    markdown = _calmed(markdown)
    if markdown.count("]:") <= DEFINITIONS_AT_MOST:
        env: dict[str, Any] = {}
        tokens = _MARKDOWN.parse(markdown, env)
        # A long address that is named in every line would be written in every line. One that stands where it is used
        # grows ninefold at most, by percent signs.
        if sum(map(_written, tokens)) <= 10 * len(markdown) + 10_000:
            return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))
    return str(_WITHOUT_NAMES.render(markdown))


def _calmed(markdown: str) -> str:
    """A line after a quotation may still belong to it, so each quotation looks through everything that follows without
    a blank line. Where many do so, they are set apart by blank lines."""
    lines = markdown.count("\n") + 1
    if len(_AFTER_QUOTATION.findall(markdown)) * lines <= LINES_LOOKED_AT:
        return markdown
    return _AFTER_QUOTATION.sub(r"\1\n\n", markdown)


def _written(token: Token) -> int:
    """How long its attributes are, those of what is in it included."""
    own = sum(len(str(value)) for value in token.attrs.values())
    return own + sum(map(_written, token.children or ()))
