"""What consent may refuse."""

from typing import ClassVar

from django.utils.translation import pgettext

from zhiyue.core.kit.errors import Refused


class NobodyChose(Refused):
    """A choice without anybody who made it: no member, and no visitor's key (a program that says it is one)."""

    code = "nobody_chose"
    status: ClassVar[int] = 400

    def __init__(self) -> None:
        super().__init__(
            pgettext("consent", "Your browser keeps no cookies from us, so a choice can't be remembered.")
        )
