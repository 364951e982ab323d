"""What commerce may refuse."""

from typing import ClassVar

from zhiyue.core.kit.errors import Refused


class PaymentRequired(Refused):
    """The course has a price and the member has not been given it."""

    code = "payment_required"
    status: ClassVar[int] = 402


class NotGranted(Refused):
    """Only what staff opened can be closed by staff."""

    code = "not_granted"
