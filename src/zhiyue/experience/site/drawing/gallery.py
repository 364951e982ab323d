"""Painted pictures, kept as files: painting one takes a while, and links to a course are looked at by many machines."""

import os
import tempfile
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from zhiyue.experience.site.drawing import paint
from zhiyue.experience.site.drawing.compose import Picture

# Some thousands of pictures. Those of former titles, and of other hosts an academy answers to, go with the oldest.
MOST_BYTES = 200 * 2**20


def png(picture: Picture) -> bytes | None:
    """As PNG, painted once: other words make another file. None where no font here can write the words."""
    folder = Path(settings.ZHIYUE_DATA_DIR) / "cards"
    file = folder / f"{sha256(f'{picture}{settings.ZHIYUE_CARD_FONT}'.encode()).hexdigest()[:32]}.png"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        painted = paint.png(picture)
    if painted is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _put(file, painted)
        _drop_oldest(folder)
    return painted


def _put(file: Path, painted: bytes) -> None:
    """Under a name of its own first: others may be painting the same picture, or reading it."""
    handle, name = tempfile.mkstemp(suffix=".draft", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as draft:
            draft.write(painted)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def _drop_oldest(folder: Path) -> None:
    """Drop what was painted longest ago, until the rest fits. A draft that a killed process left grows old, too."""
    found = []
    for file in folder.iterdir():
        try:
            told = file.stat()
        except FileNotFoundError:
            # A draft that has become a picture, or a picture that somebody else dropped.
            continue
        found.append((told.st_mtime_ns, told.st_size, file))
    left = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if left <= MOST_BYTES:
            return
        file.unlink(missing_ok=True)
        left -= size
