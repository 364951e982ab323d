"""A font with Chinese in it, for pictures with words. The project ships none: such a font weighs megabytes."""

from functools import cache
from pathlib import Path

from django.conf import settings
from PIL import ImageFont

# (file, face within a collection), the face for simplified Chinese; where Linux, macOS and Windows keep them.
_KNOWN = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 2),
    ("/System/Library/Fonts/STHeiti Medium.ttc", 1),
    ("C:/Windows/Fonts/msyhbd.ttc", 0),
)


def font(size: int) -> ImageFont.FreeTypeFont | None:
    """The font for words in pictures, None where the machine has none that can write Chinese."""
    found = _file(settings.ZHIYUE_CARD_FONT)
    return _face(*found, size) if found else None


@cache
def _file(wanted: str) -> tuple[str, int] | None:
    known = ((wanted, 2 if wanted.endswith("CJK-Bold.ttc") else 0),) if wanted else _KNOWN
    for path, index in known:
        if Path(path).is_file() and _writes_chinese(path, index):
            return path, index
    return None


def _writes_chinese(path: str, index: int) -> bool:
    """A sign that the font lacks is drawn as the same box as any other it lacks."""
    try:
        face = ImageFont.truetype(path, 40, index=index)
    except OSError:
        return False
    return bytes(face.getmask("知")) != bytes(face.getmask("\uffff"))


@cache
def _face(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index)
