"""Keys of the lake: who stands behind which. Destroy a person's rows here and what is sealed of them is nobody's."""

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast

from zhiyue.collect.models import Event, Subject

KEY_BITS = 62
PEOPLE_AT_ONCE = 5000
PRUNED_AT_ONCE = 1000

_KEYS = pa.schema([("key", pa.int64()), ("member_id", pa.int64()), ("visitor", pa.string())])


def key_table() -> pa.Table:
    """Every key with the member, or the visitor, that stands behind it."""
    rows = Subject.objects.annotate(visitor_text=Cast("visitor", TextField())).values_list(
        "key", "member_id", "visitor_text"
    )
    columns = list(zip(*rows.iterator(chunk_size=20_000), strict=True)) or [(), (), ()]
    table = pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, _KEYS, strict=True)],
        schema=_KEYS,
    )
    return table.set_column(2, _KEYS.field("visitor"), _dashed(table["visitor"]))


def keys_for(events: pa.Table) -> tuple[pa.Array, list[Subject]]:
    """The key of each event, and the rows of those people who have none yet, not saved.

    events  with `member_id` and `visitor`, one of them null in each row
    They are saved together with the file that uses them: then no key is kept of somebody of whom nothing is sealed.
    """
    members: list[int] = _distinct(events["member_id"])
    visitors: list[str] = _distinct(events["visitor"])
    known_members: dict[int, int] = {}
    known_visitors: dict[str, int] = {}
    for start in range(0, len(members), PEOPLE_AT_ONCE):
        some = members[start : start + PEOPLE_AT_ONCE]
        current = Subject.objects.filter(member__in=some, is_current=True)
        known_members.update(current.values_list("member_id", "key"))
    for start in range(0, len(visitors), PEOPLE_AT_ONCE):
        keys = [UUID(key) for key in visitors[start : start + PEOPLE_AT_ONCE]]
        rows = Subject.objects.filter(visitor__in=keys).values_list("visitor", "key")
        known_visitors.update((str(visitor), key) for visitor, key in rows)
    fresh = [Subject(key=_new_key(), member_id=one) for one in members if one not in known_members]
    known_members.update((row.member_id, row.key) for row in fresh if row.member_id is not None)
    strangers = [one for one in visitors if one not in known_visitors]
    fresh += [Subject(key=_new_key(), visitor=UUID(one)) for one in strangers]
    known_visitors.update((str(row.visitor), row.key) for row in fresh if row.visitor is not None)
    by_member = _looked_up(events["member_id"], known_members, pa.int64())
    by_visitor = _looked_up(events["visitor"], known_visitors, pa.string())
    return pc.coalesce(by_member, by_visitor), fresh


def join(*, visitor: UUID, member_id: int) -> None:
    """A visitor turned out to be a member: what is sealed under their key is the member's from now on.

    Never as their current key, which sealing makes: two browsers may join the same member at once. Called under the
    lock of the days in which the visitor did something.
    """
    Subject.objects.filter(visitor=visitor).update(visitor=None, member_id=member_id, is_current=False)


def forget(*, member_id: int | None, visitor: UUID | None) -> None:
    """Nobody stands behind the person's keys any more. Called under the lock of the days they acted in."""
    if member_id is not None:
        Subject.objects.filter(member_id=member_id).delete()
    if visitor is not None:
        Subject.objects.filter(visitor=visitor).delete()


def prune() -> int:
    """Remove the keys of people of whom the log holds nothing any more. Returns how many went."""
    of_member = Event.objects.filter(member=OuterRef("member"))
    of_visitor = Event.objects.filter(visitor=OuterRef("visitor"), member__isnull=True)
    members = Subject.objects.filter(member__isnull=False).exclude(Exists(of_member))
    visitors = Subject.objects.filter(visitor__isnull=False).exclude(Exists(of_visitor))
    gone = 0
    for idle in (members, visitors):
        while batch := list(idle.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
            gone += idle.filter(pk__in=batch).delete()[0]
    return gone


def _new_key() -> int:
    return secrets.randbits(KEY_BITS)


def _distinct(column: pa.ChunkedArray) -> list[Any]:
    return sorted(pc.unique(column.drop_null()).to_pylist())


def _looked_up(column: pa.ChunkedArray, keys: Mapping[Any, int], kind: pa.DataType) -> pa.Array:
    people, values = pa.array(keys.keys(), kind), pa.array(keys.values(), pa.int64())
    return values.take(pc.index_in(column, value_set=people).combine_chunks())


def _dashed(visitors: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keys of visitors in their one spelling: SQLite keeps them without dashes."""
    return pc.replace_substring_regex(visitors, r"^(.{8})(.{4})(.{4})(.{4})(.{12})$", r"\1-\2-\3-\4-\5")
