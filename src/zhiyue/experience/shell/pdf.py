"""Text in PDF files that people may read everywhere, Chinese above all.

A TrueType font of the machine is embedded, with those of its signs that are used. Other fonts (Noto's, which has
PostScript outlines) can't be: then the text says which signs it has, and the reader's own font for simplified Chinese
draws them.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from zhiyue.experience.shell.fonts import chinese_fonts

_BY_READER = "STSong-Light"
# Drawn for a sign that the font lacks; the second where it lacks the first, too.
_LACKING, _LACKING_TOO = "□", "?"
# What only says how the sign before it looks.
_SELECTORS = re.compile("[\ufe00-\ufe0f]")


@dataclass(frozen=True, slots=True)
class TextFont:
    """A font by the name that a canvas knows. `can_draw` says of a sign whether it has it."""

    name: str
    is_embedded: bool
    can_draw: Callable[[str], bool]

    def drawable(self, text: str) -> str:
        """A text in one line as this font can draw it: without control signs, and with a box for each sign it
        lacks."""
        plain = "".join(_plainly(sign) for sign in _SELECTORS.sub("", text))
        return "".join(self._drawn(sign) for sign in " ".join(plain.split()))

    def width(self, text: str, size: float) -> float:
        return float(pdfmetrics.stringWidth(text, self.name, size))

    def lines(self, text: str, size: float, width: float, *, most: int) -> list[str]:
        """A text broken into lines of at most this width; what is left after so many ends in “…”. Chinese breaks
        anywhere, other words between each other where they fit at all."""
        left = self.drawable(text)
        found: list[str] = []
        while left and len(found) < most:
            n = self._fitting(left, size, width)
            found.append(left[:n].strip())
            left = left[n:].strip()
        if left:
            found[-1] = self._cut(found[-1] + " " + left, size, width)
        return found or [""]

    def _drawn(self, sign: str) -> str:
        if sign == " " or self.can_draw(sign):
            return sign
        return _LACKING if self.can_draw(_LACKING) else _LACKING_TOO

    def _fitting(self, text: str, size: float, width: float) -> int:
        """How many signs go into one line: one at least."""
        n = self._room(text, size, width)
        if n < len(text) and _is_within_word(text, n):
            space = text.rfind(" ", 1, n)
            return space if space > 0 else n
        return n

    def _room(self, text: str, size: float, width: float) -> int:
        used = 0.0
        for n, sign in enumerate(text):
            used += self.width(sign, size)
            if used > width:
                return max(n, 1)
        return len(text)

    def _cut(self, text: str, size: float, width: float) -> str:
        return text[: self._room(text, size, width - self.width("…", size))].rstrip() + "…"


def text_font() -> TextFont:
    """The font for text in PDF files on this machine."""
    return _font(settings.ZHIYUE_CARD_FONT)


@cache
def _font(wanted: str) -> TextFont:
    for path, index in chinese_fonts():
        name = f"Zhiyue-{path}-{index}"
        try:
            font = TTFont(name, path, subfontIndex=index)
        except (TTFError, OSError):
            continue
        pdfmetrics.registerFont(font)
        return TextFont(name, is_embedded=True, can_draw=partial(_has_glyph, font.face.charToGlyph))
    pdfmetrics.registerFont(UnicodeCIDFont(_BY_READER))
    return TextFont(_BY_READER, is_embedded=False, can_draw=_is_in_gbk)


def _plainly(sign: str) -> str:
    """A sign that is seen; of the others those that turn or join words say nothing, and the rest part them."""
    if sign.isprintable():
        return sign
    return "" if unicodedata.category(sign) == "Cf" else " "


def _has_glyph(glyphs: Mapping[int, int], sign: str) -> bool:
    return ord(sign) in glyphs


def _is_in_gbk(sign: str) -> bool:
    """The signs that every reader's font for simplified Chinese has."""
    if sign in "¥•":
        return True
    try:
        sign.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _is_within_word(text: str, n: int) -> bool:
    return all(sign.isascii() and not sign.isspace() for sign in text[n - 1 : n + 1])
