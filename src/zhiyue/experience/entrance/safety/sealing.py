"""Secrets of authenticators lie sealed in the database: a copy of it alone opens nobody's account."""

from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts import sealing
from zhiyue.core.kit.errors import Refused

_PURPOSE = "authenticators"


class SecretUnreadable(Refused):
    """The academy's secret key is another one than when the authenticator was set up."""

    code = "secret_unreadable"

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy(
                "error",
                "This authenticator can't be read any more: the academy's secret key was changed. "
                "Use a passkey. The academy can also remove the authenticator.",
            )
        )


def seal(text: str) -> str:
    return sealing.seal(text, purpose=_PURPOSE)


def unseal(sealed: str) -> str:
    """Raises SecretUnreadable rather than giving nothing back: codes of an empty secret can be computed."""
    try:
        return sealing.unseal(sealed, purpose=_PURPOSE)
    except sealing.Unreadable as wrong:
        raise SecretUnreadable from wrong
