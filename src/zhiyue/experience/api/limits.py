"""How many events one person, and one address, may send in a minute. The counting itself is the shell's."""

from django.conf import settings
from django.utils.translation import pgettext_lazy
from limits import RateLimitItemPerMinute

from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.limits import Allowance, address_of, spend
from zhiyue.experience.shell.viewers import PageRequest

PEOPLE_BEHIND_ONE_ADDRESS = 20


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
