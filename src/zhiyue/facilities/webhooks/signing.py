"""Signatures as Standard Webhooks has them (standardwebhooks.com): whoever receives a message can tell that it is ours,
new and unchanged."""

import hmac
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Sequence
from hashlib import sha256

from zhiyue.core.accounts.once import new_secret

_BEGINNING = "whsec_"


def make_secret(*said: object, form: str) -> str:
    """A new secret of 32 bytes; the same one where `form` is sent twice."""
    key = urlsafe_b64decode(new_secret("webhook", *said, form=form) + "=")
    return _BEGINNING + b64encode(key).decode()


def signature(secret: str, *, message_id: str, at: int, body: bytes) -> str:
    """`at` in seconds since 1970."""
    key = b64decode(secret.removeprefix(_BEGINNING))
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + b64encode(hmac.new(key, signed, sha256).digest()).decode()


def headers(secrets: Sequence[str], *, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """What a message carries; a signature for each secret, so that one can be exchanged without a gap."""
    signatures = [signature(secret, message_id=message_id, at=at, body=body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }
