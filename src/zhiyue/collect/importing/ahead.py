"""The parts of a file, judged while whoever asked stores the one before: of long files in a process of their own, for
two threads of one interpreter would only stand in each other's way.

That process knows no database and sets no Django up: all that judging needs goes with it.
"""

import gc
import signal
import traceback
from collections.abc import Iterator
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from zhiyue.collect.errors import UnreadableHistory
from zhiyue.collect.importing import files
from zhiyue.collect.importing.judging import Judge, JudgedPart
from zhiyue.collect.importing.mapping import ColumnMapping

# A process takes about a second to come up, in which so many rows would be read and judged.
LONG = 100_000


class _Failed(NamedTuple):
    """An error that isn't the file's: as words, for not every one of them can be sent."""

    trace: str


def judged_parts(
    path: Path, mapping: ColumnMapping, judge: Judge, *, size: int, skip: int, total: int
) -> Iterator[JudgedPart]:
    """What the rows after the first `skip` come to, `size` at a time; `total` is about how many rows the file has.
    Raises UnreadableHistory."""
    if total - skip < LONG:
        yield from _judged(path, mapping, judge, size, skip)
        return
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_tell, args=(theirs, path, mapping, judge, size, skip + size), name="import", daemon=True
    )
    process.start()
    # Theirs alone now: who ends, whichever of the two, is noticed by the other.
    theirs.close()
    try:
        # One part by ourselves while it comes up.
        yield from islice(_judged(path, mapping, judge, size, skip), 1)
        while (part := _next(ours)) is not None:
            yield part
    finally:
        ours.close()
        process.terminate()
        process.join()


def _judged(path: Path, mapping: ColumnMapping, judge: Judge, size: int, skip: int) -> Iterator[JudgedPart]:
    return (judge.judge(rows) for rows in files.parts(path, mapping, size=size, skip=skip))


def _next(told: Connection) -> JudgedPart | None:
    try:
        part: JudgedPart | UnreadableHistory | _Failed | None = told.recv()
    except (EOFError, OSError) as why:
        # Killed, perhaps for want of memory, it may have said half of something.
        raise RuntimeError("The process that judges the rows of an import ended before its time.") from why
    if isinstance(part, UnreadableHistory):
        raise part
    if isinstance(part, _Failed):
        raise RuntimeError(f"The process that judges the rows of an import failed:\n{part.trace}")
    return part


def _tell(whom: Connection, path: Path, mapping: ColumnMapping, judge: Judge, size: int, skip: int) -> None:
    # Whoever asked hears Ctrl-C as well, and ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    try:
        for part in _judged(path, mapping, judge, size, skip):
            whom.send(part)
        whom.send(None)
    except BrokenPipeError:
        # Nobody asks any more.
        return
    except UnreadableHistory as why:
        whom.send(why)
    except Exception:
        whom.send(_Failed(traceback.format_exc()))
