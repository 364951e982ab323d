"""The academy's logo: whatever picture was uploaded, as a PNG of ours in the media storage."""

import hashlib
import io

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import pgettext_lazy
from PIL import Image, ImageOps, UnidentifiedImageError

from zhiyue.core.academy.errors import UnusableLogo

LARGEST_BYTES = 2_000_000
LARGEST_PIXELS = 25_000_000
SMALLEST_SIDE = 32
SIDE = 256
FOLDER = "academy"


def keep(upload: bytes) -> str:
    """Store the picture, at most 256 px a side, without what cameras write into it. Returns its name, which is made of
    its content. Raises UnusableLogo."""
    drawn = _redrawn(upload)
    name = f"{FOLDER}/logo-{hashlib.sha256(drawn).hexdigest()[:16]}.png"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(drawn))
    return name


def read(name: str) -> bytes:
    """The picture's bytes. Raises FileNotFoundError."""
    with default_storage.open(name) as file:
        return bytes(file.read())


def _redrawn(upload: bytes) -> bytes:
    if len(upload) > LARGEST_BYTES:
        raise UnusableLogo(
            pgettext_lazy("looks", "The picture is larger than 2 MB. Save it smaller and try again.")
        )
    try:
        with Image.open(io.BytesIO(upload), formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
            if opened.width * opened.height > LARGEST_PIXELS:
                raise UnusableLogo(
                    pgettext_lazy("looks", "The picture has more than 25 million pixels. Make it smaller.")
                )
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as why:
        raise UnusableLogo(
            pgettext_lazy("looks", "This file isn't a picture we can read. Use PNG, JPEG, WebP or GIF.")
        ) from why
    if min(upright.size) < SMALLEST_SIDE:
        raise UnusableLogo(
            pgettext_lazy("looks", "The picture is smaller than 32 pixels on one side. Use a larger one.")
        )
    upright.thumbnail((SIDE, SIDE))
    drawn = io.BytesIO()
    upright.save(drawn, "PNG", optimize=True)
    return drawn.getvalue()
