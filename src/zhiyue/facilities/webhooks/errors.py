"""What webhooks may refuse."""

from typing import ClassVar

from django.utils.functional import Promise

from zhiyue.core.kit.errors import Refused


class AddressRefused(Refused):
    """Nothing is sent there. `about`: which part, in code."""

    code: ClassVar[str] = "address_refused"
    status: ClassVar[int] = 400

    def __init__(self, message: str | Promise, about: str = "") -> None:
        super().__init__(message)
        self.about = about


class EndpointRefused(Refused):
    code: ClassVar[str] = "endpoint_refused"
    status: ClassVar[int] = 400


class NoSuchEndpoint(Refused):
    code: ClassVar[str] = "no_such_endpoint"
    status: ClassVar[int] = 404


class NoSuchDelivery(Refused):
    code: ClassVar[str] = "no_such_delivery"
    status: ClassVar[int] = 404
