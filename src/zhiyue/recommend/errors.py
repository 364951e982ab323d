"""What recommending may refuse: from files with a plain text, on pages in words."""

from pathlib import Path
from typing import ClassVar

from django.utils.functional import Promise

from zhiyue.core.kit.errors import Refused


class RuleRefused(Refused):
    """A rule that can't be kept as it was typed; `field` says what is wrong with it."""

    code: ClassVar[str] = "rule_refused"
    status: ClassVar[int] = 422

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message)
        self.field = field


class NotPossible(Exception):
    """The request cannot be carried out; the text says what to change."""


class SparkGone(NotPossible):
    """The Spark that took steps takes none any more."""


class BadFile(NotPossible):
    """A file that cannot be used. The text says which file, which data row where one is to blame, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in {".parquet", ".pq"}


class UnknownPolicy(Refused):
    code: ClassVar[str] = "unknown_policy"
    status: ClassVar[int] = 400


class UnknownSplit(Refused):
    code: ClassVar[str] = "unknown_split"
    status: ClassVar[int] = 400


class ContestRefused(Refused):
    """A contest of policies that can't be begun as it was asked for; the message says what to change."""

    code: ClassVar[str] = "contest_refused"
    status: ClassVar[int] = 422


class LabBusy(Refused):
    """One comparison at a time."""

    code: ClassVar[str] = "lab_busy"


class NotLookedAt(Refused):
    """The person doesn't consent to what they do being looked at."""

    code: ClassVar[str] = "not_looked_at"
    status: ClassVar[int] = 403
