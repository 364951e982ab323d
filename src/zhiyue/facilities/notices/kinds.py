"""Records of messages, and what every SMS provider can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message: whom it goes to (E.164), which template, and what fills its holes, in the order of the
    template."""

    phone: str
    template: str
    values: Mapping[str, str]


class SmsProvider(Protocol):
    """One company that delivers text messages. Providers are twins: a file each in `sms/`, a line each in its table."""

    # Nothing leaves the machine: codes stay readable for whoever runs it.
    is_console: bool

    def send(self, sms: Sms) -> None:
        """Hand the message over. Raises NotSent."""
