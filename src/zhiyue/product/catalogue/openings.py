"""The opening of a lesson's text: what whoever hasn't got the lesson may read of it."""

import re
from dataclasses import dataclass
from itertools import accumulate

from markdown_it import MarkdownIt

_BLOCKS = MarkdownIt("commonmark", {"html": False}).enable("table")
# Where a paragraph may be cut: behind the end of a sentence, and what closes it.
_SENTENCE_END = re.compile(r"[。！？…；.!?;][”’」』）)\"']*")
# Lines as CommonMark has them: those of `splitlines` are others.
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
# Reading a text of that many lines block by block isn't worth it for a taste.
LINES_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Opening:
    """`text` is Markdown; `percent` of the whole, rounded down; `is_all`: nothing was left out; `is_amid`: it ends
    within a paragraph."""

    text: str
    percent: int
    is_all: bool
    is_amid: bool = False


def opening(markdown: str, percent: int) -> Opening:
    """The first `percent` (0 to 100) of a text's characters at most, ending where a block of it ends, or a sentence of
    the paragraph in which the limit falls. A table, a list or a piece of code is there whole or not at all."""
    if percent >= 100:
        return Opening(markdown, 100, is_all=True)
    limit = len(markdown) * max(percent, 0) // 100
    lines = _LINE.findall(markdown)[:LINES_LOOKED_AT]
    until = [0, *accumulate(map(len, lines))]
    end, is_amid = 0, False
    for begin, after, is_paragraph in _blocks(lines):
        reached = len(markdown[: until[after]].rstrip())
        if reached <= limit:
            end = reached
            continue
        if is_paragraph:
            ends = [found.end() for found in _SENTENCE_END.finditer(markdown, until[begin], limit)]
            end, is_amid = (ends[-1], True) if ends else (end, False)
        break
    text = markdown[:end]
    return Opening(text, 100 * len(text) // max(len(markdown), 1), is_all=False, is_amid=is_amid)


def _blocks(lines: list[str]) -> list[tuple[int, int, bool]]:
    """Blocks as (first line, line after the last, is it a paragraph), in their order."""
    tokens = _BLOCKS.parse("".join(lines))
    top = [token for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
    return [(token.map[0], token.map[1], token.type == "paragraph_open") for token in top if token.map]
