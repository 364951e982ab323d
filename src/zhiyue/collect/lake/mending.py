"""Reading on when a file isn't what was sealed: it is found, and its day read from the log until it is sealed anew."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import pgettext

from zhiyue.collect.days import give_up
from zhiyue.collect.errors import LakeDamaged, LakeUnreachable
from zhiyue.collect.lake.places import Place
from zhiyue.collect.models import SealedDay

Found = TypeVar("Found")

READS = 3
# What DuckDB and Arrow raise for a file that they can't read. They raise some of it for a wrong query, too.
_TROUBLES = (duckdb.InvalidInputException, duckdb.IOException, pa.ArrowInvalid, OSError)
# What Arrow says to DuckDB goes under this name.
_OF_FILES = "arrow_scan"


def again(read: Callable[[], Found]) -> Found:
    """What `read` finds; tried again where a damaged file was found, without it. Raises LakeUnreachable."""
    for _ in range(READS - 1):
        try:
            return read()
        except LakeDamaged:
            continue
    return read()


@contextmanager
def damage_found(here: Place, used: Sequence[SealedDay]) -> Iterator[None]:
    """Within, the files of `used` are read. Raises LakeDamaged when that failed for files that aren't what was sealed,
    whose days are reopened then; LakeUnreachable when the files can't be read although they are."""
    try:
        yield
    except _TROUBLES as why:
        damaged = {row.day: row.file for row in used if _is_damaged(here, row)}
        give_up(damaged)
        if damaged:
            words = pgettext(
                "lake", "A file of the lake was damaged: %(file)s. Its day is read from the log now."
            )
            raise LakeDamaged(words % {"file": min(damaged.values())}) from why
        if _OF_FILES not in str(why):
            raise
        words = pgettext("lake", "The lake at %(place)s can't be read: %(why)s")
        raise LakeUnreachable(words % {"place": here.shown, "why": str(why)[:300]}) from why


def _is_damaged(here: Place, row: SealedDay) -> bool:
    try:
        content = here.read(row.file)
    except LakeUnreachable:
        # One file of a disk may be beyond reading; a network that fails says nothing about a file.
        if here.is_local or row.file not in here.files():
            return True
        raise
    if content.size != row.size or hashlib.sha256(content).hexdigest() != row.checksum:
        return True
    try:
        pq.read_table(pa.BufferReader(content))
    except (OSError, ValueError, pa.ArrowException):
        return True
    return False
