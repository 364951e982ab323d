"""What a provider needs of this installation before it can take money: settings, keys, and its own library."""

import base64
import binascii
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Literal

from django.conf import settings

from zhiyue.product.commerce.providers import refusing

# Every question to a provider waits so long at most, for the connection as for each part of the answer.
TIMEOUT_SECONDS = 10.0
_DASHES = "-----"


def missing(names: Sequence[str]) -> list[str]:
    """Which of these settings are empty, in words."""
    return [f"{name} isn't set." for name in names if not getattr(settings, name)]


def not_installed(*modules: str) -> list[str]:
    """In words, where one of a provider's libraries isn't installed."""
    if all(find_spec(module) for module in modules):
        return []
    return ["Its library isn't installed: pip install 'zhiyue[payments]'"]


def unusable_key(name: str, kind: Literal["private", "public"]) -> list[str]:
    """In words, where a setting holds something, and no key that can be read."""
    given = getattr(settings, name)
    if not given or not find_spec("cryptography"):
        return []
    try:
        pem(given, kind)
    except ValueError:
        return [
            f"{name} holds no {kind} key that can be read: give the file that the provider gave you "
            f"({name}_FILE), or the text between its first and its last line."
        ]
    return []


def library(module: str) -> ModuleType:
    """A part of a provider's library, which is installed only where it is used. Raises ProviderUnreachable."""
    try:
        return import_module(module)
    except ImportError as why:
        raise refusing.not_set_up() from why


def pem(given: str, kind: Literal["private", "public"]) -> str:
    """A key as PEM (PKCS 8, or SubjectPublicKeyInfo), however it is given: PEM or the text inside it, PKCS 1 or 8,
    and instead of a public key a certificate of it. Raises ValueError."""
    primitives = library("cryptography.hazmat.primitives.serialization")
    if _DASHES in given:
        given = "".join(line for line in given.replace("\\n", "\n").splitlines() if _DASHES not in line)
    try:
        der = base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError) as why:
        raise ValueError("not base64") from why
    if kind == "private":
        return _private(primitives, der)
    return _public(primitives, der)


def _private(primitives: ModuleType, der: bytes) -> str:
    try:
        key = primitives.load_der_private_key(der, password=None)
    except TypeError as why:
        raise ValueError("the key has a password") from why
    written: bytes = key.private_bytes(
        primitives.Encoding.PEM, primitives.PrivateFormat.PKCS8, primitives.NoEncryption()
    )
    return written.decode()


def _public(primitives: ModuleType, der: bytes) -> str:
    try:
        key = primitives.load_der_public_key(der)
    except ValueError:
        key = library("cryptography.x509").load_der_x509_certificate(der).public_key()
    written: bytes = key.public_bytes(primitives.Encoding.PEM, primitives.PublicFormat.SubjectPublicKeyInfo)
    return written.decode()
