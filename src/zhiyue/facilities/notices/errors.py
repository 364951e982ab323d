"""What sending may refuse."""

from zhiyue.core.kit.errors import Refused


class NotSent(Refused):
    """The provider did not take the message; `is_passing` where trying again may help."""

    code = "not_sent"
    status = 502

    def __init__(self, message: str, *, is_passing: bool) -> None:
        super().__init__(message)
        self.is_passing = is_passing
