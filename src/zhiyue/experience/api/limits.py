"""How much a program, a person and an address may ask of the API in a minute. The counting itself is the shell's."""

from collections.abc import Mapping
from time import time

from django.conf import settings
from django.utils.translation import pgettext_lazy
from limits import RateLimitItemPerMinute

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.models import PersonalToken
from zhiyue.experience.shell.limits import Allowance, address_of, limiter, spend
from zhiyue.experience.shell.viewers import PageRequest

PEOPLE_BEHIND_ONE_ADDRESS = 20
LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_WRONG_TOKENS_PER_MINUTE = 30


def request_allowance(request: PageRequest, token: object) -> Allowance:
    """What each request is counted against: the token, the member of a session, or a visitor's address."""
    if isinstance(token, PersonalToken):
        return Allowance(RateLimitItemPerMinute(settings.ZHIYUE_API_PER_MINUTE_MEMBER), "api", f"t{token.pk}")
    member_id = request.viewer.member_id
    if member_id is not None:
        return Allowance(
            RateLimitItemPerMinute(settings.ZHIYUE_API_PER_MINUTE_MEMBER), "api", f"m{member_id}"
        )
    each = RateLimitItemPerMinute(settings.ZHIYUE_API_PER_MINUTE_VISITOR)
    return Allowance(each, "api", address_of(request))


def guessing_allowance(request: PageRequest) -> Allowance:
    """What a token that opens nothing is counted against: the address that sent it."""
    return Allowance(RateLimitItemPerMinute(_WRONG_TOKENS_PER_MINUTE), "bad token", address_of(request))


def spend_request(allowance: Allowance) -> None:
    """Count one request. Raises TooMany."""
    message = pgettext_lazy("api", "Too many requests in this minute; wait as long as Retry-After says.")
    spend([allowance], message)


def headers_of(allowance: Allowance) -> Mapping[str, str]:
    """How much is left, for programs that pace themselves."""
    stats = limiter().get_window_stats(allowance.limit, allowance.what, allowance.whom)
    told = (allowance.limit.amount, int(stats.remaining), round(stats.reset_time - time()))
    return {name: str(max(0, value)) for name, value in zip(LIMIT_HEADERS, told, strict=True)}


def spend_events(request: PageRequest, actor: Actor, *, events: int) -> None:
    """Count `events` against the person and the address. Raises TooMany; a refused batch is not counted."""
    each = settings.ZHIYUE_EVENTS_PER_MINUTE
    address = address_of(request)
    allowances = [
        Allowance(RateLimitItemPerMinute(each), "events", _person(request, actor) or f"new {address}"),
        Allowance(RateLimitItemPerMinute(each * PEOPLE_BEHIND_ONE_ADDRESS), "events", address),
    ]
    message = pgettext_lazy("api", "Too many events; wait a minute and send them again.")
    spend(allowances, message, cost=max(events, 1))


def _person(request: PageRequest, actor: Actor) -> str | None:
    """None for whoever brought no key: they could be a new person with each request, so all of an address are one."""
    if actor.member_id:
        return f"m{actor.member_id}"
    return f"v{actor.visitor}" if actor.visitor and not request.visitor_is_new else None
