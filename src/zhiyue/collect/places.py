"""Where files of ours lie: a folder or a bucket that speaks S3. Both are a flat list of files."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Self
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.dataset as ds
from django.conf import settings
from django.utils.translation import pgettext
from pyarrow import fs

CONNECT_SECONDS, ANSWER_SECONDS, TRIES = 5, 30, 3
UNFINISHED = "."
COPIED_AT_ONCE = 1 << 20


class Unreachable(Exception):
    """A place doesn't answer, or doesn't let us in."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies there. `modified` is by the clock of whoever keeps it."""

    size: int
    modified: datetime


class Place:
    """Files under names, each written once and whole. A trouble is an Unreachable, or what `trouble` makes of it."""

    def __init__(self, filesystem: fs.FileSystem, root: str, shown: str, *, is_local: bool) -> None:
        self._filesystem, self._root, self.shown, self.is_local = filesystem, root, shown, is_local

    @classmethod
    def at(cls, url: str) -> Self:
        """The place of an address, `file:///folder` or `s3://bucket/prefix`; a bucket's server is that of the
        settings."""
        if not url.startswith("s3://"):
            folder = unquote(urlsplit(url).path)
            return cls(fs.LocalFileSystem(), folder.rstrip("/") or "/", folder, is_local=True)
        bucket = _bucket(
            settings.ZHIYUE_S3_ENDPOINT,
            settings.ZHIYUE_S3_REGION,
            settings.ZHIYUE_S3_KEY_ID,
            settings.ZHIYUE_S3_SECRET,
            settings.ZHIYUE_S3_BUCKET_IN_HOST,
        )
        return cls(bucket, url.removeprefix("s3://").rstrip("/"), url, is_local=False)

    def trouble(self, why: OSError) -> Exception:
        """What callers are told of a trouble."""
        return Unreachable(f"{self.shown}: {str(why)[:300]}")

    def files(self) -> dict[str, Stored]:
        """Every file by its name, unfinished ones too."""
        with self._troubles_told():
            try:
                found = self._filesystem.get_file_info(fs.FileSelector(self._root, allow_not_found=True))
            except UnicodeDecodeError as why:
                raise OSError(
                    "a file there has a name that isn't UTF-8; it isn't of the lake: move it away"
                ) from why
            if not found and not self.is_local:
                self._require_bucket()
        return {one.base_name: Stored(one.size, one.mtime) for one in found if one.type == fs.FileType.File}

    def put(self, name: str, content: pa.Buffer) -> None:
        """Write a file: until it is whole nothing lies under its name."""
        with self._troubles_told():
            if not self.is_local:
                # An object comes into being when its last byte has arrived.
                self._write(name, content)
                return
            draft = f"{UNFINISHED}{name}"
            Path(self._root).mkdir(parents=True, exist_ok=True)
            self._write(draft, content)
            sync(self._path(draft))
            self._filesystem.move(self._path(draft), self._path(name))
            sync(self._root)

    def read(self, name: str) -> pa.Buffer:
        with self._troubles_told(), self._filesystem.open_input_file(self._path(name)) as file:
            return file.read_buffer()

    def copy(self, name: str, out: IO[bytes]) -> None:
        """Read a file into another, a piece at a time."""
        with self._troubles_told(), self._filesystem.open_input_stream(self._path(name)) as file:
            while piece := file.read(COPIED_AT_ONCE):
                out.write(piece)

    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is no trouble."""
        path = self._path(name)
        with self._troubles_told(), suppress(FileNotFoundError):
            try:
                self._filesystem.delete_file(path)
            except OSError:
                # An empty object is put for a prefix, which not every server takes. The file is gone by then.
                if self._filesystem.get_file_info(path).type != fs.FileType.NotFound:
                    raise

    def dataset(self, names: Sequence[str], schema: pa.Schema) -> ds.Dataset:
        """The named Parquet files as one table. They are opened when it is read."""
        paths = [self._path(name) for name in names]
        return ds.dataset(paths, schema=schema, filesystem=self._filesystem, format="parquet")

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _require_bucket(self) -> None:
        """Nothing lies in a bucket that isn't there, either. Raises OSError."""
        bucket = self._root.partition("/")[0]
        if self._filesystem.get_file_info(bucket).type == fs.FileType.NotFound:
            raise FileNotFoundError(pgettext("place", "there is no bucket of this name"))

    def _write(self, name: str, content: pa.Buffer) -> None:
        with self._filesystem.open_output_stream(self._path(name)) as out:
            out.write(content)

    @contextmanager
    def _troubles_told(self) -> Iterator[None]:
        try:
            yield
        except OSError as why:
            raise self.trouble(why) from why


@lru_cache(maxsize=4)
def _bucket(endpoint: str, region: str, key_id: str, secret: str, bucket_in_host: bool) -> fs.FileSystem:
    # Without this a file is sent in pieces with checksums between them, which only Amazon's own servers take apart;
    # others keep them as a part of the file.
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    return fs.S3FileSystem(
        access_key=key_id or None,
        secret_key=secret or None,
        region=region,
        endpoint_override=endpoint or None,
        force_virtual_addressing=bucket_in_host,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
        # One request a file, however small the rights that the key has.
        allow_delayed_open=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
    )


def sync(path: str) -> None:
    """To the disk itself: the database must not know of a file that a power cut can take away."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
