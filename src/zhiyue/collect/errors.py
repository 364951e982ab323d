"""What the event log may refuse."""

from collections.abc import Sequence
from typing import ClassVar

from zhiyue.core.kit.errors import Refused


class NotInVocabulary(Refused):
    """The event does not fit the table of events; `reason` is the short word counted in quarantine."""

    code = "not_in_vocabulary"
    status: ClassVar[int] = 400

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BatchTooLarge(Refused):
    """More events, or more bytes, than one batch may hold."""

    code = "batch_too_large"
    status: ClassVar[int] = 413


class LakeUnreachable(Refused):
    """The place where sealed days lie doesn't answer, or doesn't let us in."""

    code = "lake_unreachable"
    status: ClassVar[int] = 503


class LakeNotOurs(LakeUnreachable):
    """The place where sealed days should lie is another academy's, or holds what somebody else put there."""

    code = "lake_not_ours"


class LakeDamaged(LakeUnreachable):
    """A file wasn't what was sealed. Its day is read from the log from now on: asked again, the lake answers."""

    code = "lake_damaged"


class BadMapping(Refused):
    """The mapping of an import can't be followed; `mistakes` names each of them."""

    code = "bad_mapping"
    status: ClassVar[int] = 400

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class UnreadableHistory(Refused):
    """The file of past events can't be read, or lacks a column that its mapping names."""

    code = "unreadable_history"
    status: ClassVar[int] = 400


class BadRefusals(Refused):
    """The refused rows can't be written where they should be."""

    code = "bad_refusals"
    status: ClassVar[int] = 400


class ImportNotFound(Refused):
    """There is no import of that number."""

    code = "import_not_found"
    status: ClassVar[int] = 404


class ImportNotInState(Refused):
    """The import is running, or was undone before."""

    code = "import_not_in_state"
