"""Where to go after a form: back to where the reader was, but never to another host."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def safe_next(request: HttpRequest, fallback: str) -> str:
    """The address in `next`, of this host only; else `fallback`."""
    return safe_address(request, request.POST.get("next") or request.GET.get("next") or "", fallback)


def safe_address(request: HttpRequest, wanted: str, fallback: str) -> str:
    """`wanted` where it leads to this host; else `fallback`."""
    own = wanted and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if own else fallback
