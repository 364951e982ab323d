"""One file that holds an academy: a .tar.gz with a manifest. Written under another name, read again, then renamed."""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20
# A line for each file: this is a million of them.
MANIFEST_AT_MOST = 100_000_000
# What unpacking leaves free on the disk.
SPARED_BYTES = 200 * 2**20


class BackupFailed(Exception):
    """Why a backup can't be made or read; the message says what to do."""


@dataclass(slots=True)
class Manifest:
    """What an archive says of itself. `files` is name to SHA-256, `rows` table to number of rows."""

    made_at: str
    version: str
    vendor: str
    migrations: list[list[str]]
    rows: dict[str, int]
    with_secrets: bool
    format: int = FORMAT
    columns: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


class Writer:
    """Puts files into a new archive, noting the checksum of each as it was read."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._gzip = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=5, filename="")
        self._tar = tarfile.open(fileobj=self._gzip, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.files: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            self._put(name, source, size)

    def add_text(self, name: str, text: str) -> None:
        content = text.encode()
        self._put(name, io.BytesIO(content), len(content))

    def _put(self, name: str, source: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        reader = _Hashing(source)
        self._tar.addfile(entry, reader)
        self.files[name] = reader.digest()

    def finish(self, manifest: Manifest) -> None:
        """The manifest comes last: an archive without one was broken off."""
        manifest.files = dict(self.files)
        self.add_text(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
        self._tar.close()
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        self._file.close()


class _Hashing:
    """A reader that remembers what passed."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._sum = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self._sum.update(chunk)
        return chunk

    def digest(self) -> str:
        return self._sum.hexdigest()


def verify(path: Path) -> Manifest:
    """Read the whole archive and compare every checksum. Raises BackupFailed."""
    return _walk(path, None)


def unpack(path: Path, into: Path) -> Manifest:
    """Unpack below `into`, checking every name and checksum on the way, and no more than the disk holds.
    Raises BackupFailed."""
    return _walk(path, into)


def _walk(path: Path, into: Path | None) -> Manifest:
    sums: dict[str, str] = {}
    told: Any = None
    room = shutil.disk_usage(into).free - SPARED_BYTES if into else None
    try:
        for entry, content in _entries(path):
            if entry.name == MANIFEST:
                told = _read_manifest(entry, content)
                continue
            if room is not None and (room := room - entry.size) < 0:
                raise BackupFailed(_no_room(path, into))
            sums[entry.name] = _copy(content, into / entry.name if into else None)
    except (OSError, EOFError, tarfile.TarError, ValueError) as why:
        if isinstance(why, OSError) and why.errno is not None:
            raise BackupFailed(f"{path}: {why.strerror}.") from why
        raise BackupFailed(f"{path} is damaged or no backup of Zhiyue ({why}). Take another one.") from why
    return _checked(path, told, sums)


def _read_manifest(entry: tarfile.TarInfo, content: IO[bytes]) -> Any:
    """Raises ValueError."""
    if entry.size > MANIFEST_AT_MOST:
        raise ValueError("its manifest is too long")
    try:
        return json.loads(content.read())
    except RecursionError as why:
        raise ValueError("its manifest is nested too deeply") from why


def _no_room(path: Path, into: Path | None) -> str:
    return (
        f"{path} unpacks to more than the disk of {into} holds. Make room, or restore elsewhere with --into. "
        "Nothing was changed."
    )


def _checked(path: Path, told: Any, sums: dict[str, str]) -> Manifest:
    if told is None:
        raise BackupFailed(
            f"{path} has no manifest: it was broken off or is no backup of Zhiyue. Take another one."
        )
    if isinstance(told, dict) and told.get("format", FORMAT) != FORMAT:
        raise BackupFailed(
            f"{path} is of format {str(told['format'])[:20]}; this version reads format {FORMAT}."
        )
    try:
        manifest = _manifest(told)
    except (TypeError, ValueError) as why:
        raise BackupFailed(f"{path} has a manifest that can't be read ({why}). Take another one.") from why
    wrong = sorted(
        name for name in sums.keys() | manifest.files if sums.get(name) != manifest.files.get(name)
    )
    if wrong:
        raise BackupFailed(
            f"{path} is damaged: {', '.join(wrong[:3])} isn't what was backed up. Take another one."
        )
    return manifest


def _manifest(told: Any) -> Manifest:
    """What was told as a manifest whose parts are what they are called. Raises TypeError, ValueError."""
    if not isinstance(told, dict):
        raise TypeError("it holds no names")
    manifest = Manifest(**told)
    is_well = {
        "made_at": isinstance(manifest.made_at, str),
        "version": isinstance(manifest.version, str),
        "vendor": isinstance(manifest.vendor, str),
        "migrations": _all(
            manifest.migrations, list, lambda one: _all(one, list, _is_text) and len(one) == 2
        ),
        "rows": _all(manifest.rows, dict, lambda count: isinstance(count, int)),
        "columns": _all(manifest.columns, dict, lambda names: _all(names, list, _is_text)),
        "files": _all(manifest.files, dict, _is_text),
    }
    if wrong := [name for name, well in is_well.items() if not well]:
        raise ValueError(f"{wrong[0]} isn't what it should be")
    if unknown := sorted(manifest.columns.keys() - manifest.rows):
        raise ValueError(f"{unknown[0]} has no number of rows")
    return manifest


def _all(held: Any, kind: type, is_well: Callable[[Any], bool]) -> bool:
    """Is it a list or an object, and everything it holds well?"""
    parts: Iterable[Any] = held.values() if isinstance(held, dict) else held
    return isinstance(held, kind) and all(is_well(one) for one in parts)


def _is_text(one: Any) -> bool:
    return isinstance(one, str)


def _entries(path: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    with tarfile.open(path, "r|gz") as tar:
        for entry in tar:
            inside = PurePosixPath(entry.name)
            content = tar.extractfile(entry) if entry.isreg() else None
            if content is None or inside.is_absolute() or ".." in inside.parts:
                raise ValueError(f"“{entry.name}” doesn't belong into a backup")
            yield entry, content


def _copy(content: IO[bytes], target: Path | None) -> str:
    total = hashlib.sha256()
    if target is None:
        while chunk := content.read(CHUNK):
            total.update(chunk)
        return total.hexdigest()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        while chunk := content.read(CHUNK):
            total.update(chunk)
            out.write(chunk)
    return total.hexdigest()
