"""The rows of an import that were refused, as CSV for whoever wants them."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from zhiyue.collect.errors import BadRefusals
from zhiyue.collect.importing.judging import Fault
from zhiyue.core.kit.sheets import csv_cell


def require_another(path: Path, refused_to: Path | None) -> None:
    """Raises BadRefusals where the refused rows would be written over the file itself, or can't be written at all."""
    if refused_to is None:
        return
    if refused_to.exists() and refused_to.samefile(path):
        raise BadRefusals(f"The refused rows would be written over {path.name} itself: name another file.")
    if refused_to.is_dir() or not refused_to.parent.is_dir() or not os.access(refused_to.parent, os.W_OK):
        raise BadRefusals(f"The refused rows can't be written to {refused_to}.")


class RefusedRows:
    """The file of refused rows, if there is to be one. `before`: those that were found before it was broken off, the
    first of them at least; a file that holds them already is gone on with."""

    def __init__(self, path: Path | None, *, before: Sequence[Fault] = ()) -> None:
        self._path = path
        self._before = before

    def __enter__(self) -> "RefusedRows":
        goes_on = self._path is not None and bool(self._before) and self._path.exists()
        mode, encoding = ("a", "utf-8") if goes_on else ("w", "utf-8-sig")
        self._file = self._path.open(mode, encoding=encoding, newline="") if self._path else None
        if self._file and not goes_on:
            csv.writer(self._file).writerow(["row", "reason", "detail"])
            self.write(self._before)
        return self

    def __exit__(self, *told: object) -> None:
        if self._file:
            self._file.close()

    def write(self, faults: Sequence[Fault]) -> None:
        if self._file:
            csv.writer(self._file).writerows((one.row, one.reason, csv_cell(one.detail)) for one in faults)
