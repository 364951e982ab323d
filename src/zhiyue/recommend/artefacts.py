"""Files of artefacts: arrays that processes map into their memory, a checksum over all of it, and a copy in another
place where the settings name one. Which artefacts there are stands in `models`, which one a process holds in `memory`.

A file is what `numpy.savez` writes, only that each array begins where it can be mapped: `numpy.load` opens it. One file
rather than one an array: it appears, is copied and goes in one step, and costs a process one open file, not forty.
"""

import hashlib
import mmap
import os
import struct
import tempfile
import zipfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from django.conf import settings
from numpy.typing import NDArray

from zhiyue.collect.places import Place, sync
from zhiyue.core.kit import clock
from zhiyue.engine.kinds import Arrays

FOLDER = "artefacts"
# Where numpy's own files let an array begin: any dtype is aligned there, and rows begin with a line of the cache.
ALIGNMENT = 64
HEAD_BYTES, ZIP64_BYTES, PADDING_ID = 30, 20, 0xD935
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What no row names is being written just now, or was left behind.
SETTLING = timedelta(hours=1)


class Damaged(Exception):
    """A file isn't what was written; the text says how."""


class Elsewhere(Exception):
    """A file isn't here (whole) and would have to be copied, for which whoever asks can't wait."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a change of a file in its place shows: under a map it would be a change of what is served."""

    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Stamp":
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Arrays of a file, read-only, in memory that all processes share. `was_fetched`: it had to be copied first."""

    arrays: Arrays
    stamp: Stamp
    was_fetched: bool = False


def keep(name: str, arrays: Arrays) -> tuple[str, str]:
    """Write arrays beside their place and rename, so that no reader ever sees half a file; then into the place of the
    settings, if any.

    returns  the path below the data folder, and the SHA-256 of the file
    Raises ValueError for objects, which only pickle could write, and `Unreachable`.
    """
    path = _folder() / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w+b") as out:
            _write(out, arrays)
            out.flush()
            os.fsync(out.fileno())
            out.seek(0)
            digest = hashlib.file_digest(out, "sha256").hexdigest()
        Path(draft).replace(path)
        sync(str(path.parent))
    finally:
        Path(draft).unlink(missing_ok=True)
    if (place := _place()) is not None:
        with pa.memory_map(str(path)) as file:
            place.put(path.name, file.read_buffer())
    return f"{FOLDER}/{path.name}", digest


def require_finite(arrays: Arrays) -> None:
    """Raises ValueError, naming the array."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"“{name}” holds a value that isn't finite")


def take_up(path: str, digest: str, *, waits: bool = True) -> Taken:
    """Map the arrays of a file, checked from its first byte to its last. Where it isn't here, or isn't whole, it is
    copied from the place of the settings, if whoever asks `waits` for that.

    digest  as `keep` returned it; empty for a file of a version that noted none
    Raises Damaged, Elsewhere, OSError, `Unreachable`.
    """
    try:
        return _mapped(_here(path), digest)
    except (FileNotFoundError, Damaged) as problem:
        if not settings.ZHIYUE_ARTEFACTS_URL:
            raise
        if not waits:
            raise Elsewhere(path) from problem
    return fetched(path, digest)


def fetched(path: str, digest: str) -> Taken:
    """Copy a file from the place of the settings and map it. Raises as `take_up`."""
    here = _here(path)
    _fetch(Place.at(settings.ZHIYUE_ARTEFACTS_URL), here)
    taken = _mapped(here, digest)
    return Taken(taken.arrays, taken.stamp, was_fetched=True)


def is_as_it_was(path: str, stamp: Stamp | None) -> bool:
    """Whether a file is the one that was mapped; so is one that went: its maps stay."""
    try:
        return Stamp.of(_here(path).stat()) == stamp
    except FileNotFoundError:
        return True


def drop(paths: Collection[str]) -> None:
    """Remove files, here and in the place of the settings. Processes that map them go on. Raises `Unreachable`."""
    place = _place()
    for path in paths:
        _here(path).unlink(missing_ok=True)
        if place is not None:
            place.delete(_here(path).name)


def sweep(known: Iterable[str]) -> None:
    """Remove files from this machine that no row names, an hour after they were written. `known` is asked only where a
    file is that old."""
    settled = _settled()
    names = {_here(path).name for path in known} if settled else set()
    for path in settled:
        if path.name not in names:
            path.unlink(missing_ok=True)


def _settled() -> list[Path]:
    latest = (clock.now() - SETTLING).timestamp()
    found = []
    with suppress(FileNotFoundError):
        for path in _folder().iterdir():
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < latest:
                    found.append(path)
    return found


def _folder() -> Path:
    return Path(settings.ZHIYUE_DATA_DIR) / FOLDER


def _here(path: str) -> Path:
    """Whatever a row says, it lies in the folder."""
    return _folder() / Path(path).name


def _place() -> Place | None:
    return Place.at(settings.ZHIYUE_ARTEFACTS_URL) if settings.ZHIYUE_ARTEFACTS_URL else None


def _write(out: IO[bytes], arrays: Arrays) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as members:
        for name, array in arrays.items():
            # The date is left at its default, so that the same arrays make the same file.
            member = zipfile.ZipInfo(f"{name}.npy")
            start = out.tell() + HEAD_BYTES + len(member.filename.encode()) + 4 + ZIP64_BYTES
            padding = -start % ALIGNMENT
            member.extra = struct.pack("<HH", PADDING_ID, padding) + bytes(padding)
            with members.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


def _mapped(path: Path, digest: str) -> Taken:
    with path.open("rb") as file:
        # Checked and mapped through the same handle: it is one file, whatever takes its name meanwhile.
        stamp = Stamp.of(os.fstat(file.fileno()))
        if digest and hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise Damaged(f"{path.name} isn't what was written: its SHA-256 differs")
        try:
            with zipfile.ZipFile(file) as members:
                if not digest and (broken := members.testzip()):
                    raise Damaged(f"“{broken}” in {path.name} is damaged")
                whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                arrays = {
                    member.filename.removesuffix(".npy"): _array(members, member, whole)
                    for member in members.infolist()
                }
        except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as problem:
            raise Damaged(f"{path.name} cannot be read: {problem}") from problem
    return Taken(arrays, stamp)


def _array(members: zipfile.ZipFile, member: zipfile.ZipInfo, whole: mmap.mmap) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"“{member.filename}” is compressed")
    with members.open(member) as file:
        shape, is_fortran, dtype = HEADERS[np.lib.format.read_magic(file)](file)
        start = member.header_offset + HEAD_BYTES + file.tell()
    if dtype.hasobject:
        raise ValueError(f"“{member.filename}” holds objects")
    # How long name and padding are stands in the file's own head, which the directory needn't repeat.
    start += sum(struct.unpack_from("<HH", whole, member.header_offset + 26))
    array = np.ndarray(shape, dtype, whole, start, order="F" if is_fortran else "C")
    # Files of versions that didn't align them.
    return array if array.flags.aligned else array.copy()


def _fetch(place: Place, here: Path) -> None:
    here.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{here.name}.", dir=here.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            place.copy(here.name, out)
        Path(draft).replace(here)
    finally:
        Path(draft).unlink(missing_ok=True)
