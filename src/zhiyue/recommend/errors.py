"""What recommending from files may refuse."""

from pathlib import Path


class NotPossible(Exception):
    """The request cannot be carried out; the text says what to change."""


class BadFile(NotPossible):
    """A file that cannot be used. The text says which file, which data row where one is to blame, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in {".parquet", ".pq"}
