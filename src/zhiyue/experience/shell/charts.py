"""Charts as records: a finding, and the table it is drawn from. The drawing is done in the browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    `finding` is its title and says what the picture shows; `note` says how it is counted. The first column of
    `rows` names each row; `line` draws every other column, `stack` the second as a line and the others as the
    bands that add up to it, `bars` the second, `heat` all of them as cells. Where the chart `is_open`, its last row
    isn't over yet, and is drawn so.
    """

    key: str
    kind: Literal["line", "stack", "bars", "heat"]
    finding: str | Promise
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str | Promise = ""
    unit: str = ""
    csv_url: str = ""
    is_open: bool = False

    @property
    def spec(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "unit": str(self.unit),
            "open": self.is_open,
            "columns": [str(c) for c in self.columns],
            "rows": [list(r) for r in self.rows],
        }
