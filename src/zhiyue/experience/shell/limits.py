"""How much one person, account or address may do in a while. Counted in Redis where there is one, else in this
process; what is counted, and how much of it is too much, each surface says itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import npgettext
from limits import RateLimitItem
from limits.storage import storage_from_string
from limits.storage.base import SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter

from zhiyue.core.kit.errors import Refused


class TooMany(Refused):
    """More than may be done in a while; `retry_after` seconds from now it may be done again."""

    code = "too_many"
    status = 429

    def __init__(self, message: str | Promise, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Allowance:
    """`limit` for `what` (a kind of act), counted for `whom`; `words` are said once it is used up."""

    limit: RateLimitItem
    what: str
    whom: str
    words: str | Promise = ""

    @property
    def key(self) -> str:
        return self.limit.key_for(self.what, self.whom)


@cache
def limiter() -> SlidingWindowCounterRateLimiter:
    address = settings.ZHIYUE_REDIS_URL or "memory://"
    # The same socket has another scheme here than it has for Django's cache.
    address = address.replace("unix://", "redis+unix://", 1) if address.startswith("unix://") else address
    return SlidingWindowCounterRateLimiter(storage_from_string(address))


def spend(allowances: Sequence[Allowance], message: str | Promise | None = None, *, cost: int = 1) -> None:
    """Count `cost` against every allowance. Raises TooMany, and then counts against none.

    Without words of the allowance or a message, TooMany says in how many minutes to try again.
    """
    taken: list[Allowance] = []
    for one in allowances:
        if not limiter().hit(one.limit, one.what, one.whom, cost=cost):
            give_back(taken, cost=cost)
            wait = max(1, *(_seconds_until(other, cost) for other in allowances))
            raise TooMany(one.words or message or _in_minutes(wait), retry_after=wait)
        taken.append(one)


def give_back(allowances: Sequence[Allowance], *, cost: int = 1) -> None:
    """Take back what was counted for an act that turned out not to count."""
    for one in allowances:
        limiter().hit(one.limit, one.what, one.whom, cost=-cost)


def address_of(request: HttpRequest) -> str:
    """Whom an address stands for: with IPv6 its /64, of which one household has all 2^64."""
    return _address(request, prefix=64)


def network_of(request: HttpRequest) -> str:
    """The same where shares are kept for each: with IPv6 its /48, as one person easily has 65,536 of those /64."""
    return _address(request, prefix=48)


def _address(request: HttpRequest, *, prefix: int) -> str:
    text = str(request.META.get("REMOTE_ADDR") or "")
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((int(address), prefix), strict=False).network_address)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _seconds_until(one: Allowance, cost: int) -> int:
    """When `cost` fits; 0 where it does already. First the last window's count fades evenly, then this window's."""
    window = one.limit.get_expiry()
    storage = cast(SlidingWindowCounterSupport, limiter().storage)
    before, before_ends_in, now, now_ends_in = storage.get_sliding_window(one.key, window)
    room = one.limit.amount - cost + 1
    if before * before_ends_in / window + now < room:
        return 0
    if room <= 0:
        return window
    fading, ends_in, left = (before, before_ends_in, room - now) if now < room else (now, now_ends_in, room)
    # A count ends two windows after it began; in the second one it fades.
    return min(int(ends_in - window * left / fading) + 1, 2 * window)


def _in_minutes(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    words = npgettext(
        "limits",
        "Too many tries. Try again in %(n)s minute.",
        "Too many tries. Try again in %(n)s minutes.",
        minutes,
    )
    return words % {"n": minutes}
