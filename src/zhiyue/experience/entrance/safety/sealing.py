"""Secrets of authenticators lie sealed in the database: a copy of it alone opens nobody's account.

The key comes from ZHIYUE_SECRET_KEY.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


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
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises SecretUnreadable rather than giving nothing back: codes of an empty secret can be computed."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as wrong:
        raise SecretUnreadable from wrong


def _box() -> MultiFernet:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet(
        [Fernet(urlsafe_b64encode(sha256(b"authenticators:" + key.encode()).digest())) for key in keys]
    )
