"""Keeps a day's acts as columns while they happen, and puts them in order at its end."""

from typing import Any

import numpy as np
import numpy.typing as npt

from zhiyue.engine.simulate.chance import Bools, Floats, Ints
from zhiyue.engine.simulate.kinds import NONE, Acts, Kind

_COLUMNS: dict[str, tuple[type[np.generic], float]] = {
    "person": (np.int64, NONE),
    "kind": (np.int64, NONE),
    "at": (np.float64, 0.0),
    "as_visitor": (np.bool_, False),
    "course": (np.int64, NONE),
    "lesson": (np.int64, NONE),
    "seconds": (np.int64, 0),
    "percent": (np.int64, 0),
    "position": (np.int64, 0),
    "propensity": (np.float64, 0.0),
    "slate": (np.int64, NONE),
    "words": (np.int64, NONE),
    "found": (np.int64, 0),
    "path": (np.int64, NONE),
    "plan": (np.int64, NONE),
    "bundle": (np.int64, NONE),
    "gift": (np.int64, NONE),
}


class Diary:
    """Acts as they are written down; `finished()` gives them ordered by time."""

    def __init__(self, shelf_length: int) -> None:
        self._parts: list[dict[str, npt.NDArray[Any]]] = []
        self._slates: list[Ints] = []
        self._slate_count = 0
        self._words: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        self._shelf_length = shelf_length
        self._size = 0

    def write(self, kind: Kind, person: Ints, at: Floats, as_visitor: Bools, **columns: Any) -> None:
        """One act a row. A column that is left out holds nothing."""
        self._parts.append(
            {
                "person": person,
                "kind": np.full(len(person), kind, dtype=np.int64),
                # To the millisecond, as the event log keeps it.
                "at": np.floor(at * 1000) / 1000,
                "as_visitor": as_visitor,
                **columns,
            }
        )
        self._size += len(person)

    def slates(self, shown: Ints) -> Ints:
        """Keep shelves (n, shelf length; NONE where they end early) and number them."""
        if shown.shape[1] < self._shelf_length:
            missing = ((0, 0), (0, self._shelf_length - shown.shape[1]))
            shown = np.pad(shown, missing, constant_values=NONE)
        self._slates.append(shown)
        numbers = np.arange(self._slate_count, self._slate_count + len(shown))
        self._slate_count += len(shown)
        return numbers

    def words(self, text: str) -> int:
        return self._words.setdefault(text, len(self._words))

    def path(self, text: str) -> int:
        return self._paths.setdefault(text, len(self._paths))

    def finished(self) -> Acts:
        columns = {name: np.full(self._size, empty, dtype) for name, (dtype, empty) in _COLUMNS.items()}
        begin = 0
        for part in self._parts:
            end = begin + len(part["person"])
            for name, column in part.items():
                columns[name][begin:end] = column
            begin = end
        # What happens at one moment keeps the order in which it was written down.
        order = np.lexsort((columns["person"], columns["at"]))
        empty = np.zeros((0, self._shelf_length), dtype=np.int64)
        return Acts(
            **{name: column[order] for name, column in columns.items()},
            slates=np.concatenate(self._slates) if self._slates else empty,
            searched=tuple(self._words),
            paths=tuple(self._paths),
        )
