"""Pictures of courses and teachers: checked, made anew without anything that was hidden in them, and kept."""

import hashlib
import io
import warnings

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import pgettext
from PIL import Image, ImageOps, UnidentifiedImageError

from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Course, Teacher

BYTES_AT_MOST = 5_000_000
# 5 MB of PNG can unfold to gigabytes.
PIXELS_AT_MOST = 40_000_000
COVER_WIDTH, COVER_HEIGHT = 1280, 800
FORMATS = ("JPEG", "PNG", "WEBP")
FOLDER = "pictures"


def keep(content: bytes, *, width: int, height: int) -> str:
    """Cut a picture to this shape, write it as JPEG and keep it. Returns its name, which tells its content.

    Where it was taken and by which camera, and whatever else stands in the file, isn't copied. Raises BadFact."""
    picture = _read(content)
    # A small one isn't blown up: it is cut to the same shape.
    scale = min(1.0, picture.width / width, picture.height / height)
    shaped = ImageOps.fit(picture, (max(1, round(width * scale)), max(1, round(height * scale))))
    written = io.BytesIO()
    shaped.save(written, "JPEG", quality=86, optimize=True, progressive=True)
    made = written.getvalue()
    name = f"{FOLDER}/{hashlib.sha256(made).hexdigest()[:32]}.jpg"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(made))
    return name


def forget_later(name: str) -> None:
    """Remove a picture's file once the change is certain, unless something still shows it."""
    if name:
        transaction.on_commit(lambda: _forget(name))


def _forget(name: str) -> None:
    if not Course.objects.filter(picture=name).exists() and not Teacher.objects.filter(picture=name).exists():
        default_storage.delete(name)


def _read(content: bytes) -> Image.Image:
    if len(content) > BYTES_AT_MOST:
        raise BadFact(
            "picture", pgettext("catalogue", "This file is larger than 5 MB. Save it smaller and try again.")
        )
    try:
        with warnings.catch_warnings():
            # The size is judged below, with words of ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > PIXELS_AT_MOST:
                words = pgettext(
                    "catalogue",
                    "This picture has more than 40 million pixels. Save it smaller and try again.",
                )
                raise BadFact("picture", words)
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as why:
        words = pgettext("catalogue", "This is no picture that can be read. Choose a JPEG, PNG or WebP file.")
        raise BadFact("picture", words) from why
    if min(upright.size) < 200:
        raise BadFact(
            "picture", pgettext("catalogue", "This picture is too small: at least 200 by 200 pixels.")
        )
    on_white = Image.new("RGBA", upright.size, "white")
    on_white.alpha_composite(upright)
    return on_white.convert("RGB")
