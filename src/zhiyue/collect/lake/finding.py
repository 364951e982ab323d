"""Finding one event in a sealed file."""

import pyarrow as pa
import pyarrow.parquet as pq

from zhiyue.collect.lake.mending import damage_found
from zhiyue.collect.lake.places import place
from zhiyue.collect.models import SealedDay


def key_in(sealed: SealedDay, *, event_id: int) -> int | None:
    """The key under which an event lies in a day's file, by the event's number; None where the file doesn't hold it.
    Raises LakeUnreachable; a day whose file is damaged is reopened then."""
    here = place()
    with damage_found(here, [sealed]):
        content = pa.BufferReader(here.read(sealed.file))
        rows = pq.read_table(content, columns=["subject"], filters=[("id", "=", event_id)])
    keys: list[int] = rows["subject"].to_pylist()
    return keys[0] if keys else None
