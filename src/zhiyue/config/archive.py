"""One file that holds an academy: a .tar.gz with a manifest. Written under another name, read again, then renamed."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20


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
    """Unpack below `into`, checking every name and checksum on the way. Raises BackupFailed."""
    return _walk(path, into)


def _walk(path: Path, into: Path | None) -> Manifest:
    sums: dict[str, str] = {}
    told: dict[str, Any] | None = None
    try:
        for entry, content in _entries(path):
            if entry.name == MANIFEST:
                told = json.loads(content.read())
                continue
            sums[entry.name] = _copy(content, into / entry.name if into else None)
    except (OSError, EOFError, tarfile.TarError, ValueError) as why:
        if isinstance(why, OSError) and why.errno is not None:
            raise BackupFailed(f"{path}: {why.strerror}.") from why
        raise BackupFailed(f"{path} is damaged or no backup of Zhiyue ({why}). Take another one.") from why
    return _checked(path, told, sums)


def _checked(path: Path, told: dict[str, Any] | None, sums: dict[str, str]) -> Manifest:
    if told is None:
        raise BackupFailed(
            f"{path} has no manifest: it was broken off or is no backup of Zhiyue. Take another one."
        )
    if told.get("format") != FORMAT:
        raise BackupFailed(f"{path} is of format {told.get('format')}; this version reads format {FORMAT}.")
    try:
        manifest = Manifest(**told)
    except TypeError as why:
        raise BackupFailed(f"{path} has a manifest that can't be read ({why}). Take another one.") from why
    wrong = sorted(
        name for name in sums.keys() | manifest.files if sums.get(name) != manifest.files.get(name)
    )
    if wrong:
        raise BackupFailed(
            f"{path} is damaged: {', '.join(wrong[:3])} isn't what was backed up. Take another one."
        )
    return manifest


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
