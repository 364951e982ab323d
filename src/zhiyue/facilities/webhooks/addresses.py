"""Where a message may go. Staff name addresses, and a server that goes wherever it is told reaches what only it can:
the database beside it, the cloud's metadata. So a name is looked up once, everything that comes of it is judged, and
the connection goes to what was judged."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import pgettext_lazy

from zhiyue.facilities.webhooks.errors import AddressRefused

Spot = IPv4Address | IPv6Address

LONGEST = 500
_PLAIN = re.compile(r"[!-~]+", re.ASCII)
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*", re.ASCII)
_PORTS = {"http": 80, "https": 443}
# Below it other services have theirs (mail, shells, name servers); above it these, which answer to half a request.
_FIRST_FREE_PORT = 1024
_OTHERS_PORTS = frozenset(
    {1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 5985, 6000, 6379}
    | {6443, 6667, 7001, 8500, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 26379, 27017, 50070}
)  # fmt: skip

# What IANA's registries of special-purpose addresses keep from the public, and more besides.
_CLOSED = [
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; the metadata of Alibaba's cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public number behind which Azure answers its own machines
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID and others
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address of any kind lies in it
        "3fff::/20",
    )
]
_PUBLIC_SIX = ip_network("2000::/3")
# IPv4 in the clothes of IPv6: what lies in it is judged.
_CLOTHES = [ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96")]
# The second half of an address that tunnels IPv4 within a site (ISATAP).
_ISATAP = (0x00005EFE, 0x02005EFE)


class NameUnknown(Exception):
    """Nothing is there under that name, or nobody answers who would know."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts. `netloc` is what stands in Host."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS[self.scheme] else f"{shown}:{self.port}"


def read(address: str) -> Target:
    """Raises AddressRefused."""
    given = address.strip()
    if not given or len(given) > LONGEST or not _PLAIN.fullmatch(given) or "\\" in given:
        raise AddressRefused(
            pgettext_lazy(
                "webhook",
                "Write an address of at most 500 plain characters; others as %E4 and so on, names as xn--….",
            ),
            "form",
        )
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise _no_address() from None
    scheme = _scheme(parts)
    if "@" in parts.netloc or "#" in given:
        raise AddressRefused(
            pgettext_lazy("webhook", "An address with a password (user:password@) or with “#” isn't taken."),
            "extras",
        )
    port = _PORTS[scheme] if port is None else port
    if not _is_offered(port):
        raise AddressRefused(
            pgettext_lazy("webhook", "Port %(port)s isn't one for webhooks: use 443, or one above 1023.")
            % {"port": port},
            "port",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, _host(parts), port, path)


def _no_address() -> AddressRefused:
    return AddressRefused(
        pgettext_lazy("webhook", "That is no address: it looks like https://example.com/hooks."), "form"
    )


def _scheme(parts: SplitResult) -> str:
    if parts.scheme not in _PORTS:
        raise _no_address()
    if parts.scheme != "https" and settings.ZHIYUE_ENVIRONMENT == "production":
        raise AddressRefused(
            pgettext_lazy(
                "webhook", "The address must begin with https://, so that nobody reads on the way."
            ),
            "scheme",
        )
    return parts.scheme


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        try:
            # One with a zone (fe80::1%eth0) leads to a wire of this machine.
            if "%" not in host:
                return str(IPv6Address(host))
        except ValueError:
            pass
        raise _no_address()
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise _no_address()
    return host


def _is_offered(port: int) -> bool:
    return port in _PORTS.values() or (port >= _FIRST_FREE_PORT and port not in _OTHERS_PORTS)


def look_up(host: str, port: int) -> list[Spot]:
    """Every address that the system has for a name. Raises NameUnknown."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as why:
        raise NameUnknown(host) from why
    found = list(dict.fromkeys(ip_address(row[4][0]) for row in rows))
    if not found:
        raise NameUnknown(host)
    return found


def judged(target: Target) -> Sequence[Spot]:
    """Where the name leads now, all of it open to us. Raises AddressRefused where any of it isn't, NameUnknown."""
    found = look_up(target.host, target.port)
    for spot in found:
        if not is_open(spot):
            raise AddressRefused(
                pgettext_lazy(
                    "webhook",
                    "It leads to %(spot)s, which isn't public. Networks of your own are named in "
                    "ZHIYUE_WEBHOOK_NETWORKS.",
                )
                % {"spot": spot},
                str(spot),
            )
    return found


def is_open(spot: Spot) -> bool:
    """May messages go there: a public address, or one of a network that the operator named?"""
    bare = _bare(spot)
    named = [ip_network(one) for one in settings.ZHIYUE_WEBHOOK_NETWORKS]
    if any(bare in network for network in named):
        return True
    if any(bare in network for network in _CLOSED):
        return False
    if isinstance(bare, IPv6Address):
        return bare in _PUBLIC_SIX and bare.scope_id is None and (int(bare) >> 32) & 0xFFFFFFFF not in _ISATAP
    return True


def _bare(spot: Spot) -> Spot:
    if isinstance(spot, IPv6Address) and any(spot in clothes for clothes in _CLOTHES):
        return IPv4Address(int(spot) & 0xFFFFFFFF)
    return spot
