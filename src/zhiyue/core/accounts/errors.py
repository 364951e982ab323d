"""What accounts may refuse."""

from typing import ClassVar

from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


class EmailTaken(Refused):
    """An account with this address exists."""

    code = "email_taken"


class NotAllowed(Refused):
    """The viewer's roles don't hold the permission."""

    code = "not_allowed"
    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(pgettext_lazy("error", "Your role doesn't allow this. Ask an owner of the academy."))
