"""What recommending from files may refuse."""

from pathlib import Path


class NotPossible(Exception):
    """The request cannot be carried out; the text says what to change."""


class BadFile(NotPossible):
    """A file that cannot be used. The text says which file, which data row where one is to blame, and why."""

    def __init__(self, path: Path, reason: str, row: int | None = None) -> None:
        line = f" (line {row + 1})" if row is not None and not is_parquet(path) else ""
        where = f", data row {row}{line}" if row is not None else ""
        super().__init__(f"{path}{where}: {reason}")


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in {".parquet", ".pq"}
