"""Secrets that must be read again lie sealed in the database: a copy of it alone opens nothing.

The key comes from ZHIYUE_SECRET_KEY, one for each purpose.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """Sealed under another secret key, for another purpose, or by nobody."""


def seal(text: str, *, purpose: str) -> str:
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """Raises Unreadable rather than giving nothing back: what an empty secret signs anybody can sign."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as wrong:
        raise Unreadable(purpose) from wrong


def _box(purpose: str) -> MultiFernet:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet(
        [Fernet(urlsafe_b64encode(sha256(f"{purpose}:{key}".encode()).digest())) for key in keys]
    )
