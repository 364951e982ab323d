"""What the academy's own room refuses."""

from collections.abc import Iterable
from typing import ClassVar

from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


class UnusableLogo(Refused):
    """The upload is no picture, too large, or too small to be seen."""

    code: ClassVar[str] = "unusable_logo"
    status: ClassVar[int] = 400


class UnusableAgreement(Refused):
    """The text is empty or the former one, or the version was in force and so stays."""

    code: ClassVar[str] = "unusable_agreement"
    status: ClassVar[int] = 400


class UnusableDay(UnusableAgreement):
    """It can't come into force on this day."""


class NoSuchAgreement(Refused):
    code: ClassVar[str] = "no_such_agreement"
    status: ClassVar[int] = 404


class Incomplete(Refused):
    """A name is missing, or a value isn't one of those offered."""

    code: ClassVar[str] = "incomplete"
    status: ClassVar[int] = 400


class AgreementsPending(Refused):
    """The member hasn't accepted what this waits for, in the version in force. `kinds` says which are missing."""

    code: ClassVar[str] = "agreements_pending"
    status: ClassVar[int] = 403

    def __init__(self, kinds: Iterable[str]) -> None:
        super().__init__(
            pgettext_lazy(
                "error", "This waits until you have accepted our agreements in their present version."
            )
        )
        self.kinds = frozenset(kinds)
