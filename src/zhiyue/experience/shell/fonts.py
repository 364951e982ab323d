"""Where this machine keeps a font with Chinese in it, for what is drawn. The project ships none: such a font weighs
megabytes."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from django.conf import settings
from PIL import ImageFont

# A file, and the face for simplified Chinese within its collection.
FontFile = tuple[str, int]
# Where Linux, macOS and Windows keep them.
_KNOWN: tuple[FontFile, ...] = (
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


def chinese_fonts() -> Sequence[FontFile]:
    """The fonts of this machine that can write Chinese, the best first: the one of the setting alone, where it is
    set."""
    return _fonts(settings.ZHIYUE_CARD_FONT)


@cache
def _fonts(wanted: str) -> Sequence[FontFile]:
    known = ((wanted, 2 if wanted.endswith("CJK-Bold.ttc") else 0),) if wanted else _KNOWN
    return [(path, index) for path, index in known if Path(path).is_file() and _writes_chinese(path, index)]


def _writes_chinese(path: str, index: int) -> bool:
    """A sign that the font lacks is drawn as the same box as any other it lacks."""
    try:
        face = ImageFont.truetype(path, 40, index=index)
    except OSError:
        return False
    return bytes(face.getmask("知")) != bytes(face.getmask("\uffff"))
