"""Whether something is WeChat Pay's own word: signed by the one key that the academy was given, just now; and what is
sealed in it. Source: pay.weixin.qq.com/doc/v3, 签名验证 and 证书和回调报文解密."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings

from zhiyue.core.kit import clock
from zhiyue.product.commerce.providers import account, refusing
from zhiyue.product.commerce.providers.telling import CHINA

# A signature is believed for so long: their documents say five minutes.
BELIEVED_FOR = timedelta(minutes=5)
_ALGORITHM = "WECHATPAY2-SHA256-RSA2048"


def is_now_theirs(headers: Mapping[str, str], body: str) -> bool:
    headers = {name.title(): value for name, value in headers.items()}
    return is_theirs(headers, body) and abs(clock.now() - signed_at(headers)) <= BELIEVED_FOR


def is_theirs(headers: Mapping[str, str], body: str) -> bool:
    """Is this signed by the one key that the academy was given for WeChat?"""
    if headers.get("Wechatpay-Serial") != settings.ZHIYUE_WECHATPAY_PUBLIC_KEY_ID:
        return False
    if headers.get("Wechatpay-Signature-Type", _ALGORITHM) != _ALGORITHM:
        return False
    text = f"{headers.get('Wechatpay-Timestamp', '')}\n{headers.get('Wechatpay-Nonce', '')}\n{body}\n"
    key = _public_key(settings.ZHIYUE_WECHATPAY_PUBLIC_KEY)
    padding = account.library("cryptography.hazmat.primitives.asymmetric.padding")
    sha256 = account.library("cryptography.hazmat.primitives.hashes").SHA256()
    try:
        signature = base64.b64decode(headers.get("Wechatpay-Signature", ""), validate=True)
        key.verify(signature, text.encode(errors="replace"), padding.PKCS1v15(), sha256)
    except (binascii.Error, ValueError, account.library("cryptography.exceptions").InvalidSignature):
        return False
    return True


@lru_cache(maxsize=4)
def _public_key(given: str) -> Any:
    try:
        pem = account.pem(given, "public")
    except ValueError as why:
        raise refusing.not_set_up() from why
    return account.library("cryptography.hazmat.primitives.serialization").load_pem_public_key(pem.encode())


def signed_at(headers: Mapping[str, str]) -> datetime:
    """Raises ValueError, OverflowError or OSError."""
    return datetime.fromtimestamp(int(headers.get("Wechatpay-Timestamp", "")), tz=CHINA)


def decrypted(resource: Mapping[str, Any]) -> bytes:
    """AEAD_AES_256_GCM by the APIv3 key. Raises ValueError, LookupError, TypeError or AttributeError."""
    if resource["algorithm"] != "AEAD_AES_256_GCM":
        raise ValueError("another algorithm")
    aead = account.library("cryptography.hazmat.primitives.ciphers.aead")
    cipher = aead.AESGCM(settings.ZHIYUE_WECHATPAY_APIV3_KEY.encode())
    sealed = base64.b64decode(resource["ciphertext"], validate=True)
    beside = (resource.get("associated_data") or "").encode()
    try:
        opened: bytes = cipher.decrypt(resource["nonce"].encode(), sealed, beside)
    except account.library("cryptography.exceptions").InvalidTag as why:
        raise ValueError("sealed by another key") from why
    return opened
