"""How much one person, and one address, may send. Counted in Redis where there is one, else in this process."""

from functools import cache

from django.conf import settings
from django.utils.translation import pgettext_lazy
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from rest_framework.request import Request

from zhiyue.collect.kinds import Actor
from zhiyue.core.kit.errors import Refused

PEOPLE_BEHIND_ONE_ADDRESS = 20


class TooMany(Refused):
    """More than the allowed number of events in a minute."""

    code = "too_many"
    status = 429


@cache
def _limiter() -> SlidingWindowCounterRateLimiter:
    address = settings.ZHIYUE_REDIS_URL or "memory://"
    # The same socket has another scheme here than it has for Django's cache.
    address = address.replace("unix://", "redis+unix://", 1) if address.startswith("unix://") else address
    return SlidingWindowCounterRateLimiter(storage_from_string(address))


def spend(request: Request, actor: Actor, *, events: int) -> None:
    """Count `events` against the person and the address. Raises TooMany; a refused batch is not counted."""
    each = settings.ZHIYUE_EVENTS_PER_MINUTE
    person = f"m{actor.member_id}" if actor.member_id else f"v{actor.visitor}"
    accounts = (
        (RateLimitItemPerMinute(each), person),
        (RateLimitItemPerMinute(each * PEOPLE_BEHIND_ONE_ADDRESS), str(request.META.get("REMOTE_ADDR"))),
    )
    cost = max(events, 1)
    if not all(_limiter().test(limit, "events", who, cost=cost) for limit, who in accounts):
        raise TooMany(pgettext_lazy("api", "Too many events; wait a minute and send them again."))
    for limit, who in accounts:
        _limiter().hit(limit, "events", who, cost=cost)
