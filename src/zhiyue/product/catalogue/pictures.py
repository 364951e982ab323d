"""Pictures of courses, teachers and texts: checked, made anew without anything that was hidden in them, and kept."""

import hashlib
import io
import re
import warnings
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import pgettext
from PIL import Image, ImageOps, UnidentifiedImageError

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Course, Lesson, Teacher, UnshownPicture

BYTES_AT_MOST = 5_000_000
# 5 MB of PNG can unfold to gigabytes.
PIXELS_AT_MOST = 40_000_000
COVER_WIDTH, COVER_HEIGHT = 1280, 800
FORMATS = ("JPEG", "PNG", "WEBP")
# In a text: sharp on a fine screen in the widest column, no larger.
IN_TEXT_AT_MOST = 1600
FOLDER = "pictures"
DAYS_UNSHOWN = 7
# So many texts are in memory at a time.
TEXTS_AT_ONCE = 100
# Where the academy's pages serve them; a text names its pictures by this address.
ADDRESS = f"/media/{FOLDER}/"
_IN_TEXT = re.compile(rf"{ADDRESS}([0-9a-f]{{32}}-(\d{{1,4}})x(\d{{1,4}})\.jpg)")


@dataclass(frozen=True, slots=True)
class InText:
    """A picture as a text names it: its name in the storage, and its size, so that a page keeps its place free."""

    name: str
    width: int
    height: int

    @property
    def address(self) -> str:
        return ADDRESS + self.name.removeprefix(f"{FOLDER}/")


def in_text(address: str) -> InText | None:
    """The picture of ours behind an address; None where it is none."""
    found = _IN_TEXT.fullmatch(address)
    return InText(f"{FOLDER}/{found[1]}", int(found[2]), int(found[3])) if found else None


def named_in(text: str) -> set[str]:
    """The names of all pictures that a text shows."""
    return {f"{FOLDER}/{found[1]}" for found in _IN_TEXT.finditer(text)}


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture as it will be kept. Its name tells its content."""

    name: str
    content: bytes


def cut(content: bytes, *, width: int, height: int) -> Cut:
    """Cut a picture to this shape and write it as JPEG. That takes long: do it before a transaction begins.

    Where it was taken and by which camera, and whatever else stands in the file, isn't copied. Raises BadFact."""
    picture = _read(content)
    # A small one isn't blown up: it is cut to the same shape.
    scale = min(1.0, picture.width / width, picture.height / height)
    shaped = ImageOps.fit(picture, (max(1, round(width * scale)), max(1, round(height * scale))))
    return _written(shaped)


def keep_for_text(content: bytes) -> InText:
    """Keep a picture whole, made smaller where it is larger than a page shows it. Raises BadFact."""
    picture = _read(content)
    picture.thumbnail((IN_TEXT_AT_MOST, IN_TEXT_AT_MOST))
    return InText(keep(_written(picture, f"-{picture.width}x{picture.height}")), *picture.size)


def _written(picture: Image.Image, size: str = "") -> Cut:
    """Write it as JPEG under a name of 128 bits that its content makes: nobody finds it who wasn't told."""
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=86, optimize=True, progressive=True)
    made = written.getvalue()
    return Cut(f"{FOLDER}/{hashlib.sha256(made).hexdigest()[:32]}{size}.jpg", made)


def keep(made: Cut) -> str:
    """Put a picture into the storage, before a transaction begins: the storage may be far away. Returns its name."""
    # Uploaded anew it has all its days again to be put somewhere.
    UnshownPicture.objects.filter(name=made.name).delete()
    if not default_storage.exists(made.name):
        default_storage.save(made.name, ContentFile(made.content))
    return made.name


def forget_unshown() -> int:
    """Remove the files of pictures that nothing has shown for DAYS_UNSHOWN. Returns how many.

    Never where they are taken away: whoever moves a text from one lesson into another, or takes a former one back,
    finds its pictures there."""
    now = clock.now()
    unshown = _kept() - _shown()
    known = set(UnshownPicture.objects.values_list("name", flat=True))
    UnshownPicture.objects.filter(name__in=known - unshown).delete()
    UnshownPicture.objects.bulk_create(
        [UnshownPicture(name=name, since=now) for name in sorted(unshown - known)], ignore_conflicts=True
    )
    old = UnshownPicture.objects.filter(since__lte=now - timedelta(days=DAYS_UNSHOWN))
    names = list(old.values_list("name", flat=True))
    for name in names:
        default_storage.delete(name)
        UnshownPicture.objects.filter(name=name).delete()
    return len(names)


def _kept() -> set[str]:
    try:
        _, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        # The folder comes with the first picture.
        return set()
    return {f"{FOLDER}/{file}" for file in files}


def _shown() -> set[str]:
    """The names of all that are a cover or a portrait, or that a text shows: each text is read once."""
    shown = {
        *Course.objects.exclude(picture="").values_list("picture", flat=True),
        *Teacher.objects.exclude(picture="").values_list("picture", flat=True),
    }
    for texts in (
        Course.objects.filter(summary__contains=ADDRESS).values_list("summary", flat=True),
        Teacher.objects.filter(bio__contains=ADDRESS).values_list("bio", flat=True),
        Lesson.objects.filter(body__contains=ADDRESS).values_list("body", flat=True),
    ):
        shown.update(*map(named_in, texts.iterator(chunk_size=TEXTS_AT_ONCE)))
    return shown


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
