"""What every refusal has in common. Each app's `errors.py` says what that app may refuse."""

from typing import ClassVar

from django.utils.functional import Promise


class Refused(Exception):
    """A service will not do what was asked; `message` tells the person what to do instead.

    `status` is the HTTP status a page or API answers with.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: str | Promise

    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
        self.message = message
