"""Files of logged rounds and of another policy's chances: read whole and checked, or refused with row and reason."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyue.engine.kinds import Bools, Floats, Ints
from zhiyue.engine.logged import ROUNDING, Rounds, Target
from zhiyue.recommend.coded import codes
from zhiyue.recommend.errors import BadFile
from zhiyue.recommend.files import IdColumn, Ids, bounded, ids_of, numbers_of
from zhiyue.recommend.tables import Tell, bad_row, read_table, silently

FEATURE = "feature_"
# The chances lie in memory, a row per person and position, a column per item: 800 MB at most.
MOST_CELLS = 100_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """A log and the policy to be evaluated on it, in the engine's codes. `places` are the positions as the log has
    them, in the order of their codes."""

    rounds: Rounds
    target: Target
    places: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """Whom and which place each row of a file is about, as far as it says."""

    rows: int
    user: IdColumn | None
    position: Floats | None

    @property
    def names(self) -> tuple[str, ...]:
        told = {"user_id": self.user, "position": self.position}
        return tuple(name for name, column in told.items() if column is not None)


def read_log(log: Path, policy: Path, tell: Tell = silently) -> Logged:
    """`log` has item_id, reward and propensity; position, user_id and numbers named feature_… where they are known.
    `policy` has item_id and chance, for each user_id and each position where it has these columns; items that it
    doesn't name have no chance.

    Raises BadFile.
    """
    table = read_table(log, ("item_id", "reward", "propensity"), None, tell)
    item, keys = ids_of(log, table, "item_id"), _keys(log, table)
    reward, propensity = bounded(log, table, "reward"), numbers_of(log, table, "propensity")
    _refuse(log, (propensity <= 0) | (propensity > 1), "propensity must be above 0 and at most 1")
    features = [name for name in table.column_names if name.startswith(FEATURE)]
    context = np.stack([numbers_of(log, table, name) for name in features], axis=1) if features else None
    places, position = (
        (None, None) if keys.position is None else np.unique(keys.position, return_inverse=True)
    )
    target, catalogue = _target(log, policy, item, keys, tell)
    rounds = Rounds(
        codes(item, catalogue),
        reward,
        propensity,
        len(catalogue),
        None if position is None else position.astype(np.int64),
        None if keys.user is None else codes(keys.user, pc.unique(keys.user.values)),
        context,
    )
    return Logged(rounds, target, () if places is None else tuple(map(float, places)))


def _target(log: Path, policy: Path, item: IdColumn, logged: _Keys, tell: Tell) -> tuple[Target, Ids]:
    """The chances for each round, and the items of both files."""
    table = read_table(policy, ("item_id", "chance"), ("user_id", "position"), tell)
    named, keys = ids_of(policy, table, "item_id"), _keys(policy, table)
    chance = numbers_of(policy, table, "chance")
    _refuse(policy, (chance < 0) | (chance > 1), "chance must lie between 0 and 1")
    for name in keys.names:
        if name not in logged.names:
            raise BadFile(log, f"the column {name} is missing: {policy} tells chances for each {name}")
    if named.is_text != item.is_text:
        named, item = named.as_text(), item.as_text()
    catalogue = pc.unique(pa.concat_arrays([item.values, named.values]))
    place, asked = _matched(keys, logged)
    unknown = np.flatnonzero(asked < 0)
    if len(unknown):
        wanted = " and ".join(keys.names)
        raise bad_row(log, f"{policy} has no chances for the {wanted} of this round", int(unknown[0]) + 1)
    used, row = np.unique(asked, return_inverse=True)
    if len(used) * len(catalogue) > MOST_CELLS:
        raise BadFile(
            policy, f"{len(used):,} lists of chances for {len(catalogue):,} items are too many at once"
        )
    column, slot = codes(named, catalogue), np.searchsorted(used, place)
    kept = (slot < len(used)) & (used[np.minimum(slot, len(used) - 1)] == place)
    cell = place * len(catalogue) + column
    again = np.ones(len(cell), dtype=np.bool_)
    again[np.unique(cell, return_index=True)[1]] = False
    _refuse(
        policy,
        again,
        " ".join(["this item has a chance already", *(f"for this {name}" for name in keys.names)]),
    )
    chances = np.zeros((len(used), len(catalogue)))
    chances[slot[kept], column[kept]] = chance[kept]
    total = chances.sum(axis=1)
    wrong = np.flatnonzero(np.abs(total - 1.0) > ROUNDING)
    if len(wrong):
        first = int(np.flatnonzero(kept & (slot == wrong[0]))[0]) + 1
        raise bad_row(policy, f"the chances that begin here add up to {total[wrong[0]]:.6g}, not to 1", first)
    return Target(chances, row.astype(np.int64)), catalogue


def _matched(keys: _Keys, logged: _Keys) -> tuple[Ints, Ints]:
    """A number for what each row of the policy is for, and the same number (-1: none) for each round."""
    rows, rounds = np.zeros(keys.rows, dtype=np.int64), np.zeros(logged.rows, dtype=np.int64)
    if keys.user is not None and logged.user is not None:
        people = pc.unique(keys.user.values)
        rows, rounds = codes(keys.user, people), codes(logged.user, people)
    if keys.position is not None and logged.position is not None:
        places, here = np.unique(keys.position, return_inverse=True)
        there = np.minimum(np.searchsorted(places, logged.position), len(places) - 1)
        absent = (places[there] != logged.position) | (rounds < 0)
        rows, rounds = rows * len(places) + here, np.where(absent, -1, rounds * len(places) + there)
    return rows, rounds


def _keys(path: Path, table: pa.Table) -> _Keys:
    names = table.column_names
    return _Keys(
        table.num_rows,
        ids_of(path, table, "user_id") if "user_id" in names else None,
        numbers_of(path, table, "position") if "position" in names else None,
    )


def _refuse(path: Path, wrong: Bools, reason: str) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        raise bad_row(path, reason, int(at[0]) + 1)
