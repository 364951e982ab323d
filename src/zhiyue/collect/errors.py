"""What the event log may refuse."""

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
