"""The host name that a passkey belongs to."""

from django.http import HttpRequest


def host_name(request: HttpRequest) -> str:
    """The host as the browser calls it, without the port; of an IPv6 address only its bracket."""
    return request.get_host().partition(":")[0]


def takes_passkeys(request: HttpRequest) -> bool:
    """A browser makes and shows no passkey at a bare address, only at a name."""
    host = host_name(request)
    return not host.replace(".", "").isdigit() and not host.startswith("[")
