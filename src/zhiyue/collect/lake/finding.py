"""Finding one event in a sealed file."""

import pyarrow as pa
import pyarrow.parquet as pq

from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.lake.places import place


def key_in(file: str, *, event_id: int) -> int | None:
    """The key under which an event lies in a file, by the event's number; None where the file doesn't hold it.
    Raises LakeUnreachable, also where the file is broken."""
    here = place()
    try:
        rows = pq.read_table(
            pa.BufferReader(here.read(file)), columns=["subject"], filters=[("id", "=", event_id)]
        )
    except pa.ArrowInvalid as why:
        raise LakeUnreachable(str(why)[:300]) from why
    keys: list[int] = rows["subject"].to_pylist()
    return keys[0] if keys else None
