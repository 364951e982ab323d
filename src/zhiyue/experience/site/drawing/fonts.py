"""The font for words in pictures: the first with Chinese in it that this machine has."""

from functools import cache

from PIL import ImageFont

from zhiyue.experience.shell.fonts import chinese_fonts


def font(size: int) -> ImageFont.FreeTypeFont | None:
    """None where the machine has none that can write Chinese."""
    found = chinese_fonts()
    return _face(*found[0], size) if found else None


@cache
def _face(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index)
