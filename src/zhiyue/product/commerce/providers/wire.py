"""Asking a provider by HTTP where its library can't be told how long to wait. No redirects, no answer without end."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from time import monotonic
from typing import Any

from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.account import TIMEOUT_SECONDS

# A bill of a large academy's day is a few megabytes.
BYTES_AT_MOST = 64 * 1024 * 1024
_WHOLE_SECONDS = 60.0
_AT_ONCE = 64 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def get(address: str, headers: Mapping[str, str] | None = None) -> bytes:
    """What lies at an address. Raises ProviderUnreachable where that isn't had, or with any status but 200."""
    if not address.startswith(("https://", "http://")):
        raise refusing.unreachable()
    request = urllib.request.Request(address, headers=dict(headers or {}))  # noqa: S310 - http or https
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            if answer.status != 200:
                raise refusing.unreachable()
            return _read(answer)
    except (OSError, urllib.error.HTTPError, http.client.HTTPException, ValueError) as why:
        raise refusing.unreachable() from why


def _read(answer: http.client.HTTPResponse) -> bytes:
    until, expected = monotonic() + _WHOLE_SECONDS, answer.length
    parts: list[bytes] = []
    size = 0
    while size != expected and (part := answer.read1(_AT_ONCE)):
        parts.append(part)
        size += len(part)
        if size > BYTES_AT_MOST or monotonic() > until:
            raise refusing.unreachable()
    if expected is not None and size < expected:
        # It broke off before its end.
        raise refusing.unreachable()
    return b"".join(parts)
