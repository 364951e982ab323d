"""Lesson text: Markdown to HTML that is safe whoever wrote it."""

from collections.abc import Sequence

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from zhiyue.product.catalogue.pictures import in_text

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False}).enable(
    ["table", "strikethrough"]
)

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


_MARKDOWN.add_render_rule("image", _picture)


def render(markdown: str) -> SafeString:
    """Markdown as HTML. Raw HTML in it is shown as text; scripts, styles and foreign schemes can't come out."""
    html = nh3.clean(
        _MARKDOWN.render(markdown),
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
