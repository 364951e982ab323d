"""Where the files of the lake lie: a folder or a bucket that speaks S3. Both are a flat list of files."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.dataset as ds
from django.conf import settings
from django.utils.translation import pgettext
from pyarrow import fs

from zhiyue.collect.errors import LakeUnreachable

CONNECT_SECONDS, ANSWER_SECONDS, TRIES = 5, 30, 3
UNFINISHED = "."


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies there. `modified` is by the clock of whoever keeps it."""

    size: int
    modified: datetime


class Place:
    """Files under names, each written once and whole. Every trouble is a LakeUnreachable."""

    def __init__(self, filesystem: fs.FileSystem, root: str, shown: str, *, is_local: bool) -> None:
        self._filesystem, self._root, self.shown, self.is_local = filesystem, root, shown, is_local

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
            _sync(self._path(draft))
            self._filesystem.move(self._path(draft), self._path(name))
            _sync(self._root)

    def read(self, name: str) -> pa.Buffer:
        with self._troubles_told(), self._filesystem.open_input_file(self._path(name)) as file:
            return file.read_buffer()

    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is no trouble."""
        with self._troubles_told(), suppress(FileNotFoundError):
            self._filesystem.delete_file(self._path(name))

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
            raise FileNotFoundError(pgettext("lake", "there is no bucket of this name"))

    def _write(self, name: str, content: pa.Buffer) -> None:
        with self._filesystem.open_output_stream(self._path(name)) as out:
            out.write(content)

    @contextmanager
    def _troubles_told(self) -> Iterator[None]:
        try:
            yield
        except OSError as why:
            words = pgettext("lake", "The lake at %(place)s can't be used: %(why)s")
            raise LakeUnreachable(words % {"place": self.shown, "why": str(why)[:300]}) from why


def place() -> Place:
    """The place that the settings name."""
    url = settings.ZHIYUE_LAKE_URL
    if url.startswith("s3://"):
        return _bucket(
            url,
            settings.ZHIYUE_S3_ENDPOINT,
            settings.ZHIYUE_S3_REGION,
            settings.ZHIYUE_S3_KEY_ID,
            settings.ZHIYUE_S3_SECRET,
            settings.ZHIYUE_S3_BUCKET_IN_HOST,
        )
    folder = unquote(urlsplit(url).path) if url else str(Path(settings.ZHIYUE_DATA_DIR) / "lake")
    return Place(fs.LocalFileSystem(), folder.rstrip("/") or "/", folder, is_local=True)


@lru_cache(maxsize=4)
def _bucket(url: str, endpoint: str, region: str, key_id: str, secret: str, bucket_in_host: bool) -> Place:
    # Without this a file is sent in pieces with checksums between them, which only Amazon's own servers take apart;
    # others keep them as a part of the file.
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    filesystem = fs.S3FileSystem(
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
    return Place(filesystem, url.removeprefix("s3://").rstrip("/"), url, is_local=False)


def _sync(path: str) -> None:
    """To the disk itself: the database must not know of a file that a power cut can take away."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
